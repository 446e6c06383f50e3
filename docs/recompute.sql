-- Prints every row of both journals as one line of JSON, each chain in order, for docs/recompute.py. The first line says
-- how many rows follow, so that a cut list is found.
\set ON_ERROR_STOP on
\set QUIET on
\encoding UTF8
BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT json_build_object('rows',
    (SELECT count(*) FROM workflow_transitions) + (SELECT count(*) FROM ai_usage_ledger));
SELECT row_to_json(t) FROM (
    SELECT organization_id, workflow_id, version, graph_version, kind, from_state, to_state, actor, reason,
        (extract(epoch FROM occurred_at) * 1000000)::bigint AS occurred_at,
        encode(previous_hash, 'hex') AS previous_hash, encode(hash, 'hex') AS hash
    FROM workflow_transitions ORDER BY organization_id, workflow_id, version) AS t;
SELECT row_to_json(e) FROM (
    SELECT organization_id, account_id, sequence, kind, call_id, settled_delta, held_delta, limit_delta,
        settled_after, held_after, limit_after, stopped_after, overage, actor, reason,
        (extract(epoch FROM occurred_at) * 1000000)::bigint AS occurred_at,
        encode(previous_hash, 'hex') AS previous_hash, encode(hash, 'hex') AS hash
    FROM ai_usage_ledger ORDER BY organization_id, account_id, sequence) AS e;
COMMIT;
