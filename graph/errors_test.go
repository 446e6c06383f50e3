package graph

import (
	"context"
	"fmt"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/graph/model"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/workflow"
)

// secret is in every internal text. No client may see it.
const secret = "SELECT password FROM postgres://host"

func failing(err error) func(context.Context, caller.Caller, string) (string, error) {
	return func(context.Context, caller.Caller, string) (string, error) { return "an answer", err }
}

func TestAct_AnswersEachKindAsDataOrAsAnError(t *testing.T) {
	t.Parallel()
	for _, kind := range fault.Kinds() {
		wrapped := fmt.Errorf("%s: %w", secret, fault.New(kind, "Public words."))
		ctx := caller.With(t.Context(), caller.Caller{Role: caller.Admin})
		answer, problems, err := act(ctx, &Resolver{}, decoded[string]{}, failing(wrapped))
		switch {
		case answer != "":
			t.Errorf("%s: got an answer beside the fault", kind)
		case expected[kind] && (err != nil || len(problems) != 1):
			t.Errorf("%s: got %v, %v, want one user error", kind, problems, err)
		case !expected[kind] && (err == nil || problems != nil):
			t.Errorf("%s: got %v, %v, want an error", kind, problems, err)
		}
	}
}

// Of a request about many texts each one that has changed is an error of its own, with its field, revision and author.
func TestAct_AnswersEachTextThatHasChanged(t *testing.T) {
	t.Parallel()
	changed := &engine.RevisionConflictsError{Conflicts: []*engine.RevisionConflictError{
		{Current: content.ArticleVersion{Revision: 2, Actor: "bob"}},
		{Current: content.ArticleVersion{Revision: 5, Actor: "carol"}},
	}}
	ctx := caller.With(t.Context(), caller.Caller{Role: caller.Admin})
	_, problems, err := act(ctx, &Resolver{}, decoded[string]{}, failing(fmt.Errorf("%s: %w", secret, changed)))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range problems {
		conflict, is := p.(model.RevisionConflict)
		if !is {
			t.Fatalf("got %T, want a RevisionConflict", p)
		}
		got = append(got, fmt.Sprintf("%s %d %s", conflict.Code, conflict.Revision, conflict.Actor))
	}
	want := []string{"REVISION_CONFLICT 2 bob", "REVISION_CONFLICT 5 carol"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestUserError_CarriesTheDataOfItsError(t *testing.T) {
	t.Parallel()
	flow := workflow.Workflow{Name: "Acme", State: workflow.ICPPending, Version: 1}
	current := model.NewWorkflow(flow)
	problem := func(kind fault.Kind, err error, field ...string) model.Problem {
		return model.Problem{Code: kind, Message: err.Error(), Field: field}
	}
	refused := cost.Refuse(cost.AccountMonth, cost.Balance{Settled: 1, Held: 2, Limit: 3}, 2)
	for _, test := range []struct {
		err  error
		want func(err error) model.UserError
	}{
		{&engine.StaleStateError{Current: flow}, func(err error) model.UserError {
			return model.StaleState{Problem: problem(fault.StaleState, err), Current: current}
		}},
		{&engine.RevisionConflictError{Current: content.ArticleVersion{Revision: 2}}, func(err error) model.UserError {
			return model.RevisionConflict{
				Problem:        problem(fault.RevisionConflict, err),
				ArticleVersion: content.ArticleVersion{Revision: 2},
			}
		}},
		{&engine.LostRunError{Current: flow}, func(err error) model.UserError {
			return model.LostRun{Problem: problem(fault.LostRun, err), Current: current}
		}},
		{&engine.TerminalError{Current: flow}, func(err error) model.UserError {
			return model.TerminalState{Problem: problem(fault.TerminalState, err), Current: current}
		}},
		{&workflow.TerminalStateError{State: workflow.Completed}, func(err error) model.UserError {
			return model.TerminalState{Problem: problem(fault.TerminalState, err)}
		}},
		{&workflow.IllegalTransitionError{From: workflow.Created, To: workflow.Completed}, func(err error) model.UserError {
			return model.IllegalTransition{
				Problem: problem(fault.IllegalTransition, err),
				From:    workflow.Created,
				To:      workflow.Completed,
				Allowed: workflow.Created.NextStates(),
			}
		}},
		{&engine.DuplicateNameError{Existing: flow}, func(err error) model.UserError {
			return model.DuplicateName{Problem: problem(fault.DuplicateName, err, "name"), Existing: current}
		}},
		{&engine.DuplicateGenerationError{
			GenerationID: "g", Existing: engine.Charged{Call: cost.Call{GenerationID: "g"}, Workflow: flow},
		}, func(err error) model.UserError {
			return model.DuplicateGeneration{
				Problem:  problem(fault.DuplicateGeneration, err, "generationId"),
				Existing: model.Call{Call: cost.Call{GenerationID: "g"}, Workflow: current},
			}
		}},
		{refused, func(err error) model.UserError {
			return model.BudgetRefused{Problem: problem(fault.BudgetHeld, err), Refusal: refused.Refusal}
		}},
		{&cost.PriceUnknownError{Model: "m"}, func(err error) model.UserError {
			return model.PriceUnknown{Problem: problem(fault.PriceUnknown, err), Model: "m"}
		}},
		{&cost.PriceUnknownError{Model: "m", Made: true}, func(err error) model.UserError {
			return model.PriceUnknown{Problem: problem(fault.PriceUnknown, err, "cost"), Model: "m"}
		}},
		{fault.Invalid([]string{"company", "url"}, "Bad."), func(err error) model.UserError {
			return model.InvalidInput{Problem: problem(fault.InvalidInput, err, "company", "url")}
		}},
		{fault.New(fault.NotFound, "Gone."), func(err error) model.UserError {
			return model.NotFound{Problem: problem(fault.NotFound, err)}
		}},
		{fault.New(fault.IdempotencyMismatch, "Used."), func(err error) model.UserError {
			return model.IdempotencyMismatch{Problem: problem(fault.IdempotencyMismatch, err)}
		}},
		{fault.New(fault.Conflict, "No."), func(err error) model.UserError {
			return model.Conflict{Problem: problem(fault.Conflict, err)}
		}},
	} {
		got := userError(fmt.Errorf("%s: %w", secret, test.err), nil)
		equalBatches := cmp.Comparer(func(a, b *model.Batch) bool { return reflect.DeepEqual(a.Workflows, b.Workflows) })
		if diff := cmp.Diff(test.want(test.err), got, equalBatches); diff != "" {
			t.Errorf("%T (-want +got):\n%s", test.err, diff)
		}
	}
}

func TestAct_BlamesAFieldForAnErrorWithoutOne(t *testing.T) {
	t.Parallel()
	var in decoded[string]
	in.blames(fault.NotFound, "workflowId")
	ctx := caller.With(t.Context(), caller.Caller{Role: caller.Admin})
	_, problems, err := act(ctx, &Resolver{}, in, failing(fault.New(fault.NotFound, "Gone.")))
	if err != nil {
		t.Fatal(err)
	}
	want := model.NotFound{Problem: model.Problem{
		Code: fault.NotFound, Message: "Gone.", Field: []string{"workflowId"},
	}}
	if diff := cmp.Diff([]model.UserError{want}, problems); diff != "" {
		t.Error(diff)
	}
}

func TestAct_CallsNoVerbForABadInput(t *testing.T) {
	t.Parallel()
	var in decoded[string]
	in.note(fault.New(fault.InvalidInput, "Bad."), []string{"amount"})
	in.note(fault.New(fault.InvalidInput, "Worse."), []string{"workflowId"})
	_, problems, err := act(caller.With(t.Context(), caller.Caller{Role: caller.Admin}), &Resolver{}, in,
		func(context.Context, caller.Caller, string) (string, error) {
			t.Error("the verb was called")
			return "", nil
		})
	if err != nil || len(problems) != 2 {
		t.Errorf("got %v, %v, want both faults", problems, err)
	}
}
