-- TopicInsert writes the topics of one visit.
-- name: TopicInsert :exec
INSERT INTO topics (organization_id, id, workflow_id, visit, position, label, least, mean, methods, created_at)
SELECT @organization_id, t.id, @workflow_id, @visit, t.position, t.label, t.least, t.mean, t.methods, @at
FROM jsonb_to_recordset(@topics::jsonb) AS t (
    id uuid, position integer, label text, least double precision, mean double precision, methods text[]);

-- TopicListByVisits returns the topics of some visits, one for each workflow, in their order.
-- name: TopicListByVisits :many
SELECT t.*
FROM (SELECT unnest(@workflow_ids::uuid[]) AS workflow_id, unnest(@visits::integer[]) AS visit) AS wanted
JOIN topics AS t
    ON t.organization_id = @organization_id AND t.workflow_id = wanted.workflow_id AND t.visit = wanted.visit
ORDER BY t.workflow_id, t.position
LIMIT @page_size;
