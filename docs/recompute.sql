-- Prints every row of both journals as one line of JSON, each chain in order, for docs/recompute.py, and the balances and
-- budgets that it adds up again. The first line says how many rows follow, so that a cut list is found.
\set ON_ERROR_STOP on
\set QUIET on
\encoding UTF8
BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT json_build_object('rows',
    (SELECT count(*) FROM workflow_transitions) + (SELECT count(*) FROM ai_usage_ledger)
    + (SELECT count(*) FROM usage_accounts) + (SELECT count(*) FROM article_budgets));
SELECT row_to_json(t) FROM (
    SELECT organization_id, workflow_id, version, graph_version, kind, from_state, to_state, actor, reason,
        (extract(epoch FROM occurred_at) * 1000000)::bigint AS occurred_at,
        encode(previous_hash, 'hex') AS previous_hash, encode(hash, 'hex') AS hash
    FROM workflow_transitions ORDER BY organization_id, workflow_id, version) AS t;
SELECT row_to_json(e) FROM (
    SELECT l.organization_id, l.account_id, l.sequence, l.kind, l.call_id, l.settled_delta, l.held_delta, l.limit_delta,
        l.settled_after, l.held_after, l.limit_after, l.stopped_after, l.overage, l.actor, l.reason,
        (extract(epoch FROM l.occurred_at) * 1000000)::bigint AS occurred_at,
        encode(l.previous_hash, 'hex') AS previous_hash, encode(l.hash, 'hex') AS hash, c.article_id
    FROM ai_usage_ledger AS l LEFT JOIN ai_calls AS c ON c.organization_id = l.organization_id AND c.id = l.call_id
    ORDER BY l.organization_id, l.account_id, l.sequence) AS e;
SELECT row_to_json(a) FROM (
    SELECT 'usage_accounts' AS "table", organization_id, id, kind, sequence, settled_pico, held_pico, limit_pico
    FROM usage_accounts ORDER BY organization_id, id) AS a;
SELECT row_to_json(b) FROM (
    SELECT 'article_budgets' AS "table", organization_id, article_id, workflow_id, cap_pico, held_pico, settled_pico,
        overage
    FROM article_budgets ORDER BY organization_id, article_id) AS b;
COMMIT;
