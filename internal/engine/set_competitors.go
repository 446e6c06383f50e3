package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// mostCompetitors is how many competitors a workflow has.
const mostCompetitors = 5

// SetCompetitorsInput names the competitors of a workflow by their domains or addresses.
type SetCompetitorsInput struct {
	WorkflowID     uuid.UUID
	URLs           []string
	IdempotencyKey string
}

// SetCompetitors names the competitors that the next analysis works with, 0 to 5. *StaleStateError once the analysis
// has begun and has not failed; *TerminalError when the workflow is over.
func (e *Engine) SetCompetitors(ctx context.Context, who caller.Caller, in SetCompetitorsInput) (_ Moved, err error) {
	ctx, end := e.begin(ctx, "SetCompetitors")
	defer end(&err)
	domains, err := cleanDomains(in.URLs)
	if err != nil {
		return Moved{}, err
	}
	at := e.now()
	replay, err := e.once(ctx, who, request{
		key:       in.IdempotencyKey,
		operation: "setCompetitors",
		content: struct {
			WorkflowID uuid.UUID
			Domains    []string
		}{in.WorkflowID, domains},
		flow: in.WorkflowID,
		at:   at,
	}, func(tx *postgres.Store) error {
		flow, there, err := tx.LockWorkflow(ctx, who, in.WorkflowID)
		if flow, err = found(flow, there, err, "workflow"); err != nil {
			return err
		}
		if flow.IsTerminal() {
			return &TerminalError{Current: flow}
		}
		if !acceptsCompetitors(flow.State) {
			return &StaleStateError{Current: flow}
		}
		named, err := tx.Competitors(ctx, who, flow.ID)
		if err != nil || slices.Equal(named, domains) {
			return err
		}
		own := content.Registrable(flow.Company.URL)
		if slices.ContainsFunc(domains, func(d string) bool { return content.Registrable("https://"+d) == own }) {
			return fault.Invalid([]string{"urls"}, "A company is no competitor of itself.")
		}
		return tx.NameCompetitors(ctx, who, flow.ID, domains, at)
	})
	if err != nil {
		return Moved{}, fmt.Errorf("set the competitors of workflow %s: %w", in.WorkflowID, err)
	}
	flow, err := e.Workflow(ctx, who, in.WorkflowID)
	return Moved{Workflow: flow, Replayed: replay != nil}, err
}

// acceptsCompetitors reports whether the competitor analysis has not begun, or has failed.
func acceptsCompetitors(state workflow.State) bool {
	if state == workflow.Created || state == workflow.CompetitorPending || state == workflow.CompetitorFailed {
		return true
	}
	step := state.Step()
	return step != nil && step.Key == workflow.StepICP
}

// cleanDomains returns the registered form of domains without duplicates. An address counts by its host.
func cleanDomains(urls []string) ([]string, error) {
	if len(urls) > mostCompetitors {
		return nil, fault.Invalid([]string{"urls"}, "A workflow has at most %d competitors.", mostCompetitors)
	}
	domains := []string{}
	for i, text := range urls {
		field := []string{"urls", fmt.Sprint(i)}
		text = strings.TrimSpace(text)
		if !strings.Contains(text, "://") {
			text = "https://" + text
		}
		if err := workflow.CheckURL(field, text); err != nil {
			return nil, err
		}
		domain, valid := content.Domain(text)
		if !valid {
			return nil, fault.Invalid(field, "This is no domain.")
		}
		if !slices.Contains(domains, domain) {
			domains = append(domains, domain)
		}
	}
	return domains, nil
}
