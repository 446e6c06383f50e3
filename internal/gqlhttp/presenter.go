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

// denials writes down who was denied something: one line for each answer, however many fields it has struck.
func (p presenter) denials(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
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
