-- TopicPageInsert writes pages of one visit.
-- name: TopicPageInsert :exec
INSERT INTO topic_pages (
    organization_id, id, workflow_id, visit, topic_id, position, least, mean, methods, created_by, created_at)
SELECT @organization_id, p.id, @workflow_id, @visit, p.topic_id, p.position, p.least, p.mean, p.methods, @created_by, @at
FROM jsonb_to_recordset(@pages::jsonb) AS p (
    id uuid, topic_id uuid, position integer, least double precision, mean double precision, methods text[]);

-- TopicPageListByVisits returns the pages of some visits, one for each workflow, in their order. Pages that people made
-- come in the order of their ids, which is the order of their making.
-- name: TopicPageListByVisits :many
SELECT p.*
FROM (SELECT unnest(@workflow_ids::uuid[]) AS workflow_id, unnest(@visits::integer[]) AS visit) AS wanted
JOIN topic_pages AS p
    ON p.organization_id = @organization_id AND p.workflow_id = wanted.workflow_id AND p.visit = wanted.visit
ORDER BY p.workflow_id, p.topic_id, p.position, p.id
LIMIT @page_size;
