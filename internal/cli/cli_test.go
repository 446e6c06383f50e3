package cli_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/infin8content/engine/internal/cli"
	"github.com/infin8content/engine/internal/testdb"
)

const (
	authSecret  = "signs the tokens of the tests, with 32 bytes or more"
	providerKey = "pays-for-the-models-of-the-tests"
	// timeout is the longest time that a command may take.
	timeout = 30 * time.Second
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
