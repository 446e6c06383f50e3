package graph

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/infin8content/engine/graph/model"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/workflow"
)

// expected are the faults that a mutation answers as data. All other kinds, and every kind in a query, leave as GraphQL
// errors; what has no kind leaves as INTERNAL.
var expected = map[fault.Kind]bool{
	fault.InvalidInput:        true,
	fault.NotFound:            true,
	fault.Conflict:            true,
	fault.StaleState:          true,
	fault.IllegalTransition:   true,
	fault.TerminalState:       true,
	fault.DuplicateName:       true,
	fault.IdempotencyMismatch: true,
	fault.BudgetExhausted:     true,
	fault.BudgetHeld:          true,
	fault.PriceUnknown:        true,
}

const (
	quoteTheRequest = "Something went wrong on our side. Quote the request id when you report it."
	tryAgain        = "The request ended before it was answered. Try again."
)

// public is an error whose text was written for the client.
type public interface {
	error
	Kind() fault.Kind
}

// publicIn returns the public error in err's chain. One that calls itself INTERNAL is not public.
func publicIn(err error) (public, bool) {
	var p public
	if !errors.As(err, &p) || p.Kind() == fault.Internal {
		return nil, false
	}
	return p, true
}

// act calls a verb of the engine with what was decoded. What can be expected to fail comes back as user errors, and
// the zero answer with them; the rest as an error. Faults of the input are all named, and the verb is not called.
func act[In, Out any](
	ctx context.Context, r *Resolver, in decoded[In], verb func(context.Context, caller.Caller, In) (Out, error),
) (Out, []model.UserError, error) {
	var nothing Out
	faults := in.faults
	if len(faults) == 0 {
		out, err := verb(ctx, caller.From(ctx), in.value)
		if err == nil {
			return out, []model.UserError{}, nil
		}
		if !expected[fault.KindOf(err)] {
			return nothing, nil, err
		}
		faults = []error{err}
	}
	problems := make([]model.UserError, len(faults))
	for i, err := range faults {
		problems[i] = userError(err, in.blame)
	}
	r.report(ctx, "", string(fault.KindOf(faults[0])))
	return nothing, problems, nil
}

// userError makes data of an expected fault. The field is the one that the fault names, else the one that the verb's
// decoder blames for faults of this kind.
func userError(err error, blame map[fault.Kind][]string) model.UserError {
	problem := model.Problem{Code: fault.KindOf(err), Field: fault.FieldOf(err)}
	if p, ok := publicIn(err); ok {
		problem.Message = p.Error()
	}
	if problem.Field == nil {
		problem.Field = blame[problem.Code]
	}
	if carrying := withData(err, problem); carrying != nil {
		return carrying
	}
	switch problem.Code {
	case fault.InvalidInput:
		return model.InvalidInput{Problem: problem}
	case fault.NotFound:
		return model.NotFound{Problem: problem}
	case fault.IdempotencyMismatch:
		return model.IdempotencyMismatch{Problem: problem}
	default: // CONFLICT, and any finer code whose error lost its data on the way
		return model.Conflict{Problem: problem}
	}
}

// withData returns the user error of a fault that carries data; nil when it carries none.
func withData(err error, problem model.Problem) model.UserError {
	var (
		stale     *engine.StaleStateError
		lost      *engine.LostRunError
		over      *engine.TerminalError
		terminal  *workflow.TerminalStateError
		illegal   *workflow.IllegalTransitionError
		duplicate *engine.DuplicateNameError
		refused   *cost.RefusedError
		unpriced  *cost.PriceUnknownError
	)
	switch {
	case errors.As(err, &stale):
		return model.StaleState{Problem: problem, Current: model.NewWorkflow(stale.Current)}
	case errors.As(err, &lost):
		return model.StaleState{Problem: problem, Current: model.NewWorkflow(lost.Current)}
	case errors.As(err, &over):
		return model.TerminalState{Problem: problem, Current: model.NewWorkflow(over.Current)}
	case errors.As(err, &terminal):
		return model.TerminalState{Problem: problem}
	case errors.As(err, &illegal):
		return model.IllegalTransition{
			Problem: problem, From: illegal.From, To: illegal.To, Allowed: illegal.Allowed(),
		}
	case errors.As(err, &duplicate):
		return model.DuplicateName{Problem: problem, Existing: model.NewWorkflow(duplicate.Existing)}
	case errors.As(err, &refused):
		return model.BudgetRefused{Problem: problem, Refusal: refused.Refusal}
	case errors.As(err, &unpriced):
		return model.PriceUnknown{Problem: problem, Model: unpriced.Model}
	}
	return nil
}

// presenter decides which words of an error leave as a GraphQL error, and writes the others down.
type presenter struct {
	requestID func(context.Context) string
	logger    *slog.Logger
}

// present answers with the text of a public error, with what the parser or the validator said about the operation, or
// with INTERNAL and nothing else.
func (p presenter) present(ctx context.Context, err error) *gqlerror.Error {
	shown := &gqlerror.Error{Path: graphql.GetPath(ctx)}
	var found *gqlerror.Error
	if errors.As(err, &found) {
		shown.Path, shown.Locations = shortened(found.Path), found.Locations
	}
	var code string
	code, shown.Message = p.words(ctx, err, found)
	shown.Extensions = map[string]any{"code": code, "requestId": p.requestID(ctx)}
	if field := fault.FieldOf(err); field != nil {
		shown.Extensions["field"] = field
	}
	var excess *excessError
	if errors.As(err, &excess) {
		shown.Extensions["found"], shown.Extensions["limit"] = excess.found, excess.limit
	}
	return shown
}

// words returns the code and the message that a client may see.
func (p presenter) words(ctx context.Context, err error, found *gqlerror.Error) (code, message string) {
	visible, ok := publicIn(err)
	if late, over := publicIn(context.Cause(ctx)); over && (!ok || visible.Kind() == fault.Unavailable) {
		return string(late.Kind()), late.Error()
	}
	if ok {
		if visible.Kind() == fault.Unavailable {
			p.log(ctx, slog.LevelWarn, err)
		}
		return string(visible.Kind()), visible.Error()
	}
	var panicked *panicError
	switch {
	case errors.As(err, &panicked):
	case found != nil && isAboutOperation(found):
		return found.Extensions["code"].(string), shortText(found.Message)
	case ctx.Err() != nil:
		return string(fault.Unavailable), tryAgain
	}
	p.log(ctx, slog.LevelError, err)
	return string(fault.Internal), quoteTheRequest
}

// isAboutOperation reports whether the parser or the validator speaks: about the client's own text.
func isAboutOperation(err *gqlerror.Error) bool {
	code := err.Extensions["code"]
	return code == errcode.ParseFailed || code == errcode.ValidationFailed
}

// maxEchoBytes bounds what an answer repeats of the text that it is about.
const maxEchoBytes = 256

// shortText is a text as far as an answer has it.
func shortText(text string) string {
	if len(text) <= maxEchoBytes {
		return text
	}
	return strings.ToValidUTF8(text[:maxEchoBytes], "") + "…"
}

// shortened is a path without long names: a path into variables has those that the client gave its keys.
func shortened(full ast.Path) ast.Path {
	for i, element := range full {
		if name, ok := element.(ast.PathName); ok && len(name) > maxEchoBytes {
			full = slices.Clone(full)
			full[i] = ast.PathName(shortText(string(name)))
		}
	}
	return full
}

// log writes the cause down, once however many fields it struck.
func (p presenter) log(ctx context.Context, level slog.Level, err error) {
	var shared *sharedError
	if errors.As(err, &shared) && !shared.first() {
		return
	}
	attributes := []slog.Attr{
		slog.String("id", p.requestID(ctx)),
		slog.String("path", graphql.GetPath(ctx).String()),
		slog.String("error", err.Error()),
	}
	var panicked *panicError
	if errors.As(err, &panicked) {
		attributes = append(attributes, slog.String("stack", panicked.stack))
	}
	p.logger.LogAttrs(ctx, level, "graphql", attributes...)
}

// panicError is a panic on its way to the log.
type panicError struct {
	cause any
	stack string
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.cause) }

// recovered makes an error of a panic. It is internal, even if the cause was a public error.
func recovered(_ context.Context, cause any) error {
	return &panicError{cause: cause, stack: string(debug.Stack())}
}
