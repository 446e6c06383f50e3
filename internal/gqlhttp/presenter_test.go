package gqlhttp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/infin8content/engine/internal/fault"
)

// secret is in every internal text. No client may see it.
const secret = "SELECT password FROM postgres://host"

func present(t *testing.T, err error, log *bytes.Buffer) *gqlerror.Error {
	t.Helper()
	p := presenter{
		requestID: func(context.Context) string { return "request-1" },
		logger:    slog.New(slog.NewTextHandler(log, nil)),
	}
	shown := p.present(t.Context(), err)
	if text := fmt.Sprint(shown.Message, shown.Extensions, shown.Err); strings.Contains(text, secret) {
		t.Errorf("the client sees an internal text: %s", text)
	}
	if shown.Extensions["requestId"] != "request-1" {
		t.Errorf("got %v, want the request id", shown.Extensions)
	}
	return shown
}

func TestPresenter_ShowsTheTextOfEachPublicKind(t *testing.T) {
	t.Parallel()
	for _, kind := range fault.Kinds() {
		shown := present(t, fmt.Errorf("%s: %w", secret, fault.New(kind, "Public words.")), new(bytes.Buffer))
		message := "Public words."
		if kind == fault.Internal {
			message = quoteRequestID
		}
		if got := shown.Extensions["code"]; got != string(kind) || shown.Message != message {
			t.Errorf("%s: got %v %q, want %q", kind, got, shown.Message, message)
		}
	}
}

func TestPresenter_LogsAnInternalErrorAndHidesIt(t *testing.T) {
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
		if shown.Extensions["code"] != "INTERNAL" || shown.Message != quoteRequestID {
			t.Errorf("%s: got %v %q, want INTERNAL and no cause", name, shown.Extensions["code"], shown.Message)
		}
		if got := strings.Count(log.String(), "level=ERROR"); got != 1 {
			t.Errorf("%s: got %d lines in the log, want 1: %s", name, got, &log)
		}
		if !strings.Contains(log.String(), secret) || !strings.Contains(log.String(), "id=request-1") {
			t.Errorf("%s: the log lacks the cause or the request: %s", name, &log)
		}
	}
}

// shared is an error of several fields.
type shared struct {
	error
	asked bool
}

func (s *shared) First() bool {
	first := !s.asked
	s.asked = true
	return first
}

func TestPresenter_LogsASharedErrorOnce(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	err := &shared{error: errors.New(secret)}
	for range 20 {
		present(t, fmt.Errorf("field: %w", err), &log)
	}
	if got := strings.Count(log.String(), "\n"); got != 1 {
		t.Errorf("got %d lines, want 1", got)
	}
}

func TestPresenter_LogsNothingWhenTheClientIsGone(t *testing.T) {
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
