-- CallListByTime pages through the calls of the organization that a filter chooses, the oldest first.
-- name: CallListByTime :many
SELECT c.* FROM ai_calls AS c
WHERE c.organization_id = @organization_id AND (c.reserved_at, c.id) > (@cursor_at::timestamptz, @cursor_id::uuid)
    AND c.reserved_at >= @from_time AND c.reserved_at < @to_time
    AND (cardinality(@states::text[]) = 0 OR c.state = ANY(@states::text[]))
    AND (cardinality(@failures::text[]) = 0 OR c.failure_code = ANY(@failures::text[]))
    AND (cardinality(@models::text[]) = 0 OR c.answered_model = ANY(@models::text[]))
    AND (cardinality(@providers::text[]) = 0 OR c.provider = ANY(@providers::text[]))
    AND (cardinality(@workflow_ids::uuid[]) = 0 OR c.workflow_id = ANY(@workflow_ids::uuid[]))
ORDER BY c.organization_id, c.reserved_at, c.id
LIMIT @page_size;

-- CallListByTimeDescending is CallListByTime with the newest first.
-- name: CallListByTimeDescending :many
SELECT c.* FROM ai_calls AS c
WHERE c.organization_id = @organization_id AND (c.reserved_at, c.id) < (@cursor_at::timestamptz, @cursor_id::uuid)
    AND c.reserved_at >= @from_time AND c.reserved_at < @to_time
    AND (cardinality(@states::text[]) = 0 OR c.state = ANY(@states::text[]))
    AND (cardinality(@failures::text[]) = 0 OR c.failure_code = ANY(@failures::text[]))
    AND (cardinality(@models::text[]) = 0 OR c.answered_model = ANY(@models::text[]))
    AND (cardinality(@providers::text[]) = 0 OR c.provider = ANY(@providers::text[]))
    AND (cardinality(@workflow_ids::uuid[]) = 0 OR c.workflow_id = ANY(@workflow_ids::uuid[]))
ORDER BY c.organization_id DESC, c.reserved_at DESC, c.id DESC
LIMIT @page_size;

-- CallListByWorkflows returns of each workflow the first calls after the cursor (after_at, after_id), the oldest
-- first.
-- name: CallListByWorkflows :many
SELECT c.* FROM unnest(@workflow_ids::uuid[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT i.* FROM ai_calls AS i
    WHERE i.organization_id = @organization_id AND i.workflow_id = wanted.id
        AND (i.reserved_at, i.id) > (@after_at::timestamptz, @after_id::uuid)
    ORDER BY i.reserved_at, i.id
    LIMIT @page_size
) AS c
ORDER BY c.workflow_id, c.reserved_at, c.id;

-- CallListByWorkflowsDescending returns of each workflow the last calls before the cursor (before_at, before_id), the
-- newest first.
-- name: CallListByWorkflowsDescending :many
SELECT c.* FROM unnest(@workflow_ids::uuid[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT i.* FROM ai_calls AS i
    WHERE i.organization_id = @organization_id AND i.workflow_id = wanted.id
        AND (i.reserved_at, i.id) < (@before_at::timestamptz, @before_id::uuid)
    ORDER BY i.reserved_at DESC, i.id DESC
    LIMIT @page_size
) AS c
ORDER BY c.workflow_id, c.reserved_at DESC, c.id DESC;

-- CallListCount counts the calls of a filter, which is that of CallListByTime.
-- name: CallListCount :one
SELECT count(*) FROM ai_calls AS c
WHERE c.organization_id = @organization_id
    AND c.reserved_at >= @from_time AND c.reserved_at < @to_time
    AND (cardinality(@states::text[]) = 0 OR c.state = ANY(@states::text[]))
    AND (cardinality(@failures::text[]) = 0 OR c.failure_code = ANY(@failures::text[]))
    AND (cardinality(@models::text[]) = 0 OR c.answered_model = ANY(@models::text[]))
    AND (cardinality(@providers::text[]) = 0 OR c.provider = ANY(@providers::text[]))
    AND (cardinality(@workflow_ids::uuid[]) = 0 OR c.workflow_id = ANY(@workflow_ids::uuid[]));

-- CallListUsage is UsageDayListByAccounts for groups by actor, API key and provider, which usage_days does not have. It
-- reads the calls of the range. All workers of the engine are one actor.
-- name: CallListUsage :many
WITH corrected AS (
    SELECT l.account_id, l.call_id, sum(l.settled_delta)::bigint AS pico FROM ai_usage_ledger AS l
    WHERE l.organization_id = @organization_id AND l.kind = @adjust
    GROUP BY l.account_id, l.call_id
), keyed AS (
    SELECT CASE WHEN @by_day::boolean THEN c.admitted_on END AS day,
        CASE WHEN @by_model::boolean THEN c.answered_model END AS model,
        CASE WHEN @by_step::boolean THEN c.step::text END AS step,
        CASE WHEN @by_workflow::boolean THEN c.workflow_id END AS workflow_id,
        CASE WHEN @by_outcome::boolean THEN c.state::text END AS outcome,
        CASE WHEN @by_actor::boolean THEN
            CASE WHEN starts_with(c.actor, @worker_prefix::text) THEN @worker_prefix::text ELSE c.actor END
        END AS actor,
        CASE WHEN @by_key::boolean THEN k.id END AS key_id,
        CASE WHEN @by_provider::boolean THEN c.provider END AS provider,
        c.prompt_tokens, c.completion_tokens, coalesce(c.cost_pico, 0)::bigint AS settled,
        CASE WHEN c.ended_at IS NULL THEN c.hold_pico ELSE 0 END::bigint AS held,
        CASE WHEN c.state = @assumed THEN c.hold_pico ELSE 0 END::bigint AS assumed,
        coalesce(a.pico, 0)::bigint AS adjusted,
        CASE WHEN c.overage AND NOT c.recorded THEN c.cost_pico - c.hold_pico ELSE 0 END::bigint AS overage
    FROM ai_calls AS c
    LEFT JOIN corrected AS a ON a.account_id = c.month_id AND a.call_id = c.id
    LEFT JOIN api_keys AS k ON @by_key::boolean AND k.organization_id = c.organization_id
        AND c.actor = @key_prefix::text || k.name
    WHERE c.organization_id = @organization_id AND c.reserved_at >= @reserved_from AND c.reserved_at < @reserved_to
        AND c.admitted_on >= @from_day::date AND c.admitted_on < @to_day::date
        AND (@any_workflow::boolean OR c.workflow_id = ANY(@workflow_ids::uuid[]))
)
SELECT (grouping(k.day) = 1)::boolean AS is_total, coalesce(k.day, 'epoch'::date)::date AS day,
    coalesce(k.model, '')::text AS model, coalesce(k.step, '')::text AS step,
    coalesce(k.workflow_id, '00000000-0000-0000-0000-000000000000'::uuid)::uuid AS workflow_id,
    coalesce(k.outcome, '')::text AS outcome, coalesce(k.actor, '')::text AS actor,
    coalesce(k.key_id, '00000000-0000-0000-0000-000000000000'::uuid)::uuid AS key_id,
    coalesce(k.provider, '')::text AS provider, count(*) AS calls,
    coalesce(sum(k.prompt_tokens), 0)::bigint AS prompt_tokens,
    coalesce(sum(k.completion_tokens), 0)::bigint AS completion_tokens, coalesce(sum(k.settled), 0)::bigint AS settled,
    coalesce(sum(k.held), 0)::bigint AS held, coalesce(sum(k.assumed), 0)::bigint AS assumed,
    coalesce(sum(k.adjusted), 0)::bigint AS adjusted, coalesce(sum(k.overage), 0)::bigint AS overage
FROM keyed AS k
GROUP BY GROUPING SETS ((k.day, k.model, k.step, k.workflow_id, k.outcome, k.actor, k.key_id, k.provider), ())
ORDER BY is_total DESC, coalesce(sum(k.settled + k.assumed + k.adjusted), 0) DESC, k.day, k.model, k.step,
    k.workflow_id, k.outcome, k.actor, k.key_id, k.provider
LIMIT @page_size;
