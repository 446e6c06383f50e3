package engine

import (
	"bytes"
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// Finding is one thing that does not fit, with the row where it was seen first.
type Finding struct {
	Row  string // such as "workflow_transitions wf_… version 3"
	What string
}

func (f Finding) String() string { return f.Row + ": " + f.What }

// Verify recomputes both journals from their first rows, in Go and not by the functions of the database: the edges, both
// hash chains, and that every current value is what the last row says. It reads one snapshot and changes nothing. Of
// each chain it names the first row that does not fit.
func (e *Engine) Verify(ctx context.Context) ([]Finding, error) {
	a := audit{}
	err := e.store.Snapshot(ctx, func(s *postgres.Store) error {
		a.store = s
		for _, part := range []func(context.Context) error{a.edges, a.journal, a.ledger, a.holds} {
			if err := part(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	return a.findings, nil
}

// chain is a place in one of the hash chains.
type chain struct{ organization, id uuid.UUID }

type audit struct {
	store    *postgres.Store
	findings []Finding
}

func (a *audit) report(row, format string, args ...any) {
	a.findings = append(a.findings, Finding{Row: row, What: fmt.Sprintf(format, args...)})
}

// edges compares the graph of the database with the program's.
func (a *audit) edges(ctx context.Context) error {
	rows, err := a.store.LegalTransitions(ctx, workflow.GraphVersion)
	if err != nil {
		return err
	}
	known := map[workflow.LegalTransition]bool{}
	for _, edge := range workflow.Edges() {
		known[edge] = true
	}
	for _, row := range rows {
		if !known[row] {
			a.report("legal_transitions", "%s → %s (%s) is not in the graph", row.From, row.To, row.Kind)
		}
		delete(known, row)
	}
	for edge := range known {
		a.report("legal_transitions", "%s → %s (%s) is missing", edge.From, edge.To, edge.Kind)
	}
	return nil
}

// journal walks the chains of all workflows and compares the last row of each with the workflow.
func (a *audit) journal(ctx context.Context) error {
	heads := map[chain]postgres.Head{}
	err := a.store.EachHead(ctx, func(h postgres.Head) error {
		heads[chain{h.OrganizationID, h.ID}] = h
		return nil
	})
	if err != nil {
		return err
	}
	var last workflow.Transition
	broken := false
	close := func() {
		key := chain{last.OrganizationID, last.WorkflowID}
		head, there := heads[key]
		delete(heads, key)
		if !broken && there &&
			(head.Version != last.Version || head.State != last.To || !bytes.Equal(head.Hash, last.Hash)) {
			a.report(fmt.Sprintf("intent_workflows wf_%s", head.ID), "it is %s at version %d, its journal ends with %s at %d",
				head.State, head.Version, last.To, last.Version)
		}
	}
	err = a.store.EachTransition(ctx, func(t workflow.Transition) error {
		if t.WorkflowID != last.WorkflowID || t.OrganizationID != last.OrganizationID {
			if last.WorkflowID != uuid.Nil {
				close()
			}
			last, broken = workflow.Transition{OrganizationID: t.OrganizationID, WorkflowID: t.WorkflowID, Version: -1}, false
		}
		if fault := unfit(last, t); fault != "" && !broken {
			broken = true
			a.report(fmt.Sprintf("workflow_transitions wf_%s version %d", t.WorkflowID, t.Version), "%s", fault)
		}
		last = t
		return nil
	})
	if err != nil {
		return err
	}
	if last.WorkflowID != uuid.Nil {
		close()
	}
	for _, head := range heads {
		a.report(fmt.Sprintf("intent_workflows wf_%s", head.ID), "it has no journal")
	}
	return nil
}

// unfit says why a transition does not follow the one before it; "" when it does.
func unfit(last, t workflow.Transition) string {
	switch {
	case t.Version != last.Version+1:
		return fmt.Sprintf("version %d is missing", last.Version+1)
	case t.Version == 0 && (t.From != "" || t.To != workflow.Created || t.Kind != workflow.Create):
		return "a journal begins with CREATED"
	case t.From != last.To:
		return fmt.Sprintf("it leaves %s, the workflow was %s", t.From, last.To)
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

// ledger walks the chains of all accounts and compares the last entry of each with the account.
func (a *audit) ledger(ctx context.Context) error {
	accounts := map[chain]cost.Account{}
	err := a.store.EachAccount(ctx, func(c cost.Account) error {
		accounts[chain{c.OrganizationID, c.ID}] = c
		return nil
	})
	if err != nil {
		return err
	}
	var last cost.Entry
	broken := false
	close := func() {
		key := chain{last.OrganizationID, last.AccountID}
		account, there := accounts[key]
		delete(accounts, key)
		if !broken && there && (account.Sequence != last.Sequence || account.Balance != last.After ||
			!bytes.Equal(account.Hash, last.Hash)) {
			a.report(fmt.Sprintf("usage_accounts %s", account.ID), "its balance is not that of its last entry, %d",
				last.Sequence)
		}
	}
	err = a.store.EachEntry(ctx, func(e cost.Entry) error {
		if e.AccountID != last.AccountID || e.OrganizationID != last.OrganizationID {
			if last.AccountID != uuid.Nil {
				close()
			}
			last, broken = cost.Entry{OrganizationID: e.OrganizationID, AccountID: e.AccountID, Sequence: -1}, false
		}
		if fault := misbooked(last, e); fault != "" && !broken {
			broken = true
			a.report(fmt.Sprintf("ai_usage_ledger account %s entry %d", e.AccountID, e.Sequence), "%s", fault)
		}
		last = e
		return nil
	})
	if err != nil {
		return err
	}
	if last.AccountID != uuid.Nil {
		close()
	}
	for _, account := range accounts {
		a.report(fmt.Sprintf("usage_accounts %s", account.ID), "it has no ledger")
	}
	return nil
}

// misbooked says why an entry does not follow the one before it; "" when it does.
func misbooked(last, e cost.Entry) string {
	switch {
	case e.Sequence != last.Sequence+1:
		return fmt.Sprintf("entry %d is missing", last.Sequence+1)
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

// holds compares what accounts hold with the open calls.
func (a *audit) holds(ctx context.Context) error {
	open, err := a.store.OpenHolds(ctx)
	if err != nil {
		return err
	}
	return a.store.EachAccount(ctx, func(c cost.Account) error {
		if c.Balance.Held != open[c.ID] {
			a.report(fmt.Sprintf("usage_accounts %s", c.ID), "it holds %s, its open calls hold %s", c.Balance.Held, open[c.ID])
		}
		return nil
	})
}
