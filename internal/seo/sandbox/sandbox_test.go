package sandbox_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/seo/sandbox"
)

const (
	ranked = "/dataforseo_labs/google/ranked_keywords/live"
	serp   = "/serp/google/organic/live/regular"
	list   = "/dataforseo_labs/id_list"
)

// bundle is a sandbox behind HTTP.
type bundle struct {
	box     *sandbox.Sandbox
	address string
}

func setup(t *testing.T, seed uint64) bundle {
	t.Helper()
	b := bundle{box: sandbox.New(sandbox.Options{Seed: seed, Prices: cost.StartPrices(), Control: true})}
	server := httptest.NewServer(b.box)
	t.Cleanup(server.Close)
	b.address = server.URL + "/v3"
	return b
}

// post sends a body with an account and returns the status and the answer.
func (b bundle) post(t *testing.T, path, body string) (int, map[string]any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.address+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth("l", "p")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer map[string]any
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(&answer); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return response.StatusCode, answer
}

// items returns the items of an answer.
func items(t *testing.T, answer map[string]any) []any {
	t.Helper()
	task, _ := answer["tasks"].([]any)[0].(map[string]any)
	result, _ := task["result"].([]any)[0].(map[string]any)
	found, _ := result["items"].([]any)
	return found
}

func question(target string) string {
	return fmt.Sprintf(`[{"target": %q, "location_code": 2840, "language_code": "en", "limit": 50}]`, target)
}

func search(keyword string) string {
	return fmt.Sprintf(`[{"keyword": %q, "location_code": 2840, "language_code": "en", "depth": 10}]`, keyword)
}

func TestSandbox_AnswersBySeedAndWords(t *testing.T) {
	t.Parallel()
	_, first := setup(t, 1).post(t, ranked, question("warehouse-robots.example"))
	_, same := setup(t, 1).post(t, ranked, question("warehouse-robots.example"))
	if diff := cmp.Diff(items(t, first), items(t, same)); diff != "" {
		t.Errorf("the same seed and words (-first +second):\n%s", diff)
	}
	_, otherSeed := setup(t, 2).post(t, ranked, question("warehouse-robots.example"))
	_, otherWords := setup(t, 1).post(t, ranked, question("fresh-coffee.example"))
	for name, other := range map[string]map[string]any{"seed": otherSeed, "words": otherWords} {
		if cmp.Equal(items(t, first), items(t, other)) {
			t.Errorf("another %s gives the same answer", name)
		}
	}
	if first["version"] != "sandbox" {
		t.Errorf("got the version %v, want one that says what it is", first["version"])
	}
}

func TestSandbox_SearchesForOneSubjectShareResults(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	urls := func(keyword string) (urls []string) {
		_, answer := b.post(t, serp, search(keyword))
		for _, item := range items(t, answer) {
			members, _ := item.(map[string]any)
			url, _ := members["url"].(string)
			urls = append(urls, url)
		}
		return urls
	}
	shared := func(a, b []string) (n int) {
		for _, url := range a {
			if slices.Contains(b, url) {
				n++
			}
		}
		return n
	}
	software := urls("route optimization software")
	if n := shared(software, urls("best route optimization")); n < 4 {
		t.Errorf("two searches for one subject share %d results, want 4 or more", n)
	}
	if n := shared(software, urls("invoice processing software")); n != 0 {
		t.Errorf("searches for two subjects share %d results, want none", n)
	}
}

func TestSandbox_HasTheProvidersLimits(t *testing.T) {
	t.Parallel()
	code := func(answer map[string]any) any { return answer["status_code"] }
	stamp := func(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05 -07:00") }
	t.Run("ListsInAMinute", func(t *testing.T) {
		t.Parallel()
		b, now := setup(t, 1), time.Now()
		body := fmt.Sprintf(`[{"datetime_from": %q, "datetime_to": %q}]`,
			stamp(now.Add(-time.Hour)), stamp(now.Add(-time.Minute)))
		for i := range 10 {
			if _, answer := b.post(t, list, body); code(answer) != 20000.0 {
				t.Errorf("list %d: got %v, want 20000", i, code(answer))
			}
		}
		if _, answer := b.post(t, list, body); code(answer) != 40202.0 {
			t.Errorf("list 11: got %v, want 40202", code(answer))
		}
	})
	t.Run("ListsEndInThePast", func(t *testing.T) {
		t.Parallel()
		b, now := setup(t, 1), time.Now()
		_, answer := b.post(t, list, fmt.Sprintf(`[{"datetime_from": %q, "datetime_to": %q}]`,
			stamp(now.Add(-time.Hour)), stamp(now.Add(time.Minute))))
		task, _ := answer["tasks"].([]any)[0].(map[string]any)
		if code(task) != 40501.0 {
			t.Errorf("got %v, want 40501", code(task))
		}
	})
	t.Run("RequestsAtOnce", func(t *testing.T) {
		t.Parallel()
		b := setup(t, 1)
		b.box.Always(sandbox.Injection{Kind: sandbox.InjectionSlow, Delay: 3 * time.Second})
		var all sync.WaitGroup
		var mu sync.Mutex
		codes := map[any]int{}
		for range 40 {
			all.Go(func() {
				_, answer := b.post(t, ranked, question("a-shop.example"))
				mu.Lock()
				defer mu.Unlock()
				codes[code(answer)]++
			})
		}
		all.Wait()
		if diff := cmp.Diff(map[any]int{20000.0: 30, 40209.0: 10}, codes); diff != "" {
			t.Errorf("codes (-want +got):\n%s", diff)
		}
	})
	t.Run("OneTaskInARequest", func(t *testing.T) {
		t.Parallel()
		b := setup(t, 1)
		for body, want := range map[string]float64{"[{},{}]": 40006, "[]": 40503, "no": 40503, "[7]": 40503} {
			if _, answer := b.post(t, ranked, body); code(answer) != want {
				t.Errorf("%s: got %v, want %v", body, code(answer), want)
			}
		}
		if status, answer := b.post(t, "/elsewhere", "[{}]"); status != http.StatusNotFound || code(answer) != 40400.0 {
			t.Errorf("another path: got %d, %v, want 404", status, code(answer))
		}
	})
}

func TestSandbox_IsControlledOverHTTP(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	if status, _ := b.post(t, "/sandbox/injections", `{"next": [{"kind": "CODE", "code": 40202}]}`); status != 200 {
		t.Fatalf("got %d, want 200", status)
	}
	if _, answer := b.post(t, ranked, question("a-shop.example")); answer["status_code"] != 40202.0 {
		t.Errorf("got %v, want the injected code", answer["status_code"])
	}
	b.post(t, ranked, question("a-shop.example"))
	_, books := b.post(t, "/sandbox/charges", "")
	if books["total"] != b.box.Total().String() || books["tasks"] != 1.0 {
		t.Errorf("got %v, want one task for $%s", books, b.box.Total())
	}
}
