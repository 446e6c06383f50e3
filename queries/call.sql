-- CallAssume ends a call without an answer of the provider. The caller books its hold as the cost.
-- name: CallAssume :one
UPDATE ai_calls AS c SET state = @assumed, ended_at = @at::timestamptz, check_at = NULL
WHERE c.organization_id = @organization_id AND c.id = @id AND c.state = @unknown
RETURNING c.*;

-- CallCheckNow makes the open calls of a run, or of an attempt at a unit, due, since that is over.
-- name: CallCheckNow :exec
UPDATE ai_calls AS c SET check_at = @at::timestamptz
WHERE c.organization_id = @organization_id AND c.workflow_id = @workflow_id AND c.ended_at IS NULL
    AND c.run_token IS NOT DISTINCT FROM sqlc.narg('run_token')::integer
    AND c.unit_id IS NOT DISTINCT FROM sqlc.narg('unit_id')::uuid
    AND c.unit_attempt IS NOT DISTINCT FROM sqlc.narg('unit_attempt')::integer;

-- CallCount counts the calls of each workflow.
-- name: CallCount :many
SELECT c.workflow_id, count(*) AS calls FROM ai_calls AS c
WHERE c.organization_id = @organization_id AND c.workflow_id = ANY(@workflow_ids::uuid[])
GROUP BY c.workflow_id
ORDER BY c.workflow_id
LIMIT 1000;

-- CallCountUnknown counts the calls whose outcome is unknown. Every call without an outcome is due at some time, so it
-- reads the index of due calls only.
-- name: CallCountUnknown :one
-- The rule is off: it is one figure over all organizations, for the operator.
-- @sqlc-vet-disable names-organization
SELECT count(*) FROM ai_calls AS c WHERE c.check_at IS NOT NULL AND c.state = @unknown;

-- CallDispatch marks a call as sent, before it is sent. A call of a run or of a unit only while that is live. No row: it
-- must not be sent.
-- name: CallDispatch :one
UPDATE ai_calls AS c SET state = @dispatched, dispatched_at = @at::timestamptz, provider = @provider
WHERE c.organization_id = @organization_id AND c.id = @id AND c.state = @reserved
    AND (c.run_token IS NULL OR EXISTS (
        SELECT FROM intent_workflows AS w
        WHERE w.organization_id = c.organization_id AND w.id = c.workflow_id AND w.version = c.run_token
        FOR SHARE
    ))
    AND (c.unit_id IS NULL OR EXISTS (
        SELECT FROM intent_workflows AS w
        JOIN step_units AS u ON u.organization_id = w.organization_id AND u.workflow_id = w.id AND u.token = w.version
        WHERE w.organization_id = c.organization_id AND w.id = c.workflow_id AND u.id = c.unit_id
            AND u.attempt = c.unit_attempt AND u.lease_expires_at IS NOT NULL
        FOR SHARE
    ))
RETURNING c.*;

-- CallGet returns one call.
-- name: CallGet :one
SELECT c.* FROM ai_calls AS c WHERE c.organization_id = @organization_id AND c.id = @id;

-- CallGetByGeneration returns the call that a generation was charged to, which is the one that does not repeat another
-- call's id.
-- name: CallGetByGeneration :one
SELECT c.* FROM ai_calls AS c
WHERE c.organization_id = @organization_id AND c.generation_id = @generation_id::text AND NOT c.generation_repeated;

-- CallIdentify stores the provider's id of the generation as soon as it is known, and whether another call has it.
-- name: CallIdentify :execrows
UPDATE ai_calls AS c SET generation_id = @generation_id::text, provider = @provider,
    generation_repeated = EXISTS (
        SELECT FROM ai_calls AS o
        WHERE o.organization_id = c.organization_id AND o.generation_id = @generation_id::text
    )
WHERE c.organization_id = @organization_id AND c.id = @id AND c.generation_id IS NULL;

-- CallListAll pages through the calls of all organizations by key, for the auditor.
-- name: CallListAll :many
-- The rule is off: the auditor reads all organizations.
-- @sqlc-vet-disable names-organization
SELECT c.* FROM ai_calls AS c
WHERE (c.organization_id, c.id) > (@after_organization_id::uuid, @after_id::uuid)
ORDER BY c.organization_id, c.id
LIMIT @page_size;

-- CallListByDay sums the booked costs of a provider's calls by the UTC day of their dispatch and the model that
-- answered, corrections included. It leaves out calls that were never sent or were refused, and counts calls without
-- an outcome separately, since nothing is booked for them. Of one organization, or of all without one.
-- name: CallListByDay :many
SELECT (coalesce(c.dispatched_at, c.reserved_at) AT TIME ZONE 'UTC')::date AS day, c.answered_model AS model,
    count(*) FILTER (WHERE c.ended_at IS NOT NULL) AS calls, count(*) FILTER (WHERE c.ended_at IS NULL) AS open,
    coalesce(sum(booked.pico), 0)::bigint AS booked,
    coalesce(sum(c.hold_pico) FILTER (WHERE c.ended_at IS NULL), 0)::bigint AS held
FROM ai_calls AS c
CROSS JOIN LATERAL (
    SELECT coalesce(sum(l.settled_delta), 0)::bigint AS pico FROM ai_usage_ledger AS l
    WHERE l.organization_id = c.organization_id AND l.call_id = c.id AND l.account_id = c.month_id
) AS booked
WHERE c.provider = @provider::text
    AND (sqlc.narg('organization_id')::uuid IS NULL OR c.organization_id = sqlc.narg('organization_id')::uuid)
    AND coalesce(c.dispatched_at, c.reserved_at) >= @from_time::timestamptz
    AND coalesce(c.dispatched_at, c.reserved_at) < @to_time::timestamptz
    AND c.state <> @reserved AND (c.state <> @released OR booked.pico <> 0)
GROUP BY day, model
ORDER BY day, model
LIMIT @page_size;

-- CallListDue claims the calls that are due and postpones their next check, so that one sweeper at a time checks each.
-- All organizations.
-- name: CallListDue :many
-- The rule is off: every server sweeps the work of all organizations.
-- @sqlc-vet-disable names-organization
WITH due AS (
    SELECT c.organization_id, c.id FROM ai_calls AS c
    WHERE c.check_at <= @at
    ORDER BY c.check_at
    LIMIT @page_size
    FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE ai_calls AS c SET checks = c.checks + 1, check_at = @next_check_at::timestamptz
FROM due WHERE c.organization_id = due.organization_id AND c.id = due.id
RETURNING c.*;

-- CallLock returns one call and locks it until the transaction ends.
-- name: CallLock :one
SELECT c.* FROM ai_calls AS c WHERE c.organization_id = @organization_id AND c.id = @id FOR NO KEY UPDATE;

-- CallMarkUnknown records that a call may or may not have been charged: the hold stays, and the sweeper begins to
-- query the provider.
-- name: CallMarkUnknown :one
UPDATE ai_calls AS c
SET state = @unknown, unknown_since = @at::timestamptz, check_at = @check_at::timestamptz, checks = 0,
    failure_code = sqlc.narg('failure_code')
WHERE c.organization_id = @organization_id AND c.id = @id AND c.state = ANY(@from_states::text[])
RETURNING c.*;

-- CallPostpone sets the time of the next check of a call without an outcome.
-- name: CallPostpone :exec
UPDATE ai_calls AS c SET check_at = @check_at::timestamptz
WHERE c.organization_id = @organization_id AND c.id = @id AND c.ended_at IS NULL;

-- CallRecord writes a call that was made without a reservation, on accounts that this transaction has locked. The
-- workflow may be over. No row: no such workflow.
-- name: CallRecord :one
INSERT INTO ai_calls (
    organization_id, id, workflow_id, month_id, step, state, recorded, models, prompt_bytes, max_completion_tokens,
    web_searches, hold_pico, cost_pico, list_cost_pico, overage, provider, generation_id, answered_model, prompt_tokens,
    completion_tokens, cached_tokens, reasoning_tokens, made_searches, items_billed, actor, reserved_at, ended_at,
    admitted_on)
SELECT w.organization_id, @id, w.id, @month_id, @step, @settled, true, @models::text[], 0, 0, @web_searches, 0,
    @cost_pico::amount_pico, sqlc.narg('list_cost_pico'), @overage, @provider, nullif(@generation_id::text, ''),
    @answered_model, @prompt_tokens, @completion_tokens, @cached_tokens, @reasoning_tokens, @web_searches,
    nullif(@items_billed::bigint, 0), @actor, @at, @at,
    greatest(timezone(coalesce(m.time_zone, o.time_zone), @at::timestamptz)::date,
        date_trunc('month', timezone(coalesce(m.time_zone, o.time_zone), m.period_end) - interval '1 second')::date)
FROM intent_workflows AS w
JOIN usage_accounts AS m ON m.organization_id = w.organization_id AND m.id = @month_id
JOIN organizations AS o ON o.id = w.organization_id
WHERE w.organization_id = @organization_id AND w.id = @workflow_id
RETURNING *;

-- CallRelease ends a call that was not charged.
-- name: CallRelease :one
UPDATE ai_calls AS c
SET state = @released, ended_at = @at::timestamptz, check_at = NULL, failure_code = sqlc.narg('failure_code')
WHERE c.organization_id = @organization_id AND c.id = @id AND c.state = ANY(@from_states::text[])
RETURNING c.*;

-- CallSettle ends a call with its real cost, in full.
-- name: CallSettle :one
UPDATE ai_calls AS c
SET state = @settled, cost_pico = @cost_pico::amount_pico, list_cost_pico = sqlc.narg('list_cost_pico'),
    overage = @cost_pico::bigint > c.hold_pico, answered_model = @answered_model,
    provider = coalesce(nullif(@provider::text, ''), c.provider),
    generation_id = coalesce(c.generation_id, nullif(@generation_id::text, '')),
    generation_repeated = CASE WHEN c.generation_id IS NULL THEN @generation_repeated::boolean
        ELSE c.generation_repeated END,
    prompt_tokens = @prompt_tokens, completion_tokens = @completion_tokens, cached_tokens = @cached_tokens,
    reasoning_tokens = @reasoning_tokens, made_searches = @made_searches,
    items_billed = nullif(@items_billed::bigint, 0),
    failure_code = sqlc.narg('failure_code'), ended_at = @at::timestamptz, check_at = NULL
WHERE c.organization_id = @organization_id AND c.id = @id AND c.state = ANY(@from_states::text[])
RETURNING c.*;
