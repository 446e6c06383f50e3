-- AlertCount counts the alerts of some kinds, and with unread those of them that the actor has not read.
-- name: AlertCount :one
SELECT count(*) FROM alerts AS a
WHERE a.organization_id = @organization_id AND a.kind = ANY(@kinds::text[])
    AND (NOT @unread::boolean OR NOT EXISTS (
            SELECT FROM alert_reads AS r
            WHERE r.organization_id = a.organization_id AND r.actor = @actor::text AND r.alert_id = a.id));

-- AlertIDs returns those of the ids that alerts of the organization have.
-- name: AlertIDs :many
SELECT a.id FROM alerts AS a
WHERE a.organization_id = @organization_id AND a.id = ANY(@ids::uuid[])
ORDER BY a.id
LIMIT @page_size;

-- AlertList returns alerts of some kinds with their subjects, the newest first: those before the cursor (cursor_at,
-- cursor_id), those just after it when ascending is true, or the alert of an id. Of a call it returns the state at the
-- time of the alert, since the answering model can become known later, and a sent alert must not change.
-- name: AlertList :many
WITH page AS (
    (SELECT d.id FROM alerts AS d
    WHERE sqlc.narg('id')::uuid IS NULL AND NOT @ascending::boolean AND d.organization_id = @organization_id
        AND d.kind = ANY(@kinds::text[])
        AND (NOT @unread::boolean OR NOT EXISTS (
            SELECT FROM alert_reads AS r
            WHERE r.organization_id = d.organization_id AND r.actor = @actor::text AND r.alert_id = d.id))
        AND (sqlc.narg('cursor_at')::timestamptz IS NULL
            OR (d.created_at, d.id) < (sqlc.narg('cursor_at')::timestamptz, sqlc.narg('cursor_id')::uuid))
    ORDER BY d.created_at DESC, d.id DESC
    LIMIT @page_size)
    UNION ALL
    (SELECT e.id FROM alerts AS e
    WHERE @ascending::boolean AND e.organization_id = @organization_id AND e.kind = ANY(@kinds::text[])
        AND (NOT @unread::boolean OR NOT EXISTS (
            SELECT FROM alert_reads AS r
            WHERE r.organization_id = e.organization_id AND r.actor = @actor::text AND r.alert_id = e.id))
        AND (sqlc.narg('cursor_at')::timestamptz IS NULL
            OR (e.created_at, e.id) > (sqlc.narg('cursor_at')::timestamptz, sqlc.narg('cursor_id')::uuid))
    ORDER BY e.created_at, e.id
    LIMIT @page_size)
    UNION ALL
    SELECT o.id FROM alerts AS o
    WHERE o.organization_id = @organization_id AND o.id = sqlc.narg('id')::uuid AND o.kind = ANY(@kinds::text[])
)
SELECT a.id, a.kind, a.account_id, a.sequence, a.threshold, a.call_id, a.proposal_id, a.provider, a.day, a.booked_calls,
    a.charged_calls, a.booked_pico, a.charged_pico, a.created_at, coalesce(u.kind, '')::text AS account_kind,
    u.period_start, u.period_end, coalesce(l.settled_after, 0)::bigint AS settled_pico,
    coalesce(l.limit_after, 0)::bigint AS limit_pico, l.call_id AS entry_call_id, c.workflow_id,
    coalesce(c.recorded, false)::boolean AS recorded, coalesce(c.hold_pico, 0)::bigint AS hold_pico,
    coalesce(c.cost_pico, 0)::bigint AS cost_pico,
    coalesce(a.model, p.model, CASE WHEN c.ended_at <= a.created_at THEN c.answered_model END, '')::text AS model,
    coalesce(p.component, '')::text AS component, coalesce(p.unit_pico, 0)::bigint AS unit_pico,
    coalesce(d.state, '')::text AS state, coalesce(d.attempts, 0)::integer AS attempts, d.attempted_at, d.last_status,
    coalesce(d.last_error, '')::text AS last_error, d.ended_at, d.next_at
FROM page
JOIN alerts AS a ON a.organization_id = @organization_id AND a.id = page.id
LEFT JOIN ai_usage_ledger AS l ON l.organization_id = a.organization_id AND l.account_id = a.account_id
    AND l.sequence = a.sequence
LEFT JOIN usage_accounts AS u ON u.organization_id = a.organization_id AND u.id = a.account_id
LEFT JOIN ai_calls AS c ON c.organization_id = a.organization_id AND c.id = coalesce(a.call_id, l.call_id)
LEFT JOIN model_price_proposals AS p ON p.organization_id = a.organization_id AND p.id = a.proposal_id
LEFT JOIN alert_deliveries AS d ON d.organization_id = a.organization_id AND d.alert_id = a.id
ORDER BY a.created_at DESC, a.id DESC
LIMIT @page_size;

-- AlertListAll pages through the alerts of all organizations that an entry has caused, by key, for the auditor.
-- name: AlertListAll :many
-- The rule is off: the auditor reads all organizations.
-- @sqlc-vet-disable names-organization
SELECT a.* FROM alerts AS a
WHERE (a.organization_id, a.id) > (@after_organization_id::uuid, @after_id::uuid) AND a.account_id IS NOT NULL
ORDER BY a.organization_id, a.id
LIMIT @page_size;

-- AlertWrite writes an alert, and its delivery if the organization has a webhook. No row: the alert exists.
-- name: AlertWrite :one
WITH written AS (
    INSERT INTO alerts (
        organization_id, id, kind, account_id, sequence, limit_sequence, threshold, call_id, proposal_id, provider, day,
        model, booked_calls, charged_calls, booked_pico, charged_pico, created_at)
    VALUES (
        @organization_id, @id, @kind, sqlc.narg('account_id'), sqlc.narg('sequence'), sqlc.narg('limit_sequence'),
        sqlc.narg('threshold'), sqlc.narg('call_id'), sqlc.narg('proposal_id'), sqlc.narg('provider'), sqlc.narg('day'),
        sqlc.narg('model'), sqlc.narg('booked_calls'), sqlc.narg('charged_calls'), sqlc.narg('booked_pico'),
        sqlc.narg('charged_pico'), @at)
    ON CONFLICT DO NOTHING
    RETURNING *
), addressed AS (
    INSERT INTO alert_deliveries (organization_id, alert_id, state, next_at, wake_at)
    SELECT w.organization_id, w.id, @pending, @at::timestamptz, @wake_at::timestamptz
    FROM written AS w
    JOIN organizations AS o ON o.id = w.organization_id AND o.webhook_url <> ''
    RETURNING alert_id
)
SELECT EXISTS (SELECT FROM addressed)::boolean AS addressed FROM written AS w;
