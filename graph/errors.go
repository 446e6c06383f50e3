package graph

import (
	"errors"

	"github.com/infin8content/engine/graph/model"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/workflow"
)

// expected has the kinds that a mutation answers as data. All other kinds, and every kind in a query, become GraphQL
// errors. An error without a kind becomes INTERNAL.
var expected = map[fault.Kind]bool{
	fault.InvalidInput:        true,
	fault.NotFound:            true,
	fault.Conflict:            true,
	fault.StaleState:          true,
	fault.RevisionConflict:    true,
	fault.LostRun:             true,
	fault.IllegalTransition:   true,
	fault.TerminalState:       true,
	fault.DuplicateName:       true,
	fault.DuplicateGeneration: true,
	fault.IdempotencyMismatch: true,
	fault.GateClosed:          true,
	fault.FourEyes:            true,
	fault.NothingApproved:     true,
	fault.SelectionTooSmall:   true,
	fault.SelectionTooLarge:   true,
	fault.TargetUnusable:      true,
	fault.BudgetExhausted:     true,
	fault.BudgetHeld:          true,
	fault.PriceUnknown:        true,
}

// userError returns an expected failure as data. Its field is the one that the error names, else the one that the
// decoder of the verb blames for this kind.
func userError(err error, blame map[fault.Kind][]string) model.UserError {
	problem := model.Problem{Code: fault.KindOf(err), Field: fault.FieldOf(err)}
	var public interface {
		error
		Kind() fault.Kind
	}
	if errors.As(err, &public) { // Else KindOf is INTERNAL, which is not expected.
		problem.Message = public.Error()
	}
	if problem.Field == nil {
		problem.Field = blame[problem.Code]
	}
	if found := withData(err, problem); found != nil {
		return found
	}
	switch problem.Code {
	case fault.InvalidInput:
		return model.InvalidInput{Problem: problem}
	case fault.NotFound:
		return model.NotFound{Problem: problem}
	case fault.IdempotencyMismatch:
		return model.IdempotencyMismatch{Problem: problem}
	default: // CONFLICT, and any finer code whose error has no data
		return model.Conflict{Problem: problem}
	}
}

// withData returns the user error of a failure with data; nil for one without.
func withData(err error, problem model.Problem) model.UserError {
	var (
		stale     *engine.StaleStateError
		revised   *engine.RevisionConflictError
		lost      *engine.LostRunError
		over      *engine.TerminalError
		terminal  *workflow.TerminalStateError
		illegal   *workflow.IllegalTransitionError
		duplicate *engine.DuplicateNameError
		repeated  *engine.DuplicateGenerationError
		refused   *cost.RefusedError
		unpriced  *cost.PriceUnknownError
		selection *engine.StaleBatchError
	)
	switch {
	case errors.As(err, &selection):
		return model.StaleBatch{Problem: problem, Preview: model.BatchPreview{BatchPreview: selection.Preview}}
	case errors.As(err, &stale):
		return model.StaleState{Problem: problem, Current: model.NewWorkflow(stale.Current)}
	case errors.As(err, &revised):
		return model.RevisionConflict{Problem: problem, ArticleVersion: revised.Current}
	case errors.As(err, &lost):
		return model.LostRun{
			Problem: problem,
			Current: model.NewWorkflow(lost.Current),
			Run:     lost.Run,
			IsYours: lost.IsYours,
		}
	case errors.As(err, &over):
		return model.TerminalState{Problem: problem, Current: model.NewWorkflow(over.Current)}
	case errors.As(err, &terminal):
		return model.TerminalState{Problem: problem}
	case errors.As(err, &illegal):
		return model.IllegalTransition{
			Problem: problem,
			From:    illegal.From,
			To:      illegal.To,
			Allowed: illegal.Allowed(),
		}
	case errors.As(err, &duplicate):
		return model.DuplicateName{Problem: problem, Existing: model.NewWorkflow(duplicate.Existing)}
	case errors.As(err, &repeated):
		return model.DuplicateGeneration{Problem: problem, Existing: model.Call{
			Call: repeated.Existing.Call, Workflow: model.NewWorkflow(repeated.Existing.Workflow),
		}}
	case errors.As(err, &refused):
		return model.BudgetRefused{Problem: problem, Refusal: refused.Refusal}
	case errors.As(err, &unpriced):
		return model.PriceUnknown{Problem: problem, Model: unpriced.Model}
	}
	return nil
}
