-- OperatorAlertAdd writes an alert for the operator, unless it exists.
-- name: OperatorAlertAdd :execrows
-- The rule is off: alerts for the operator belong to no organization.
-- @sqlc-vet-disable names-organization
INSERT INTO operator_alerts (
    id, kind, proposal_id, provider, day, model, booked_calls, charged_calls, booked_pico, charged_pico, created_at)
VALUES (
    @id, @kind, sqlc.narg('proposal_id'), sqlc.narg('provider'), sqlc.narg('day'), sqlc.narg('model'),
    sqlc.narg('booked_calls'), sqlc.narg('charged_calls'), sqlc.narg('booked_pico'), sqlc.narg('charged_pico'), @at)
ON CONFLICT DO NOTHING;

-- OperatorAlertList returns the operator's alerts, the newest first, with the price of a proposal.
-- name: OperatorAlertList :many
-- The rule is off: alerts for the operator belong to no organization.
-- @sqlc-vet-disable names-organization
SELECT a.id, a.kind, a.proposal_id, a.provider, a.day, a.booked_calls, a.charged_calls, a.booked_pico, a.charged_pico,
    a.created_at, coalesce(a.model, p.model, '')::text AS model, coalesce(p.component, '')::text AS component,
    coalesce(p.unit_pico, 0)::bigint AS unit_pico
FROM operator_alerts AS a
LEFT JOIN model_price_proposals AS p ON p.id = a.proposal_id
ORDER BY a.created_at DESC, a.id DESC
LIMIT @page_size;
