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

// queries is the folder of the generated statements, relative to the module.
const queries = "internal/postgres/dbsqlc/"

// guard is a guard that a run can remove: the part of a statement that is cut from the program, the constraints behind
// it in the database, and the rules of which the checker must find at least one broken.
type guard struct {
	file, query        string
	condition, instead string
	database           []string
	rules              []string
}

var guards = map[string]guard{
	"state": {
		file:      queries + "workflow.sql.go",
		query:     "const workflowTransition = ",
		condition: " AND w.state = $",
		instead:   " AND ''::text <> $",
		database: []string{
			`ALTER TABLE workflow_transitions DROP CONSTRAINT workflow_transitions_unbroken`,
			`ALTER TABLE workflow_transitions DROP CONSTRAINT workflow_transitions_edge`,
		},
		rules: []string{history.RulePath, history.RuleOrder},
	},
	"fence": {
		file:      queries + "workflow.sql.go",
		query:     "const workflowTransition = ",
		condition: "AND w.version = coalesce(",
		instead:   "AND 0 < 1 + coalesce(",
		rules:     []string{history.RuleFence, history.RuleRun, history.RuleOrder},
	},
	"limit": {
		file:      queries + "account.sql.go",
		query:     "const accountHold = ",
		condition: "AND a.limit_pico - a.settled_pico - a.held_pico >= ",
		instead:   "AND 0 <= ",
		database:  []string{`ALTER TABLE ai_usage_ledger DROP CONSTRAINT ai_usage_ledger_cap`},
		rules:     []string{history.RuleLimit},
	},
}

// build compiles the engine into the folder, without the named guard.
func build(ctx context.Context, folder, without string) (program string, err error) {
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("find the module (run chaos within it): %w", err)
	}
	program = filepath.Join(folder, "engine")
	args := []string{"build", "-buildvcs=false", "-o", program}
	if without != "" {
		overlay, err := cut(strings.TrimSpace(string(root)), folder, guards[without])
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

// cut writes the generated file without the guard, and an overlay that replaces the original in this build only.
func cut(root, folder string, g guard) (overlay string, err error) {
	original := filepath.Join(root, g.file)
	text, err := os.ReadFile(original)
	if err != nil {
		return "", err
	}
	weak, err := g.cutFrom(string(text))
	if err != nil {
		return "", fmt.Errorf("%s: %w", g.file, err)
	}
	replacement := filepath.Join(folder, "weak.go")
	overlay = filepath.Join(folder, "overlay.json")
	list, err := json.Marshal(map[string]any{"Replace": map[string]string{original: replacement}})
	if err != nil {
		return "", err
	}
	return overlay, errors.Join(os.WriteFile(replacement, []byte(weak), 0o600), os.WriteFile(overlay, list, 0o600))
}

// cutFrom returns the text of a generated file without the guard. It fails unless the guard is there exactly once: else
// the statement has changed, and the run would prove nothing.
func (g guard) cutFrom(text string) (string, error) {
	before, rest, found := strings.Cut(text, g.query)
	if !found {
		return "", fmt.Errorf("there is no %q", g.query)
	}
	statement, after, found := strings.Cut(rest, "\n`\n")
	if !found || strings.Count(statement, g.condition) != 1 {
		return "", fmt.Errorf("%q has no guard %q, or several", g.query, g.condition)
	}
	return before + g.query + strings.Replace(statement, g.condition, g.instead, 1) + "\n`\n" + after, nil
}
