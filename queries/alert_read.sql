-- AlertReadInsert marks alerts as read: those with the ids, and those up to a time. It returns the number of new marks.
-- name: AlertReadInsert :execrows
INSERT INTO alert_reads (organization_id, actor, alert_id, read_at)
SELECT @organization_id, @actor, a.id, @at::timestamptz FROM alerts AS a
WHERE a.organization_id = @organization_id
    AND (a.id = ANY(@ids::uuid[]) OR a.created_at <= sqlc.narg('until')::timestamptz)
ON CONFLICT (organization_id, actor, alert_id) DO NOTHING;

-- AlertReadList returns the marks of one actor on alerts.
-- name: AlertReadList :many
SELECT r.* FROM alert_reads AS r
WHERE r.organization_id = @organization_id AND r.actor = @actor AND r.alert_id = ANY(@ids::uuid[])
ORDER BY r.alert_id
LIMIT @page_size;
