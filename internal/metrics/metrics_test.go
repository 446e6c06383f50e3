package metrics

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

var update = flag.Bool("update", false, "rewrite the table of metrics in docs/operations.md")

const (
	operations = "../../docs/operations.md"
	dashboard  = "../../docs/grafana/infin8.json"
	alerts     = "../../docs/grafana/alerts.yml"
)

func TestDocs_ListTheDeclaredMetrics(t *testing.T) {
	t.Parallel()
	var table strings.Builder
	table.WriteString("| metric | kind | labels | what it says |\n|---|---|---|---|\n")
	for _, d := range New("").Described() {
		fmt.Fprintf(&table, "| `%s` | %s | %s | %s |\n", d.Name, d.Kind, strings.Join(d.Labels, ", "), d.Help)
	}
	text := read(t, operations)
	before, rest, begins := strings.Cut(text, "<!-- metrics -->\n")
	written, after, ends := strings.Cut(rest, "<!-- end of metrics -->\n")
	if !begins || !ends {
		t.Fatalf("%s has no place for the table", operations)
	}
	diff := cmp.Diff(table.String(), written)
	if diff != "" && *update {
		text = before + "<!-- metrics -->\n" + table.String() + "<!-- end of metrics -->\n" + after
		if err := os.WriteFile(operations, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	} else if diff != "" {
		t.Errorf("run go test ./internal/metrics -update (-declared +written):\n%s", diff)
	}
}

func TestDashboard_ShowsEveryMetricAndNoOther(t *testing.T) {
	t.Parallel()
	declared := map[string]bool{}
	for _, d := range New("").Described() {
		declared[d.Name] = true
	}
	shown := named(t, dashboard)
	for name := range declared {
		if !shown[name] {
			t.Errorf("%s is in no panel", name)
		}
	}
	for _, path := range []string{dashboard, alerts} {
		for name := range named(t, path) {
			if !declared[name] {
				t.Errorf("%s names %s, which no code counts", path, name)
			}
		}
	}
}

// named returns the metrics that a file names. The series of a histogram have the name of the histogram.
func named(t *testing.T, path string) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	for _, name := range regexp.MustCompile(`\binfin8_[a-z0-9_]+`).FindAllString(read(t, path), -1) {
		for _, series := range []string{"_bucket", "_count", "_sum"} {
			name = strings.TrimSuffix(name, series)
		}
		names[name] = true
	}
	return names
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestMetrics_FollowPrometheusConventions(t *testing.T) {
	t.Parallel()
	for _, d := range New("").Described() {
		total := strings.HasSuffix(d.Name, "_total")
		if total != (d.Kind == "counter") {
			t.Errorf("%s is a %s: a counter, and nothing else, ends in _total", d.Name, d.Kind)
		}
		if d.Kind == "histogram" && !strings.HasSuffix(d.Name, "_seconds") {
			t.Errorf("%s has no unit", d.Name)
		}
		if first := []rune(d.Help)[0]; !unicode.IsUpper(first) && !unicode.IsDigit(first) ||
			!strings.HasSuffix(d.Help, ".") || strings.Contains(d.Help, "|") {
			t.Errorf("the help of %s is no sentence: %s", d.Name, d.Help)
		}
	}
}

// scrape returns what a scrape says of some metrics, without those that stand at zero.
func scrape(t *testing.T, m *Metrics, prefixes ...string) []string {
	t.Helper()
	answer := httptest.NewRecorder()
	m.Handler().ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if answer.Code != http.StatusOK {
		t.Fatalf("got %d: %s", answer.Code, answer.Body)
	}
	var found []string
	for line := range strings.Lines(answer.Body.String()) {
		line = strings.TrimSpace(line)
		if !strings.HasSuffix(line, " 0") && slices.ContainsFunc(prefixes, func(prefix string) bool {
			return strings.HasPrefix(line, prefix)
		}) {
			found = append(found, line)
		}
	}
	return found
}

func TestEntry_CountsMoneyToThePicodollar(t *testing.T) {
	t.Parallel()
	m := New("")
	entry := func(kind cost.EntryKind, settled, held cost.Pico) postgres.Change {
		return postgres.Change{Ledger: true, Entry: postgres.CommittedEntry{
			Kind: kind, Delta: cost.Delta{Settled: settled, Held: held}, Overage: settled+held > 0 && held < 0,
		}}
	}
	m.Changed([]postgres.Change{
		entry(cost.EntryOpen, 0, 0), entry(cost.EntryLimit, 0, 0),
		entry(cost.EntryReserve, 0, 1_700_000_000_000_001), entry(cost.EntryReserve, 0, 2),
		entry(cost.EntrySettle, 7, -2), entry(cost.EntryRelease, 0, -11), entry(cost.EntryAssume, 13, -13),
		entry(cost.EntryRecord, 17, 0), entry(cost.EntryAdjust, 19, 0), entry(cost.EntryAdjust, -23, 0),
		{CallUnknown: true},
	})
	want := []string{
		`infin8_money_events_total{event="adjusted_down"} 1`,
		`infin8_money_events_total{event="adjusted_up"} 1`,
		`infin8_money_events_total{event="assumed"} 1`,
		`infin8_money_events_total{event="held"} 2`,
		`infin8_money_events_total{event="recorded"} 1`,
		`infin8_money_events_total{event="released"} 1`,
		`infin8_money_events_total{event="settled"} 1`,
		`infin8_money_picodollars_total{event="adjusted_down"} 23`,
		`infin8_money_picodollars_total{event="adjusted_up"} 19`,
		`infin8_money_picodollars_total{event="assumed"} 13`,
		`infin8_money_picodollars_total{event="held"} 1.700000000000003e+15`,
		`infin8_money_picodollars_total{event="recorded"} 17`,
		`infin8_money_picodollars_total{event="released"} 11`,
		`infin8_money_picodollars_total{event="settled"} 7`,
		`infin8_overage_picodollars_total 5`,
		`infin8_overages_total 1`,
		`infin8_unknown_outcomes_total 1`,
	}
	if diff := cmp.Diff(want, scrape(t, m, "infin8_money", "infin8_over", "infin8_unknown")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestVerb_CountsRefusalsAndIgnoresCancellations(t *testing.T) {
	t.Parallel()
	m := New("")
	m.Verb("Reserve", nil)
	m.Verb("Reserve", &cost.PriceUnknownError{Model: "a model that a user typed"})
	m.Verb("Reserve", errors.New("the database is away"))
	m.Verb("Reserve", fmt.Errorf("reserve: %w", context.Canceled))
	m.Verb("SweepRuns", nil)
	m.Verb("SweepRuns", errors.New("the database is away"))
	m.Limited(Cost, nil)
	m.Limited(Cost, errors.New("the database is away"))
	m.Limited(Cost, fault.New(fault.RateLimited, "Later."))
	m.Changed([]postgres.Change{{Transition: postgres.CommittedTransition{
		From:    workflow.ICPProcessing,
		To:      workflow.ICPFailed,
		Step:    workflow.StepICP,
		Failure: workflow.FailureModelDrift,
	}}, {Transition: postgres.CommittedTransition{To: workflow.Created}}})
	want := []string{
		`infin8_rate_limited_total{bucket="cost"} 1`,
		`infin8_refusals_total{reason="PRICE_UNKNOWN",verb="Reserve"} 1`,
		`infin8_run_failures_total{code="MODEL_DRIFT",step="ICP"} 1`,
		`infin8_sweeper_rounds_total{outcome="FAILED",sweep="runs"} 1`,
		`infin8_sweeper_rounds_total{outcome="OK",sweep="runs"} 1`,
		`infin8_transitions_total{from="ICP_PROCESSING",to="ICP_FAILED"} 1`,
		`infin8_transitions_total{from="NONE",to="CREATED"} 1`,
		`infin8_verb_failures_total{verb="Reserve"} 1`,
		`infin8_verb_failures_total{verb="SweepRuns"} 1`,
	}
	got := scrape(t, m, "infin8_r", "infin8_sweeper", "infin8_transitions", "infin8_verb")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestScrape_ReadsTheDatabaseRarelyAndSurvivesItsOutage(t *testing.T) {
	t.Parallel()
	m, asked := New(""), 0
	m.Unknown(func(context.Context) (int64, error) { asked++; return 3, nil })
	m.Queue(func(context.Context) (Backlog, error) { return Backlog{}, errors.New("the database is away") })
	m.Live(func() int64 { return 2 }, func() int64 { return 1 })
	want := []string{
		`infin8_collection_failures_total{source="queue"} 1`,
		`infin8_resyncs_total 1`,
		`infin8_subscriptions_open 2`,
		`infin8_unknown_outcomes_open 3`,
	}
	for range 3 {
		got := scrape(t, m, "infin8_coll", "infin8_queue", "infin8_resyncs", "infin8_sub", "infin8_unknown_outcomes_open")
		// The scrape that meets the failure may end before the failure is counted.
		if len(got) == 3 {
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	if asked != 1 {
		t.Errorf("three scrapes asked %d times, want once", asked)
	}
}

func TestBuildInfo_HasTheVersionOfTheRelease(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]string{"v1.2.3": `version="v1.2.3"`, "": `version="`} {
		answer := httptest.NewRecorder()
		New(version).Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		text := answer.Body.String()
		if !strings.Contains(text, "infin8_build_info{") || !strings.Contains(text, want) ||
			strings.Contains(text, `version=""`) {
			t.Errorf("%q: got %s", version, text)
		}
	}
}
