//go:build unix

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/infin8content/engine/test/chaos/history"
)

// The folders of the cut files, relative to the module.
const (
	queries = "internal/postgres/dbsqlc/"
	engine  = "internal/engine/"
	steps   = "internal/steps/"
)

// The ends of a statement and of a function.
const (
	endOfStatement = "\n`\n"
	endOfFunction  = "\n}\n"
)

// cut is a part of a statement or a function that is replaced.
type cut struct {
	file, begin, end   string
	condition, instead string
}

// guard is a guard that a run can remove: the cuts from the program, the constraints behind it in the database, the
// rounds that need it, and the rules of which the checker must find at least one broken.
type guard struct {
	cuts     []cut
	database []string
	rounds   roundKind
	rules    []string
}

// allCuts returns the cuts of a guard. A program whose database lacks constraints must not look for them at its start.
func (g guard) allCuts() []cut {
	if len(g.database) == 0 {
		return g.cuts
	}
	return append(slices.Clone(g.cuts), cut{
		file:      "internal/audit/catalog.go",
		begin:     "func CheckGuards(",
		end:       endOfFunction,
		condition: "all == 0",
		instead:   "all >= 0",
	})
}

func transitionWithout(condition, instead string) []cut {
	return []cut{{
		file:      queries + "workflow.sql.go",
		begin:     "const workflowTransition = ",
		end:       endOfStatement,
		condition: condition,
		instead:   instead,
	}}
}

var guards = map[string]guard{
	"state": {
		cuts: transitionWithout(" AND w.state = $", " AND ''::text <> $"),
		database: []string{
			`ALTER TABLE workflow_transitions DROP CONSTRAINT workflow_transitions_unbroken`,
			`ALTER TABLE workflow_transitions DROP CONSTRAINT workflow_transitions_edge`,
		},
		rounds: moves,
		rules:  []string{history.RulePath, history.RuleOrder},
	},
	"fence": {
		cuts:   transitionWithout("AND w.version = coalesce(", "AND 0 < 1 + coalesce("),
		rounds: moves,
		rules:  []string{history.RuleFence, history.RuleRun, history.RuleOrder},
	},
	"limit": {
		cuts: []cut{{
			file:      queries + "call_hold.sql.go",
			begin:     "const callHoldCreate = ",
			end:       endOfStatement,
			condition: "a.limit_pico::numeric - a.settled_pico - a.held_pico AS",
			instead:   "9e18 AS",
		}},
		database: []string{`ALTER TABLE ai_usage_ledger DROP CONSTRAINT ai_usage_ledger_cap`},
		rounds:   moves,
		rules:    []string{history.RuleLimit},
	},
	"unit-fence": {
		cuts: append([]cut{{
			file:      engine + "end_unit.go",
			begin:     "func (e *Engine) lockAttempt(",
			end:       endOfFunction,
			condition: " && l.unit.Attempt == unit.Attempt && l.unit.Worker == who.Actor",
		}}, withoutAttempt()...),
		rounds: posts,
		rules:  []string{history.RuleUnit},
	},
	"publish-lookup": {
		cuts: []cut{
			{
				file:      steps + "publisher.go",
				begin:     "func (w *publisher) step(",
				end:       endOfFunction,
				condition: "return w.lookAgain(ctx)",
				instead:   "return w.to(ctx, workflow.PublicationPlanned, workflow.PublicationAbsent)",
			},
			{
				file:      steps + "publisher.go",
				begin:     "func (w *publisher) begin(",
				end:       endOfFunction,
				condition: "w.site.Look(ctx, w.post)",
				instead:   "publish.Sighting{}, error(nil)",
			},
		},
		rounds: posts,
		rules:  []string{history.RulePosted},
	},
}

// withoutAttempt removes the attempt and the worker from all statements about a unit.
func withoutAttempt() (cuts []cut) {
	for _, c := range []struct{ file, query, condition, instead string }{
		{"call.sql.go", "callDispatch", "u.attempt = c.unit_attempt AND ", ""},
		{"call_hold.sql.go", "callHoldCreate", "u.attempt = c.unit_attempt", "0 <> c.unit_attempt"},
		{"publication.sql.go", "publicationMove", "u.attempt = $", "0 <> $"},
		{"publication.sql.go", "publicationMove", "u.worker = $", "''::text <> $"},
		{"step_part.sql.go", "stepPartInsert", "u.attempt = $", "0 <> $"},
		{"step_unit.sql.go", "stepUnitHeartbeat", "u.attempt = $", "0 <> $"},
		{"step_unit.sql.go", "stepUnitHeartbeat", "u.worker = $", "''::text <> $"},
		{"step_unit.sql.go", "stepUnitWatch", "u.attempt = $", "0 <> $"},
		{"step_unit.sql.go", "stepUnitWatch", "u.worker = $", "''::text <> $"},
	} {
		cuts = append(cuts, cut{
			file:      queries + c.file,
			begin:     "const " + c.query + " = ",
			end:       endOfStatement,
			condition: c.condition,
			instead:   c.instead,
		})
	}
	return cuts
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
		overlay, err := overlayOf(strings.TrimSpace(string(root)), folder, guards[without].allCuts())
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

// overlayOf writes the files without a guard, and an overlay that replaces the originals in this build only.
func overlayOf(root, folder string, cuts []cut) (overlay string, err error) {
	weak := map[string]string{} // texts by original file
	for _, c := range cuts {
		original := filepath.Join(root, c.file)
		if _, there := weak[original]; !there {
			text, err := os.ReadFile(original)
			if err != nil {
				return "", err
			}
			weak[original] = string(text)
		}
		if weak[original], err = c.from(weak[original]); err != nil {
			return "", fmt.Errorf("%s: %w", c.file, err)
		}
	}
	replace := map[string]string{}
	for original, text := range weak {
		replacement := filepath.Join(folder, fmt.Sprintf("weak%d.go", len(replace)))
		if err := os.WriteFile(replacement, []byte(text), 0o600); err != nil {
			return "", err
		}
		replace[original] = replacement
	}
	overlay = filepath.Join(folder, "overlay.json")
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	return overlay, os.WriteFile(overlay, list, 0o600)
}

// from returns the text of a file with the cut. It fails unless the condition is there exactly once: else the statement
// has changed, and the run would prove nothing.
func (c cut) from(text string) (string, error) {
	before, rest, found := strings.Cut(text, c.begin)
	if !found {
		return "", fmt.Errorf("there is no %q", c.begin)
	}
	part, after, found := strings.Cut(rest, c.end)
	if !found || strings.Count(part, c.condition) != 1 {
		return "", fmt.Errorf("%q has no guard %q, or several", c.begin, c.condition)
	}
	return before + c.begin + strings.Replace(part, c.condition, c.instead, 1) + c.end + after, nil
}
