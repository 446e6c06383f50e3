package e2e

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/llm/sandbox"
)

// watched is a server that serves metrics.
type watched struct {
	*process
	metrics string
}

func (w world) serveWatched(t *testing.T, args ...string) watched {
	t.Helper()
	p := w.serve(t, append([]string{"--metrics-listen=127.0.0.1:0"}, args...)...)
	url, _ := p.says(t, "serving metrics", "", "")["url"].(string)
	return watched{p, url}
}

// scrape returns the samples of a server by series, like a scrape of Prometheus.
func (p watched) scrape(t *testing.T) map[string]float64 {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.metrics, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := browser.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("scrape: got %d, %v", response.StatusCode, err)
	}
	samples := map[string]float64{}
	for line := range strings.Lines(string(text)) {
		if series, value, found := cutLast(strings.TrimSpace(line)); found && !strings.HasPrefix(line, "#") {
			if samples[series], err = strconv.ParseFloat(value, 64); err != nil {
				t.Fatalf("%v in %s", err, line)
			}
		}
	}
	return samples
}

func cutLast(line string) (before, after string, found bool) {
	i := strings.LastIndexByte(line, ' ')
	if i < 0 {
		return "", "", false
	}
	return line[:i], line[i+1:], true
}

// counted returns the samples of one metric that are not zero.
func counted(samples map[string]float64, metric string) map[string]float64 {
	found := maps.Clone(samples)
	maps.DeleteFunc(found, func(series string, value float64) bool {
		return value == 0 || series != metric && !strings.HasPrefix(series, metric+"{")
	})
	return found
}

// written reads the expected series and values of a metric from the database.
func (w world) written(t *testing.T, query string) map[string]float64 {
	t.Helper()
	found := map[string]float64{}
	for _, line := range ask[string](t, w, query) {
		series, value, _ := cutLast(line)
		var err error
		if found[series], err = strconv.ParseFloat(value, 64); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
	}
	return found
}

// The metrics equal the journals after four cases: a completed workflow, one with a wrong model and an aborted stream,
// a cancelled one, and refusals.
func TestMetrics_EqualTheJournals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.serveWatched(t, quick...)
	c := w.client(t, p.process, w.who)
	fine, _ := w.provider.company()
	w.reaches(t, w.begin(t, c, fine), "ICP_COMPLETED")
	troubled, _ := w.provider.company(sandbox.Drift("openai/gpt-4o"), sandbox.CutStream(3))
	flow := w.begin(t, c, troubled)
	w.reaches(t, flow, "ICP_COMPLETED")
	c.do(t, "cancelWorkflow", map[string]any{"workflowId": "wf_" + flow.String()})
	stale, err := c.post(t.Context(), `mutation ($id: ID!) { transitionWorkflow(input: {
		workflowId: $id, from: ICP_PENDING, to: ICP_PROCESSING}) { userErrors { code } } }`,
		map[string]any{"id": "wf_" + flow.String()})
	if err != nil || !strings.Contains(stale.Body, "TERMINAL_STATE") {
		t.Fatalf("an illegal transition: got %s, %v", stale.Body, err)
	}
	if _, err := (client{address: p.address, token: "forged"}).post(t.Context(), `{ viewer { actor } }`, nil); err != nil {
		t.Fatal(err)
	}
	w.booksAgree(t)
	var samples map[string]float64
	// A counter changes shortly after the commit that it counts.
	eventually(t, "the last transition is counted", func() bool {
		samples = p.scrape(t)
		return samples[`infin8_transitions_total{from="ICP_COMPLETED",to="CANCELLED"}`] == 1
	})
	for metric, query := range map[string]string{
		"infin8_transitions_total": `SELECT format('infin8_transitions_total{from="%s",to="%s"} %s',
			coalesce(from_state, 'NONE'), to_state, count(*)) FROM workflow_transitions GROUP BY from_state, to_state`,
		"infin8_money_events_total": money("infin8_money_events_total", "count(*)"),
		"infin8_money_picodollars_total": money("infin8_money_picodollars_total",
			"sum(greatest(abs(settled_delta), abs(held_delta) * (l.kind IN ('RESERVE', 'RELEASE'))::int))"),
		"infin8_run_failures_total": `SELECT format('infin8_run_failures_total{code="%s",step="%s"} %s',
			failure_code, step, count(*)) FROM workflow_runs WHERE failure_code IS NOT NULL GROUP BY failure_code, step`,
		"infin8_unknown_outcomes_total": `SELECT 'infin8_unknown_outcomes_total ' || count(*) FROM ai_calls
			WHERE unknown_since IS NOT NULL`,
	} {
		if diff := cmp.Diff(w.written(t, query), counted(samples, metric)); diff != "" {
			t.Errorf("%s (-written +counted):\n%s", metric, diff)
		}
	}
	for series, least := range map[string]float64{
		`infin8_refusals_total{reason="TERMINAL_STATE",verb="Transition"}`:                         1,
		`infin8_sign_in_failures_total`:                                                            1,
		`infin8_http_requests_total{method="POST",route="/graphql",status="401"}`:                  1,
		`infin8_graphql_responses_total{code="OK",type="mutation"}`:                                6,
		`infin8_model_request_duration_seconds_count{model="other",outcome="ANSWERED"}`:            1,
		`infin8_model_request_duration_seconds_count{model="perplexity/sonar",outcome="ANSWERED"}`: 2,
		`infin8_sweeper_rounds_total{outcome="OK",sweep="runs"}`:                                   1,
		`infin8_pool_connections_max{pool="engine"}`:                                               12,
		`infin8_pool_acquires_total{pool="jobs"}`:                                                  1,
	} {
		if samples[series] < least {
			t.Errorf("%s: got %v, want at least %v", series, samples[series], least)
		}
	}
	for _, series := range []string{
		`infin8_queue_jobs{state="available"}`, `infin8_unknown_outcomes_open`, `infin8_subscriptions_open`, `go_goroutines`,
	} {
		if _, told := samples[series]; !told {
			t.Errorf("there is no series %s", series)
		}
	}
	for series := range samples {
		for _, secret := range []string{w.who.OrganizationID.String(), flow.String(), w.who.Actor} {
			if strings.Contains(series, secret) {
				t.Errorf("a label has an identity: %s", series)
			}
		}
	}
	p.stop(t)
}

// money returns a query for the bookings on accounts of workflows, by event.
func money(metric, figure string) string {
	return fmt.Sprintf(`SELECT format('%s{event="%%s"} %%s', CASE l.kind
			WHEN 'RESERVE' THEN 'held' WHEN 'SETTLE' THEN 'settled' WHEN 'RELEASE' THEN 'released'
			WHEN 'ASSUME' THEN 'assumed' WHEN 'RECORD' THEN 'recorded' ELSE 'adjusted' END, %s)
		FROM ai_usage_ledger AS l JOIN usage_accounts AS a ON a.id = l.account_id
		WHERE a.kind = 'WORKFLOW' AND l.kind NOT IN ('OPEN', 'LIMIT') GROUP BY l.kind`, metric, figure)
}
