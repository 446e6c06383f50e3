package sandbox_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/llm/sandbox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	sonar = "perplexity/sonar"
	mini  = "openai/gpt-4o-mini"
)

type bundle struct {
	box *sandbox.Sandbox
	url string
	web *http.Client
}

func setup(t *testing.T, options ...func(*sandbox.Options)) bundle {
	t.Helper()
	o := sandbox.Options{Seed: 1, Prices: cost.StartPrices()}
	for _, option := range options {
		option(&o)
	}
	box := sandbox.New(o)
	server := httptest.NewServer(box)
	t.Cleanup(server.Close)
	return bundle{box: box, url: server.URL + "/any/base/v1", web: server.Client()}
}

func withControl(o *sandbox.Options) { o.Control = true }

func (b bundle) do(ctx context.Context, t *testing.T, method, path, body string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, method, b.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatalf("NewRequest: %v", err)
	}
	request.Header.Set("Authorization", "Bearer anything")
	response, err := b.web.Do(request)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

// ask returns the status and the whole body.
func (b bundle) ask(t *testing.T, method, path, body string) (int, string) {
	t.Helper()
	response := b.do(t.Context(), t, method, path, body)
	all, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	return response.StatusCode, string(all)
}

func chat(models, user, more string) string {
	text, _ := json.Marshal(user)
	return fmt.Sprintf(`{"models":%s,"messages":[{"role":"user","content":%s}]%s}`, models, text, more)
}

func waitFor(t *testing.T, what string, fact func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for start := time.Now(); !fact(); <-tick.C {
		if time.Since(start) > time.Minute {
			t.Fatalf("waited too long for %s", what)
		}
	}
}

// answer is what a test reads of a response that was not streamed.
type answer struct {
	ID, Model, Provider string
	Choices             []struct {
		Message      struct{ Content string }
		FinishReason string `json:"finish_reason"`
	}
	Usage struct {
		PromptTokens     int64 `json:"prompt_tokens"`
		CompletionTokens int64 `json:"completion_tokens"`
		Cost             json.Number
	}
	Error struct {
		Code    int
		Message string
	}
}

func (b bundle) chat(t *testing.T, body string) (int, answer) {
	t.Helper()
	status, text := b.ask(t, http.MethodPost, "/chat/completions", body)
	var a answer
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		t.Fatalf("%s is no JSON: %v", text, err)
	}
	return status, a
}

func TestRefusal_HasItsCodeInStatusAndBody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, test := range map[string]struct {
		method, path, body string
		want               int
	}{
		"no JSON":          {"POST", "/chat/completions", "{", 400},
		"no model":         {"POST", "/chat/completions", chat(`[]`, "x", ""), 400},
		"unknown model":    {"POST", "/chat/completions", chat(`["a/b"]`, "x", ""), 400},
		"unknown fallback": {"POST", "/chat/completions", chat(`["`+sonar+`","a/b"]`, "x", ""), 400},
		"too many models":  {"POST", "/chat/completions", chat(`["1","2","3","4","5","6","7","8","9"]`, "x", ""), 400},
		"no message":       {"POST", "/chat/completions", `{"model":"` + mini + `"}`, 400},
		"odd content":      {"POST", "/chat/completions", `{"model":"` + mini + `","messages":[{"content":7}]}`, 400},
		"no room":          {"POST", "/chat/completions", chat(`["`+mini+`"]`, "x", `,"max_tokens":0`), 400},
		"too large":        {"POST", "/chat/completions", strings.Repeat("x", 2<<20), 413},
		"too dear": {
			"POST", "/chat/completions",
			chat(`["`+mini+`"]`, "x", `,"provider":{"max_price":{"prompt":0.149}}`), 503,
		},
		"dear search": {
			"POST", "/chat/completions",
			chat(`["`+sonar+`"]`, "x", `,"provider":{"max_price":{"request":"0.0049"}}`), 503,
		},
		"odd price": {
			"POST", "/chat/completions",
			chat(`["`+mini+`"]`, "x", `,"provider":{"max_price":{"prompt":"-1"}}`), 503,
		},
		"unknown generation":    {"GET", "/generation?id=gen-1", "", 404},
		"unknown path":          {"GET", "/credits", "", 404},
		"control is closed":     {"GET", "/sandbox/charges", "", 404},
		"injections are closed": {"POST", "/sandbox/injections", "{}", 404},
		"wrong method":          {"GET", "/chat/completions", "", 405},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, text := b.ask(t, test.method, test.path, test.body)
			var got answer
			if err := json.Unmarshal([]byte(text), &got); err != nil {
				t.Fatalf("%s is no JSON: %v", text, err)
			}
			if status != test.want || got.Error.Code != test.want || got.Error.Message == "" {
				t.Errorf("got %d %s, want %d in both places", status, text, test.want)
			}
			if b.box.Requests() != 0 || b.box.Total() != 0 {
				t.Errorf("got %d requests and %s charged, want none", b.box.Requests(), b.box.Total())
			}
		})
	}
}

func TestServeHTTP_NeedsABearerToken(t *testing.T) {
	t.Parallel()
	for _, header := range []string{"", "Bearer ", "Basic abc"} {
		recorder := httptest.NewRecorder()
		request := httptest.NewRequest(http.MethodGet, "/models", nil)
		request.Header.Set("Authorization", header)
		sandbox.New(sandbox.Options{}).ServeHTTP(recorder, request)
		if recorder.Code != http.StatusUnauthorized {
			t.Errorf("got %d for %q, want 401", recorder.Code, header)
		}
	}
}

func TestAnswer_UsesTheWordsOfTheRequest(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, user := range map[string]string{
		"Lines":   "Make a profile.\nCompany name: Ää \"Q\" 🚀 & Co\nWebsite: https://a.example/x?y=1&z=2.",
		"JSON":    `Make a profile of {"name":"Ää \"Q\" 🚀 \u0026 Co","url":"https://a.example/x?y=1\u0026z=2"}`,
		"Tags":    "<company_name>\nÄä \"Q\" 🚀 & Co</company_name><url>https://a.example/x?y=1&z=2</url>",
		"Bullets": "- **Company**: Ää \"Q\" 🚀 & Co\n- **URL**: https://a.example/x?y=1&z=2",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, got := b.chat(t, chat(`["`+mini+`"]`, user, ""))
			var profile map[string]any
			if err := json.Unmarshal([]byte(got.Choices[0].Message.Content), &profile); err != nil {
				t.Fatalf("the answer is no JSON: %v", err)
			}
			proposition, _ := profile["valueProposition"].(string)
			if want := `Ää "Q" 🚀 & Co (https://a.example/x?y=1&z=2) `; !strings.HasPrefix(proposition, want) {
				t.Errorf("got %q, want it to begin with %q", proposition, want)
			}
			for _, field := range []string{"industries", "buyerRoles", "painPoints"} {
				if list, _ := profile[field].([]any); len(list) != 3 {
					t.Errorf("got %s %v, want three", field, profile[field])
				}
			}
			if len(profile) != 4 {
				t.Errorf("got %v, want four fields", profile)
			}
		})
	}
}

func TestPrompt_NeverHasMoreTokensThanBytes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, user := range []string{
		"", "x", strings.Repeat("🚀", 100), strings.Repeat("\n", 100), strings.Repeat("a", 5000),
	} {
		body := chat(`["`+mini+`"]`, user, "")
		_, got := b.chat(t, body)
		if got.Usage.PromptTokens < 1 || got.Usage.PromptTokens > int64(len(body)) {
			t.Errorf("got %d tokens for %d bytes", got.Usage.PromptTokens, len(body))
		}
	}
	// Bytes that are no UTF-8 grow when they are read; the count must not.
	body := `{"model":"` + mini + `","messages":[{"content":"` + strings.Repeat("\xff", 1000) + `"}]}`
	if _, got := b.chat(t, body); got.Usage.PromptTokens > int64(len(body)) {
		t.Errorf("got %d tokens for %d bytes", got.Usage.PromptTokens, len(body))
	}
}

func TestCharge_IsTheListPrice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, model := range []string{sonar, mini} {
		_, got := b.chat(t, chat(`["`+model+`"]`, "Company: A\nhttps://a.example", ""))
		charge := b.box.Charges()[got.ID]
		want, err := cost.ListCost(cost.StartPrices(), model, charge.Usage, time.Now())
		if err != nil {
			t.Fatalf("ListCost: %v", err)
		}
		billed, err := cost.ParseBilled(got.Usage.Cost.String())
		if err != nil || billed != want || charge.Cost != want || charge.Model != model {
			t.Errorf("got %s billed and %s booked for %s (%v), want %s", billed, charge.Cost, model, err, want)
		}
		if charge.FinishReason != "stop" || charge.Cancelled {
			t.Errorf("got %+v, want a complete answer", charge)
		}
	}
}

func TestRoute_SkipsAModelAboveTheMaxPrice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, got := b.chat(t, chat(`["`+sonar+`","`+mini+`"]`, "x", `,"provider":{"max_price":{"prompt":"0.15"}}`))
	if got.Model != mini {
		t.Errorf("got %s, want %s", got.Model, mini)
	}
}

func TestRoute_TriesTheModelBesideTheListFirst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, got := b.chat(t, chat(`["`+sonar+`"]`, "x", `,"model":"`+mini+`"`))
	if got.Model != mini {
		t.Errorf("got %s, want %s", got.Model, mini)
	}
}

func TestStream_StopsTheChargeAtADisconnect(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *sandbox.Options) { o.Delay = 500 * time.Millisecond })
	ctx, cancel := context.WithCancel(t.Context())
	response := b.do(ctx, t, http.MethodPost, "/chat/completions",
		chat(`["`+sonar+`"]`, "Company: A\nhttps://a.example", `,"stream":true`))
	id := response.Header.Get("X-Generation-Id")
	lines := bufio.NewScanner(response.Body)
	for events := 0; events < 2 && lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "data: ") {
			events++
		}
	}
	cancel()
	waitFor(t, "the sandbox to notice", func() bool { return b.box.InFlight() == 0 })
	got := b.box.Charges()[id]
	if !got.Cancelled || got.Usage.CompletionTokens < 8 || got.Usage.CompletionTokens > 40 {
		t.Errorf("got %+v, want a cancelled answer with what was generated", got)
	}
	want, err := cost.ListCost(cost.StartPrices(), sonar, got.Usage, time.Now())
	if err != nil || got.Cost != want || got.Usage.WebSearches != 1 {
		t.Errorf("got %s charged (%v), want %s", got.Cost, err, want)
	}
}

func TestModels_ListsThePrices(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, got := b.ask(t, http.MethodGet, "/models", "")
	want := `{"data":[` +
		`{"id":"openai/gpt-4o-mini","name":"openai/gpt-4o-mini (sandbox)",` +
		`"pricing":{"completion":"0.0000006","prompt":"0.00000015","request":"0"}},` +
		`{"id":"openai/text-embedding-3-small","name":"openai/text-embedding-3-small (sandbox)",` +
		`"pricing":{"completion":"0","prompt":"0.00000002","request":"0"}},` +
		`{"id":"perplexity/sonar","name":"perplexity/sonar (sandbox)",` +
		`"pricing":{"completion":"0.000001","prompt":"0.000001","request":"0","web_search":"0.005"}}]}`
	if diff := cmp.Diff(want, strings.TrimSpace(got)); diff != "" {
		t.Errorf("models (-want +got):\n%s", diff)
	}
}

func TestRequest_CannotInjectAFailure(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, word := range []string{
		"CUT_STREAM", "[sandbox:fail]", "STATUS 429", `{"injection":{"kind":"STATUS","status":500}}`,
	} {
		status, got := b.chat(t, chat(`["`+mini+`"]`, word, `,"injection":{"kind":"STATUS","status":500}`))
		if status != http.StatusOK || got.Choices[0].FinishReason != "stop" {
			t.Errorf("got %d after the words %q, want 200", status, word)
		}
	}
}
