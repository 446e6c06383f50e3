package graph

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/infin8content/engine/graph/model"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/workflow"
)

// secret stands in every internal text; no client may ever see it.
const secret = "SELECT password FROM postgres://host"

// kindsOfFault reads the kinds from the source of package fault, so that a new one cannot be forgotten here.
func kindsOfFault(t *testing.T) []fault.Kind {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../internal/fault/fault.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []fault.Kind
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			if name, ok := spec.Type.(*ast.Ident); ok && name.Name == "Kind" {
				text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				kinds = append(kinds, fault.Kind(text))
			}
		}
		return true
	})
	if len(kinds) < 16 {
		t.Fatalf("got %d kinds, want all", len(kinds))
	}
	return kinds
}

func failing(err error) func(context.Context, caller.Caller, string) (string, error) {
	return func(context.Context, caller.Caller, string) (string, error) { return "an answer", err }
}

func TestEveryKindOfFaultHasExactlyOneWayOutOfAMutation(t *testing.T) {
	t.Parallel()
	for _, kind := range kindsOfFault(t) {
		wrapped := fmt.Errorf("%s: %w", secret, fault.New(kind, "Public words."))
		answer, problems, err := act(t.Context(), &Resolver{}, decoded[string]{}, failing(wrapped))
		asError := present(t, wrapped, new(bytes.Buffer))
		switch {
		case answer != "":
			t.Errorf("%s: got an answer beside the fault", kind)
		case expected[kind] && (err != nil || len(problems) != 1):
			t.Errorf("%s: got %v, %v, want one user error", kind, problems, err)
		case !expected[kind] && (err == nil || problems != nil):
			t.Errorf("%s: got %v, %v, want an error", kind, problems, err)
		}
		want, message := kind, "Public words."
		if kind == fault.Internal {
			message = quoteTheRequest
		}
		if got := asError.Extensions["code"]; got != string(want) || asError.Message != message {
			t.Errorf("%s: got %v %q, want %q", kind, got, asError.Message, message)
		}
	}
}

func present(t *testing.T, err error, log *bytes.Buffer) *gqlerror.Error {
	t.Helper()
	p := presenter{
		requestID: func(context.Context) string { return "request-1" },
		logger:    slog.New(slog.NewTextHandler(log, nil)),
	}
	shown := p.present(t.Context(), err)
	if text := fmt.Sprint(shown.Message, shown.Extensions, shown.Err); strings.Contains(text, secret) {
		t.Errorf("an internal text left the house: %s", text)
	}
	if shown.Extensions["requestId"] != "request-1" {
		t.Errorf("got %v, want the request id", shown.Extensions)
	}
	return shown
}

func TestAnInternalErrorIsLoggedAndNotShown(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"plain":         errors.New(secret),
		"on a path":     gqlerror.WrapPath(nil, errors.New(secret)),
		"of gqlgen":     gqlerror.Errorf("%s", secret),
		"with a code":   &gqlerror.Error{Message: secret, Extensions: map[string]any{"code": "SOMETHING"}},
		"a panic":       recovered(t.Context(), secret),
		"a public text": recovered(t.Context(), fault.New(fault.NotFound, "%s", secret)),
		"INTERNAL":      fault.New(fault.Internal, "%s", secret),
	} {
		var log bytes.Buffer
		shown := present(t, err, &log)
		if shown.Extensions["code"] != "INTERNAL" || shown.Message != quoteTheRequest {
			t.Errorf("%s: got %v %q, want INTERNAL and no words", name, shown.Extensions["code"], shown.Message)
		}
		if got := strings.Count(log.String(), "level=ERROR"); got != 1 {
			t.Errorf("%s: got %d lines in the log, want 1: %s", name, got, &log)
		}
		if !strings.Contains(log.String(), secret) || !strings.Contains(log.String(), "id=request-1") {
			t.Errorf("%s: the log lacks the cause or the request: %s", name, &log)
		}
	}
}

func TestAnErrorThatStrikesAWholeListIsLoggedOnce(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	err := &sharedError{error: errors.New(secret)}
	for range 20 {
		present(t, fmt.Errorf("field: %w", err), &log)
	}
	if got := strings.Count(log.String(), "\n"); got != 1 {
		t.Errorf("got %d lines, want 1", got)
	}
}

func TestWhenTheClientIsGoneNothingIsLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	p := presenter{
		requestID: func(context.Context) string { return "" }, logger: slog.New(slog.NewTextHandler(&log, nil)),
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	shown := p.present(ctx, fmt.Errorf("%s: %w", secret, ctx.Err()))
	if shown.Extensions["code"] != string(fault.Unavailable) || shown.Message != tryAgain || log.Len() > 0 {
		t.Errorf("got %v %q and the log %q", shown.Extensions, shown.Message, &log)
	}
}

func TestAFaultWithDataIsTheMemberThatCarriesIt(t *testing.T) {
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
		{&engine.LostRunError{Current: flow}, func(err error) model.UserError {
			return model.StaleState{Problem: problem(fault.StaleState, err), Current: current}
		}},
		{&engine.TerminalError{Current: flow}, func(err error) model.UserError {
			return model.TerminalState{Problem: problem(fault.TerminalState, err), Current: current}
		}},
		{&workflow.TerminalStateError{State: workflow.Completed}, func(err error) model.UserError {
			return model.TerminalState{Problem: problem(fault.TerminalState, err)}
		}},
		{&workflow.IllegalTransitionError{From: workflow.Created, To: workflow.Completed}, func(err error) model.UserError {
			return model.IllegalTransition{
				Problem: problem(fault.IllegalTransition, err), From: workflow.Created, To: workflow.Completed,
				Allowed: workflow.Created.NextStates(),
			}
		}},
		{&engine.DuplicateNameError{Existing: flow}, func(err error) model.UserError {
			return model.DuplicateName{Problem: problem(fault.DuplicateName, err, "name"), Existing: current}
		}},
		{refused, func(err error) model.UserError {
			return model.BudgetRefused{Problem: problem(fault.BudgetHeld, err), Refusal: refused.Refusal}
		}},
		{&cost.PriceUnknownError{Model: "m"}, func(err error) model.UserError {
			return model.PriceUnknown{Problem: problem(fault.PriceUnknown, err), Model: "m"}
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

func TestAFaultThatNamesNoFieldGetsTheOneThatIsToBlame(t *testing.T) {
	t.Parallel()
	var in decoded[string]
	in.blames(fault.NotFound, "workflowId")
	_, problems, err := act(t.Context(), &Resolver{}, in, failing(fault.New(fault.NotFound, "Gone.")))
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

func TestNothingIsDoneWhenTheInputCannotBeRead(t *testing.T) {
	t.Parallel()
	var in decoded[string]
	in.note(fault.New(fault.InvalidInput, "Bad."), []string{"amount"})
	in.note(fault.New(fault.InvalidInput, "Worse."), []string{"workflowId"})
	_, problems, err := act(t.Context(), &Resolver{}, in,
		func(context.Context, caller.Caller, string) (string, error) {
			t.Error("the verb was called")
			return "", nil
		})
	if err != nil || len(problems) != 2 {
		t.Errorf("got %v, %v, want both faults", problems, err)
	}
}
