package llm_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/llm"
)

// eventStream are the headers of a stream, with a generation id.
func eventStream() http.Header {
	return http.Header{"Content-Type": {"text/event-stream; charset=utf-8"}, "X-Generation-Id": {"gen-1"}}
}

func pico(p cost.Pico) *cost.Pico { return &p }

const (
	firstEvent = `data: {"id":"gen-1","model":"m","provider":"p","choices":[{"delta":{"content":"{}"}}]}` + "\n\n"
	stopEvent  = `data: {"id":"gen-1","choices":[{"delta":{"content":null},"finish_reason":"stop"}]}` + "\n\n"
	usageEvent = `data: {"id":"gen-1","choices":[],` +
		`"usage":{"prompt_tokens":3,"completion_tokens":2,"cost":8.7e-06}}` + "\n\n"
	doneEvent = "data: [DONE]\n\n"
)

// wireAnswer is an answer on the wire, and the same answer decoded.
type wireAnswer struct {
	header http.Header
	body   string
	want   llm.Answer
}

func wireAnswers() map[string]wireAnswer {
	whole := llm.Answer{
		GenerationID: "gen-1",
		Model:        "m",
		Provider:     "p",
		Text:         "{}",
		FinishReason: "stop",
		Usage:        cost.Usage{PromptTokens: 3, CompletionTokens: 2},
		Cost:         pico(8_700_000),
	}
	without := func(change func(*llm.Answer)) llm.Answer {
		a := whole
		change(&a)
		return a
	}
	json := http.Header{"Content-Type": {"application/json"}}
	return map[string]wireAnswer{
		"comments": {
			eventStream(), ": OPENROUTER PROCESSING\n\n" + firstEvent + ": OPENROUTER PROCESSING\n\n" +
				stopEvent + usageEvent + doneEvent, whole,
		},
		"carriage returns": {
			eventStream(), strings.ReplaceAll(firstEvent+stopEvent+usageEvent+doneEvent, "\n", "\r\n"), whole,
		},
		"data in several lines": {
			eventStream(), "event: message\nid: 7\ndata:{\"model\":\"m\",\"provider\":\"p\",\ndata: \"choices\":" +
				`[{"delta":{"content":"{}"}}]}` + "\n\n" + stopEvent + usageEvent + doneEvent, whole,
		},
		"everything in one event": {
			eventStream(), `data: {"model":"m","provider":"p","choices":[{"delta":{"content":"{}"},` +
				`"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2,"cost":"0.0000087"}}` +
				"\n\n" + doneEvent, whole,
		},
		"no end after the cost": {eventStream(), firstEvent + stopEvent + usageEvent, whole},
		"no blank line at the end": {
			eventStream(), firstEvent + stopEvent + usageEvent + "data: [DONE]", whole,
		},
		"id in the events only": {
			http.Header{"Content-Type": {"text/event-stream"}}, firstEvent + stopEvent + usageEvent + doneEvent, whole,
		},
		"not a stream": {
			json, `{"id":"gen-1","model":"m","provider":"p","choices":[{"message":{"content":"{}"},` +
				`"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2,"cost":0.0000087}}`, whole,
		},
		"no usage": {
			eventStream(), firstEvent + stopEvent + doneEvent,
			without(func(a *llm.Answer) { a.Usage, a.Cost = cost.Usage{}, nil }),
		},
		"details of the usage": {
			eventStream(), firstEvent + stopEvent + `data: {"choices":[],"usage":{"prompt_tokens":3,` +
				`"completion_tokens":2,"cost":0,"prompt_tokens_details":{"cached_tokens":1},` +
				`"completion_tokens_details":{"reasoning_tokens":2},"server_tool_use":{"web_search_requests":4}}}` +
				"\n\n" + doneEvent,
			without(func(a *llm.Answer) {
				a.Usage.CachedTokens, a.Usage.ReasoningTokens, a.Usage.WebSearches = 1, 2, 4
				a.Cost = pico(0)
			}),
		},
		"a cost that is no money": {
			eventStream(), firstEvent + stopEvent +
				`data: {"choices":[],"usage":{"prompt_tokens":-1,"completion_tokens":2.5,"cost":-1}}` + "\n\n" +
				doneEvent,
			without(func(a *llm.Answer) { a.Usage, a.Cost, a.Unclear = cost.Usage{}, nil, true }),
		},
	}
}

func TestComplete_ReadsTheWire(t *testing.T) {
	t.Parallel()
	for name, test := range wireAnswers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, llm.Options{BaseURL: serve(t, answering(test.header, 200, test.body))})
			announced := 0
			got, err := client.Complete(t.Context(), body(t), func(_ context.Context, id string) error {
				announced++
				if id != "gen-1" {
					t.Errorf("got generation id %q, want gen-1", id)
				}
				return nil
			})
			if err != nil {
				t.Fatalf("Complete: %v", err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			if announced != 1 {
				t.Errorf("got %d announcements, want 1", announced)
			}
		})
	}
}

func TestComplete_RefusesABrokenWire(t *testing.T) {
	t.Parallel()
	json := http.Header{"Content-Type": {"application/json"}}
	event := func(text string) string { return "data: " + text + "\n\n" }
	for name, test := range map[string]struct {
		header http.Header
		status int
		body   string
		class  llm.Class
		charge llm.Charge
	}{
		"cut before the cost": {eventStream(), 200, firstEvent + stopEvent, llm.Network, llm.ChargeUnknown},
		"cut within an event": {
			eventStream(), 200, firstEvent + `data: {"choices":[`, llm.Network, llm.ChargeUnknown,
		},
		"cut after the cost":    {eventStream(), 200, firstEvent + usageEvent, llm.Network, llm.ChargeUnknown},
		"an event is no JSON":   {eventStream(), 200, event("{"), llm.InvalidOutput, llm.ChargeUnknown},
		"the answer is no JSON": {json, 200, "<html>", llm.InvalidOutput, llm.ChargeUnknown},
		"nothing at all":        {eventStream(), 200, "", llm.Network, llm.ChargeUnknown},
		"no finish reason": {
			eventStream(), 200, firstEvent + usageEvent + doneEvent, llm.ProviderUnavailable, llm.ChargeUnknown,
		},
		"no words": {eventStream(), 200, stopEvent + usageEvent + doneEvent, llm.InvalidOutput, llm.ChargeKnown},
		"error word": {
			eventStream(), 200, firstEvent + event(`{"error":{"code":"rate_limit_exceeded","message":"x"}}`),
			llm.RateLimited, llm.ChargeUnknown,
		},
		"error, then the cost": {
			eventStream(), 200, firstEvent + event(`{"error":{"code":502}}`) + usageEvent + doneEvent,
			llm.ProviderUnavailable, llm.ChargeUnknown,
		},
		"error of a choice": {
			eventStream(), 200, event(`{"choices":[{"delta":{},"error":{"code":400}}]}`),
			llm.InvalidRequest, llm.ChargeUnknown,
		},
		"error as finish reason": {
			eventStream(), 200, event(`{"choices":[{"delta":{},"finish_reason":"error"}]}`),
			llm.ProviderUnavailable, llm.ChargeUnknown,
		},
		"error in a body": {json, 200, `{"error":{"code":402}}`, llm.PaymentRequired, llm.ChargeUnknown},
		"moderated": {
			json, 403, `{"error":{"code":403,"metadata":{"reasons":["x"]}}}`, llm.ContentFiltered, llm.ChargeNone,
		},
		"refused with a word": {
			json, 400, `{"error":{"code":"bad","message":"x"}}`, llm.InvalidRequest, llm.ChargeNone,
		},
		"refusal without a body":  {json, 400, ``, llm.InvalidRequest, llm.ChargeUnknown},
		"refusal of a proxy":      {nil, 429, `slow down`, llm.RateLimited, llm.ChargeUnknown},
		"refusal of another code": {json, 400, `{"error":{"code":502}}`, llm.InvalidRequest, llm.ChargeUnknown},
		"503 of a proxy":          {nil, 503, `<html>`, llm.ProviderUnavailable, llm.ChargeUnknown},
		"503 without a code":      {json, 503, `{"error":{"message":"x"}}`, llm.ProviderUnavailable, llm.ChargeUnknown},
		"204":                     {nil, 204, ``, llm.InvalidRequest, llm.ChargeUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, llm.Options{BaseURL: serve(t, answering(test.header, test.status, test.body))})
			failed := failure(t, client)
			if failed.Class != test.class || failed.Charge != test.charge || failed.Status != test.status {
				t.Errorf("got %v, want %s, charge %s", failed, test.class, test.charge)
			}
			if known := failed.Answer.Cost != nil; known != (test.charge == llm.ChargeKnown) {
				t.Errorf("got cost %v with charge %s", failed.Answer.Cost, failed.Charge)
			}
		})
	}
}

func TestComplete_LimitsWhatItReads(t *testing.T) {
	t.Parallel()
	long := `data: {"choices":[{"delta":{"content":"` + strings.Repeat("x", 3000) + `"}}]}` + "\n\n"
	for name, o := range map[string]llm.Options{
		"OfAnAnswer": {MaxResponseBytes: 8000},
		"OfALine":    {MaxLineBytes: 2000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o.BaseURL = serve(t, answering(eventStream(), 200, strings.Repeat(long, 3)+stopEvent+usageEvent+doneEvent))
			failed := failure(t, newClient(t, o))
			if failed.Class != llm.InvalidOutput || failed.Charge != llm.ChargeUnknown ||
				!strings.Contains(failed.Message, "larger than allowed") {
				t.Errorf("got %v, want INVALID_OUTPUT, charge UNKNOWN", failed)
			}
		})
	}
}
