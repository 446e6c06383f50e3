package llm_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/llm"
	"github.com/infin8content/engine/internal/llm/sandbox"
)

func TestGeneration_Lags(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *sandbox.Options, _ *llm.Options) { o.GenerationLag = time.Hour })
	answer, err := b.client.Complete(t.Context(), body(t), ignore)
	if err != nil {
		t.Fatalf("Complete: %v", err)
	}
	if _, err := b.client.Generation(t.Context(), answer.GenerationID); !errors.Is(err, llm.ErrNotYet) {
		t.Errorf("got %v before the lag is over, want ErrNotYet", err)
	}
	b.box.SetGenerationLag(0)
	got, err := b.client.Generation(t.Context(), answer.GenerationID)
	if err != nil {
		t.Fatalf("Generation: %v", err)
	}
	want := llm.Generation{
		ID:       answer.GenerationID,
		Model:    sonar,
		Provider: "sandbox",
		Usage:    answer.Usage,
		Cost:     *answer.Cost,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("generation (-want +got):\n%s", diff)
	}
}

func TestGeneration_ReadsTheWire(t *testing.T) {
	t.Parallel()
	const id = "gen-1"
	for name, test := range map[string]struct {
		status int
		body   string
		want   llm.Generation
		notYet bool
		class  llm.Class
	}{
		"native figures": {
			200, `{"data":{"id":"gen-1","model":"m","provider_name":"p","total_cost":8.7e-06,"cancelled":null,
				"tokens_prompt":1,"tokens_completion":2,"native_tokens_prompt":3,"native_tokens_completion":4,
				"native_tokens_reasoning":1,"native_tokens_cached":2,"num_search_results":7}}`,
			llm.Generation{
				ID:       id,
				Model:    "m",
				Provider: "p",
				Cost:     8_700_000,
				Usage: cost.Usage{
					PromptTokens:     3,
					CompletionTokens: 4,
					ReasoningTokens:  1,
					CachedTokens:     2,
					WebSearches:      1,
				},
			},
			false, "",
		},
		"own figures only": {
			200, `{"data":{"id":"gen-1","total_cost":0,"tokens_prompt":1,"tokens_completion":2}}`,
			llm.Generation{ID: id, Usage: cost.Usage{PromptTokens: 1, CompletionTokens: 2}},
			false, "",
		},
		"unknown":           {404, `{"error":{"code":404,"message":"no"}}`, llm.Generation{}, true, ""},
		"unknown under 200": {200, `{"error":{"code":404,"message":"no"}}`, llm.Generation{}, true, ""},
		"no data":           {200, `{}`, llm.Generation{}, true, ""},
		"no cost":           {200, `{"data":{"id":"gen-1","total_cost":null}}`, llm.Generation{}, true, ""},
		"negative cost": {
			200, `{"data":{"id":"gen-1","total_cost":-1}}`, llm.Generation{}, false, llm.InvalidOutput,
		},
		"another generation": {
			200, `{"data":{"id":"gen-2","total_cost":1}}`, llm.Generation{}, false, llm.InvalidOutput,
		},
		"no JSON":         {200, `<html>`, llm.Generation{}, false, llm.InvalidOutput},
		"wrong key":       {401, `{"error":{"code":401,"message":"no"}}`, llm.Generation{}, false, llm.Auth},
		"rate limited":    {429, ``, llm.Generation{}, false, llm.RateLimited},
		"down":            {500, ``, llm.Generation{}, false, llm.ProviderUnavailable},
		"error under 200": {200, `{"error":{"code":500}}`, llm.Generation{}, false, llm.ProviderUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, llm.Options{BaseURL: serve(t, answering(nil, test.status, test.body))})
			got, err := client.Generation(t.Context(), id)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("generation (-want +got):\n%s", diff)
			}
			switch {
			case test.notYet:
				if !errors.Is(err, llm.ErrNotYet) {
					t.Errorf("got %v, want ErrNotYet", err)
				}
			case test.class != "":
				failed := asError(t, err)
				if failed.Class != test.class || failed.Charge != llm.ChargeUnknown {
					t.Errorf("got %v, want %s, charge UNKNOWN", err, test.class)
				}
			case err != nil:
				t.Errorf("Generation: %v", err)
			}
		})
	}
}

func TestGeneration_ProvesNothingWhenItCannotAsk(t *testing.T) {
	t.Parallel()
	client := newClient(t, llm.Options{BaseURL: closedServer(t)})
	_, err := client.Generation(t.Context(), "gen-1")
	if failed := asError(t, err); failed.Class != llm.Network || failed.Charge != llm.ChargeUnknown {
		t.Errorf("got %v, want NETWORK, charge UNKNOWN", err)
	}
	for _, id := range []string{"", string(make([]byte, 201))} {
		_, err := client.Generation(t.Context(), id)
		if failed := asError(t, err); failed.Class != llm.InvalidRequest {
			t.Errorf("got %v for an id of %d bytes, want INVALID_REQUEST", err, len(id))
		}
	}
}

func TestGeneration_SendsTheIDAndTheKey(t *testing.T) {
	t.Parallel()
	client := newClient(t, llm.Options{BaseURL: serve(t, http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			if got, want := r.URL.Query().Get("id"), "gen &=1"; got != want {
				t.Errorf("got id %q, want %q", got, want)
			}
			if got, want := r.Header.Get("Authorization"), "Bearer "+testKey; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			w.WriteHeader(http.StatusNotFound)
		}))})
	if _, err := client.Generation(t.Context(), "gen &=1"); !errors.Is(err, llm.ErrNotYet) {
		t.Errorf("got %v, want ErrNotYet", err)
	}
}
