package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/graph"
	"github.com/infin8content/engine/internal/metrics"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/rate"
	"github.com/infin8content/engine/internal/web"
)

// settings are the knobs of a server. Each is a flag and an environment variable: --max-body-bytes is
// INFIN8_MAX_BODY_BYTES.
type settings struct {
	Listen        string        `default:"127.0.0.1:8080" help:"Address of the API."`
	API           bool          `name:"api" default:"true" negatable:"" help:"Serve the API."`
	Workers       bool          `default:"true" negatable:"" help:"Work on the automatic steps."`
	Sandbox       bool          `help:"Ask a synthetic model provider inside the program, not a real one."`
	Origins       []string      `help:"Web origins whose pages may call the API, as browsers write them."`
	ProviderURL   string        `default:"https://openrouter.ai/api/v1" env:"OPENROUTER_BASE_URL" help:"${provider}"`
	WorkflowLimit string        `default:"1.00" help:"USD that a workflow of a new organization may spend."`
	MonthLimit    string        `default:"25.00" help:"USD that a new organization may spend in a month."`
	WorkerCount   int           `default:"10" help:"How many workflows this server drives at once."`
	Connections   int32         `default:"20" help:"Most database connections; the job queue has six of its own."`
	AttemptLimit  time.Duration `default:"300s" help:"Longest that one attempt may wait for a model."`
	Lease         time.Duration `default:"30s" help:"How long a run may be silent before another worker takes over."`
	Heartbeat     time.Duration `default:"10s" help:"How often a worker renews its lease."`
	Watch         time.Duration `default:"1s" help:"How often a worker asks whether its run still counts."`
	Sweep         time.Duration `default:"10s" help:"How often runs without a worker are looked for."`
	Drain         time.Duration `default:"0s" help:"How long a server that stops says so at /readyz and still answers."`
	Shutdown      time.Duration `default:"20s" help:"How long requests may take to end when the server stops."`
	MaxBodyBytes  int64         `default:"262144" help:"Greatest request body in bytes."`
	GCPercent     int           `name:"gc-percent" default:"400" help:"How far the heap grows until it is collected, in percent."`

	doorSettings      `embed:""`
	tokenSettings     `embed:""`
	operationSettings `embed:""`
	observeSettings   `embed:""`
	audienceSettings  `embed:""`
	alertSettings     `embed:""`
}

// operationSettings are the knobs for what a client may ask the API to do.
type operationSettings struct {
	MaxTokens     int           `default:"2000" help:"Words and signs that an operation may have."`
	MaxDepth      int           `default:"12" help:"Fields that may stand inside each other."`
	MaxAliases    int           `default:"30" help:"Fields with an alias that an operation may have."`
	MaxRootFields int           `default:"20" help:"Fields that an operation may have at its root."`
	MaxCost       int           `default:"1000" help:"Most that an operation may cost: one for each object, roughly."`
	MaxErrors     int           `default:"20" help:"Errors that an answer has at most."`
	MaxPage       int           `default:"100" help:"Greatest page of a list, up to 100."`
	QueryTime     time.Duration `default:"5s" help:"How long a query may take."`
	MutationTime  time.Duration `default:"15s" help:"How long a mutation may take."`
	Documents     string        `help:"Folder with *.graphql files that clients may name by documentId."`
	OnlyDocuments bool          `help:"Execute nothing but the documents in that folder."`
	CostPerSecond int64         `default:"250000" help:"Cost that an organization may ask for in a second; 0 is no end."`
	CostBurst     int64         `default:"1000000" help:"Cost that an organization may ask for at once."`
	FailedLogins  int64         `default:"100" help:"Failures of an address to sign in, in a minute; 0 is no end."`
	FinerStatus   bool          `help:"Answer with 422 and 294 as GraphQL over HTTP of 2026 says, not with 400 and 200."`
}

func (o operationSettings) limits() graph.Limits {
	return graph.Limits{
		Tokens: o.MaxTokens, Depth: o.MaxDepth, Aliases: o.MaxAliases, RootFields: o.MaxRootFields, Cost: o.MaxCost,
		Errors: o.MaxErrors, Page: o.MaxPage, QueryTime: o.QueryTime, MutationTime: o.MutationTime,
	}
}

// check returns nil when the settings can be worked with.
func (o operationSettings) check() error {
	faults := []error{o.limits().Check()}
	if o.CostPerSecond != 0 {
		faults = append(faults, o.costBucket().Check())
		if o.CostBurst < int64(o.MaxCost) {
			faults = append(faults, errors.New("--cost-burst must be at least --max-cost"))
		}
	}
	if o.FailedLogins != 0 {
		faults = append(faults, o.loginBucket().Check())
	}
	return errors.Join(faults...)
}

func (o operationSettings) costBucket() rate.Limit {
	return rate.Limit{Capacity: o.CostBurst, MicroPerSecond: rate.PerSecond(o.CostPerSecond)}
}

func (o operationSettings) loginBucket() rate.Limit {
	return rate.Limit{Capacity: o.FailedLogins, MicroPerSecond: rate.PerMinute(o.FailedLogins)}
}

// spend returns what takes the cost of operations from the buckets of organizations; nil when there is no end.
func (s *server) spend(store *postgres.Store) func(context.Context, uuid.UUID, int64) error {
	if s.settings.CostPerSecond == 0 {
		return nil
	}
	limiter := rate.New(s.settings.costBucket(), store.TakeCost, time.Now)
	return func(ctx context.Context, organization uuid.UUID, asked int64) error {
		return s.watch.limited(metrics.Cost, limiter.Spend(ctx, organization, asked))
	}
}

// knocks returns what counts the failures to sign in; nil when nobody counts them.
func (s *server) knocks(store *postgres.Store) *web.Knocks {
	if s.settings.FailedLogins == 0 {
		return nil
	}
	limiter := rate.New(s.settings.loginBucket(), store.TakeAddress, time.Now)
	return &web.Knocks{
		Empty: func(address string) error {
			return s.watch.limited(metrics.Logins, limiter.Empty(rate.SlotOf(address)))
		},
		Failed: func(ctx context.Context, address string) error {
			return limiter.Spend(ctx, rate.SlotOf(address), 1)
		},
	}
}

// documents reads the operations that clients may name, if there is a folder with some.
func (o operationSettings) documents() (*graph.Documents, error) {
	if o.Documents == "" {
		if o.OnlyDocuments {
			return nil, errors.New("--only-documents needs the folder: --documents")
		}
		return nil, nil
	}
	if _, err := os.ReadDir(o.Documents); err != nil {
		return nil, fmt.Errorf("--documents: %w", err)
	}
	documents, err := graph.ReadDocuments(graph.NewSchema(nil), os.DirFS(o.Documents), o.limits(), o.OnlyDocuments)
	if err != nil {
		return nil, fmt.Errorf("--documents: %w", err)
	}
	return documents, nil
}

// logSettings says every effective setting. Secrets are not among them.
func (s *server) logSettings() {
	values := reflect.ValueOf(s.settings)
	var attributes []any
	for _, field := range reflect.VisibleFields(values.Type()) {
		if !field.Anonymous {
			value := fmt.Sprint(values.FieldByIndex(field.Index).Interface())
			if address, err := url.Parse(value); err == nil && address.User != nil {
				address.User = nil // A password in an address is a secret too, and so is a token in place of the name.
				value = address.String()
			}
			attributes = append(attributes, slog.String(strings.ToLower(field.Name), value))
		}
	}
	s.logger.Info("starting", slog.Group("settings", attributes...))
}
