package audit

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// Verify computes both journals again from their first rows, in Go and not with the functions of the database. It
// checks the edges, both hash chains, that every current value equals the last row, that the ledger and the calls
// agree, and that every alert exists. It compares every table with the tables that explain it, and the guards of the
// database with those of the migrations. It reads one snapshot and writes nothing. Of each chain it names the first
// wrong row.
func (a *Auditor) Verify(ctx context.Context) (findings []Finding, err error) {
	err = a.verify(ctx, func(*postgres.Store) error { return nil }, &findings)
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	return findings, nil
}

// verify adds what Verify finds to findings, and then calls more in the same snapshot.
func (a *Auditor) verify(ctx context.Context, more func(*postgres.Store) error, findings *[]Finding) error {
	v := &verification{due: map[due]int64{}, rows: &atomic.Int64{}}
	return a.store.Snapshot(ctx, func(s *postgres.Store) error {
		v.store = s
		parts := append([]part{{KindGraph, v.edges}}, v.ofTenants()...)
		parts = append(parts, part{KindCatalog, v.migrations}, part{KindCatalog, v.catalog})
		if err := v.run(ctx, parts); err != nil {
			return err
		}
		*findings = append(*findings, v.findings...)
		return more(s)
	})
}

type verification struct {
	store *postgres.Store
	kind  Kind
	// rows counts the rows that the parts have read.
	rows *atomic.Int64
	// findings are at most the first ones of found; most is 0 for all.
	findings    []Finding
	found, most int
	// due are the alerts that the ledger's entries must have caused, with the first entry of each.
	due     map[due]int64
	limited limited
	prices  priceHistory
}

func (v *verification) report(row, format string, args ...any) {
	if v.found++; v.most > 0 && v.found > v.most {
		return
	}
	v.findings = append(v.findings, Finding{Kind: v.kind, Row: row, What: fmt.Sprintf(format, args...)})
}

// edges compares the graph of the database with the program's.
func (v *verification) edges(ctx context.Context) error {
	rows, err := v.store.LegalTransitions(ctx, workflow.GraphVersion)
	if err != nil {
		return err
	}
	known := workflow.Edges()
	for _, row := range rows {
		if !slices.Contains(known, row) {
			v.report("legal_transitions", "%s → %s (%s) is not in the graph", row.From, row.To, row.Kind)
		}
	}
	for _, edge := range known {
		if !slices.Contains(rows, edge) {
			v.report("legal_transitions", "%s → %s (%s) is missing", edge.From, edge.To, edge.Kind)
		}
	}
	return v.moves(ctx)
}

// moves compares the moves of units and of publications in the database with the program's.
func (v *verification) moves(ctx context.Context) error {
	units, err := v.store.LegalUnitMoves(ctx)
	if err != nil {
		return err
	}
	compareMoves(v, "legal_unit_moves", units, workflow.UnitEdges())
	publications, err := v.store.LegalPublicationMoves(ctx)
	if err != nil {
		return err
	}
	compareMoves(v, "legal_publication_moves", publications, workflow.PublicationEdges())
	return nil
}

// compareMoves reports the edges that only one of two lists has.
func compareMoves[Edge comparable](v *verification, table string, rows, known []Edge) {
	for _, row := range rows {
		if !slices.Contains(known, row) {
			v.report(table, "%v is no move of the program", row)
		}
	}
	for _, edge := range known {
		if !slices.Contains(rows, edge) {
			v.report(table, "%v is missing", edge)
		}
	}
}

// chain names one of the hash chains: a workflow's or an account's.
type chain struct{ organization, id uuid.UUID }

// chains are all chains of one journal.
type chains[Row, Head any] struct {
	// heads are the current values, which the last rows must explain.
	heads map[chain]Head
	// of returns the chain of a row, and beginning the predecessor of its first row.
	of        func(Row) chain
	beginning func(chain) Row
	// unfit returns the fault of a row after its predecessor, and drift the difference of a current value from the
	// last row; "" for none.
	unfit func(before, row Row) string
	drift func(head Head, last Row) string
	// rowName and headName are the names in findings.
	rowName  func(Row) string
	headName func(chain) string
}

// follow walks all chains, each reading the rows in the order of their chains.
func (c chains[Row, Head]) follow(v *verification, each func(visit func(Row) error) error) error {
	var (
		at     chain
		last   Row
		broken bool
	)
	end := func() {
		head, there := c.heads[at]
		delete(c.heads, at)
		switch {
		case at == chain{} || broken:
		case !there:
			v.report(c.headName(at), "it is not there, its journal is")
		default:
			if drift := c.drift(head, last); drift != "" {
				v.report(c.headName(at), "%s", drift)
			}
		}
	}
	err := each(func(row Row) error {
		v.rows.Add(1)
		if next := c.of(row); next != at {
			end()
			at, last, broken = next, c.beginning(next), false
		}
		if fault := c.unfit(last, row); fault != "" && !broken {
			broken = true
			v.report(c.rowName(row), "%s", fault)
		}
		last = row
		return nil
	})
	if err != nil {
		return err
	}
	end()
	for left := range c.heads {
		v.report(c.headName(left), "it has no journal")
	}
	return nil
}

// journal walks the chains of all workflows.
func (v *verification) journal(ctx context.Context) error {
	c := chains[workflow.Transition, postgres.Head]{
		heads: map[chain]postgres.Head{},
		of:    func(t workflow.Transition) chain { return chain{t.OrganizationID, t.WorkflowID} },
		beginning: func(chain) workflow.Transition {
			return workflow.Transition{Version: -1, GraphVersion: workflow.GraphVersion}
		},
		unfit: unfit,
		drift: func(h postgres.Head, last workflow.Transition) string {
			if h.Version == last.Version && h.State == last.To && h.GraphVersion == last.GraphVersion &&
				bytes.Equal(h.Hash, last.Hash) {
				return ""
			}
			return fmt.Sprintf("it is %s at version %d, its journal ends with %s at %d",
				h.State, h.Version, last.To, last.Version)
		},
		rowName: func(t workflow.Transition) string {
			return fmt.Sprintf("workflow_transitions wf_%s version %d", t.WorkflowID, t.Version)
		},
		headName: func(c chain) string { return fmt.Sprintf("intent_workflows wf_%s", c.id) },
	}
	err := v.store.EachHead(ctx, func(h postgres.Head) error {
		v.rows.Add(1)
		c.heads[chain{h.OrganizationID, h.ID}] = h
		return nil
	})
	if err != nil {
		return err
	}
	return c.follow(v, func(visit func(workflow.Transition) error) error { return v.store.EachTransition(ctx, visit) })
}

// unfit returns the fault of a transition after its predecessor; "" for none.
func unfit(last, t workflow.Transition) string {
	switch {
	case t.Version != last.Version+1:
		return fmt.Sprintf("version %d is missing", last.Version+1)
	case t.Version == 0 && (t.From != "" || t.To != workflow.Created || t.Kind != workflow.Create):
		return "a journal begins with CREATED"
	case t.From != last.To:
		return fmt.Sprintf("it leaves %s, the workflow was %s", t.From, last.To)
	case t.GraphVersion != last.GraphVersion:
		return fmt.Sprintf("it is of version %d of the graph, the workflow of %d", t.GraphVersion, last.GraphVersion)
	case !bytes.Equal(t.PreviousHash, last.Hash):
		return "its previous hash is not the hash of the row before"
	case !bytes.Equal(t.ComputeHash(), t.Hash):
		return "its hash is not the hash of its content"
	}
	if t.Version == 0 {
		return ""
	}
	if kind, err := workflow.CheckEdge(t.From, t.To); err != nil || kind != t.Kind {
		return fmt.Sprintf("%s → %s (%s) is no edge of the graph", t.From, t.To, t.Kind)
	}
	return ""
}

// ledger walks the chains of all accounts.
func (v *verification) ledger(ctx context.Context) error {
	c := chains[cost.Entry, cost.Account]{
		heads:     map[chain]cost.Account{},
		of:        func(e cost.Entry) chain { return chain{e.OrganizationID, e.AccountID} },
		beginning: func(chain) cost.Entry { return cost.Entry{Sequence: -1} },
		unfit:     misbooked,
		drift: func(account cost.Account, last cost.Entry) string {
			if account.Sequence == last.Sequence && account.Balance == last.After && bytes.Equal(account.Hash, last.Hash) {
				return ""
			}
			return fmt.Sprintf("its balance is not that of its last entry, %d", last.Sequence)
		},
		rowName: func(e cost.Entry) string {
			return fmt.Sprintf("ai_usage_ledger account %s entry %d", e.AccountID, e.Sequence)
		},
		headName: func(c chain) string { return fmt.Sprintf("usage_accounts %s", c.id) },
	}
	err := v.store.EachAccount(ctx, func(account cost.Account) error {
		v.rows.Add(1)
		c.heads[chain{account.OrganizationID, account.ID}] = account
		return nil
	})
	if err != nil {
		return err
	}
	return c.follow(v, func(visit func(cost.Entry) error) error {
		return v.store.EachEntry(ctx, func(e cost.Entry) error {
			v.expect(e)
			return visit(e)
		})
	})
}

// misbooked returns the fault of an entry after its predecessor; "" for none.
func misbooked(last, e cost.Entry) string {
	switch {
	case e.Sequence != last.Sequence+1:
		return fmt.Sprintf("entry %d is missing", last.Sequence+1)
	case (e.Sequence == 0) != (e.Kind == cost.EntryOpen):
		return "a ledger begins with OPEN, and has no other"
	case e.Before != last.After:
		return "it begins with another balance than the entry before ended with"
	case !bytes.Equal(e.PreviousHash, last.Hash):
		return "its previous hash is not the hash of the entry before"
	case !bytes.Equal(e.ComputeHash(), e.Hash):
		return "its hash is not the hash of its content"
	}
	if err := e.Check(); err != nil {
		return err.Error()
	}
	return ""
}

// calls compares every call with the ledger. If both chains are valid, an account then holds the holds of its open
// calls, and has settled the costs of its calls.
func (v *verification) calls(ctx context.Context) error {
	if err := v.readPrices(ctx); err != nil {
		return err
	}
	err := v.store.EachCall(ctx, func(b postgres.Booked) error {
		v.rows.Add(1)
		fault := cmp.Or(unbooked(b), misdated(b), v.prices.misestimated(b.Call), v.prices.mispriced(b.Call))
		if fault != "" {
			v.report(fmt.Sprintf("ai_calls call_%s", b.Call.ID), "%s", fault)
		}
		return nil
	})
	if err != nil {
		return err
	}
	strays, err := v.store.StrayEntries(ctx)
	for _, e := range strays {
		v.report(fmt.Sprintf("ai_calls call_%s", e.CallID), "it is not there, entry %d of account %s is of it",
			e.Sequence, e.AccountID)
	}
	return err
}

// event is an entry of a call in one account, apart from adjustments.
type event struct {
	kind    cost.EntryKind
	delta   cost.Delta
	overage bool
}

// events returns the entries that a call must have in each of its two accounts.
func events(c postgres.Call) []event {
	var billed cost.Pico
	if c.Cost != nil {
		billed = *c.Cost
	}
	if c.Recorded {
		return []event{{kind: cost.EntryRecord, delta: cost.Delta{Settled: billed}}}
	}
	all := []event{{kind: cost.EntryReserve, delta: cost.Delta{Held: c.Hold}}}
	switch c.State {
	case cost.CallSettled:
		all = append(all, event{cost.EntrySettle, cost.Delta{Settled: billed, Held: -c.Hold}, c.Overage})
	case cost.CallReleased:
		all = append(all, event{cost.EntryRelease, cost.Delta{Held: -c.Hold}, false})
	case cost.CallAssumed:
		all = append(all, event{cost.EntryAssume, cost.Delta{Settled: c.Hold, Held: -c.Hold}, false})
	}
	return all
}

// unbooked returns the difference between a call and the ledger; "" for none.
func unbooked(b postgres.Booked) string {
	booked, adjusted := map[uuid.UUID][]event{}, map[uuid.UUID]cost.Pico{}
	for _, e := range b.Entries {
		switch {
		case e.AccountID != b.Call.WorkflowID && e.AccountID != b.Call.MonthID:
			return fmt.Sprintf("entry %d of account %s is of it, which does not pay for it", e.Sequence, e.AccountID)
		case e.Kind == cost.EntryAdjust:
			adjusted[e.AccountID] += e.Delta.Settled
		default:
			// Whether a recorded call went beyond a limit is each account's own affair.
			over := e.Overage && e.Kind != cost.EntryRecord
			booked[e.AccountID] = append(booked[e.AccountID], event{e.Kind, e.Delta, over})
		}
	}
	for _, account := range []uuid.UUID{b.Call.WorkflowID, b.Call.MonthID} {
		if !slices.Equal(booked[account], events(b.Call)) {
			return fmt.Sprintf("it is %s and holds %s, account %s says %s",
				b.Call.State, b.Call.Hold, account, describe(booked[account]))
		}
	}
	if adjusted[b.Call.WorkflowID] != adjusted[b.Call.MonthID] {
		return fmt.Sprintf("it was adjusted by %s for the workflow and by %s for the month",
			adjusted[b.Call.WorkflowID], adjusted[b.Call.MonthID])
	}
	if len(adjusted) > 0 && b.Call.State.Open() {
		return "it was adjusted before it ended"
	}
	return ""
}

// describe lists events for a finding.
func describe(all []event) string {
	if len(all) == 0 {
		return "nothing"
	}
	texts := make([]string, len(all))
	for i, e := range all {
		texts[i] = fmt.Sprintf("%s (settled %s, held %s)", e.kind, e.delta.Settled, e.delta.Held)
	}
	return strings.Join(texts, ", ")
}
