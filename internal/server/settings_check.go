package server

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/infin8content/engine/internal/llm"
	"github.com/infin8content/engine/internal/steps"
	"github.com/infin8content/engine/internal/web"
	"github.com/infin8content/engine/internal/workflow"
)

// check refuses settings that cannot work. It returns all faults at once.
func (s Settings) check(secrets Secrets) error {
	var faults []error
	if s.Workers && secrets.ProviderKey == "" && !s.Sandbox {
		faults = append(faults, errors.New("there is no model provider: set OPENROUTER_API_KEY, or use --sandbox for "+
			"synthetic answers, or --workers=false to leave the steps to other servers"))
	}
	if !s.API && !s.Workers {
		faults = append(faults, errors.New("there is nothing to do with --api=false and --workers=false"))
	}
	if _, err := s.drives(); err != nil {
		faults = append(faults, err)
	}
	faults = append(faults, s.checkModels()...)
	if s.GCPercent < 10 {
		faults = append(faults, errors.New("--gc-percent must be at least 10"))
	}
	if s.Heartbeat*2 > s.Lease {
		faults = append(faults, errors.New("--lease must be at least two heartbeats long (--heartbeat)"))
	}
	for _, origin := range s.Origins {
		faults = append(faults, named("--origins", web.CheckOrigin(origin)))
	}
	faults = append(faults, s.checkConsole())
	faults = append(faults, s.checkValues(secrets)...)
	faults = append(faults, s.OperationSettings.check(), s.ListenerSettings.check(), s.AccessSettings.check(),
		s.checkFairness(),
		secrets.checkWebhookKey(), secrets.checkSecretsKey(), secrets.checkSearch())
	return errors.Join(faults...)
}

// drives returns the steps that workers of the engine drive.
func (s Settings) drives() ([]workflow.StepKey, error) {
	if len(s.Steps) == 0 {
		return steps.Keys(), nil
	}
	var keys []workflow.StepKey
	for _, name := range s.Steps {
		key := workflow.StepKey(strings.ToUpper(strings.TrimSpace(name)))
		if !slices.Contains(steps.Keys(), key) {
			return nil, fmt.Errorf("--steps: the engine has no worker for the step %q; it has %v", name, steps.Keys())
		}
		keys = append(keys, key)
	}
	return keys, nil
}

func (s ListenerSettings) check() error {
	var faults []error
	if (s.TLSCert == "") != (s.TLSKey == "") {
		faults = append(faults, errors.New("--tls-cert and --tls-key need each other"))
	}
	if min(s.MaxConnections, s.MaxUnknown, s.MaxOfAddress) < 1 {
		faults = append(faults, errors.New(
			"--max-connections, --max-unknown-connections and --address-connections must be at least 1"))
	}
	if min(s.ReadHeaderTime, s.ReadTime, s.WriteTime, s.IdleTime) <= 0 {
		faults = append(faults, errors.New(
			"--read-header-time, --read-time, --write-time and --idle-time must be greater than zero"))
	}
	return errors.Join(faults...)
}

func (s OperationSettings) check() error {
	faults := []error{s.limits().Check()}
	if s.ComplexityPerSecond != 0 {
		faults = append(faults, s.complexityBucket().Check())
		if s.ComplexityBurst < int64(s.MaxComplexity) {
			faults = append(faults, errors.New("--complexity-burst must be at least --max-complexity"))
		}
	}
	if s.FailedLogins != 0 {
		faults = append(faults, s.loginBucket().Check())
	}
	return errors.Join(faults...)
}

func (s AccessSettings) check() error {
	return errors.Join(
		oneOf("playground", s.Playground, accessAll, accessMembers, accessAdmins, accessOff),
		oneOf("introspection", s.Introspection, accessAll, accessAdmins, accessNone),
	)
}

func (s Settings) checkConsole() error {
	if err := oneOf("console", s.Console, accessAll, accessMembers, accessOff); err != nil {
		return err
	}
	if s.ConsoleClientID != "" && s.Issuer == "" {
		return errors.New("--console-client-id needs --issuer")
	}
	if s.Console == accessMembers && s.ConsoleClientID == "" {
		return errors.New("--console members needs --issuer and --console-client-id: people sign in at the issuer")
	}
	return nil
}

func oneOf(flag, value string, words ...string) error {
	if slices.Contains(words, value) {
		return nil
	}
	return fmt.Errorf("--%s must be one of %s", flag, strings.Join(words, ", "))
}

// attributes returns every setting as an attribute of a log line.
func (s Settings) attributes() []any {
	values := reflect.ValueOf(s)
	var attributes []any
	for _, field := range reflect.VisibleFields(values.Type()) {
		if field.Anonymous {
			continue
		}
		value := fmt.Sprint(values.FieldByIndex(field.Index).Interface())
		if address, err := url.Parse(value); err == nil && address.User != nil {
			address.User = nil // A password in an address is a secret too, and so is a token in place of the name.
			value = address.String()
		}
		attributes = append(attributes, slog.String(flagName(field), value))
	}
	return attributes
}

var wordEnds = regexp.MustCompile(`([a-z])([A-Z])`)

// flagName returns the name of a setting on the command line.
func flagName(field reflect.StructField) string {
	if name := field.Tag.Get("name"); name != "" {
		return name
	}
	return strings.ToLower(wordEnds.ReplaceAllString(field.Name, "$1-$2"))
}

// checkModels returns what is wrong with the lists of models.
func (s Settings) checkModels() (faults []error) {
	if len(s.ICPModels) == 0 || len(s.ContentModels) == 0 {
		faults = append(faults, errors.New("--icp-models and --content-models name at least one model each"))
	}
	for flag, models := range map[string][]string{
		"--icp-models": s.ICPModels, "--content-models": s.ContentModels, "--competitor-models": s.CompetitorModels,
		"--clustering-models": s.ClusteringModels, "--validation-models": s.ValidationModels,
		"--article-models": s.ArticleModels,
	} {
		seen := map[string]bool{}
		for _, model := range models {
			switch {
			case model == "" || strings.ContainsFunc(model, unicode.IsSpace):
				faults = append(faults, fmt.Errorf("%s: %q is no name of a model", flag, model))
			case seen[model]:
				faults = append(faults, fmt.Errorf("%s names %s twice", flag, model))
			}
			seen[model] = true
		}
		if len(models) > llm.MaxModels {
			faults = append(faults, fmt.Errorf("%s names at most %d models", flag, llm.MaxModels))
		}
	}
	return faults
}
