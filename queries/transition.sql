-- TransitionCountEntered counts how often workflows of the organization entered a state in a range of time.
-- name: TransitionCountEntered :one
SELECT count(*) FROM workflow_transitions AS t
WHERE t.organization_id = @organization_id AND t.to_state = @state
    AND t.occurred_at >= @from_time AND t.occurred_at < @to_time;

-- TransitionGet returns one row of the journal.
-- name: TransitionGet :one
SELECT t.* FROM workflow_transitions AS t
WHERE t.organization_id = @organization_id AND t.workflow_id = @workflow_id AND t.version = @version;

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

-- TransitionListLast returns the last row of the journal of each workflow.
-- name: TransitionListLast :many
SELECT t.* FROM intent_workflows AS w
JOIN workflow_transitions AS t
    ON t.organization_id = w.organization_id AND t.workflow_id = w.id AND t.version = w.version
WHERE w.organization_id = @organization_id AND w.id = ANY(@workflow_ids::uuid[])
ORDER BY t.workflow_id
LIMIT 1000;

-- LegalTransitionList returns the edges of one version of the graph.
-- name: LegalTransitionList :many
-- The rule is off: the graph is the same for all.
-- @sqlc-vet-disable names-organization
SELECT l.* FROM legal_transitions AS l WHERE l.graph_version = @graph_version
ORDER BY l.from_state, l.to_state
LIMIT 1000;
