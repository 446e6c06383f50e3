package e2e

import (
	"fmt"
	"io/fs"
	"net"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/server"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/web"
	"github.com/infin8content/engine/internal/workflow"
	"github.com/infin8content/engine/migrations"
)

// emptyDatabase creates a database with nothing in it, next to the test's own, and returns its address.
func emptyDatabase(t *testing.T, db *testdb.DB) string {
	t.Helper()
	w := world{db: db}
	mine := ask[string](t, w, `SELECT current_database()`)[0]
	name := "test_empty_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	w.tamper(t, `CREATE DATABASE `+name)
	t.Cleanup(func() { w.tamper(t, `DROP DATABASE `+name+` WITH (FORCE)`) })
	return strings.Replace(db.URL, mine, name, 1)
}

func TestMigrateBringsAnEmptyDatabaseUpToDate(t *testing.T) {
	t.Parallel()
	address := emptyDatabase(t, testdb.New(t))
	environment := map[string]string{"DATABASE_URL": address, "AUTH_SECRET": authSecret}
	files, err := fs.Glob(migrations.Files, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	var waiting, applied strings.Builder
	for _, file := range files {
		fmt.Fprintf(&waiting, "%-28s waits\n", file)
		fmt.Fprintf(&applied, "applied %s\n", file)
	}

	got := invoke(t, environment, "migrate", "status")
	if got.code != 1 || got.stdout != waiting.String() || !strings.Contains(got.stderr, "engine migrate up") {
		t.Errorf("status of an empty database: got %+v", got)
	}
	got = invoke(t, environment, "serve", "--workers=false")
	if got.code != 1 || !strings.Contains(got.stderr, fmt.Sprintf("lacks %d migrations", len(files))) {
		t.Errorf("serve on an empty database: got %+v", got)
	}
	for _, want := range []string{applied.String(), ""} { // The second time there is nothing to do.
		got = invoke(t, environment, "migrate", "up")
		if diff := cmp.Diff(outcome{stdout: want}, got, cmp.AllowUnexported(outcome{})); diff != "" {
			t.Errorf("up (-want +got):\n%s", diff)
		}
	}
	got = invoke(t, environment, "migrate", "status")
	if got.code != 0 || strings.Count(got.stdout, "\n") != len(files) || strings.Contains(got.stdout, "waits") {
		t.Errorf("status after up: got %+v", got)
	}
	start(t, []string{"DATABASE_URL=" + address, "AUTH_SECRET=" + authSecret},
		"serve", "--sandbox", "--listen=127.0.0.1:0").listens(t).stop(t)
}

func TestMigrateRefusesAFileThatHasChanged(t *testing.T) {
	t.Parallel()
	w := world{db: testdb.New(t)}
	w.tamper(t, `UPDATE schema_migrations SET checksum = 'other' WHERE number = 2`)
	for _, command := range []string{"up", "status"} {
		got := invoke(t, map[string]string{"DATABASE_URL": w.db.URL}, "migrate", command)
		if got.code != 1 || !strings.Contains(got.stderr, "0002_workflow.sql has changed") {
			t.Errorf("migrate %s: got %+v", command, got)
		}
	}
}

func TestServeSaysWhyItDoesNotStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	for _, row := range []struct {
		name    string
		changes map[string]string // of the environment
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
		{"no secret", map[string]string{"AUTH_SECRET": ""}, nil, []string{"AUTH_SECRET", "at least 32"}},
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
			nil,
			[]string{"127.0.0.1:1"},
		},
		{
			"no address of a database",
			map[string]string{"DATABASE_URL": "postgres://me:hunter2@host:port/nowhere"},
			nil,
			[]string{"database URL cannot be read"},
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

// doesNotStart runs serve, which must end by itself with status 1 and these words, and without a secret.
func (w world) doesNotStart(t *testing.T, environment map[string]string, args, reasons []string) {
	t.Helper()
	got := invoke(t, environment, append([]string{"serve", "--listen=127.0.0.1:0"}, args...)...)
	if got.code != 1 || got.stdout != "" || strings.Contains(got.stderr, `"listening"`) {
		t.Errorf("serve: got %+v, want status 1 and no server", got)
	}
	for _, reason := range reasons {
		if !strings.Contains(got.stderr, reason) {
			t.Errorf("serve says %q, want %q in it", got.stderr, reason)
		}
	}
	for _, secret := range []string{authSecret, providerKey, "hunter2", strings.Repeat("x", 31)} {
		if strings.Contains(got.stderr, secret) {
			t.Errorf("serve tells the secret %s", secret)
		}
	}
}

func TestServeRefusesADatabaseThatItCannotTrust(t *testing.T) {
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
			name: "a graph with faults",
			tamper: []string{
				`INSERT INTO legal_transitions VALUES (1, 'CREATED', 'COMPLETED', 'ADVANCE')`,
				`ALTER TABLE legal_transitions DISABLE TRIGGER ALL`,
				`DELETE FROM legal_transitions WHERE from_state = 'PUBLISH_FAILED' AND kind = 'RETRY'`,
				`ALTER TABLE intent_workflows DISABLE TRIGGER ALL`,
				`UPDATE intent_workflows SET graph_version = 99`,
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

func TestServeRefusesADirectWayThatItCannotTrust(t *testing.T) {
	t.Parallel()
	w, elsewhere := newWorld(t), testdb.New(t)
	w.doesNotStart(t, map[string]string{
		"DATABASE_URL": w.db.URL, "DATABASE_DIRECT_URL": elsewhere.URL, "AUTH_SECRET": authSecret,
	}, []string{"--sandbox"}, []string{"river"})
}

func TestVerifyNamesTheRowThatWasChangedBehindTheConstraints(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		table, constraint, change, want string
	}{
		"a journal row": {
			"workflow_transitions", "workflow_transitions_hash",
			`UPDATE workflow_transitions SET reason = 'forged' WHERE version = 2`,
			"workflow_transitions wf_ID version 2: its hash is not the hash of its content",
		},
		"a deleted journal row": {
			"workflow_transitions", "", `DELETE FROM workflow_transitions WHERE version = 1`,
			"workflow_transitions wf_ID version 2: version 1 is missing",
		},
		"a state": {
			"intent_workflows", "", `UPDATE intent_workflows SET state = 'PUBLISH_COMPLETED'`,
			"intent_workflows wf_ID: it is PUBLISH_COMPLETED at version 3, its journal ends with ICP_COMPLETED at 3",
		},
		"a ledger row": {
			"ai_usage_ledger", "ai_usage_ledger_hash", `UPDATE ai_usage_ledger SET actor = 'mallory' WHERE sequence = 0`,
			"ai_usage_ledger account ID entry 0: its hash is not the hash of its content",
		},
		"a balance": {
			"usage_accounts", "", `UPDATE usage_accounts SET settled_pico = 1`,
			"usage_accounts ID: its balance is not that of its last entry, 0",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			flow := testdb.Workflow(t, w.db, w.who, testdb.WorkflowOpts{State: workflow.ICPCompleted})
			w.verify(t)
			w.tamper(t, `ALTER TABLE `+row.table+` DISABLE TRIGGER ALL`)
			if row.constraint != "" {
				w.tamper(t, `ALTER TABLE `+row.table+` DROP CONSTRAINT `+row.constraint)
			}
			w.tamper(t, row.change)
			got := invoke(t, map[string]string{"DATABASE_URL": w.db.URL}, "verify")
			want := strings.Replace(row.want, "ID", flow.ID.String(), 1) + "\n"
			if got.code != 1 || got.stdout != want {
				t.Errorf("verify: got %+v, want status 1 and %s", got, want)
			}
		})
	}
}

func TestGraphPrintsThePicture(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		args []string
		want outcome
	}{
		{[]string{"graph"}, outcome{stdout: workflow.Mermaid()}},
		{[]string{"graph", "--format=dot"}, outcome{stdout: workflow.DOT()}},
	} {
		got := invoke(t, nil, row.args...)
		if diff := cmp.Diff(row.want, got, cmp.AllowUnexported(outcome{})); diff != "" {
			t.Errorf("%v (-want +got):\n%s", row.args, diff)
		}
	}
}

func TestTokenPrintsOnlyAUsableToken(t *testing.T) {
	t.Parallel()
	organization := uuid.New()
	environment := map[string]string{"AUTH_SECRET": authSecret}
	got := invoke(t, environment, "token", "--organization="+organization.String(), "--role=OPERATOR",
		"--actor=Jörg 🦊", "--ttl=2h")
	if got.code != 0 || got.stderr != "" || strings.Count(got.stdout, "\n") != 1 || !strings.HasSuffix(got.stdout, "\n") {
		t.Fatalf("token: got %+v, want one line", got)
	}
	for ttl, valid := range map[time.Duration]bool{2*time.Hour - time.Minute: true, 2 * time.Hour: false} {
		auth, err := web.NewAuthenticator([]byte(authSecret), func() time.Time { return time.Now().Add(ttl) })
		if err != nil {
			t.Fatal(err)
		}
		who, err := auth.Caller(t.Context(), strings.TrimSpace(got.stdout))
		want := caller.Caller{Actor: "Jörg 🦊", OrganizationID: organization, Role: caller.Operator}
		if (err == nil) != valid || valid && who != want {
			t.Errorf("after %s: got %+v, %v, want %+v: %t", ttl, who, err, want, valid)
		}
	}
	for _, row := range []struct {
		secret string
		args   []string
		code   int
		reason string
	}{
		{"short", []string{"--organization=" + organization.String()}, 1, "AUTH_SECRET"},
		{authSecret, []string{"--organization=me"}, 1, "is no UUID"},
		{authSecret, []string{"--organization=" + organization.String(), "--actor=worker:me"}, 1, "worker:"},
		{authSecret, []string{"--organization=" + organization.String(), "--ttl=-1s"}, 1, "at least one second"},
		{authSecret, []string{"--organization=" + organization.String(), "--role=KING"}, 2, "--role"},
		{authSecret, nil, 2, "--organization"},
	} {
		got := invoke(t, map[string]string{"AUTH_SECRET": row.secret}, append([]string{"token"}, row.args...)...)
		if got.code != row.code || got.stdout != "" || !strings.Contains(got.stderr, row.reason) {
			t.Errorf("token %v: got %+v, want status %d and %q", row.args, got, row.code, row.reason)
		}
	}
}

func TestHelpMentionsEverySettingAndEverySecret(t *testing.T) {
	t.Parallel()
	words := regexp.MustCompile(`([a-z])([A-Z])`)
	for _, command := range []string{"serve", "demo"} {
		got := invoke(t, nil, command, "--help")
		if got.code != 0 || got.stderr != "" {
			t.Fatalf("%s --help: got status %d and %q", command, got.code, got.stderr)
		}
		for _, field := range reflect.VisibleFields(reflect.TypeFor[server.Settings]()) {
			if field.Anonymous {
				continue // Its fields are settings, too.
			}
			name := strings.ToLower(words.ReplaceAllString(field.Name, "$1-$2"))
			if given := field.Tag.Get("name"); given != "" {
				name = given
			}
			variable, _, _ := strings.Cut(field.Tag.Get("env"), ",") // The first of several.
			if variable == "" {
				variable = "INFIN8_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
			}
			if !strings.Contains(got.stdout, name) || !strings.Contains(got.stdout, "$"+variable) {
				t.Errorf("%s --help does not mention %s or $%s", command, name, variable)
			}
		}
	}
	got := invoke(t, nil, "--help")
	for _, word := range []string{
		"DATABASE_URL", "AUTH_SECRET", "OPENROUTER_API_KEY", "demo", "serve", "migrate", "verify", "graph", "token",
	} {
		if !strings.Contains(got.stdout, word) {
			t.Errorf("--help does not mention %s", word)
		}
	}
}

func TestACommandLineThatMakesNoSenseIsStatusTwo(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"", "nonsense", "serve --nonsense", "serve --lease=soon", "graph --format=png", "migrate",
	} {
		got := invoke(t, nil, strings.Fields(line)...)
		if got.code != 2 || got.stdout != "" || !strings.HasPrefix(got.stderr, "engine: ") {
			t.Errorf("engine %s: got %+v, want status 2 and a reason", line, got)
		}
	}
}
