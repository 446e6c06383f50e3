package engine

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/spelling"
	"github.com/infin8content/engine/internal/workflow"
)

// CreatePublishTargetInput describes a new target.
type CreatePublishTargetInput struct {
	Name     string
	Kind     workflow.TargetKind
	Policy   workflow.TargetPolicy
	BaseURL  string
	Username string
	// Secret is an application password or an Admin API key; "" for the other kinds.
	Secret         string
	Reason         string
	IdempotencyKey string
}

const (
	maxTargetName     = 100
	maxTargetUsername = 200
	maxTargetSecret   = 500
	// webhookSecretBytes is the length of the secret that the engine makes for a webhook.
	webhookSecretBytes = 24
)

// CreatePublishTarget creates a target. Its secret is sealed at once and never returned. The engine makes the secret of
// a webhook itself: it is in this answer only. The error is CONFLICT when the organization has, or has had, a
// target of that name, and when this server cannot seal secrets.
func (e *Engine) CreatePublishTarget(
	ctx context.Context, who caller.Caller, in CreatePublishTargetInput,
) (_ ChangedTarget, err error) {
	ctx, end := e.begin(ctx, "CreatePublishTarget")
	defer end(&err)
	in.Name = spelling.Clean(in.Name)
	if err := e.checkTarget(in); err != nil {
		return ChangedTarget{}, err
	}
	at, key := e.now(), in.IdempotencyKey
	made := PublishTarget{
		ID:        e.newID(),
		Name:      in.Name,
		Kind:      in.Kind,
		Policy:    in.Policy,
		BaseURL:   in.BaseURL,
		Username:  in.Username,
		CreatedAt: at,
	}
	made.State, made.Reason, made.At = workflow.TargetUnchecked, in.Reason, at
	secret, shown := in.Secret, ""
	if in.Kind == workflow.TargetWebhook {
		if secret, err = newWebhookSecret(e.random); err != nil {
			return ChangedTarget{}, fmt.Errorf("make a webhook secret: %w", err)
		}
		shown = secret
	}
	if secret != "" {
		made.Secret = e.targets.Seal(who.OrganizationID, made.ID, secret)
	} else {
		made.State = workflow.TargetReady
	}
	// The record of the request must not have the secret, not even as a hash that can be guessed at.
	repeated := struct {
		CreatePublishTargetInput
		SecretDigest string `json:",omitempty"`
	}{in, e.targets.digest(who, in.Secret)}
	repeated.IdempotencyKey, repeated.Secret = "", ""
	replay, err := e.once(ctx, who, request{
		key:       key,
		operation: "createPublishTarget",
		content:   repeated,
		at:        at,
	}, func(tx *postgres.Store) error { return addTarget(ctx, tx, who, made) })
	if err != nil {
		return ChangedTarget{}, fmt.Errorf("create a publish target: %w", err)
	}
	if replay != nil { // The name is part of the request, and no other target ever has it.
		return e.targetNamed(ctx, who, in.Name)
	}
	target, err := e.PublishTarget(ctx, who, made.ID)
	return ChangedTarget{Target: target, Secret: shown}, err
}

func addTarget(ctx context.Context, tx *postgres.Store, who caller.Caller, t PublishTarget) error {
	// The lock keeps the number of targets.
	o, there, err := tx.LockOrganization(ctx, who)
	if _, err = found(o, there, err, "organization"); err != nil {
		return err
	}
	all, err := tx.PublishTargets(ctx, who, maxTargetsEver)
	if err != nil {
		return err
	}
	usable := 0
	for _, other := range all {
		if other.State != workflow.TargetRetired {
			usable++
		}
	}
	if usable >= maxTargets || len(all) >= maxTargetsEver {
		return fault.New(fault.Conflict, "The organization has %d targets, %d of them usable. "+
			"It can have %d usable ones and %d in all: retire one.", len(all), usable, maxTargets, maxTargetsEver)
	}
	added, err := tx.AddPublishTarget(ctx, who, t)
	if err == nil && !added {
		err = fault.New(fault.Conflict, "The organization has, or has had, a target of this name: choose another one.")
	}
	if err != nil {
		return err
	}
	_, err = tx.AddTargetVersion(ctx, who, t.ID, t.TargetVersion)
	return err
}

func (e *Engine) targetNamed(ctx context.Context, who caller.Caller, name string) (ChangedTarget, error) {
	all, err := e.PublishTargets(ctx, who)
	for _, target := range all {
		if target.Name == name {
			return ChangedTarget{Target: target, Replayed: true}, nil
		}
	}
	return found(ChangedTarget{}, false, err, "publish target")
}

func (e *Engine) checkTarget(in CreatePublishTargetInput) error {
	if err := checkReason(in.Reason); err != nil {
		return err
	}
	if n := utf8.RuneCountInString(in.Name); n < 1 || n > maxTargetName || spelling.Fault(in.Name) != "" {
		return fault.Invalid([]string{"name"},
			"A name has 1 to %d characters, none of them a control, direction or invisible character.", maxTargetName)
	}
	if in.Policy != workflow.PolicyDraft && in.Policy != workflow.PolicyPublish {
		return fault.Invalid([]string{"policy"}, "A policy is DRAFT or PUBLISH.")
	}
	if err := e.checkTargetAddress(in); err != nil {
		return err
	}
	if err := checkUsername(in); err != nil {
		return err
	}
	return e.checkTargetSecret(in.Kind, in.Secret)
}

func (e *Engine) checkTargetAddress(in CreatePublishTargetInput) error {
	if in.Kind == workflow.TargetFile {
		if in.BaseURL != "" {
			return fault.Invalid([]string{"baseUrl"}, "A target of the kind FILE has no address.")
		}
		return nil
	}
	if e.targets.Check == nil {
		return fault.New(fault.Conflict, "This server publishes to no site.")
	}
	return e.targets.Check(in.BaseURL)
}

func checkUsername(in CreatePublishTargetInput) error {
	n := utf8.RuneCountInString(in.Username)
	switch {
	case in.Kind == workflow.TargetWordPress && (n < 1 || n > maxTargetUsername || !spelling.IsClean(in.Username) ||
		strings.Contains(in.Username, ":")):
		return fault.Invalid([]string{"username"}, "A WordPress target needs the name of the account: "+
			"1 to %d characters, no colon, and no space around it.", maxTargetUsername)
	case in.Kind != workflow.TargetWordPress && n > 0:
		return fault.Invalid([]string{"username"}, "Only a WordPress target has a user name.")
	}
	return nil
}

// checkTargetSecret checks the form of a secret. It quotes none.
func (e *Engine) checkTargetSecret(kind workflow.TargetKind, secret string) error {
	field := []string{"secret"}
	switch kind {
	case workflow.TargetWordPress:
		if len(secret) < 1 || len(secret) > maxTargetSecret || strings.ContainsFunc(secret, func(r rune) bool {
			return r < ' ' || r > '~'
		}) {
			return fault.Invalid(field, "A WordPress target needs an application password: 1 to %d ASCII characters.",
				maxTargetSecret)
		}
	case workflow.TargetGhost:
		id, key, _ := strings.Cut(secret, ":")
		if raw, err := hex.DecodeString(key); err != nil || len(raw) < 16 || id == "" || len(secret) > maxTargetSecret ||
			strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return fault.Invalid(field, "A Ghost target needs an Admin API key: an id, a colon and at least 32 hex digits.")
		}
	case workflow.TargetWebhook, workflow.TargetFile:
		if secret != "" {
			return fault.Invalid(field, "A target of the kind %s takes no secret.", kind)
		}
	default:
		return fault.Invalid([]string{"kind"}, "A kind is WORDPRESS, GHOST, WEBHOOK or FILE.")
	}
	if kind != workflow.TargetFile && e.targets.Seal == nil {
		return fault.New(fault.Conflict, "This server keeps no secrets: its operator has given it no SECRETS_KEY.")
	}
	return nil
}

// newWebhookSecret returns a secret in the form of Standard Webhooks.
func newWebhookSecret(random io.Reader) (string, error) {
	raw := make([]byte, webhookSecretBytes)
	if _, err := io.ReadFull(random, raw); err != nil {
		return "", err
	}
	return "whsec_" + base64.StdEncoding.EncodeToString(raw), nil
}
