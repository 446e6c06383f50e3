package server

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/jobs"
	"github.com/infin8content/engine/internal/live"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/steps"
	"github.com/infin8content/engine/internal/webhook"
	"github.com/infin8content/engine/internal/workflow"
)

// EngineOptions are what NewEngine needs. Store is required. The zero value of the others suits a command of the
// operator.
type EngineOptions struct {
	Store  *postgres.Store
	Logger *slog.Logger
	// Limits are the limits of an organization that the engine has not seen before.
	Limits Limits
	// ArticleCap is the most that one article may cost, in USD; the engine's default when empty.
	ArticleCap string
	// Models are asked by the steps.
	Models workflow.Models
	// Research is where the evidence of articles comes from; the engine's default when empty.
	Research cost.ResearchMode
	// Lease is the time without a heartbeat after which a run is over; 0 is the engine's default.
	Lease   time.Duration
	Observe engineObserver
	Webhook engine.Webhook
	Targets engine.Targets
	// Drives are the steps that workers of the engine drive; all that have an executor when empty.
	Drives []workflow.StepKey
	// Units limits the units that run at once.
	Units engine.UnitLimits
}

// NewEngine wires an engine to a store and to the job queue.
func NewEngine(o EngineOptions) (*engine.Engine, error) {
	enqueuer, err := jobs.NewEnqueuer(o.Logger, time.Now)
	if err != nil {
		return nil, err
	}
	var articleCap cost.Pico
	if o.ArticleCap != "" {
		if articleCap, err = cost.ParseUSD(o.ArticleCap); err != nil {
			return nil, fmt.Errorf("--article-cap: %w", err)
		}
		if articleCap <= 0 {
			return nil, errors.New("--article-cap: an article costs more than nothing")
		}
	}
	if len(o.Drives) == 0 {
		o.Drives = steps.Keys()
	}
	return engine.New(engine.Options{
		Store:         o.Store,
		Jobs:          enqueuer,
		Drives:        o.Drives,
		WorkflowLimit: o.Limits.Workflow,
		MonthLimit:    o.Limits.Month,
		ArticleCap:    articleCap,
		Models:        o.Models,
		Research:      o.Research,
		Lease:         o.Lease,
		Observe:       o.Observe,
		Webhook:       o.Webhook,
		Targets:       o.Targets,
		Units:         o.Units,
	})
}

// Limits are what a workflow and a month of a new organization may spend.
type Limits struct{ Workflow, Month cost.Pico }

// ParseLimits reads the flags --workflow-limit and --month-limit, in USD.
func ParseLimits(workflow, month string) (limits Limits, err error) {
	if limits.Workflow, err = cost.ParseUSD(workflow); err != nil {
		return Limits{}, fmt.Errorf("--workflow-limit: %w", err)
	}
	if limits.Month, err = cost.ParseUSD(month); err != nil {
		return Limits{}, fmt.Errorf("--month-limit: %w", err)
	}
	return limits, nil
}

// wireEngine adds the engine, and the hub that delivers its commits to the subscribers of this server and of others.
func (s *Server) wireEngine(p pools) (err error) {
	limits, err := ParseLimits(s.settings.WorkflowLimit, s.settings.MonthLimit)
	if err != nil {
		return err
	}
	drives, err := s.settings.drives()
	if err != nil {
		return err
	}
	box, err := s.secrets.box()
	if err != nil {
		return err
	}
	if err := s.serveSite(); err != nil {
		return err
	}
	store := s.store(p.requests)
	s.live, err = live.New(live.Options{Store: store, Connection: p.direct.Config().ConnConfig, Logger: s.logger})
	if err != nil {
		return err
	}
	s.closers = append(s.closers, s.live.Close)
	if s.settings.API { // A server without the API has no subscribers: it notifies others, and need not listen.
		s.parts = append(s.parts, s.live.Run)
	}
	s.engine, err = NewEngine(EngineOptions{
		Store:      store.OnCommit(s.observers.committed(s.live.Announce)),
		Logger:     s.logger,
		Limits:     limits,
		ArticleCap: s.settings.ArticleCap,
		Models:     s.settings.models(),
		Research:   s.research(),
		Lease:      s.settings.Lease,
		Observe:    s.observers.verbs(),
		Webhook:    s.webhook(store),
		Targets:    s.settings.targets(box, s.sandboxSite),
		Drives:     drives,
		Units: engine.UnitLimits{
			PerWorkflow:     s.settings.UnitsPerFlow,
			PerOrganization: s.settings.UnitsPerOrg,
		},
	})
	return err
}

// sender returns the sender of webhooks, or nil without a key.
func (s AlertSettings) sender(key string) *webhook.Sender {
	if key == "" {
		return nil
	}
	return webhook.NewSender(s.WebhookPrivate)
}
