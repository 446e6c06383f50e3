package e2e

import (
	"context"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/server"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// addArticle makes calls for an article of a new workflow: one that ends, one that is corrected and one that is open.
func (w world) addArticle(t *testing.T) uuid.UUID {
	t.Helper()
	ctx := context.Background()
	e, err := server.NewEngine(server.EngineOptions{
		Store:  w.db.Store(),
		Limits: server.Limits{Workflow: 5 * cost.Dollar, Month: 25 * cost.Dollar},
	})
	if err != nil {
		t.Fatal(err)
	}
	flow := testdb.Workflow(t, w.db, w.who, testdb.WorkflowOpts{State: workflow.ArticleProcessing, Limit: 5 * cost.Dollar})
	article := testdb.Article(t, w.db, w.who, flow.ID, cost.Dollar)
	for i := range 3 {
		hold, billed := cost.Dollar/10, cost.Dollar/20
		made, err := e.Reserve(ctx, w.who, engine.ReserveInput{WorkflowID: flow.ID, ArticleID: &article, Amount: &hold})
		if err != nil {
			t.Fatal(err)
		}
		if i == 2 {
			break
		}
		_, err = e.Settle(ctx, w.who, engine.SettleInput{CallID: made.Call.ID, Model: "m", Cost: &billed})
		if err != nil {
			t.Fatal(err)
		}
		if i == 1 && err == nil {
			_, err = e.Adjust(ctx, w.who, engine.AdjustInput{
				AccountID: flow.ID,
				Sequence:  4, // OPEN, and RESERVE and SETTLE of two calls
				Cost:      cost.Dollar / 40,
				Reason:    "billed twice",
			})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return article
}

// recompute runs docs/recompute.py.
func recompute(t *testing.T, input string, args ...string) (code int, output string) {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("there is no python3")
	}
	run := exec.CommandContext(t.Context(), python, append([]string{"../../docs/recompute.py"}, args...)...)
	run.Stdin = strings.NewReader(input)
	said, err := run.CombinedOutput()
	if run.ProcessState == nil {
		t.Fatal(err)
	}
	return run.ProcessState.ExitCode(), string(said)
}

// without returns a file without the lines that have a text.
func without(file, text string) string {
	var kept strings.Builder
	for line := range strings.Lines(file) {
		if !strings.Contains(line, text) {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

func TestRecompute_AddsUpTheBudgetsOfArticles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.addHistory(t)
	article := w.addArticle(t).String()
	records := w.exported(t, "records", "--format", "ndjson")
	// The organization goes on working between the two files.
	later := w.addArticle(t).String()
	ledger := w.exported(t, "ledger", "--format", "ndjson")
	if !strings.Contains(ledger, later) || strings.Contains(records, later) {
		t.Fatal("the later article is not in the ledger alone")
	}
	lines := strings.Split(strings.TrimSuffix(ledger, "\n"), "\n")
	budget := `"table":"article_budgets"`
	between := balancesBefore(records, w.exported(t, "records", "--format", "ndjson"))
	for name, c := range map[string]struct {
		input string
		code  int
		says  string
	}{
		"booked between two pages": {between + ledger, 0, ", 0 do not fit"},

		"whole":           {records + ledger, 0, " records with 1 budgets, 0 do not fit"},
		"other order":     {ledger + records, 0, ", 0 do not fit"},
		"changed settled": {swap(t, records, budget, `"settled_pico":"75`, `"settled_pico":"76`) + ledger, 1, article},
		"changed held":    {swap(t, records, budget, `"held_pico":"1`, `"held_pico":"2`) + ledger, 1, article},
		"changed balance": {
			swap(t, records, `"usage_accounts"`, `"settled_pico":"`, `"settled_pico":"1`) + ledger, 1, "usage_accounts",
		},
		"above its cap": {
			swap(t, records, budget, `"cap_pico":"1000000000000"`, `"cap_pico":"1"`) + ledger, 1, "above its cap of 1",
		},
		"another article": {
			records + strings.ReplaceAll(ledger, article, uuid.NewString()), 1, "it is missing, and its calls",
		},
		"missing budget":    {fewer(t, records, budget) + ledger, 1, article + ": it is missing"},
		"cut ledger":        {records + strings.Join(lines[:len(lines)/2], "\n") + "\n", 1, "its ledger ends before entry"},
		"missing record":    {without(records, budget) + ledger, 2, "their last line promises"},
		"missing last line": {without(records, `"table":"records"`) + ledger, 2, "their last line is missing"},
		"cut line":          {records[:len(records)-1], 2, "the last line is cut"},
		"empty":             {"", 2, "there are no rows"},
		"no form":           {"[]\n", 2, "no JSON object"},
	} {
		if code, said := recompute(t, c.input, "--part"); code != c.code || !strings.Contains(said, c.says) {
			t.Errorf("%s: got %d %s, want %d and %q", name, code, said, c.code, c.says)
		}
	}
}

// balancesBefore returns the later records with the balances of the earlier ones, as when calls are booked between the
// two pages.
func balancesBefore(earlier, later string) string {
	balances := map[string]string{}
	id := regexp.MustCompile(`"id":"[^"]*"`)
	for line := range strings.Lines(earlier) {
		if strings.Contains(line, `"usage_accounts"`) {
			balances[id.FindString(line)] = line
		}
	}
	var out strings.Builder
	for line := range strings.Lines(later) {
		if before := balances[id.FindString(line)]; before != "" && strings.Contains(line, `"usage_accounts"`) {
			line = before
		}
		out.WriteString(line)
	}
	return out.String()
}

// swap replaces a text in the lines that have another one.
func swap(t *testing.T, file, in, old, text string) string {
	t.Helper()
	var out strings.Builder
	for line := range strings.Lines(file) {
		if strings.Contains(line, in) {
			line = strings.Replace(line, old, text, 1)
		}
		out.WriteString(line)
	}
	if out.String() == file {
		t.Fatalf("%s is not in a line with %s", old, in)
	}
	return out.String()
}

// fewer removes the one record with a text and counts the rest anew, as a forger does.
func fewer(t *testing.T, records, text string) string {
	t.Helper()
	count, rows := strings.Count(records, "\n")-1, `"rows":`
	return swap(t, without(records, text), `"table":"records"`, rows+strconv.Itoa(count), rows+strconv.Itoa(count-1))
}

func TestRecompute_ReadsTheWholeDatabase(t *testing.T) {
	t.Parallel()
	psql, err := exec.LookPath("psql")
	if err != nil {
		t.Skip("there is no psql")
	}
	for change, says := range map[string]string{
		"": "with 1 budgets, 0 do not fit",
		`UPDATE article_budgets SET settled_pico = settled_pico - 1`: "it has settled",
		`DELETE FROM article_budgets`:                                "it is missing, and its calls are there",
		`UPDATE ai_calls SET article_id = NULL`:                      "its calls give 0",
		`UPDATE usage_accounts SET held_pico = held_pico + 1`:        "it has held",
	} {
		t.Run(change, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			article, want := w.addArticle(t).String(), 0
			if change != "" {
				want = 1
				_, err := w.db.Super.Exec(context.Background(), `ALTER TABLE article_budgets DISABLE TRIGGER ALL;
					ALTER TABLE ai_calls DISABLE TRIGGER ALL; ALTER TABLE usage_accounts DISABLE TRIGGER ALL; `+change)
				if err != nil {
					t.Fatal(err)
				}
			}
			list, err := exec.CommandContext(t.Context(), psql, w.db.URL, "-XAt", "-f", "../../docs/recompute.sql").Output()
			if err != nil {
				t.Fatal(err)
			}
			code, said := recompute(t, string(list))
			if code != want || !strings.Contains(said, says) {
				t.Errorf("got %d %s, want %d and %q", code, said, want, says)
			}
			if names := strings.Contains(said, article); names != strings.Contains(change, "article") {
				t.Errorf("it names the article: %t: %s", names, said)
			}
			if code, said := recompute(t, without(string(list), `"article_budgets"`)); change == "" && code != 2 {
				t.Errorf("a missing line: got %d %s, want 2", code, said)
			}
		})
	}
}
