package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// ExportInput chooses rows by the day they were written, in the organization's time zone. Nil is no bound.
type ExportInput struct{ From, To *cost.Day }

// AccountEntry is a ledger entry with the kind of its account.
type AccountEntry = postgres.AccountEntry

// EachTransition calls visit for every journal row of the organization within the range, workflow by workflow and in
// order. It reads page by page and keeps nothing: any length needs the same memory. An error of visit ends it.
func (e *Engine) EachTransition(
	ctx context.Context, who caller.Caller, in ExportInput, visit func(workflow.Transition) error,
) error {
	within, err := e.exported(ctx, who, in)
	if err != nil {
		return err
	}
	after := postgres.TransitionKey{Version: -1}
	for done := false; !done; {
		var page []workflow.Transition
		if page, done, err = e.store.TransitionPage(ctx, who, within, after); err != nil {
			return fmt.Errorf("read the journal after %+v: %w", after, err)
		}
		for _, t := range page {
			if err := visit(t); err != nil {
				return err
			}
			after = postgres.TransitionKey{WorkflowID: t.WorkflowID, Version: t.Version}
		}
	}
	return nil
}

// EachEntry is EachTransition for the ledger, account by account. A call has entries in the account of its workflow and
// in that of its month: whoever adds up amounts takes one kind of account.
func (e *Engine) EachEntry(
	ctx context.Context, who caller.Caller, in ExportInput, visit func(AccountEntry) error,
) error {
	within, err := e.exported(ctx, who, in)
	if err != nil {
		return err
	}
	after := postgres.EntryKey{Sequence: -1}
	for done := false; !done; {
		var page []AccountEntry
		if page, done, err = e.store.EntryPage(ctx, who, within, after); err != nil {
			return fmt.Errorf("read the ledger after %+v: %w", after, err)
		}
		for _, entry := range page {
			if err := visit(entry); err != nil {
				return err
			}
			after = postgres.EntryKey{AccountID: entry.AccountID, Sequence: entry.Sequence}
		}
	}
	return nil
}

// exported returns the moments that an export covers. What is written after it has begun is not part of it, so that it
// ends.
func (e *Engine) exported(ctx context.Context, who caller.Caller, in ExportInput) (cost.Period, error) {
	days := cost.Days{From: cost.NewDay(beginning), To: cost.NewDay(end)}
	if in.From != nil {
		days.From = *in.From
	}
	if in.To != nil {
		days.To = *in.To
	}
	if days.To < days.From {
		return cost.Period{}, fault.Invalid([]string{"to"}, "The range ends before it begins.")
	}
	within, err := e.within(ctx, who, days)
	if now := e.now().Add(time.Microsecond); now.Before(within.End) {
		within.End = now
	}
	return within, err
}
