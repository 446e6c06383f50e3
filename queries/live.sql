-- HorizonGet says which transactions have ended, all below oldest, and which number comes after all that were given out:
-- its own, which it takes for the purpose. The end of a snapshot is none: it comes after the last transaction that has
-- ended, and others may run beyond it.
-- name: HorizonGet :one
-- The rule is off: it reads no table.
-- @sqlc-vet-disable names-organization
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest,
    pg_current_xact_id()::text::bigint AS next;

-- TransitionListNew returns journal rows with their workflows: of each workflow those after a version, as far as they
-- are younger than a time or were spoken of, which are those from another version on. In the order of the journals; what
-- is beyond the limit is the last of them.
-- name: TransitionListNew :many
WITH wanted AS (
    SELECT unnest(@workflow_ids::uuid[]) AS workflow_id, unnest(@after_versions::integer[]) AS after_version,
        unnest(@since::timestamptz[]) AS since, unnest(@told_versions::integer[]) AS told_version
)
SELECT sqlc.embed(t), sqlc.embed(w)
FROM wanted
JOIN intent_workflows AS w ON w.organization_id = @organization_id AND w.id = wanted.workflow_id
JOIN workflow_transitions AS t
    ON t.organization_id = w.organization_id AND t.workflow_id = w.id AND t.version > wanted.after_version
WHERE t.occurred_at > wanted.since OR t.version >= wanted.told_version
ORDER BY t.workflow_id, t.version
LIMIT @page_size;

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

-- WorkflowListNumbers says how far the journals of workflows and the ledgers of their accounts have come.
-- name: WorkflowListNumbers :many
WITH wanted AS (
    SELECT unnest(@organization_ids::uuid[]) AS organization_id, unnest(@ids::uuid[]) AS id
)
SELECT w.organization_id, w.id, w.version, a.sequence
FROM wanted
JOIN intent_workflows AS w ON w.organization_id = wanted.organization_id AND w.id = wanted.id
JOIN usage_accounts AS a ON a.organization_id = w.organization_id AND a.id = w.id
ORDER BY w.organization_id, w.id
LIMIT @page_size;
