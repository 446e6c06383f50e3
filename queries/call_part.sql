-- CallPartCountSent counts the calls for one part of a visit that were sent, or that another run or another attempt at
-- the unit made.
-- name: CallPartCountSent :one
SELECT count(*) FROM ai_calls AS c
WHERE c.organization_id = @organization_id AND c.workflow_id = @workflow_id AND c.visit = @visit
    AND c.part_key = @part_key AND (c.state <> @reserved OR c.run_token IS DISTINCT FROM sqlc.narg('run_token')::integer
        OR c.unit_attempt IS DISTINCT FROM sqlc.narg('unit_attempt')::integer);

-- CallPartPending returns when the last call for a part of a visit was sent whose cost is not known yet, and since when
-- it is unknown: now, while it is sent.
-- name: CallPartPending :one
SELECT max(coalesce(c.dispatched_at, c.reserved_at))::timestamptz AS sent_at,
    max(coalesce(c.unknown_since, @at::timestamptz))::timestamptz AS unknown_since
FROM ai_calls AS c
WHERE c.organization_id = @organization_id AND c.workflow_id = @workflow_id AND c.visit = @visit
    AND c.part_key = @part_key AND c.state = ANY(@pending::text[])
HAVING count(*) > 0;
