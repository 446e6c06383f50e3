-- TransitionCountEntered counts how often workflows of the organization entered a state in a range of time.
-- name: TransitionCountEntered :one
SELECT count(*) FROM workflow_transitions AS t
WHERE t.organization_id = @organization_id AND t.to_state = @state
    AND t.occurred_at >= @from_time AND t.occurred_at < @to_time;

-- TransitionGet returns one row of the journal.
-- name: TransitionGet :one
SELECT t.* FROM workflow_transitions AS t
WHERE t.organization_id = @organization_id AND t.workflow_id = @workflow_id AND t.version = @version;

-- TransitionGetHorizon returns the oldest running transaction, below which all have ended, and the next transaction
-- number, which it takes itself. The end of a snapshot would not do: it follows the last transaction that has ended,
-- and transactions with higher numbers may be running.
-- name: TransitionGetHorizon :one
-- The rule is off: it reads no table.
-- @sqlc-vet-disable names-organization
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest,
    pg_current_xact_id()::text::bigint AS next;

-- TransitionGetLastInto returns the version of the last transition of one kind into a state, up to a version; 0 without
-- one.
-- name: TransitionGetLastInto :one
SELECT coalesce(max(t.version), 0)::integer FROM workflow_transitions AS t
WHERE t.organization_id = @organization_id AND t.workflow_id = @workflow_id AND t.to_state = @to_state
    AND t.kind = @kind AND t.version <= @up_to;

-- TransitionListAll pages through the journals of all organizations by key, for the auditor.
-- name: TransitionListAll :many
-- The rule is off: the auditor reads all organizations.
-- @sqlc-vet-disable names-organization
SELECT t.* FROM workflow_transitions AS t
WHERE (t.organization_id, t.workflow_id, t.version)
    > (@after_organization_id::uuid, @after_workflow_id::uuid, @after_version::integer)
ORDER BY t.organization_id, t.workflow_id, t.version
LIMIT @page_size;

-- TransitionListByOrganization pages through the journals of one organization by key: the rows of a range of time.
-- name: TransitionListByOrganization :many
SELECT t.* FROM workflow_transitions AS t
WHERE t.organization_id = @organization_id
    AND (t.workflow_id, t.version) > (@after_workflow_id::uuid, @after_version::integer)
    AND t.occurred_at >= @from_time AND t.occurred_at < @to_time
ORDER BY t.workflow_id, t.version
LIMIT @page_size;

-- TransitionListByWorkflows returns of each workflow the first rows of its journal after a version, in order.
-- name: TransitionListByWorkflows :many
SELECT t.* FROM unnest(@workflow_ids::uuid[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT j.* FROM workflow_transitions AS j
    WHERE j.organization_id = @organization_id AND j.workflow_id = wanted.id AND j.version > @after_version::integer
    ORDER BY j.version
    LIMIT @page_size
) AS t
ORDER BY t.workflow_id, t.version;

-- TransitionListByWorkflowsDescending returns of each workflow the last journal rows before a version, the last first.
-- name: TransitionListByWorkflowsDescending :many
SELECT t.* FROM unnest(@workflow_ids::uuid[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT j.* FROM workflow_transitions AS j
    WHERE j.organization_id = @organization_id AND j.workflow_id = wanted.id AND j.version < @before_version::integer
    ORDER BY j.version DESC
    LIMIT @page_size
) AS t
ORDER BY t.workflow_id, t.version DESC;

-- TransitionListLast returns the last row of the journal of each workflow.
-- name: TransitionListLast :many
SELECT t.* FROM intent_workflows AS w
JOIN workflow_transitions AS t
    ON t.organization_id = w.organization_id AND t.workflow_id = w.id AND t.version = w.version
WHERE w.organization_id = @organization_id AND w.id = ANY(@workflow_ids::uuid[])
ORDER BY t.workflow_id
LIMIT 1000;

-- TransitionListNew returns journal rows with their workflows: of each workflow the rows after a version that are
-- younger than a time, or from a notified version on. In the order of the journals; the limit cuts the last rows off.
-- name: TransitionListNew :many
WITH wanted AS (
    SELECT unnest(@workflow_ids::uuid[]) AS workflow_id, unnest(@after_versions::integer[]) AS after_version,
        unnest(@since::timestamptz[]) AS since, unnest(@notified_versions::integer[]) AS notified_version
)
SELECT sqlc.embed(t), sqlc.embed(w)
FROM wanted
JOIN intent_workflows AS w ON w.organization_id = @organization_id AND w.id = wanted.workflow_id
JOIN workflow_transitions AS t
    ON t.organization_id = w.organization_id AND t.workflow_id = w.id AND t.version > wanted.after_version
WHERE t.occurred_at > wanted.since OR t.version >= wanted.notified_version
ORDER BY t.workflow_id, t.version
LIMIT @page_size;

-- TransitionListStays returns for each state how the workflows that were created in a range have passed through it:
-- the number of visits and of workflows, the number of workflows that are in it now, and the median and the 95th
-- percentile of a visit's length. An open visit lasts until as_of.
-- name: TransitionListStays :many
WITH stays AS (
    -- A visit ends with the next row of the journal. A join finds it in less than half the time that lead() takes, and a
    -- double compares faster than an interval; it is exact to a microsecond for a century.
    SELECT t.workflow_id, t.to_state AS state, n.version IS NULL AS open,
        greatest(date_part('epoch', coalesce(n.occurred_at, @as_of::timestamptz) - t.occurred_at), 0) AS seconds
    FROM intent_workflows AS w
    JOIN workflow_transitions AS t ON t.organization_id = w.organization_id AND t.workflow_id = w.id
    LEFT JOIN workflow_transitions AS n ON n.organization_id = @organization_id AND n.workflow_id = t.workflow_id
        AND n.version = t.version + 1
    WHERE w.organization_id = @organization_id AND w.created_at >= @created_from AND w.created_at < @created_to
), passed AS (
    SELECT s.state, count(*) AS visits, count(DISTINCT s.workflow_id) AS workflows,
        count(*) FILTER (WHERE s.open) AS open,
        percentile_disc(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY s.seconds) AS lengths
    FROM stays AS s
    GROUP BY s.state
)
SELECT p.state, p.visits, p.workflows, p.open, (p.lengths[1] * 1000000)::bigint AS median_microseconds,
    (p.lengths[2] * 1000000)::bigint AS p95_microseconds
FROM passed AS p
ORDER BY p.state
LIMIT 100;
