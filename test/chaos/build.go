//go:build unix

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/infin8content/engine/test/chaos/history"
)

// queries is where the program's statements are, seen from the folder of the module.
const queries = "internal/postgres/dbsqlc/"

// weakness is a guard that a run goes without: the piece of a statement that is cut from the program, what stands
// behind it in the database, and the rules one of which the checker must find broken.
type weakness struct {
	file, query    string
	guard, instead string
	database       []string
	rules          []string
}

var weaknesses = map[string]weakness{
	"state": {
		file: queries + "workflow.sql.go", query: "const workflowTransition = ",
		guard: " AND w.state = $", instead: " AND ''::text <> $",
		database: []string{
			`ALTER TABLE workflow_transitions DROP CONSTRAINT workflow_transitions_unbroken`,
			`ALTER TABLE workflow_transitions DROP CONSTRAINT workflow_transitions_edge`,
		},
		rules: []string{history.RulePath, history.RuleOrder},
	},
	"fence": {
		file: queries + "workflow.sql.go", query: "const workflowTransition = ",
		guard: "AND w.version = coalesce(", instead: "AND 0 < 1 + coalesce(",
		rules: []string{history.RuleFence, history.RuleRun, history.RuleOrder},
	},
	"limit": {
		file: queries + "account.sql.go", query: "const accountHold = ",
		guard: "AND a.limit_pico - a.settled_pico - a.held_pico >= ", instead: "AND 0 <= ",
		database: []string{`ALTER TABLE ai_usage_ledger DROP CONSTRAINT ai_usage_ledger_cap`},
		rules:    []string{history.RuleLimit},
	},
}

// build compiles the engine into the folder, without a guard if one is named.
func build(ctx context.Context, folder, without string) (program string, err error) {
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("find the module (chaos is run within it): %w", err)
	}
	program = filepath.Join(folder, "engine")
	args := []string{"build", "-buildvcs=false", "-o", program}
	if without != "" {
		overlay, err := cut(strings.TrimSpace(string(root)), folder, weaknesses[without])
		if err != nil {
			return "", err
		}
		args = append(args, "-overlay", overlay)
	}
	command := exec.CommandContext(ctx, "go", append(args, ".")...)
	command.Dir = strings.TrimSpace(string(root))
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the engine: %w\n%s", err, output)
	}
	return program, nil
}

// cut writes the generated file without the guard, and the overlay that puts it into the place of the one that is
// there. The program that everybody else builds knows nothing of it.
func cut(root, folder string, w weakness) (overlay string, err error) {
	original := filepath.Join(root, w.file)
	text, err := os.ReadFile(original)
	if err != nil {
		return "", err
	}
	weak, err := w.cutFrom(string(text))
	if err != nil {
		return "", fmt.Errorf("%s: %w", w.file, err)
	}
	replacement := filepath.Join(folder, "weak.go")
	overlay = filepath.Join(folder, "overlay.json")
	list, err := json.Marshal(map[string]any{"Replace": map[string]string{original: replacement}})
	if err != nil {
		return "", err
	}
	return overlay, errors.Join(os.WriteFile(replacement, []byte(weak), 0o600), os.WriteFile(overlay, list, 0o600))
}

// cutFrom returns the text of a generated file without the guard. A guard that is not there once is a mistake here: the
// statement has changed, and the run would prove nothing.
func (w weakness) cutFrom(text string) (string, error) {
	before, rest, found := strings.Cut(text, w.query)
	if !found {
		return "", fmt.Errorf("there is no %q", w.query)
	}
	statement, after, found := strings.Cut(rest, "\n`\n")
	if !found || strings.Count(statement, w.guard) != 1 {
		return "", fmt.Errorf("%q has no guard %q, or several", w.query, w.guard)
	}
	return before + w.query + strings.Replace(statement, w.guard, w.instead, 1) + "\n`\n" + after, nil
}
