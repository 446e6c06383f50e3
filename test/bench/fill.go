package main

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

const (
	// organizations is the number of organizations that share the first workflows.
	organizations = 10
	// journalRows is the number of transitions of each workflow.
	journalRows = 30
	// planted is the number of workflows in one transaction.
	planted = 1000
)

// The kinds of numbered ids, which are the fourth group of a UUID. pgbench builds the ids from a number.
const (
	flowIDs         = "8000"
	organizationIDs = "9000"
	payerIDs        = "a000" // organizations that only reserve and settle
	monthIDs        = "b000"
)

// numbered returns the id of a kind with a number.
func numbered(kind string, n int) uuid.UUID {
	return uuid.MustParse(fmt.Sprintf("00000000-0000-7000-%s-%012d", kind, n))
}

// adminOf returns an administrator of a numbered organization.
func adminOf(kind string, n int) caller.Caller {
	return caller.Caller{Actor: "bench", OrganizationID: numbered(kind, n), Role: caller.Admin}
}

// path is the states of the planted workflows: to the review of the seeds, then back and forth.
var path = func() []workflow.State {
	states := []workflow.State{
		workflow.Created, workflow.ICPPending, workflow.ICPProcessing, workflow.ICPCompleted,
		workflow.CompetitorPending, workflow.CompetitorProcessing, workflow.CompetitorCompleted,
	}
	for len(states) < journalRows {
		states = append(states, workflow.SeedReviewPending)
		if len(states) < journalRows {
			states = append(states, workflow.SeedReviewCompleted)
		}
	}
	return states
}()

// fill writes organizations and workflows for all parts. Workflow n belongs to organization n % organizations.
func (b *bench) fill() error {
	for n := range organizations {
		if err := b.createOrganization(adminOf(organizationIDs, n)); err != nil {
			return err
		}
	}
	return b.plantAll(0, b.workflows, ownerOf, journalRows)
}

// ownerOf returns the organization of a numbered workflow.
func ownerOf(flow int) uuid.UUID { return numbered(organizationIDs, flow%organizations) }

// createOrganization writes an organization with a limit that no part reaches.
func (b *bench) createOrganization(who caller.Caller) error {
	return postgres.New(b.owner).CreateOrganization(b.ctx, who, postgres.Organization{
		ID:            who.OrganizationID,
		TimeZone:      "UTC",
		WorkflowLimit: cost.Limit(riches),
		MonthLimit:    cost.Limit(riches),
		CreatedAt:     b.began.UTC(),
	})
}

// riches is a limit that no part reaches.
const riches = 1_000_000 * cost.Dollar

// plantAll writes workflows with their journals, two transactions side by side.
func (b *bench) plantAll(from, to int, owner func(n int) uuid.UUID, rows int) error {
	group, ctx := errgroup.WithContext(b.ctx)
	group.SetLimit(2)
	for first := from; first < to; first += planted {
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			var flows []plant
			for n := first; n < min(first+planted, to); n++ {
				at := b.began.UTC().Truncate(time.Second).Add(-40*24*time.Hour + time.Duration(n)*time.Millisecond)
				flows = append(flows, grow(owner(n), numbered(flowIDs, n), at, rows))
			}
			return b.plant(ctx, flows)
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	_, err := b.owner.Exec(b.ctx, "VACUUM ANALYZE")
	return err
}

// plant is a workflow with its journal, its runs and the first entry of its account.
type plant struct {
	journal []workflow.Transition
	opened  cost.Entry
}

// grow computes the rows that the engine would have written, including the hash chains.
func grow(organization, id uuid.UUID, at time.Time, rows int) plant {
	p := plant{journal: make([]workflow.Transition, rows)}
	var previous []byte
	for version := range p.journal {
		t := workflow.Transition{
			OrganizationID: organization,
			WorkflowID:     id,
			Version:        version,
			GraphVersion:   workflow.GraphVersion,
			Kind:           workflow.Create,
			To:             path[version],
			Actor:          "bench",
			At:             at.Add(time.Duration(version) * time.Minute),
			PreviousHash:   previous,
		}
		if version > 0 {
			t.From = path[version-1]
			t.Kind, _ = workflow.CheckEdge(t.From, t.To)
		}
		t.Hash = t.ComputeHash()
		previous, p.journal[version] = t.Hash, t
	}
	limit := cost.Balance{Limit: cost.Limit(riches)}
	p.opened = cost.Entry{
		OrganizationID: organization,
		AccountID:      id,
		Kind:           cost.EntryOpen,
		After:          limit,
		Delta:          cost.Delta{Limit: cost.Limit(riches)},
		Actor:          "bench",
		At:             at,
	}
	p.opened.Hash = p.opened.ComputeHash()
	return p
}

// plant writes workflows in one transaction. PostgreSQL does not check foreign keys, which would take hours for thirty
// million rows. It evaluates CHECK constraints, including hashes, and the triggers that are always on. `engine verify`
// proves the rest.
func (b *bench) plant(ctx context.Context, flows []plant) error {
	return pgx.BeginFunc(ctx, b.owner, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET LOCAL session_replication_role = replica"); err != nil {
			return err
		}
		for _, rowsOf := range []func([]plant) copied{flowRows, journalRowsOf, runRows, accountRows, entryRows} {
			c := rowsOf(flows)
			if _, err := tx.CopyFrom(ctx, pgx.Identifier{c.table}, c.columns, pgx.CopyFromRows(c.rows)); err != nil {
				return fmt.Errorf("copy into %s: %w", c.table, err)
			}
		}
		return nil
	})
}

// copied is rows of a table.
type copied struct {
	table   string
	columns []string
	rows    [][]any
}

func flowRows(flows []plant) copied {
	c := copied{table: "intent_workflows", columns: []string{
		"organization_id", "id", "name", "company_name", "company_url", "graph_version", "version", "state",
		"previous_hash", "hash", "created_by", "created_at", "updated_at",
	}}
	for _, p := range flows {
		last := p.journal[len(p.journal)-1]
		c.rows = append(c.rows, []any{
			last.OrganizationID, last.WorkflowID, "Workflow " + last.WorkflowID.String()[24:], "Example",
			"https://example.com", last.GraphVersion, last.Version, string(last.To), bytesOf(last.PreviousHash), last.Hash,
			last.Actor, p.journal[0].At, last.At,
		})
	}
	return c
}

func journalRowsOf(flows []plant) copied {
	c := copied{table: "workflow_transitions", columns: []string{
		"organization_id", "workflow_id", "version", "graph_version", "kind", "from_state", "to_state", "actor", "reason",
		"occurred_at", "previous_hash", "hash",
	}}
	for _, p := range flows {
		for _, t := range p.journal {
			var from any
			if t.From != "" {
				from = string(t.From)
			}
			c.rows = append(c.rows, []any{
				t.OrganizationID, t.WorkflowID, t.Version, t.GraphVersion, string(t.Kind), from, string(t.To), t.Actor,
				t.Reason, t.At, bytesOf(t.PreviousHash), t.Hash,
			})
		}
	}
	return c
}

func runRows(flows []plant) copied {
	c := copied{table: "workflow_runs", columns: []string{
		"organization_id", "workflow_id", "token", "graph_version", "state", "hash", "step", "worker", "attempt",
		"started_at", "lease_expires_at", "ended_version", "ended_at",
	}}
	for _, p := range flows {
		for _, t := range p.journal {
			step := t.To.Step()
			if step == nil || t.To != step.Processing {
				continue
			}
			c.rows = append(c.rows, []any{
				t.OrganizationID, t.WorkflowID, t.Version, t.GraphVersion, string(t.To), t.Hash, string(step.Key), "bench",
				1, t.At, t.At.Add(time.Hour), t.Version + 1, p.journal[t.Version+1].At,
			})
		}
	}
	return c
}

func accountRows(flows []plant) copied {
	c := copied{table: "usage_accounts", columns: []string{
		"organization_id", "id", "kind", "sequence", "settled_pico", "held_pico", "limit_pico", "stopped", "previous_hash",
		"hash",
	}}
	for _, p := range flows {
		c.rows = append(c.rows, []any{
			p.opened.OrganizationID, p.opened.AccountID, string(cost.AccountWorkflow), 0, 0, 0, int64(p.opened.After.Limit),
			false,
			[]byte{},
			p.opened.Hash,
		})
	}
	return c
}

// entryColumns are the columns of the ledger that entryRow fills.
var entryColumns = []string{
	"organization_id", "account_id", "sequence", "kind", "call_id", "call_hold_pico", "settled_before", "settled_delta",
	"settled_after", "held_before", "held_delta", "held_after", "limit_before", "limit_delta", "limit_after",
	"stopped_before", "stopped_after", "overage", "actor", "reason", "occurred_at", "previous_hash", "hash",
}

func entryRow(e cost.Entry, hold *int64) []any {
	return []any{
		e.OrganizationID, e.AccountID, e.Sequence, string(e.Kind), e.CallID, hold, int64(e.Before.Settled),
		int64(e.Delta.Settled), int64(e.After.Settled), int64(e.Before.Held), int64(e.Delta.Held), int64(e.After.Held),
		int64(e.Before.Limit), int64(e.Delta.Limit), int64(e.After.Limit), e.Before.Stopped, e.After.Stopped, e.Overage,
		e.Actor, e.Reason, e.At, bytesOf(e.PreviousHash), e.Hash,
	}
}

func entryRows(flows []plant) copied {
	c := copied{table: "ai_usage_ledger", columns: entryColumns}
	for _, p := range flows {
		c.rows = append(c.rows, entryRow(p.opened, nil))
	}
	return c
}

// bytesOf returns a hash, or an empty one instead of NULL.
func bytesOf(hash []byte) []byte {
	if hash == nil {
		return []byte{}
	}
	return hash
}
