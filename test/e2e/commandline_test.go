package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/testdb"
)

// runEngine runs the real program to its end, with only these variables of its own in its environment.
func runEngine(t *testing.T, environment []string, args ...string) outcome {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	command := exec.CommandContext(ctx, program, args...)
	command.Env = append(foreignEnvironment(), append(environment, asProgram+"=1")...)
	if _, err := command.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err = command.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatalf("engine %s: %v", strings.Join(args, " "), err)
	}
	return outcome{command.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// Each mistake has one sentence with what to do, and no Go type, SQLSTATE or password.
func TestCommandLine_SaysInOneSentenceWhatToDo(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	empty := emptyDatabase(t, db)
	secret := "AUTH_SECRET=" + authSecret
	with := func(url string) []string { return []string{"DATABASE_URL=" + url, secret} }
	organization := "--organization=" + uuid.NewString()
	gone := strings.Replace(empty, "test_empty_", "test_gone_", 1)
	serve := []string{"serve", "--sandbox", "--listen=127.0.0.1:0"}
	for name, row := range map[string]struct {
		environment, args []string
		sentence          string
	}{
		"no address": {nil, []string{"verify"}, "DATABASE_URL is not set: export DATABASE_URL=postgres://"},
		"an address for Java": {
			with("jdbc:postgresql://localhost/infin8?password=hunter2"),
			[]string{"verify"},
			"DATABASE_URL is an address for Java: leave out jdbc:",
		},
		"another database": {
			with("mysql://root:hunter2@localhost/infin8"),
			serve,
			"DATABASE_URL is not an address of PostgreSQL: write it as postgres://",
		},
		"a wrong port": {with("postgres://me:hunter2@localhost:port/infin8"), serve, "DATABASE_URL cannot be read: write it"},
		"a wrong direct address": {
			[]string{"DATABASE_DIRECT_URL=jdbc:x", "DATABASE_URL=" + db.URL},
			[]string{"migrate", "up"},
			"DATABASE_DIRECT_URL is an address for Java",
		},
		"a server that is down": {
			with("postgres://me:hunter2@127.0.0.1:1/infin8"),
			[]string{"verify"},
			"no PostgreSQL answers at 127.0.0.1:1: start it, or correct DATABASE_URL",
		},
		"no socket": {
			with("postgres:///infin8?host=/nowhere"),
			[]string{"migrate", "status"},
			"no PostgreSQL answers at the socket /nowhere/",
		},
		"an unknown host": {
			with("postgres://me:hunter2@nowhere.invalid/infin8"), []string{"verify"}, "the host nowhere.invalid of DATABASE_URL",
		},
		"no database":          {with(gone), []string{"migrate", "up"}, "create it with `createdb test_gone_"},
		"not migrated, verify": {with(empty), []string{"verify"}, "is not migrated: run `engine migrate up`"},
		"not migrated, apikeys": {
			with(empty), []string{"apikeys", "list", organization}, "is not migrated: run `engine migrate up`",
		},
		"not migrated, prices": {with(empty), []string{"prices", "list"}, "is not migrated: run `engine migrate up`"},
		"not migrated, serve":  {with(empty), serve, "run `engine migrate up`"},
		"no secret":            {nil, []string{"token", organization}, "AUTH_SECRET is not set: export AUTH_SECRET="},
		"a short secret": {
			[]string{"AUTH_SECRET=short"}, []string{"token", organization}, "AUTH_SECRET has 5 bytes and needs at least 32",
		},
		"a short secret, served": {
			[]string{"AUTH_SECRET=short", "DATABASE_URL=" + db.URL}, serve, "AUTH_SECRET has 5 bytes and needs at least 32",
		},
		"no duration": {
			[]string{secret}, []string{"token", organization, "--ttl=soon"}, `"soon" is no duration: write 90d, 12h, 30m or 10s`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := runEngine(t, row.environment, row.args...)
			lines := strings.Split(strings.TrimSpace(got.stderr), "\n")
			if last := lines[len(lines)-1]; got.code == 0 || !strings.HasPrefix(last, "engine: ") ||
				!strings.Contains(last, row.sentence) {
				t.Errorf("got %+v, want %q", got, row.sentence)
			}
			for _, noise := range []string{"SQLSTATE", "pgconn", "*errors", "failed to connect", "hunter2", "%!"} {
				if strings.Contains(got.stderr, noise) {
					t.Errorf("got %q with %q in it", got.stderr, noise)
				}
			}
		})
	}
}

// One start names every wrong setting.
func TestCommandLine_NamesAllWrongSettingsAtOnce(t *testing.T) {
	t.Parallel()
	got := runEngine(t, []string{"DATABASE_URL=jdbc:x", "AUTH_SECRET=short", "WEBHOOK_SECRET=x"}, "serve", "--sandbox",
		"--month-limit=much", "--workflow-limit=-1", "--article-cap=x", "--trusted-proxies=here", "--origins=example.com",
		"--documents=/nowhere", "--only-documents", "--playground=us", "--introspection=us", "--console=us",
		"--heartbeat=1h", "--tls-cert=/nowhere", "--role-names=a=KING", "--listen=nowhere", "--gc-percent=1")
	if got.code != 1 {
		t.Fatalf("got %+v, want status 1", got)
	}
	for _, setting := range []string{
		"DATABASE_URL", "AUTH_SECRET", "WEBHOOK_SECRET", "--month-limit", "--workflow-limit", "--article-cap",
		"--trusted-proxies", "--origins", "--documents", "--playground", "--introspection", "--console", "--heartbeat",
		"--tls-cert", "--role-names", "--listen", "--gc-percent",
	} {
		if !strings.Contains(got.stderr, setting) {
			t.Errorf("%s is not named in\n%s", setting, got.stderr)
		}
	}
}

// A success has a sentence for a person, none with --quiet, and a document with --json. A list has headers.
func TestCommandLine_PrintsForPeopleAndForPrograms(t *testing.T) {
	t.Parallel()
	environment := []string{"DATABASE_URL=" + testdb.New(t).URL, "AUTH_SECRET=" + authSecret}
	runEngine(t, environment, "migrate", "up") // The tables of the job queue are not in the template.
	organization := "--organization=" + uuid.NewString()
	for line, row := range map[string]struct{ stdout, note, document string }{
		"verify":                       {"", "Verified: the journals and the current values agree.\n", "[]"},
		"migrate up":                   {"", "The database is up to date: 0 migrations applied now.\n", `{"applied":[]}`},
		"apikeys list " + organization: {"", "The organization has no API keys.\n", "[]"},
		"alerts list":                  {"", "There are no alerts.\n", "[]"},
		"migrate status":               {"NAME", "", `[{"appliedAt":`},
		"prices list":                  {"MODEL", "", `{"prices":[{"component":`},
		"version":                      {"engine ", "", `{"commit":`},
		"token " + organization:        {"ey", "", `{"expiresAt":`},
		"graph":                        {"stateDiagram-v2", "", `[{"from":`},
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			args := strings.Fields(line)
			got := runEngine(t, environment, args...)
			if got.code != 0 || got.stderr != row.note || !strings.HasPrefix(got.stdout, row.stdout) ||
				(row.stdout == "") != (got.stdout == "") {
				t.Errorf("engine %s: got %+v, want %q and the note %q", line, got, row.stdout, row.note)
			}
			quiet := runEngine(t, environment, append(args, "--quiet")...)
			if quiet.code != 0 || quiet.stderr != "" || row.note != "" && quiet.stdout != "" {
				t.Errorf("engine %s --quiet: got %+v", line, quiet)
			}
			var document any
			shown := runEngine(t, environment, append(args, "--json")...)
			if err := json.Unmarshal([]byte(shown.stdout), &document); err != nil || shown.stderr != "" {
				t.Fatalf("engine %s --json: got %+v, %v", line, shown, err)
			}
			if compact, _ := json.Marshal(document); !strings.HasPrefix(string(compact), row.document) {
				t.Errorf("engine %s --json: got %.200s, want %s", line, compact, row.document)
			}
		})
	}
}

// The operator fills a trial, and looks at it without the API.
func TestCommandLine_SeedsAndListsWorkflows(t *testing.T) {
	t.Parallel()
	organization := uuid.NewString()
	environment := []string{"DATABASE_URL=" + testdb.New(t).URL}
	runEngine(t, environment, "migrate", "up") // The tables of the job queue are not in the template.
	of := "--organization=" + organization
	for _, want := range []string{
		"Created 10 workflows with SYNTHETIC names; 0 existed already.\n",
		"Created 0 workflows with SYNTHETIC names; 10 existed already.\n",
	} {
		if got := runEngine(t, environment, "seed", "--workflows=10", of); got.code != 0 || got.stderr != want {
			t.Fatalf("seed: got %+v, want %q", got, want)
		}
	}
	if got := runEngine(t, environment, "organizations", "list"); !strings.Contains(got.stdout, organization) {
		t.Errorf("organizations list: got %+v", got)
	}
	list := runEngine(t, environment, "workflows", "list", of, "--first=9", "--json")
	var flows []struct{ ID, State string }
	if err := json.Unmarshal([]byte(list.stdout), &flows); err != nil || len(flows) != 9 ||
		flows[0].State != "CANCELLED" || flows[1].State != "CREATED" {
		t.Fatalf("workflows list: got %+v, %v", list, err)
	}
	shown := runEngine(t, environment, "workflows", "show", of, "wf_"+flows[0].ID)
	for _, want := range []string{"SYNTHETIC workflow 000010", "The workflow was cancelled.", "CANCEL", "operator"} {
		if !strings.Contains(shown.stdout, want) {
			t.Errorf("workflows show: got %+v, want %q", shown, want)
		}
	}
	if got := runEngine(t, environment, "verify"); got.code != 0 {
		t.Errorf("verify: got %+v", got)
	}
}

// A life of 90 days can be written as such.
func TestCommandLine_UnderstandsDays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, ttl := range []string{"90d", "1d12h", "36h"} {
		if key := w.apikeys(t, "create", "--name="+ttl, "--ttl="+ttl); !strings.HasPrefix(key, "infin8_") {
			t.Errorf("--ttl=%s: got %q, want a key", ttl, key)
		}
	}
}

// The scripts of the three shells ask the program, which lists its own commands, flags and values.
func TestCommandLine_CompletesWords(t *testing.T) {
	t.Parallel()
	for words, want := range map[string]string{
		"":                        "demo\nserve\nmigrate\nverify\nexport\n",
		"mi":                      "migrate\n",
		"migrate ":                "up\nstatus\n",
		"export journal --fo":     "--format=\n",
		"export journal --format": "--format=\n",
		"graph --format=d":        "dot\n",
		"verify --js":             "--json\n",
		"completion z":            "zsh\n",
		"nonsense --quie":         "--quiet\n",
	} {
		got := runEngine(t, nil, append([]string{"complete", "--"}, strings.Split(words, " ")...)...)
		if got.code != 0 || !strings.HasPrefix(got.stdout, want) {
			t.Errorf("complete %q: got %+v, want %q", words, got, want)
		}
	}
	for _, shell := range []string{"bash", "zsh", "fish"} {
		if got := runEngine(t, nil, "completion", shell); !strings.Contains(got.stdout, "complete --") {
			t.Errorf("completion %s: got %+v", shell, got)
		}
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	engine := filepath.Join(t.TempDir(), "engine")
	// The program ends with its input, which this pipe never does.
	script := fmt.Sprintf("#!/bin/sh\n%s=1 exec '%s' \"$@\" 0<>\"$0.pipe\"\n", asProgram, program)
	if err := syscall.Mkfifo(engine+".pipe", 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(engine, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	completed := run(t, "", "bash", "-c", `source <("$0" completion bash); COMP_WORDS=("$0" migrate s); COMP_CWORD=2
		_engine; echo "${COMPREPLY[@]}"`, engine)
	if strings.TrimSpace(completed) != "status" {
		t.Errorf("bash completes `engine migrate s` to %q, want status", completed)
	}
}
