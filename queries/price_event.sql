-- PriceEventCount counts the events that PriceEventList pages through.
-- name: PriceEventCount :one
SELECT ((SELECT count(*) FROM model_prices AS p WHERE p.list_id = @organization_id)
    + (SELECT count(*) + count(q.decided_at) FROM model_price_proposals AS q
        WHERE q.list_id = @organization_id))::bigint;

-- PriceEventList pages through the events of the organization's own prices by time, as SettingChangeList does. A
-- previous price below zero means that there was none.
-- name: PriceEventList :many
WITH events AS (
    SELECT p.recorded_at AS occurred_at, 'ADDED' AS kind, p.actor::text AS actor, '' AS reason, p.model,
        p.component::text AS component, p.min_prompt_tokens, p.unit_pico::bigint AS unit_pico,
        coalesce(b.unit_pico, -1)::bigint AS previous_pico, p.valid_from, p.source,
        '00000000-0000-0000-0000-000000000000'::uuid AS proposal_id,
        ('ADDED ' || p.model || ' ' || p.component || ' ' || p.min_prompt_tokens || ' '
            || epoch_microseconds(p.valid_from)) COLLATE "C" AS key
    FROM model_prices AS p
    LEFT JOIN model_prices AS b ON b.list_id = p.list_id AND b.model = p.model AND b.component = p.component
        AND b.min_prompt_tokens = p.min_prompt_tokens AND b.valid_to = p.valid_from
    WHERE p.list_id = @organization_id
    UNION ALL
    SELECT q.proposed_at, 'QUARANTINED', q.actor, '', q.model, q.component, q.min_prompt_tokens, q.unit_pico,
        coalesce(q.compared_pico, -1), NULL, q.source, q.id, ('QUARANTINED ' || q.id) COLLATE "C"
    FROM model_price_proposals AS q
    WHERE q.list_id = @organization_id
    UNION ALL
    SELECT d.decided_at, d.state, d.decided_by, d.reason, d.model, d.component, d.min_prompt_tokens, d.unit_pico,
        coalesce(d.compared_pico, -1), d.accepted_from, d.source, d.id, ('DECIDED ' || d.id) COLLATE "C"
    FROM model_price_proposals AS d
    WHERE d.list_id = @organization_id AND d.decided_at IS NOT NULL
)
SELECT e.occurred_at, e.kind::text AS kind, e.actor::text AS actor, e.reason::text AS reason, e.model, e.component,
    e.min_prompt_tokens, e.unit_pico, e.previous_pico,
    coalesce(e.valid_from, 'epoch'::timestamptz)::timestamptz AS valid_from, e.source, e.proposal_id, e.key::text AS key
FROM events AS e
WHERE CASE WHEN @ascending::boolean
    THEN (e.occurred_at, e.key) > (@cursor_at::timestamptz, @cursor_key::text)
    ELSE (e.occurred_at, e.key) < (@cursor_at::timestamptz, @cursor_key::text) END
ORDER BY CASE WHEN @ascending::boolean THEN e.occurred_at END, CASE WHEN @ascending::boolean THEN e.key END,
    CASE WHEN NOT @ascending::boolean THEN e.occurred_at END DESC, CASE WHEN NOT @ascending::boolean THEN e.key END DESC
LIMIT @page_size;
