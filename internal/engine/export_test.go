package engine

import (
	"context"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// RefusedItem is the result of an item of a batch that was refused with a message.
func RefusedItem(message string) postgres.BatchResult {
	return refusedItem(postgres.BatchItem{}, fault.StaleState, message)
}

// BudgetArticles does what an approval of articles does with their money, in a transaction of its own.
func (e *Engine) BudgetArticles(
	ctx context.Context, who caller.Caller, flow workflow.Workflow, articles []uuid.UUID, maxTotal *cost.Pico,
) (forecast WorkForecast, err error) {
	err = e.store.InTx(ctx, func(tx *postgres.Store) (err error) {
		forecast, err = e.budgetArticles(ctx, tx, who, approvedArticles{
			flow:     flow,
			articles: articles,
			maxTotal: maxTotal,
			at:       e.now(),
		})
		return err
	})
	return forecast, err
}

// Waiting counts the callers of an organization that wait for another one to book their calls.
func (e *Engine) Waiting(organization uuid.UUID) int {
	e.bookings.mu.Lock()
	defer e.bookings.mu.Unlock()
	waiting := 0
	for _, b := range e.bookings.waiting {
		if b.organization == organization {
			waiting++
		}
	}
	return waiting
}
