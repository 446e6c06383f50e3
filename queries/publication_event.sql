-- PublicationEventListByPublications returns the last events of each named publication, the last first.
-- name: PublicationEventListByPublications :many
SELECT d.* FROM unnest(@ids::uuid[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT e.* FROM publication_events AS e
    WHERE e.organization_id = @organization_id AND e.publication_id = wanted.id
    ORDER BY e.version DESC
    LIMIT @page_size
) AS d
ORDER BY d.publication_id, d.version DESC;
