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

// plantStatement writes workflows with their journals, their runs, and the first entries of their accounts, as the
// engine would have written them. PostgreSQL computes the hash chains, each version of all workflows at once, and
// checks the constraints of each row.
const plantStatement = `
WITH RECURSIVE flows AS (
	SELECT f.organization_id, ('00000000-0000-7000-' || $3::text || '-' || lpad(f.n::text, 12, '0'))::uuid AS id,
		$4::timestamptz + f.n * interval '1 millisecond' AS at, $10::bigint AS most
	FROM unnest($1::integer[], $2::uuid[]) AS f (n, organization_id)
), path AS (
	SELECT (p.place - 1)::integer AS version, $9::integer AS graph, p.kind, nullif(p.from_state, '') AS from_state,
		p.to_state, nullif(p.step, '') AS step
	FROM unnest($5::text[], $6::text[], $7::text[], $8::text[]) WITH ORDINALITY
		AS p (kind, from_state, to_state, step, place)
), chain AS (
	SELECT f.organization_id, f.id, f.at, 0 AS version, ''::bytea AS previous_hash,
		transition_hash('', f.organization_id, f.id, 0, p.graph, p.kind, NULL, p.to_state, 'bench', '', f.at) AS hash
	FROM flows AS f JOIN path AS p ON p.version = 0
	UNION ALL
	SELECT c.organization_id, c.id, c.at, p.version, c.hash,
		transition_hash(c.hash, c.organization_id, c.id, p.version, p.graph, p.kind, p.from_state, p.to_state,
			'bench', '', c.at + p.version * interval '1 minute')
	FROM chain AS c JOIN path AS p ON p.version = c.version + 1
), journal AS (
	INSERT INTO workflow_transitions (organization_id, workflow_id, version, graph_version, kind, from_state, to_state,
		actor, reason, occurred_at, previous_hash, hash)
	SELECT c.organization_id, c.id, c.version, p.graph, p.kind, p.from_state, p.to_state, 'bench', '',
		c.at + c.version * interval '1 minute', c.previous_hash, c.hash
	FROM chain AS c JOIN path AS p ON p.version = c.version
	ORDER BY c.organization_id, c.id, c.version
), runs AS (
	INSERT INTO workflow_runs (organization_id, workflow_id, token, graph_version, state, hash, step, worker, attempt,
		started_at, lease_expires_at, ended_version, ended_at)
	SELECT c.organization_id, c.id, c.version, p.graph, p.to_state, c.hash, p.step, 'bench', 1,
		c.at + c.version * interval '1 minute', c.at + (c.version + 60) * interval '1 minute', c.version + 1,
		c.at + (c.version + 1) * interval '1 minute'
	FROM chain AS c JOIN path AS p ON p.version = c.version AND p.step IS NOT NULL
), heads AS (
	INSERT INTO intent_workflows (organization_id, id, name, company_name, company_url, graph_version, version, state,
		previous_hash, hash, created_by, created_at, updated_at)
	SELECT c.organization_id, c.id, 'Workflow ' || right(c.id::text, 12), 'Example', 'https://example.com', p.graph,
		c.version, p.to_state, c.previous_hash, c.hash, 'bench', c.at, c.at + c.version * interval '1 minute'
	FROM chain AS c JOIN path AS p ON p.version = c.version
	WHERE c.version = cardinality($5::text[]) - 1
	ORDER BY c.organization_id, c.id
), accounts AS (
	INSERT INTO usage_accounts (organization_id, id, kind, sequence, settled_pico, held_pico, limit_pico, stopped,
		previous_hash, hash)
	SELECT f.organization_id, f.id, 'WORKFLOW', 0, 0, 0, f.most, false, '',
		entry_hash('', f.organization_id, f.id, 0, 'OPEN', NULL, 0, 0, f.most, 0, 0, f.most, false, false, 'bench', '',
			f.at)
	FROM flows AS f
	ORDER BY f.organization_id, f.id
	RETURNING organization_id, id, hash
)
INSERT INTO ai_usage_ledger (organization_id, account_id, sequence, kind, settled_before, settled_delta, settled_after,
	held_before, held_delta, held_after, limit_before, limit_delta, limit_after, stopped_before, stopped_after, overage,
	actor, reason, occurred_at, previous_hash, hash)
SELECT f.organization_id, f.id, 0, 'OPEN', 0, 0, 0, 0, 0, 0, 0, f.most, f.most, false, false, false, 'bench', '', f.at,
	'', a.hash
FROM flows AS f JOIN accounts AS a ON a.organization_id = f.organization_id AND a.id = f.id
ORDER BY f.organization_id, f.id`

// copyNames writes the names for the search, which a trigger does otherwise.
const copyNames = `SET session_replication_role = replica;
INSERT INTO workflow_names (organization_id, workflow_id, name)
SELECT w.organization_id, w.id, w.name FROM intent_workflows AS w
LEFT JOIN workflow_names AS n ON n.organization_id = w.organization_id AND n.workflow_id = w.id
WHERE n.workflow_id IS NULL
ORDER BY w.organization_id, w.id;
RESET session_replication_role`

// countWorkflows writes the counts of the workflows by state, which a trigger does otherwise.
const countWorkflows = `TRUNCATE workflow_counts;
INSERT INTO workflow_counts (organization_id, to_state, workflows)
SELECT w.organization_id, w.state, count(*) FROM intent_workflows AS w GROUP BY w.organization_id, w.state`

// The deferred checks of the journals read other tables for each row, which would take an hour for thirty million. The
// rows are right by construction, and "engine verify" proves it.
const (
	withoutDeferredChecks = `ALTER TABLE workflow_transitions DISABLE TRIGGER workflow_transitions_reached;
ALTER TABLE ai_usage_ledger DISABLE TRIGGER ai_usage_ledger_reached`
	withDeferredChecks = `ALTER TABLE workflow_transitions ENABLE ALWAYS TRIGGER workflow_transitions_reached;
ALTER TABLE ai_usage_ledger ENABLE ALWAYS TRIGGER ai_usage_ledger_reached`
)

// plantAll writes workflows, some statements side by side.
func (b *bench) plantAll(from, to int, owner func(n int) uuid.UUID, rows int) error {
	if _, err := b.owner.Exec(b.ctx, withoutDeferredChecks); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(b.ctx)
	group.SetLimit(4)
	for first := from; first < to; first += planted {
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			var flows []int
			var owners []uuid.UUID
			for n := first; n < min(first+planted, to); n++ {
				flows, owners = append(flows, n), append(owners, owner(n))
			}
			return b.plant(ctx, flows, owners, rows)
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if _, err := b.owner.Exec(b.ctx, withDeferredChecks); err != nil {
		return err
	}
	searched, counted := false, false // Whether the tables are there: a database of -against may be older.
	err := b.owner.QueryRow(b.ctx, `SELECT to_regclass('workflow_names') IS NOT NULL,
		to_regclass('workflow_counts') IS NOT NULL`).Scan(&searched, &counted)
	if err == nil && counted {
		_, err = b.owner.Exec(b.ctx, countWorkflows)
	}
	if err == nil && searched {
		err = b.withoutIndex("workflow_names_by_gram", func() error {
			_, err := b.owner.Exec(b.ctx, copyNames)
			return err
		})
	}
	if err != nil {
		return err
	}
	_, err = b.owner.Exec(b.ctx, "VACUUM ANALYZE")
	return err
}

// plant writes workflows with the first rows of the path, in one transaction. PostgreSQL does not check foreign keys.
func (b *bench) plant(ctx context.Context, flows []int, owners []uuid.UUID, rows int) error {
	var kinds, sources, targets, steps []string
	for i, to := range path[:rows] {
		kind, source, key := workflow.Create, workflow.State(""), workflow.StepKey("")
		if i > 0 {
			source = path[i-1]
			kind, _ = workflow.CheckEdge(source, to)
		}
		if step := to.Step(); step != nil && to == step.Processing {
			key = step.Key
		}
		kinds, sources = append(kinds, string(kind)), append(sources, string(source))
		targets, steps = append(targets, string(to)), append(steps, string(key))
	}
	began := b.began.UTC().Truncate(time.Second).Add(-40 * 24 * time.Hour)
	return pgx.BeginFunc(ctx, b.owner, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET LOCAL session_replication_role = replica"); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, plantStatement, flows, owners, flowIDs, began, kinds, sources, targets, steps,
			workflow.GraphVersion, int64(riches))
		return err
	})
}

// withoutIndex executes something while an index does not exist, and builds it again.
func (b *bench) withoutIndex(name string, do func() error) error {
	var definition string
	err := b.owner.QueryRow(b.ctx, "SELECT pg_get_indexdef($1::regclass)", name).Scan(&definition)
	if err != nil {
		return err
	}
	if _, err := b.owner.Exec(b.ctx, "DROP INDEX "+name); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	_, err = b.owner.Exec(b.ctx, "SET maintenance_work_mem = '1GB'; "+definition+"; RESET maintenance_work_mem")
	return err
}
