package sandbox

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

const (
	// tokensPerEvent is how many tokens one event of a stream carries.
	tokensPerEvent = 4
	// keepAlive is the pause between two comments while the client waits.
	keepAlive = time.Second
)

// work answers a request whose model has started.
func (s *Sandbox) work(w http.ResponseWriter, r *http.Request, j *job) {
	ctx := r.Context()
	if j.injection.Kind == InjectionHangBeforeHeaders {
		<-ctx.Done()
		s.book(j, 0, "", true)
		return
	}
	w.Header().Set("X-Generation-Id", j.id)
	switch j.injection.Kind {
	case InjectionStatus:
		s.enter(j, Charge{Model: j.model, FinishReason: "error", At: s.now()})
		s.refused(w, refusal{j.injection.Status, "An injected failure of the sandbox"}, j.injection)
	case InjectionStatusCharged:
		s.book(j, len(j.pieces), "error", false)
		s.refused(w, refusal{j.injection.Status, "An injected failure of the sandbox after its work"}, j.injection)
	case InjectionErrorInBody:
		s.book(j, 0, "error", false)
		writeJSON(w, http.StatusOK, errorBody(codeOf(j.injection), "An injected failure of the sandbox"))
	case InjectionWire:
		s.speak(w, j)
	default:
		if j.stream {
			s.stream(ctx, w, j)
		} else {
			s.whole(ctx, w, j)
		}
	}
}

// speak sends a variant. The charge is in the books before the client sees anything.
func (s *Sandbox) speak(w http.ResponseWriter, j *job) {
	v := j.variant()
	charge := Charge{Model: j.model, FinishReason: "error", At: s.now()}
	switch {
	case v.Books == BooksNothing:
	case v.free:
		s.enter(j, charge)
	default:
		charge = s.book(j, len(j.pieces), j.finish, false)
	}
	w.Header().Del("X-Generation-Id")
	v.send(w, j.scene(charge))
}

func codeOf(f Injection) int {
	if f.Status == 0 {
		return http.StatusBadGateway
	}
	return f.Status
}

// whole answers without a stream. As at OpenRouter, a disconnect does not stop the charge then.
func (s *Sandbox) whole(ctx context.Context, w http.ResponseWriter, j *job) {
	wait(ctx, s.firstByte+j.injection.Delay)
	charge := s.book(j, len(j.pieces), j.finish, ctx.Err() != nil)
	answer := j.event(map[string]any{
		"index": 0, "message": map[string]any{"role": "assistant", "content": j.text()}, "finish_reason": j.finish,
	})
	answer["object"] = "chat.completion"
	if j.injection.Kind != InjectionNoUsage {
		answer["usage"] = wireUsage(charge)
	}
	writeJSON(w, http.StatusOK, answer)
}

// stream answers event by event. An early end is charged for the tokens up to then.
func (s *Sandbox) stream(ctx context.Context, w http.ResponseWriter, j *job) {
	out := newEvents(w)
	out.comment()
	if j.injection.Kind == InjectionHangAfterHeaders {
		<-ctx.Done()
		s.book(j, 0, "", true)
		return
	}
	if !out.pause(ctx, s.firstByte+j.injection.Delay) {
		s.abandon(j, 0)
		return
	}
	sent := 0
	for produced := 0; ; {
		if sent == j.injection.After && s.stopsHere(out, j, produced) {
			return
		}
		if produced >= len(j.pieces) {
			break
		}
		if !out.pause(ctx, s.delay) {
			s.abandon(j, produced)
			return
		}
		next := min(produced+tokensPerEvent, len(j.pieces))
		out.event(j.delta(strings.Join(j.pieces[produced:next], ""), nil))
		produced = next
		sent++
	}
	s.finish(out, j, sent)
}

// stopsHere applies the injections that end a stream in the middle.
func (s *Sandbox) stopsHere(out *events, j *job, produced int) bool {
	switch j.injection.Kind {
	case InjectionCutStream:
		s.book(j, produced, "", false)
		panic(http.ErrAbortHandler) // Closes the connection without an end of the body.
	case InjectionErrorInStream:
		s.book(j, produced, "error", false)
		out.event(j.failure())
		return true
	}
	return false
}

// finish sends the end of a stream: the finish reason, the usage in an event without choices, and "[DONE]". The books
// have the answer before the client sees its end.
func (s *Sandbox) finish(out *events, j *job, sent int) {
	charge := s.book(j, len(j.pieces), j.finish, false)
	if j.injection.Kind == InjectionCutStream && sent < j.injection.After {
		panic(http.ErrAbortHandler) // The answer is shorter than the injection's After: cut before its end.
	}
	out.event(j.delta("", j.finish))
	if j.injection.Kind != InjectionNoUsage {
		usage := j.event(nil)
		usage["usage"] = wireUsage(charge)
		out.event(usage)
	}
	tooShort := j.injection.Kind == InjectionErrorInStream && sent < j.injection.After
	if tooShort || j.injection.Kind == InjectionErrorAfterUsage {
		out.event(j.failure())
		return
	}
	out.raw("data: [DONE]\n\n")
}

// abandon books the answer after the client has disconnected.
func (s *Sandbox) abandon(j *job, produced int) {
	if j.injection.Kind == InjectionUnstoppable {
		produced = len(j.pieces)
	}
	s.book(j, produced, "", true)
}

// event returns the common fields of all events. Without a choice the list is empty, not absent.
func (j *job) event(choice map[string]any) map[string]any {
	choices := []any{}
	if choice != nil {
		choices = append(choices, choice)
	}
	return map[string]any{
		"id": j.id, "provider": Provider, "model": j.model, "object": "chat.completion.chunk",
		"created": j.created.Unix(), "choices": choices,
	}
}

// delta returns an event with text or with the finish reason.
func (j *job) delta(text string, finish any) map[string]any {
	return j.event(map[string]any{
		"index": 0, "delta": map[string]any{"role": "assistant", "content": text},
		"finish_reason": finish, "native_finish_reason": finish,
	})
}

// failure returns the event that ends a stream with an error.
func (j *job) failure() map[string]any {
	event := j.delta("", "error")
	event["error"] = map[string]any{
		"code":    codeOf(j.injection),
		"message": "An injected failure of the sandbox in the stream",
	}
	return event
}

func wireUsage(c Charge) map[string]any {
	return map[string]any{
		"prompt_tokens":             c.Usage.PromptTokens,
		"completion_tokens":         c.Usage.CompletionTokens,
		"total_tokens":              c.Usage.PromptTokens + c.Usage.CompletionTokens,
		"cost":                      amount(c.Cost - c.Upstream),
		"is_byok":                   c.Upstream > 0,
		"prompt_tokens_details":     map[string]any{"cached_tokens": 0},
		"completion_tokens_details": map[string]any{"reasoning_tokens": 0},
		"cost_details":              map[string]any{"upstream_inference_cost": amount(c.Upstream)},
		"server_tool_use":           map[string]any{"web_search_requests": c.Usage.WebSearches},
	}
}

// events writes server-sent events. It ignores a failed write, because the request's context then ends.
type events struct {
	to      http.ResponseWriter
	control *http.ResponseController
}

func newEvents(w http.ResponseWriter) *events {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-cache")
	w.WriteHeader(http.StatusOK)
	return &events{to: w, control: http.NewResponseController(w)}
}

func (e *events) raw(text string) {
	_, _ = e.to.Write([]byte(text))
	_ = e.control.Flush()
}

func (e *events) comment() { e.raw(": OPENROUTER PROCESSING (sandbox)\n\n") }

func (e *events) event(value map[string]any) {
	text, err := json.Marshal(value)
	if err != nil {
		panic("sandbox: " + err.Error()) // Strings and numbers always encode.
	}
	e.raw("data: " + string(text) + "\n\n")
}

// pause waits and sends keep-alive comments. It returns false when the client disconnects.
func (e *events) pause(ctx context.Context, d time.Duration) bool {
	for d > keepAlive {
		if !wait(ctx, keepAlive) {
			return false
		}
		e.comment()
		d -= keepAlive
	}
	return wait(ctx, d)
}

// wait waits, and returns false when the context ends first.
func wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
