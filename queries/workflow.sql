-- WorkflowCreate writes a workflow with its first journal row, its account and the account's first ledger entry in one
-- statement. No row: the organization has a workflow of that name.
-- name: WorkflowCreate :one
WITH created AS (
    INSERT INTO intent_workflows (
        organization_id, id, name, company_name, company_url, linkedin_url, graph_version, version, state,
        previous_hash, hash, created_by, created_at, updated_at)
    VALUES (
        @organization_id, @id, @name, @company_name, @company_url, @linkedin_url, @graph_version, 0,
        @state::workflow_state, ''::bytea,
        transition_hash(''::bytea, @organization_id, @id, 0, @graph_version, @kind::edge_kind, NULL,
            @state::workflow_state, @actor::actor, @reason::reason, @at),
        @actor::actor, @at, @at)
    ON CONFLICT (organization_id, name) DO NOTHING
    RETURNING *
), journaled AS (
    INSERT INTO workflow_transitions (
        organization_id, workflow_id, version, graph_version, kind, to_state, actor, reason, occurred_at, previous_hash,
        hash)
    SELECT c.organization_id, c.id, c.version, c.graph_version, @kind::edge_kind, c.state, c.created_by,
        @reason::reason, c.created_at, c.previous_hash, c.hash
    FROM created AS c
), account AS (
    INSERT INTO usage_accounts (
        organization_id, id, kind, sequence, settled_pico, held_pico, limit_pico, stopped, previous_hash, hash)
    SELECT c.organization_id, c.id, @account_kind, 0, 0, 0, @limit_pico::amount_pico, false, ''::bytea,
        entry_hash(''::bytea, c.organization_id, c.id, 0, @entry_kind::entry_kind, NULL, 0, 0,
            @limit_pico::amount_pico, 0, 0, @limit_pico::amount_pico, false, false, c.created_by, @reason::reason,
            c.created_at)
    FROM created AS c
    RETURNING *
), opened AS (
    INSERT INTO ai_usage_ledger (
        organization_id, account_id, sequence, kind, settled_before, settled_delta, settled_after, held_before,
        held_delta, held_after, limit_before, limit_delta, limit_after, stopped_before, stopped_after, overage, actor,
        reason, occurred_at, previous_hash, hash)
    SELECT a.organization_id, a.id, 0, @entry_kind::entry_kind, 0, 0, 0, 0, 0, 0, 0, a.limit_pico, a.limit_pico, false,
        false, false, c.created_by, @reason::reason, c.created_at, a.previous_hash, a.hash
    FROM account AS a CROSS JOIN created AS c
)
SELECT c.* FROM created AS c;

-- WorkflowGet returns one workflow of the organization.
-- name: WorkflowGet :one
SELECT w.* FROM intent_workflows AS w WHERE w.organization_id = @organization_id AND w.id = @id;

-- WorkflowGetByName returns the workflow that has the name.
-- name: WorkflowGetByName :one
SELECT w.* FROM intent_workflows AS w WHERE w.organization_id = @organization_id AND w.name = @name;

-- WorkflowListHeads pages through all workflows of all organizations by key, for the auditor.
-- name: WorkflowListHeads :many
-- The rule is off: the auditor reads all organizations.
-- @sqlc-vet-disable names-organization
SELECT w.* FROM intent_workflows AS w
WHERE (w.organization_id, w.id) > (@after_organization_id::uuid, @after_id::uuid)
ORDER BY w.organization_id, w.id
LIMIT @page_size;

-- WorkflowListLive returns each pair of graph version and state that a live workflow of any organization has.
-- name: WorkflowListLive :many
-- The rule is off: a server checks all workflows before it starts.
-- @sqlc-vet-disable names-organization
SELECT DISTINCT w.graph_version, w.state FROM intent_workflows AS w
WHERE w.state <> ALL(@terminal::text[])
ORDER BY w.graph_version, w.state
LIMIT 1000;

-- WorkflowListMoved returns of each organization the workflows that have moved since a time, the last first.
-- name: WorkflowListMoved :many
WITH wanted AS (
    SELECT unnest(@organization_ids::uuid[]) AS organization_id, unnest(@since::timestamptz[]) AS since
)
SELECT m.organization_id, m.id, m.version, m.updated_at
FROM wanted
CROSS JOIN LATERAL (
    SELECT w.organization_id, w.id, w.version, w.updated_at FROM intent_workflows AS w
    WHERE w.organization_id = wanted.organization_id AND w.updated_at > wanted.since
    ORDER BY w.organization_id DESC, w.updated_at DESC, w.id DESC
    LIMIT @page_size
) AS m
ORDER BY m.organization_id DESC, m.updated_at DESC, m.id DESC;

-- WorkflowListNumbers returns the last version of workflows, and the last sequence numbers of their accounts and of their
-- units' events; −1 for no event.
-- name: WorkflowListNumbers :many
WITH wanted AS (
    SELECT unnest(@organization_ids::uuid[]) AS organization_id, unnest(@ids::uuid[]) AS id
)
SELECT w.organization_id, w.id, w.version, a.sequence, coalesce(h.sequence, -1)::integer AS unit_sequence
FROM wanted
JOIN intent_workflows AS w ON w.organization_id = wanted.organization_id AND w.id = wanted.id
JOIN usage_accounts AS a ON a.organization_id = w.organization_id AND a.id = w.id
LEFT JOIN step_unit_heads AS h ON h.organization_id = w.organization_id AND h.workflow_id = w.id
ORDER BY w.organization_id, w.id
LIMIT @page_size;

-- WorkflowLock returns a workflow and locks it against transitions until the transaction ends.
-- name: WorkflowLock :one
SELECT w.* FROM intent_workflows AS w
WHERE w.organization_id = @organization_id AND w.id = @id
FOR NO KEY UPDATE;

-- WorkflowMove is WorkflowTransition for an edge between two states without a run. PostgreSQL prepares each part of a
-- statement whether it has rows or not, so the two parts for runs cost a fifth of the statement. The deferred check of
-- the journal refuses a move that should have begun or ended a run.
-- name: WorkflowMove :one
WITH moved AS (
    UPDATE intent_workflows AS w
    SET state = @to_state::workflow_state, version = w.version + 1, previous_hash = w.hash,
        hash = transition_hash(w.hash, w.organization_id, w.id, w.version + 1, w.graph_version, @kind::edge_kind,
            @from_state::workflow_state, @to_state::workflow_state, @actor::actor, @reason::reason, @at),
        wake_at = sqlc.narg('wake_at'), updated_at = @at
    WHERE w.organization_id = @organization_id AND w.id = @id AND w.state = @from_state::workflow_state
        AND w.version = coalesce(sqlc.narg('version'), (
            SELECT seen.version FROM intent_workflows AS seen
            WHERE seen.organization_id = @organization_id AND seen.id = @id
        ))
    RETURNING w.*
), journaled AS (
    INSERT INTO workflow_transitions (
        organization_id, workflow_id, version, graph_version, kind, from_state, to_state, actor, reason, occurred_at,
        previous_hash, hash)
    SELECT m.organization_id, m.id, m.version, m.graph_version, @kind::edge_kind, @from_state::workflow_state, m.state,
        @actor::actor, @reason::reason, m.updated_at, m.previous_hash, m.hash
    FROM moved AS m
)
SELECT m.* FROM moved AS m;

-- WorkflowTransition is the compare-and-set: it moves the workflow from from_state (and version, when given) only,
-- writes the journal row from the moved row, ends the run of the state, and begins a run when run_step is given. No
-- row: another caller was first. Without a version the statement uses the one of its snapshot: while it waits, the
-- workflow may leave the state and return to it with a run that the statement does not see.
-- name: WorkflowTransition :one
WITH moved AS (
    UPDATE intent_workflows AS w
    SET state = @to_state::workflow_state, version = w.version + 1, previous_hash = w.hash,
        hash = transition_hash(w.hash, w.organization_id, w.id, w.version + 1, w.graph_version, @kind::edge_kind,
            @from_state::workflow_state, @to_state::workflow_state, @actor::actor, @reason::reason, @at),
        wake_at = sqlc.narg('wake_at'), updated_at = @at
    WHERE w.organization_id = @organization_id AND w.id = @id AND w.state = @from_state::workflow_state
        AND w.version = coalesce(sqlc.narg('version'), (
            SELECT seen.version FROM intent_workflows AS seen
            WHERE seen.organization_id = @organization_id AND seen.id = @id
        ))
    RETURNING w.*
), journaled AS (
    INSERT INTO workflow_transitions (
        organization_id, workflow_id, version, graph_version, kind, from_state, to_state, actor, reason, occurred_at,
        previous_hash, hash)
    SELECT m.organization_id, m.id, m.version, m.graph_version, @kind::edge_kind, @from_state::workflow_state, m.state,
        @actor::actor, @reason::reason, m.updated_at, m.previous_hash, m.hash
    FROM moved AS m
), ended AS (
    UPDATE workflow_runs AS r
    SET ended_version = m.version, ended_at = m.updated_at, failure_code = sqlc.narg('failure_code'),
        failure_message = @failure_message, retry_at = sqlc.narg('retry_at')
    FROM moved AS m
    WHERE r.organization_id = m.organization_id AND r.workflow_id = m.id AND r.token = m.version - 1
        AND r.ended_version IS NULL
), started AS (
    INSERT INTO workflow_runs (
        organization_id, workflow_id, token, graph_version, state, hash, step, worker, attempt, started_at,
        lease_expires_at)
    SELECT m.organization_id, m.id, m.version, m.graph_version, m.state, m.hash, sqlc.narg('run_step')::step_key,
        @worker, @attempt, m.updated_at, @lease_expires_at
    FROM moved AS m WHERE sqlc.narg('run_step')::step_key IS NOT NULL
)
SELECT m.* FROM moved AS m;

-- WorkflowWake claims due workflows that no worker has taken and postpones their next wake, so that one sweeper at a
-- time wakes each. is_driven is false for a workflow that no worker of the engine may take: its state is none of
-- driven_states, or programs outside drive the step in its organization. All organizations.
-- name: WorkflowWake :many
-- The rule is off: every server sweeps the work of all organizations.
-- @sqlc-vet-disable names-organization
WITH due AS (
    SELECT w.organization_id, w.id, w.state FROM intent_workflows AS w
    WHERE w.wake_at <= @at
    ORDER BY w.wake_at
    LIMIT @page_size
    FOR NO KEY UPDATE SKIP LOCKED
), judged AS (
    SELECT d.organization_id, d.id, d.state = ANY(@driven_states::text[]) AND NOT coalesce((
        SELECT left(d.state, -strpos(reverse(d.state), '_')) = ANY(o.steps) FROM outside_steps AS o
        WHERE o.organization_id = d.organization_id
        ORDER BY o.version DESC
        LIMIT 1
    ), false) AS is_driven
    FROM due AS d
)
UPDATE intent_workflows AS w
SET wake_at = CASE WHEN j.is_driven THEN @next_wake_at::timestamptz ELSE @rest_until::timestamptz END
FROM judged AS j WHERE w.organization_id = j.organization_id AND w.id = j.id
RETURNING w.organization_id, w.id, w.version, w.updated_at, j.is_driven::boolean AS is_driven;

-- WorkflowWakeLater sets the time at which a sweeper wakes a workflow that has not moved on.
-- name: WorkflowWakeLater :exec
UPDATE intent_workflows AS w SET wake_at = @wake_at::timestamptz
WHERE w.organization_id = @organization_id AND w.id = @id AND w.version = @version;

-- WorkflowWakeNow makes workflows of the organization in the given states due for a worker, since the step is driven by
-- the engine again.
-- name: WorkflowWakeNow :execrows
UPDATE intent_workflows AS w SET wake_at = @at::timestamptz
WHERE w.organization_id = @organization_id AND w.state = ANY(@states::text[]) AND w.wake_at IS NOT NULL;
