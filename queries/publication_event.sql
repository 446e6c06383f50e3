-- PublicationEventListByWorkflows returns the last events of each publication of the named workflows, the last first.
-- name: PublicationEventListByWorkflows :many
SELECT d.* FROM publications AS p
CROSS JOIN LATERAL (
    SELECT e.* FROM publication_events AS e
    WHERE e.organization_id = p.organization_id AND e.publication_id = p.id
    ORDER BY e.version DESC
    LIMIT @page_size
) AS d
WHERE p.organization_id = @organization_id AND p.workflow_id = ANY(@workflow_ids::uuid[])
ORDER BY d.publication_id, d.version DESC
LIMIT 20000;
