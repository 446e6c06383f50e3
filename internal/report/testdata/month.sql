-- Fills one organization's March 2026 with synthetic calls, as fast as can be: without triggers, foreign keys and the
-- check of the hashes, which are no hashes. For benchmarks only. $1 is the organization, $2 the month's account, $3 how
-- many calls, $4 how many workflows they are spread over. A workflow's calls follow each other at 90 seconds. Statements
-- end with a semicolon at the end of a line.
ALTER TABLE ai_usage_ledger DISABLE TRIGGER USER;
ALTER TABLE ai_usage_ledger DROP CONSTRAINT IF EXISTS ai_usage_ledger_hash;
ALTER TABLE workflow_transitions DISABLE TRIGGER USER;
ALTER TABLE workflow_transitions DROP CONSTRAINT IF EXISTS workflow_transitions_hash;
SET session_replication_role = replica;

INSERT INTO intent_workflows (organization_id, id, name, company_name, company_url, graph_version, version, state,
    previous_hash, hash, created_by, created_at, updated_at)
SELECT $1::uuid, md5('workflow ' || i)::uuid, 'Workflow ' || i, 'Example', 'https://example.com', 1, 0, 'CREATED', '',
    sha256('x'), 'alice', '2026-03-01'::timestamptz + i * (interval '29 days' / $4::int), '2026-03-31'
FROM generate_series(0, $4::int - 1) AS i;

-- Two of three workflows go the shortest way to the end, the others to the review; a state lasts from 1 to 100 seconds.
INSERT INTO workflow_transitions (organization_id, workflow_id, version, graph_version, kind, from_state, to_state,
    actor, reason, occurred_at, previous_hash, hash)
SELECT w.organization_id, w.id, p.version, 1, CASE p.version WHEN 0 THEN 'CREATE' ELSE 'ADVANCE' END, p.before, p.state,
    'worker:test', '', w.created_at + p.version * (1 + hashtext(w.name) % 100 * 0.5 + 50) * interval '1 second',
    CASE p.version WHEN 0 THEN ''::bytea ELSE sha256('x') END, sha256('x')
FROM intent_workflows AS w
CROSS JOIN (
    SELECT s.version - 1 AS version, lag(s.state) OVER (ORDER BY s.version) AS before, s.state
    FROM unnest(ARRAY['CREATED', 'ICP_PENDING', 'ICP_PROCESSING', 'ICP_COMPLETED', 'COMPETITOR_PENDING',
        'COMPETITOR_PROCESSING', 'COMPETITOR_COMPLETED', 'SEED_REVIEW_PENDING', 'SEED_REVIEW_COMPLETED',
        'CLUSTERING_PENDING', 'CLUSTERING_PROCESSING', 'CLUSTERING_COMPLETED', 'VALIDATION_PENDING',
        'VALIDATION_PROCESSING', 'VALIDATION_COMPLETED', 'ARTICLE_PENDING', 'ARTICLE_PROCESSING', 'ARTICLE_COMPLETED',
        'PUBLISH_PENDING', 'PUBLISH_PROCESSING', 'PUBLISH_COMPLETED', 'COMPLETED']) WITH ORDINALITY AS s (state, version)
) AS p
WHERE w.organization_id = $1::uuid AND (p.version < 8 OR hashtext(w.name) % 3 <> 0);

INSERT INTO usage_accounts (organization_id, id, kind, period_start, period_end, time_zone, sequence, settled_pico,
    held_pico, limit_pico, stopped, previous_hash, hash)
SELECT $1::uuid, a.id, a.kind, a.period_start, a.period_end, a.time_zone, 0, 0, 0, 1e18::bigint, false, '', sha256('x')
FROM (
    SELECT $2::uuid AS id, 'MONTH' AS kind, '2026-03-01'::timestamptz AS period_start,
        '2026-04-01'::timestamptz AS period_end, 'UTC' AS time_zone
    UNION ALL
    SELECT w.id, 'WORKFLOW', NULL, NULL, NULL FROM intent_workflows AS w WHERE w.organization_id = $1::uuid
) AS a;

-- 97 of 100 calls are settled by one of three models, 2 released, 1 assumed; 1 in 1000 is in flight.
INSERT INTO ai_calls (organization_id, id, workflow_id, month_id, step, state, models, prompt_bytes,
    max_completion_tokens, web_searches, hold_pico, cost_pico, list_cost_pico, provider, generation_id, answered_model,
    prompt_tokens, completion_tokens, actor, reserved_at, admitted_on, ended_at)
SELECT $1::uuid, md5('call ' || c.i)::uuid, md5('workflow ' || c.flow)::uuid, $2::uuid,
    (ARRAY['ICP', 'COMPETITOR', 'CLUSTERING', 'VALIDATION', 'ARTICLE', 'PUBLISH'])[1 + c.n * 6 / c.each], c.state,
    ARRAY['perplexity/sonar', 'openai/gpt-4o-mini'], 2000, 700, 1, 10000000000,
    CASE c.state WHEN 'SETTLED' THEN 5400000000 + c.i % 1000 * 1000 END,
    CASE c.state WHEN 'SETTLED' THEN 5400000000 END, 'openrouter', 'gen-' || c.i,
    CASE c.state WHEN 'SETTLED'
        THEN (ARRAY['perplexity/sonar', 'openai/gpt-4o-mini', 'openai/gpt-4o-mini-2024-07-18'])[1 + c.i % 3] ELSE '' END,
    CASE c.state WHEN 'SETTLED' THEN 200 + c.i % 100 ELSE 0 END, CASE c.state WHEN 'SETTLED' THEN 300 ELSE 0 END,
    'worker:test', c.at, (c.at AT TIME ZONE 'UTC')::date,
    CASE WHEN c.state <> 'RESERVED' THEN c.at + interval '8 seconds' END
FROM (
    SELECT i, i % $4::int AS flow, i / $4::int AS n, greatest($3::int / $4::int, 1) AS each,
        '2026-03-01'::timestamptz + (i % $4::int) * (interval '29 days' / $4::int)
            + (i / $4::int) * interval '90 seconds' AS at,
        CASE WHEN i % 1000 = 999 THEN 'RESERVED' WHEN i % 100 < 2 THEN 'RELEASED' WHEN i % 100 = 50 THEN 'ASSUMED'
            ELSE 'SETTLED' END AS state
    FROM generate_series(0, $3::int - 1) AS i
) AS c;

INSERT INTO ai_usage_ledger (organization_id, account_id, sequence, kind, call_id, call_hold_pico, settled_before,
    settled_delta, settled_after, held_before, held_delta, held_after, limit_before, limit_delta, limit_after,
    stopped_before, stopped_after, overage, actor, reason, occurred_at, previous_hash, hash)
SELECT c.organization_id, e.account, row_number() OVER (PARTITION BY e.account ORDER BY e.at, c.id, e.kind), e.kind,
    c.id, c.hold_pico, 0, e.settled, e.settled, CASE e.kind WHEN 'RESERVE' THEN 0 ELSE c.hold_pico END,
    CASE e.kind WHEN 'RESERVE' THEN c.hold_pico ELSE -c.hold_pico END,
    CASE e.kind WHEN 'RESERVE' THEN c.hold_pico ELSE 0 END, 1e18::bigint, 0, 1e18::bigint, false, false, false,
    'worker:test', '', e.at, sha256('x'), sha256('x')
FROM ai_calls AS c
CROSS JOIN LATERAL (
    SELECT a.account, k.kind, k.at, k.settled
    FROM (VALUES (c.month_id), (c.workflow_id)) AS a (account)
    CROSS JOIN (VALUES
        ('RESERVE', c.reserved_at, 0::bigint),
        (CASE c.state WHEN 'SETTLED' THEN 'SETTLE' WHEN 'RELEASED' THEN 'RELEASE' ELSE 'ASSUME' END, c.ended_at,
            CASE c.state WHEN 'SETTLED' THEN c.cost_pico WHEN 'RELEASED' THEN 0 ELSE c.hold_pico END)
    ) AS k (kind, at, settled)
    WHERE k.at IS NOT NULL
) AS e
WHERE c.organization_id = $1::uuid;
