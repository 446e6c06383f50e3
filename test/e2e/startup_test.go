package e2e

import (
	"net"
	"strings"
	"testing"

	"github.com/infin8content/engine/internal/testdb"
)

func TestServe_SaysWhyItDoesNotStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	for _, row := range []struct {
		name    string
		changes map[string]string // environment variables
		args    []string
		reasons []string
	}{
		{
			"everything at once",
			map[string]string{"DATABASE_URL": "", "OPENROUTER_API_KEY": ""},
			[]string{"--heartbeat=20s", "--origins=example.com"},
			[]string{"DATABASE_URL is not set", "OPENROUTER_API_KEY", "--sandbox", "two heartbeats", "example.com"},
		},
		{"no key", map[string]string{"OPENROUTER_API_KEY": ""}, nil, []string{"set OPENROUTER_API_KEY", "--sandbox"}},
		{"no secret", map[string]string{"AUTH_SECRET": ""}, nil, []string{"AUTH_SECRET is not set", "openssl"}},
		{
			"a short secret",
			map[string]string{"AUTH_SECRET": strings.Repeat("x", 31)},
			nil,
			[]string{"AUTH_SECRET", "31 bytes", "at least 32"},
		},
		{"nothing to do", nil, []string{"--workers=false", "--api=false"}, []string{"nothing to do"}},
		{"a bad limit", nil, []string{"--workflow-limit=-1"}, []string{"--workflow-limit"}},
		{"another bad limit", nil, []string{"--month-limit=much"}, []string{"--month-limit"}},
		{"a taken port", nil, []string{"--listen=" + taken.Addr().String()}, []string{"listen on " + taken.Addr().String()}},
		{
			"a database that is not there",
			map[string]string{"DATABASE_URL": "postgres://me:hunter2@127.0.0.1:1/nowhere"},
			[]string{"--database-wait=1s"},
			[]string{"127.0.0.1:1"},
		},
		{
			"no address of a database",
			map[string]string{"DATABASE_URL": "postgres://me:hunter2@host:port/nowhere"},
			nil,
			[]string{"DATABASE_URL cannot be read", "postgres://USER:PASSWORD@HOST"},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			environment := map[string]string{
				"DATABASE_URL": w.db.URL, "AUTH_SECRET": authSecret, "OPENROUTER_API_KEY": providerKey,
			}
			for name, value := range row.changes {
				environment[name] = value
			}
			w.doesNotStart(t, environment, row.args, row.reasons)
		})
	}
}

// doesNotStart runs serve. It must end with status 1 and these reasons, and print no secret.
func (w world) doesNotStart(t *testing.T, environment map[string]string, args, reasons []string) {
	t.Helper()
	got := invoke(t, environment, append([]string{"serve", "--listen=127.0.0.1:0"}, args...)...)
	if got.code != 1 || got.stdout != "" || strings.Contains(got.stderr, `"listening"`) {
		t.Errorf("serve: got %+v, want status 1 and no server", got)
	}
	for _, reason := range reasons {
		if !strings.Contains(got.stderr, reason) {
			t.Errorf("serve prints %q, want %q in it", got.stderr, reason)
		}
	}
	for _, secret := range []string{authSecret, providerKey, "hunter2", strings.Repeat("x", 31)} {
		if strings.Contains(got.stderr, secret) {
			t.Errorf("serve prints the secret %s", secret)
		}
	}
}

// alwaysAgain switches on the triggers that a test has switched off, the server's own and ours. A guard is on always;
// the trigger that copies a name guards nothing.
const alwaysAgain = `DO $$ DECLARE g record; BEGIN
	FOR g IN SELECT tgrelid::regclass AS t, quote_ident(tgname) AS n,
		CASE WHEN NOT tgisinternal AND tgname !~ '_copied$' THEN 'ALWAYS' END AS mode
		FROM pg_trigger WHERE tgenabled = 'D' LOOP
		EXECUTE format('ALTER TABLE %s ENABLE %s TRIGGER %s', g.t, g.mode, g.n);
	END LOOP;
END $$`

func TestServe_RefusesAnUntrustedDatabase(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name     string
		tamper   []string
		reasons  []string
		noQueues bool
	}{
		{name: "no queues", noQueues: true, reasons: []string{"river"}},
		{
			name:    "a role with too many rights",
			tamper:  []string{`GRANT UPDATE ON workflow_transitions, ai_usage_ledger TO infin8_app`},
			reasons: []string{"infin8_app", "may update workflow_transitions", "may update ai_usage_ledger"},
		},
		{
			name:    "guards that are missing",
			tamper:  []string{`ALTER TABLE ai_usage_ledger DROP CONSTRAINT ai_usage_ledger_cap`},
			reasons: []string{"ai_usage_ledger.ai_usage_ledger_cap is missing", "verify"},
		},
		{
			name: "a graph with faults",
			tamper: []string{
				`INSERT INTO legal_transitions VALUES (1, 'CREATED', 'COMPLETED', 'ADVANCE')`,
				`ALTER TABLE legal_transitions DISABLE TRIGGER ALL`,
				`DELETE FROM legal_transitions WHERE from_state = 'PUBLISH_FAILED' AND kind = 'RETRY'`,
				`ALTER TABLE intent_workflows DISABLE TRIGGER ALL`,
				`UPDATE intent_workflows SET graph_version = 99`,
				alwaysAgain,
			},
			reasons: []string{"CREATED → COMPLETED", "PUBLISH_FAILED → PUBLISH_PROCESSING", "graph version 99"},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := world{db: testdb.New(t)}
			if !row.noQueues {
				w = newWorld(t)
				testdb.Workflow(t, w.db, w.who, testdb.WorkflowOpts{})
			}
			w.tamper(t, row.tamper...)
			w.doesNotStart(t, map[string]string{"DATABASE_URL": w.db.URL, "AUTH_SECRET": authSecret},
				[]string{"--sandbox"}, row.reasons)
		})
	}
}

func TestServe_RefusesAnUntrustedDirectDatabase(t *testing.T) {
	t.Parallel()
	w, elsewhere := newWorld(t), testdb.New(t)
	w.doesNotStart(t, map[string]string{
		"DATABASE_URL": w.db.URL, "DATABASE_DIRECT_URL": elsewhere.URL, "AUTH_SECRET": authSecret,
	}, []string{"--sandbox"}, []string{"river"})
}
