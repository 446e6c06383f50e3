package gqlhttp

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

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
)

const (
	quoteRequestID = "Something went wrong on our side. Quote the request id when you report it."
	tryAgain       = "The request ended before it was answered. Try again."
)

// maxEchoBytes limits how much of a client's text an error repeats.
const maxEchoBytes = 256

// public is an error whose text was written for the client.
type public interface {
	error
	Kind() fault.Kind
}

// publicIn returns the public error in err's chain. An error of the kind INTERNAL is not public.
func publicIn(err error) (public, bool) {
	var p public
	if !errors.As(err, &p) || p.Kind() == fault.Internal {
		return nil, false
	}
	return p, true
}

// presenter turns errors into GraphQL errors. It shows the texts that were written for clients and logs the others.
type presenter struct {
	requestID func(context.Context) string
	logger    *slog.Logger
}

// present returns the text of a public error, or the parser's or validator's text about the operation, or INTERNAL
// without a cause.
func (p presenter) present(ctx context.Context, err error) *gqlerror.Error {
	shown := &gqlerror.Error{Path: graphql.GetPath(ctx)}
	var found *gqlerror.Error
	if errors.As(err, &found) {
		shown.Path, shown.Locations = shortPath(found.Path), found.Locations
	}
	var code string
	code, shown.Message = p.codeAndMessage(ctx, err, found)
	shown.Extensions = map[string]any{"code": code, "requestId": p.requestID(ctx)}
	if field := fault.FieldOf(err); field != nil {
		shown.Extensions["field"] = field
	}
	var limited interface{ Seconds() int }
	if errors.As(err, &limited) {
		shown.Extensions["retryAfter"] = limited.Seconds()
	}
	var exceeded *limitError
	if errors.As(err, &exceeded) {
		shown.Extensions["found"], shown.Extensions["limit"] = exceeded.found, exceeded.limit
	}
	return shown
}

// codeAndMessage returns what a client may see of an error. found is the GraphQL error in its chain, if any.
func (p presenter) codeAndMessage(ctx context.Context, err error, found *gqlerror.Error) (code, message string) {
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
	return string(fault.Internal), quoteRequestID
}

// isAboutOperation reports whether an error of the parser or the validator is about the client's own text.
func isAboutOperation(err *gqlerror.Error) bool {
	code := err.Extensions["code"]
	return code == errcode.ParseFailed || code == errcode.ValidationFailed
}

// shortText cuts a text to maxEchoBytes.
func shortText(text string) string {
	if len(text) <= maxEchoBytes {
		return text
	}
	return strings.ToValidUTF8(text[:maxEchoBytes], "") + "…"
}

// shortPath cuts the long names of a path. The client chooses the names in a path into variables.
func shortPath(full ast.Path) ast.Path {
	for i, element := range full {
		if name, ok := element.(ast.PathName); ok && len(name) > maxEchoBytes {
			full = slices.Clone(full)
			full[i] = ast.PathName(shortText(string(name)))
		}
	}
	return full
}

// log logs an error. An error that several fields share is logged for the first of them.
func (p presenter) log(ctx context.Context, level slog.Level, err error) {
	var shared interface{ First() bool }
	if errors.As(err, &shared) && !shared.First() {
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

// logDenial logs one line for an answer with FORBIDDEN in it, however many fields were denied.
func (p presenter) logDenial(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	response := next(ctx)
	if response == nil {
		return nil
	}
	for _, err := range response.Errors {
		if err.Extensions["code"] == string(fault.Forbidden) {
			who := caller.From(ctx)
			p.logger.LogAttrs(ctx, slog.LevelWarn, "denied",
				slog.String("id", p.requestID(ctx)),
				slog.String("organization", who.OrganizationID.String()),
				slog.String("actor", who.Actor),
				slog.String("role", string(who.Role)),
				slog.String("path", err.Path.String()))
			break
		}
	}
	return response
}

// panicError carries a panic to the log.
type panicError struct {
	cause any
	stack string
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.cause) }

// recovered makes an internal error of a panic, even if its cause is a public error.
func recovered(_ context.Context, cause any) error {
	return &panicError{cause: cause, stack: string(debug.Stack())}
}
