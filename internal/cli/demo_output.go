package cli

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// The types that the demo reads from the API.
type (
	demoPayload struct {
		Workflow   *struct{ ID string }
		UserErrors []struct{ Code, Message string }
	}
	demoWorkflow struct {
		ID          string
		State       string
		Status      string
		Version     int
		IsTerminal  bool
		Activity    struct{ Code, Sentence string }
		Transitions struct {
			Nodes    []demoTransition
			PageInfo struct{ EndCursor string }
		}
		Ledger struct {
			Nodes    []demoEntry
			PageInfo struct{ EndCursor string }
		}
		Spend    struct{ Limit, Settled, Held, Remaining string }
		Keywords struct {
			TotalCount int
			Nodes      []demoKeyword
		}
		Icp *struct {
			Industries, BuyerRoles, PainPoints []string
			ValueProposition, Model, Provider  string
			IsSynthetic                        bool
		}
	}
	demoTransition struct {
		Version                       int
		Kind, From, To, Actor, Reason string
		OccurredAt                    time.Time
	}
	demoEntry struct {
		Sequence                                   int64
		Kind, SettledDelta, HeldDelta              string
		SettledAfter, HeldAfter, LimitAfter, Actor string
		OccurredAt                                 time.Time
	}
	demoKeyword struct {
		ID, Text, Intent, Source, Choice string
		Score                            float64
		IsSynthetic                      bool
	}
)

func (d demoPayload) err() error {
	if len(d.UserErrors) == 0 {
		return nil
	}
	return errors.New(d.UserErrors[0].Message)
}

// demoOutput prints the transitions and ledger entries that it has not printed yet.
type demoOutput struct {
	out              io.Writer
	version, entries string // cursors
	since            time.Time
	sinceVersion     int    // the version of the workflow at since
	reason           string // the last sentence that printWaiting has printed
}

// quietTime is the longest time without a transition before the demo prints the reason.
const quietTime = 3 * time.Second

// printWaiting prints the reason of a workflow that has not moved for quietTime, once for each version and reason.
func (o *demoOutput) printWaiting(flow demoWorkflow, now time.Time) {
	if o.since.IsZero() || flow.Version != o.sinceVersion {
		o.since, o.sinceVersion, o.reason = now, flow.Version, ""
	}
	if flow.IsTerminal || now.Sub(o.since) < quietTime || flow.Activity.Sentence == o.reason {
		return
	}
	o.reason = flow.Activity.Sentence
	fmt.Fprintf(o.out, "              waiting: %s\n", o.reason)
}

// print prints the new journal rows and ledger entries, in the order of their times.
func (o *demoOutput) print(flow demoWorkflow) {
	transitions, entries := flow.Transitions.Nodes, flow.Ledger.Nodes
	for len(transitions) > 0 || len(entries) > 0 {
		if len(entries) == 0 || len(transitions) > 0 && !transitions[0].OccurredAt.After(entries[0].OccurredAt) {
			o.printTransition(transitions[0])
			transitions = transitions[1:]
			continue
		}
		n := len(entries)
		if len(transitions) > 0 {
			n = slices.IndexFunc(entries, func(e demoEntry) bool { return !e.OccurredAt.Before(transitions[0].OccurredAt) })
			if n < 0 {
				n = len(entries)
			}
		}
		o.printEntries(entries[:n])
		entries = entries[n:]
	}
	if c := flow.Transitions.PageInfo.EndCursor; c != "" {
		o.version = c
	}
	if c := flow.Ledger.PageInfo.EndCursor; c != "" {
		o.entries = c
	}
}

func (o *demoOutput) printTransition(t demoTransition) {
	from := t.From
	if from == "" {
		from = "∅"
	}
	because := ""
	if t.Reason != "" {
		because = " — " + t.Reason
	}
	fmt.Fprintf(o.out, "%s  transition %d  %s → %s  (%s by %s%s)\n",
		t.OccurredAt.Local().Format("15:04:05.000"), t.Version, from, t.To, strings.ToLower(t.Kind), t.Actor, because)
}

// entriesAlone is how many ledger entries in a row are printed one by one.
const entriesAlone = 4

// printEntries prints ledger entries in a row; the steps with many calls have too many for a line each.
func (o *demoOutput) printEntries(entries []demoEntry) {
	if len(entries) <= entriesAlone {
		for _, e := range entries {
			o.printEntry(e)
		}
		return
	}
	counts := map[string]int{}
	for _, e := range entries {
		counts[e.Kind]++
	}
	var kinds []string
	for _, kind := range slices.Sorted(maps.Keys(counts)) {
		kinds = append(kinds, fmt.Sprintf("%d %s", counts[kind], kind))
	}
	last := entries[len(entries)-1]
	fmt.Fprintf(o.out, "%s  ledger %d–%d  %s  → settled $%s, held $%s of $%s\n",
		last.OccurredAt.Local().Format("15:04:05.000"), entries[0].Sequence, last.Sequence, strings.Join(kinds, ", "),
		last.SettledAfter, last.HeldAfter, last.LimitAfter)
}

func (o *demoOutput) printEntry(e demoEntry) {
	fmt.Fprintf(o.out, "%s  ledger %d      %s  settled %s  held %s  → settled $%s, held $%s of $%s\n",
		e.OccurredAt.Local().Format("15:04:05.000"), e.Sequence, e.Kind, signed(e.SettledDelta), signed(e.HeldDelta),
		e.SettledAfter, e.HeldAfter, e.LimitAfter)
}

// signed returns an amount with its sign.
func signed(amount string) string {
	if negative, found := strings.CutPrefix(amount, "-"); found {
		return "−$" + negative
	}
	return "+$" + amount
}

// printResult prints the ideal customer profile and the best keywords.
func (o *demoOutput) printResult(flow demoWorkflow) {
	if icp := flow.Icp; icp != nil {
		synthetic := ""
		if icp.IsSynthetic {
			synthetic = ", SYNTHETIC"
		}
		fmt.Fprintf(o.out, "\nIdeal customer profile (%s by %s%s)\n", icp.Model, icp.Provider, synthetic)
		fmt.Fprintf(o.out, "  Industries:         %s\n", strings.Join(icp.Industries, "; "))
		fmt.Fprintf(o.out, "  Buyer roles:        %s\n", strings.Join(icp.BuyerRoles, "; "))
		fmt.Fprintf(o.out, "  Pain points:        %s\n", strings.Join(icp.PainPoints, "; "))
		fmt.Fprintf(o.out, "  Value proposition:  %s\n", icp.ValueProposition)
	}
	o.printKeywords(flow)
}

// printKeywords prints the keywords with the highest scores.
func (o *demoOutput) printKeywords(flow demoWorkflow) {
	if len(flow.Keywords.Nodes) == 0 {
		return
	}
	synthetic := ""
	if flow.Keywords.Nodes[0].IsSynthetic {
		synthetic = ", SYNTHETIC"
	}
	fmt.Fprintf(o.out, "\nSeed keywords: the best %d of %d%s\n",
		len(flow.Keywords.Nodes), flow.Keywords.TotalCount, synthetic)
	table := tabwriter.NewWriter(o.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "  score\tkeyword\tintent\tsource\tchoice")
	for _, k := range flow.Keywords.Nodes {
		fmt.Fprintf(table, "  %.4f\t%s\t%s\t%s\t%s\n", k.Score, k.Text, k.Intent, k.Source, k.Choice)
	}
	_ = table.Flush()
}
