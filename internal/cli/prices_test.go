package cli_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/llm/sandbox"
	"github.com/infin8content/engine/internal/server"
	"github.com/infin8content/engine/internal/testdb"
)

// priceServer serves a provider's price list, for a database that imports it.
type priceServer struct {
	environment map[string]string
	db          *testdb.DB
	address     string
}

func newPriceServer(t *testing.T, prices []cost.Price) priceServer {
	t.Helper()
	server := httptest.NewServer(sandbox.New(sandbox.Options{Prices: prices}))
	t.Cleanup(server.Close)
	db := testdb.New(t)
	return priceServer{
		environment: map[string]string{"DATABASE_URL": db.URL, "OPENROUTER_API_KEY": providerKey},
		db:          db, address: server.URL + "/api/v1",
	}
}

// run runs a prices command, which must succeed.
func (s priceServer) run(t *testing.T, args ...string) string {
	t.Helper()
	got := invoke(t, s.environment, append([]string{"prices"}, args...)...)
	if got.code != 0 {
		t.Fatalf("prices %s: %s", strings.Join(args, " "), got.stderr)
	}
	return got.stdout
}

// dearer returns the start prices with sonar twice and gpt-4o-mini's completions ten times as expensive, and a new
// model whose prompt price doubles from 272 000 tokens.
func dearer() []cost.Price {
	prices := cost.StartPrices()
	for i, p := range prices {
		switch {
		case p.Model == "perplexity/sonar":
			prices[i].Unit *= 2
		case p.Component == cost.ComponentCompletion:
			prices[i].Unit *= 10
		}
	}
	tiered := prices[0]
	tiered.Model = "vendor/tiered"
	above, answers := tiered, tiered
	above.Unit, above.MinPromptTokens = 2*tiered.Unit, 272_000
	answers.Component = cost.ComponentCompletion
	return append(prices, tiered, above, answers)
}

func TestPrices_ImportsTheProvidersList(t *testing.T) {
	t.Parallel()
	s := newPriceServer(t, dearer())
	dry := s.run(t, "import", "--provider-url="+s.address)
	for _, want := range []string{
		"3 added, 4 changed, 3 unchanged, 0 gone, 0 models skipped; 1 in quarantine", "nothing was written",
		"goes into quarantine: TOO_FAR", "× 10", "PROMPT from 272000 tokens",
	} {
		if !strings.Contains(dry, want) {
			t.Errorf("got\n%s\nwant %q", dry, want)
		}
	}
	if listed := s.run(t, "list"); strings.Contains(listed, "vendor/tiered") {
		t.Errorf("a dry run has written:\n%s", listed)
	}
	if applied := s.run(t, "import", s.address+"/models", "--provider-url="+s.address, "--apply"); strings.Contains(
		applied, "nothing was written",
	) {
		t.Errorf("got\n%s\nwant it written", applied)
	}

	e, err := server.NewEngine(server.EngineOptions{Store: s.db.Store()})
	if err != nil {
		t.Fatal(err)
	}
	prices, err := e.Prices(context.Background(), engine.Operator(""), []string{"vendor/tiered"})
	if err != nil {
		t.Fatal(err)
	}
	for size, want := range map[int64]cost.Pico{271_999: 271_999_000_000 * 2, 272_000: 272_000_000_000 * 4} {
		estimate := cost.Estimate{Models: []string{"vendor/tiered"}, PromptBytes: size}
		if got, err := cost.Hold(prices, estimate, time.Now()); err != nil || got != want {
			t.Errorf("the hold of %d bytes: got %s, %v, want %s", size, got, err, want)
		}
	}
	if again := s.run(t, "import", "--provider-url="+s.address, "--apply"); !strings.Contains(
		again, "0 added, 1 changed, 9 unchanged, 0 gone, 0 models skipped; 1 in quarantine",
	) {
		t.Errorf("the same list again: got\n%s", again)
	}
}

func TestPrices_QuarantineIsDecidedOnce(t *testing.T) {
	t.Parallel()
	s := newPriceServer(t, dearer())
	s.run(t, "import", "--provider-url="+s.address, "--apply")
	id := regexp.MustCompile(`[0-9a-f-]{36}`).FindString(s.run(t, "list", "--model=vendor/tiered"))
	if id == "" {
		t.Fatal("the list shows no proposal")
	}
	accepted := s.run(t, "accept", id, "--reason=Their page says so.")
	if !strings.Contains(accepted, "openai/gpt-4o-mini COMPLETION: $0.000006, in force from") {
		t.Errorf("accept: got %q", accepted)
	}
	if listed := s.run(t, "list"); strings.Contains(listed, "in quarantine") {
		t.Errorf("an accepted price is still in quarantine:\n%s", listed)
	}
	got := invoke(t, s.environment, "prices", "reject", id, "--reason=No.")
	if got.code != 1 || !strings.Contains(got.stderr, "is accepted since") {
		t.Errorf("reject: got %+v, want it refused", got)
	}
}

func TestPrices_ImportRefusesAnUntrustedList(t *testing.T) {
	t.Parallel()
	s := newPriceServer(t, dearer())
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("the key went elsewhere")
		}
		http.Redirect(w, r, s.address+"/models", http.StatusFound)
	}))
	t.Cleanup(elsewhere.Close)
	file := filepath.Join(t.TempDir(), "list.json")
	bad := "{\"data\": [{\"id\": \"m\", \"pricing\": {\"prompt\": \"0.000001\",\n\"completion\": \"dear\"}}]}"
	if err := os.WriteFile(file, []byte(bad), 0o600); err != nil {
		t.Fatal(err)
	}
	for from, want := range map[string]string{
		"http://prices.example/models":       "http is for this machine only",
		"https://user:secret@prices.example": "no user name and no password",
		elsewhere.URL:                        "302 Found",
		filepath.Join(t.TempDir(), "absent"): "no such file",
		file:                                 `line 2: model "m", completion: "dear" is not a non-negative decimal number`,
		strings.TrimSuffix(s.address, "/api/v1") + "/else": "401",
	} {
		got := invoke(t, s.environment, "prices", "import", from, "--provider-url="+s.address, "--apply")
		if got.code != 1 || !strings.Contains(got.stderr, want) {
			t.Errorf("import %s: got %d, %s, want %q", from, got.code, got.stderr, want)
		}
	}
	if listed := s.run(t, "list"); strings.Contains(listed, " test\n") || strings.Contains(listed, "m  ") {
		t.Errorf("something was written:\n%s", listed)
	}
	got := invoke(t, s.environment, "prices", "import", file, "--apply", "--dry-run")
	if got.code != 2 {
		t.Errorf("--apply and --dry-run: got %+v, want a command line that makes no sense", got)
	}
}
