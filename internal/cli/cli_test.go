package cli_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/infin8content/engine/internal/cli"
	"github.com/infin8content/engine/internal/server"
	"github.com/infin8content/engine/internal/testdb"
)

const (
	authSecret  = "signs the tokens of the tests, with 32 bytes or more"
	providerKey = "pays-for-the-models-of-the-tests"
	// timeout is the longest time that a command may take.
	timeout = time.Minute
)

func TestMain(m *testing.M) { os.Exit(testdb.Run(m)) }

// outcome is the result of a command.
type outcome struct {
	code           int
	stdout, stderr string
}

// invoke runs a command with only the given variables in its environment.
func invoke(t *testing.T, environment map[string]string, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	var stdout, stderr bytes.Buffer
	code := cli.Run(ctx, args, func(name string) string { return environment[name] }, &stdout, &stderr)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Fatalf("engine %s has not ended in %s", strings.Join(args, " "), timeout)
	}
	return outcome{code, stdout.String(), stderr.String()}
}

func TestHelp_MentionsEverySettingAndEverySecret(t *testing.T) {
	t.Parallel()
	words := regexp.MustCompile(`([a-z])([A-Z])`)
	for _, command := range []string{"serve", "demo"} {
		got := invoke(t, nil, command, "--help")
		if got.code != 0 || got.stderr != "" {
			t.Fatalf("%s --help: got status %d and %q", command, got.code, got.stderr)
		}
		for _, field := range reflect.VisibleFields(reflect.TypeFor[server.Settings]()) {
			if field.Anonymous {
				continue // The fields of the embedded struct are visible fields too.
			}
			name := strings.ToLower(words.ReplaceAllString(field.Name, "$1-$2"))
			if given := field.Tag.Get("name"); given != "" {
				name = given
			}
			variable, _, _ := strings.Cut(field.Tag.Get("env"), ",")
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

func TestRun_WrongCommandLineIsStatusTwo(t *testing.T) {
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

func TestRun_RefusesAMisleadingOperator(t *testing.T) {
	t.Parallel()
	for _, actor := range []string{" key:k1", "ada ", "", "ada\u200b", "Zoe\u0308", "a\u202eb"} {
		got := invoke(t, nil, "apikeys", "list", "--organization=00000000-0000-7000-8000-000000000001", "--actor="+actor)
		if got.code != 1 || !strings.Contains(got.stderr, "--actor: ") {
			t.Errorf("--actor=%q: got %+v, want it refused", actor, got)
		}
	}
}

func TestRun_AcceptsDeprecatedNames(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"keys list --organization=00000000-0000-7000-8000-000000000001", // without a database
		"demo --patience=1s --listen=nowhere",
	} {
		got := invoke(t, nil, strings.Fields(line)...)
		if got.code != 1 {
			t.Errorf("engine %s: got %+v, want status 1: the command line is valid", line, got)
		}
	}
}
