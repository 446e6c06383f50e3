package sandbox_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/llm/sandbox"
)

func TestControl_TakesInjectionsFromAnotherProcess(t *testing.T) {
	t.Parallel()
	b := setup(t, withControl)
	status, text := b.ask(t, http.MethodPost, "/sandbox/injections", `{
		"next": [{"kind": "STATUS", "status": 429, "retryAfter": "2"}, {"kind": "DRIFT", "model": "some/other"}],
		"always": {"kind": "STATUS", "status": 402},
		"generationLag": "1h"
	}`)
	if status != http.StatusOK {
		t.Fatalf("got %d %s, want 200", status, text)
	}
	body := chat(`["`+mini+`"]`, "x", "")
	first := b.do(t.Context(), t, http.MethodPost, "/chat/completions", body)
	if first.StatusCode != http.StatusTooManyRequests || first.Header.Get("Retry-After") != "2" {
		t.Errorf("got %d after %q, want 429 after 2", first.StatusCode, first.Header.Get("Retry-After"))
	}
	_, second := b.chat(t, body)
	if second.Model != "some/other" {
		t.Errorf("got %s, want some/other", second.Model)
	}
	if status, _ := b.chat(t, body); status != http.StatusPaymentRequired {
		t.Errorf("got %d, want 402", status)
	}
	if status, _ := b.ask(t, http.MethodGet, "/generation?id="+second.ID, ""); status != http.StatusNotFound {
		t.Errorf("got %d within the lag, want 404", status)
	}
	if status, _ := b.ask(t, http.MethodPost, "/sandbox/injections", `{"always":{}}`); status != http.StatusOK {
		t.Errorf("got %d, want 200", status)
	}
	if status, _ := b.chat(t, body); status != http.StatusOK {
		t.Errorf("got %d without an injection, want 200", status)
	}
}

func TestControl_RefusesInvalidInjectionsAsAWhole(t *testing.T) {
	t.Parallel()
	b := setup(t, withControl)
	for name, body := range map[string]string{
		"no JSON":            `{`,
		"unknown field":      `{"injections":[]}`,
		"unknown kind":       `{"next":[{"kind":"STATUS","status":500},{"kind":"NONSENSE"}]}`,
		"no status":          `{"next":[{"kind":"STATUS"}]}`,
		"a good status":      `{"next":[{"kind":"STATUS","status":200}]}`,
		"a refusal charged":  `{"next":[{"kind":"STATUS_CHARGED","status":429}]}`,
		"no duration":        `{"next":[{"kind":"SLOW","delay":"soon"}]}`,
		"a negative one":     `{"next":[{"kind":"SLOW","delay":"-1s"}]}`,
		"no factor":          `{"next":[{"kind":"OVERCHARGE"}]}`,
		"no model":           `{"always":{"kind":"DRIFT"}}`,
		"no variant":         `{"always":{"kind":"WIRE"}}`,
		"an unknown variant": `{"next":[{"kind":"WIRE","variant":"Nonsense"}]}`,
		"a lag of no length": `{"generationLag":"long"}`,
	} {
		if status, text := b.ask(t, http.MethodPost, "/sandbox/injections", body); status != http.StatusBadRequest {
			t.Errorf("got %d %s for %s, want 400", status, text, name)
		}
	}
	if status, _ := b.chat(t, chat(`["`+mini+`"]`, "x", "")); status != http.StatusOK {
		t.Errorf("got %d, want 200: none of the refused injections was taken", status)
	}
}

func TestNext_PanicsForAnInvalidInjection(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("got no panic for an injection without a status")
		}
	}()
	sandbox.New(sandbox.Options{}).Next(sandbox.Injection{Kind: sandbox.InjectionStatus})
}

func TestControl_ShowsTheBooksToAnotherProcess(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 6, 12, 0, 0, 0, time.UTC)
	b := setup(t, withControl, func(o *sandbox.Options) { o.Now = func() time.Time { return at } })
	_, one := b.chat(t, chat(`["`+mini+`"]`, "x", `,"max_tokens":1`))
	_, text := b.ask(t, http.MethodGet, "/sandbox/charges", "")
	var got map[string]any
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatalf("%s is no JSON: %v", text, err)
	}
	want := map[string]any{
		"provider": "sandbox", "requests": 1.0, "inFlight": 0.0, "total": "0.00000135",
		"charges": map[string]any{one.ID: map[string]any{
			"model": mini, "promptTokens": 5.0, "completionTokens": 1.0, "webSearches": 0.0, "cost": "0.00000135",
			"finishReason": "length", "cancelled": false,
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("charges (-want +got):\n%s", diff)
	}
	if got, want := one.Usage.Cost.String(), "1.35e-06"; got != want {
		t.Errorf("got %s on the wire, want %s", got, want)
	}
}
