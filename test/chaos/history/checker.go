package history

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/workflow"
)

// checker is a history with indices, and the violations that it has found.
type checker struct {
	History
	found []Violation

	flows     map[uuid.UUID]Flow
	journal   map[uuid.UUID][]Row // by workflow, in order
	rowsOf    map[string][]Row    // by actor
	entriesOf map[uuid.UUID][]cost.Entry
	callsOf   map[string][]Call // by actor
	calls     map[uuid.UUID]Call
}

func newChecker(h History) *checker {
	c := &checker{
		History:   h,
		flows:     map[uuid.UUID]Flow{},
		journal:   map[uuid.UUID][]Row{},
		rowsOf:    map[string][]Row{},
		entriesOf: map[uuid.UUID][]cost.Entry{},
		callsOf:   map[string][]Call{},
		calls:     map[uuid.UUID]Call{},
	}
	for _, f := range h.Flows {
		c.flows[f.ID] = f
	}
	for _, r := range h.Rows {
		c.journal[r.Flow] = append(c.journal[r.Flow], r)
		c.rowsOf[r.Actor] = append(c.rowsOf[r.Actor], r)
	}
	for _, rows := range c.journal {
		slices.SortStableFunc(rows, func(a, b Row) int { return cmp.Compare(a.Version, b.Version) })
	}
	for _, e := range h.Entries {
		c.entriesOf[e.AccountID] = append(c.entriesOf[e.AccountID], e)
	}
	for _, entries := range c.entriesOf {
		slices.SortStableFunc(entries, func(a, b cost.Entry) int { return cmp.Compare(a.Sequence, b.Sequence) })
	}
	for _, call := range h.Calls {
		c.calls[call.ID] = call
		c.callsOf[call.Actor] = append(c.callsOf[call.Actor], call)
	}
	return c
}

func (c *checker) violated(rule, format string, args ...any) {
	c.found = append(c.found, Violation{Rule: rule, Detail: fmt.Sprintf(format, args...)})
}

// journals checks that each journal is one path of the graph, and that its last row is the workflow's state.
func (c *checker) journals() {
	for id := range c.journal {
		if _, there := c.flows[id]; !there {
			c.violated(RulePath, "workflow %s has a journal and no row", id)
		}
	}
	for _, flow := range c.Flows {
		rows := c.journal[flow.ID]
		if len(rows) == 0 {
			c.violated(RulePath, "workflow %s has no journal", flow.ID)
			continue
		}
		previous := Row{Version: -1}
		for _, row := range rows {
			if fault := follows(previous, row); fault != "" {
				c.violated(RulePath, "workflow %s: version %d by %s %s", flow.ID, row.Version, row.Actor, fault)
			}
			previous = row
		}
		if previous.Version != flow.Version || previous.To != flow.State {
			c.violated(RulePath, "workflow %s is %s at version %d, its journal ends with %s at version %d",
				flow.ID, flow.State, flow.Version, previous.To, previous.Version)
		}
	}
}

// follows returns the fault of a row that comes after another one, or "".
func follows(previous, row Row) string {
	switch {
	case row.Version == previous.Version:
		return "exists twice"
	case row.Version != previous.Version+1:
		return fmt.Sprintf("comes after version %d", previous.Version)
	case row.Version == 0:
		if row.From != "" || row.To != workflow.Created {
			return fmt.Sprintf("begins with %s → %s", row.From, row.To)
		}
		return ""
	case previous.To.IsTerminal():
		return "comes after the end, " + string(previous.To)
	case row.From != previous.To:
		return fmt.Sprintf("leaves %s, but the workflow was %s", row.From, previous.To)
	}
	if kind, err := workflow.CheckEdge(row.From, row.To); err != nil || kind != row.Kind {
		return fmt.Sprintf("is %s → %s as %s, which is no edge", row.From, row.To, row.Kind)
	}
	return ""
}

// runs checks that each run has one outcome, and that the run has made it.
func (c *checker) runs() {
	for _, run := range c.Runs {
		rows := c.journal[run.Flow]
		fail := func(format string, args ...any) {
			c.violated(RuleRun, "run %d of workflow %s by %q %s", run.Token, run.Flow, run.Worker,
				fmt.Sprintf(format, args...))
		}
		if run.Token < 0 || run.Token >= len(rows) {
			fail("has no row in the journal")
			continue
		}
		step := rows[run.Token].To.Step()
		if step == nil || rows[run.Token].To != step.Processing {
			fail("began with %s", rows[run.Token].To)
			continue
		}
		if run.Results > 1 {
			fail("has %d results", run.Results)
		}
		if run.Ended == nil || *run.Ended != run.Token+1 || *run.Ended >= len(rows) {
			fail("has no end after quiescence")
			continue
		}
		end := rows[*run.Ended]
		switch {
		case run.Results > 0 && end.To != step.Completed:
			fail("has a result, and ended with %s (%s)", end.To, run.Failure)
		case run.Results > 0 && end.Actor != run.Worker:
			fail("has a result, and was ended by %s", end.Actor)
		case run.Failure != "" && end.To != step.Failed && end.To != workflow.Cancelled:
			fail("failed with %s, and ended with %s", run.Failure, end.To)
		}
	}
}
