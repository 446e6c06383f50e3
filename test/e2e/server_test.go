package e2e

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/caller"
)

func TestServer_StartsAnswersAndStops(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	began := time.Now()
	server := w.serve(t)
	t.Logf("from the start to the first answer: %s", time.Since(began).Round(time.Millisecond))
	var data struct{ Viewer struct{ Actor, Role string } }
	w.client(t, server, w.who).ask(t, `{ viewer { actor role } }`, nil, &data)
	if data.Viewer.Actor != w.who.Actor || data.Viewer.Role != string(caller.Admin) {
		t.Errorf("viewer: got %+v, want %s as ADMIN", data.Viewer, w.who.Actor)
	}
	for _, path := range []string{"/healthz", "/readyz", "/"} {
		if status := get(t, server.address+path); status != http.StatusOK {
			t.Errorf("GET %s: got %d, want 200", path, status)
		}
	}
	server.stop(t)
	if _, found := server.log.find("stopped", "", ""); !found {
		t.Error("the log does not say that the server has stopped")
	}
}

func get(t *testing.T, address string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := browser.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

func TestServer_LogsEverySettingAndNoSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	environment := append(w.environment(), "INFIN8_MONTH_LIMIT=12.5", "INFIN8_WORKER_COUNT=3")
	server := start(t, environment, "serve", "--listen=127.0.0.1:0", "--worker-count=4").listens(t)
	line := server.says(t, "starting", "", "")
	settings, _ := line["settings"].(map[string]any)
	if settings["month-limit"] != "12.5" || settings["worker-count"] != "4" || settings["lease"] != "30s" ||
		settings["provider-url"] != w.provider.address {
		t.Errorf("settings: got %v", line)
	}
	server.stop(t)
	for _, secret := range []string{authSecret, providerKey, w.db.URL} {
		if strings.Contains(server.log.text(), secret) {
			t.Errorf("the log contains a secret: %s", secret)
		}
	}
}

func TestServer_DeprecatedSettingsStillWork(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	environment := append(w.environment(), "INFIN8_MAX_COST=901", "INFIN8_COST_PER_SECOND=90001", "INFIN8_KEYS_REFRESH=4m")
	server := start(t, environment, "serve", "--listen=127.0.0.1:0", "--workers=false", "--cost-burst=900001",
		"--playground=everybody", "--introspection=nobody").listens(t)
	got, _ := server.says(t, "starting", "", "")["settings"].(map[string]any)
	for name, want := range map[string]string{
		"max-complexity": "901", "complexity-per-second": "90001", "complexity-burst": "900001",
		"signing-keys-refresh": "4m0s",
		"playground":           "all", "introspection": "none",
	} {
		if got[name] != want {
			t.Errorf("%s: got %v, want %s", name, got[name], want)
		}
	}
	server.stop(t)
}

func TestServer_FinishesARequestWhenItStops(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := w.serve(t, "--workers=false")
	c := w.client(t, server, w.who)
	tx, err := w.db.Super.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.Background()) }()
	if _, err := tx.Exec(t.Context(), `LOCK TABLE intent_workflows`); err != nil {
		t.Fatal(err)
	}
	type reply struct {
		answer answer
		err    error
	}
	replies := make(chan reply, 1)
	go func() {
		a, err := c.post(t.Context(), `{ workflows { totalCount } }`, nil)
		replies <- reply{a, err}
	}()
	eventually(t, "the request waits for the table", func() bool {
		return ask[int](t, w, `SELECT count(*)::int FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock'`)[0] > 0
	})
	server.signal(t, syscall.SIGTERM)
	eventually(t, "the server takes no new connections", func() bool {
		_, err := (client{address: server.address}).post(t.Context(), `{ viewer { actor } }`, nil)
		return err != nil
	})
	if server.isOver() {
		t.Error("the server has ended before its last answer")
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := <-replies
	if got.err != nil || got.answer.Status != http.StatusOK || len(got.answer.Errors) > 0 {
		t.Errorf("the request in flight: got %d %s, %v, want its answer", got.answer.Status, got.answer.Body, got.err)
	}
	server.stop(t)
}

// A supervisor or an impatient person sends the signal again, up to the last moment.
func TestServer_EndsWithStatus0WhenTheSignalIsRepeated(t *testing.T) {
	t.Parallel()
	server := newWorld(t).serve(t, "--workers=false")
	limit := time.After(timeout)
	for tick := time.NewTicker(50 * time.Microsecond); !server.isOver(); {
		_ = server.command.Process.Signal(syscall.SIGTERM) // It fails once the process is over.
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("the server does not end within %s", timeout)
		}
	}
	if code := server.command.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit status: got %d (%s), want 0", code, server.command.ProcessState)
	}
}

// The company's name is not Latin.
func TestServer_DrivesAWorkflowFromCreationToICP(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	company, _ := w.provider.company()
	company += " 株式会社ロボット🦊👩🏽‍🚀 مرحبا"
	c := w.client(t, w.serve(t), w.who)
	flow := w.begin(t, c, company)
	w.reaches(t, flow, "ICP_COMPLETED")
	var data struct {
		Workflow struct {
			Icp struct {
				ValueProposition, Model, Provider string
				IsSynthetic                       bool
			}
			Spend struct{ Settled, Held string }
			Calls struct{ Nodes []seenCall }
		}
	}
	c.ask(t, `query ($id: ID!) { workflow(id: $id) {
		icp { valueProposition model provider isSynthetic }
		spend { settled held } calls { nodes { id state hold cost } } } }`,
		map[string]any{"id": "wf_" + flow.String()}, &data)
	got := data.Workflow
	if !strings.HasPrefix(got.Icp.ValueProposition, company) || got.Icp.Model != "perplexity/sonar" ||
		!got.Icp.IsSynthetic {
		t.Errorf("ICP: got %+v, want one about %s", got.Icp, company)
	}
	if len(got.Calls.Nodes) != 1 || got.Calls.Nodes[0].State != "SETTLED" ||
		got.Calls.Nodes[0].Cost != got.Spend.Settled || got.Spend.Held != "0" {
		t.Errorf("money: got %+v, want one settled call", got)
	}
	if diff := cmp.Diff("CREATED ICP_PENDING ICP_PROCESSING ICP_COMPLETED", w.path(t, flow)); diff != "" {
		t.Errorf("journal (-want +got):\n%s", diff)
	}
	w.booksAgree(t)
}

func TestServer_InternalErrorShowsOnlyARequestID(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := w.serve(t, "--workers=false")
	c := w.client(t, server, w.who)
	c.do(t, "createWorkflow", map[string]any{
		"name": "Before", "company": map[string]any{"name": "Example", "url": "https://example.com"},
	})
	w.tamper(t, `REVOKE SELECT ON intent_workflows FROM infin8_app`)
	for _, query := range []string{
		`{ workflows { nodes { id } } }`,
		`mutation { cancelWorkflow(input: {workflowId: "wf_00000000-0000-7000-8000-000000000000"}) { replayed } }`,
	} {
		got, err := c.post(t.Context(), query, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Errors) != 1 || got.Errors[0].Extensions.Code != "INTERNAL" {
			t.Fatalf("errors of %s: got %s, want one INTERNAL", query, got.Body)
		}
		id := got.Errors[0].Extensions.RequestID
		if id == "" || id != got.Header.Get("X-Request-Id") {
			t.Errorf("request id: got %q in the error and %q in the header", id, got.Header.Get("X-Request-Id"))
		}
		var extensions struct {
			Errors []struct{ Extensions map[string]any }
		}
		if err := json.Unmarshal([]byte(got.Body), &extensions); err != nil || len(extensions.Errors[0].Extensions) != 2 {
			t.Errorf("extensions: got %v, want a code and a request id", extensions)
		}
		for _, detail := range []string{"permission", "intent_workflows", "42501", "SQL"} {
			if strings.Contains(got.Body, detail) {
				t.Errorf("the answer to %s contains %q: %s", query, detail, got.Body)
			}
		}
		line := server.says(t, "graphql", "id", id)
		if text, _ := line["error"].(string); !strings.Contains(text, "permission denied") {
			t.Errorf("the log has %v for %s, want the cause", line, id)
		}
	}
}
