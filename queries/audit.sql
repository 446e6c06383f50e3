-- AuditAccount names accounts that do not repeat of their ledger what they should.
-- name: AuditAccount :many
-- The rule is off: the auditor reads all organizations.
-- @sqlc-vet-disable names-organization
SELECT f.object::text AS object, f.fault::text AS fault FROM (
    SELECT format('usage_accounts %s', a.id) AS object,
        'its previous hash or stop is not that of its last entry' AS fault
    FROM usage_accounts AS a
    JOIN ai_usage_ledger AS l
        ON l.organization_id = a.organization_id AND l.account_id = a.id AND l.sequence = a.sequence
    WHERE (a.previous_hash::bytea, a.previous_stopped) IS DISTINCT FROM (l.previous_hash::bytea, l.stopped_before)
    UNION ALL
    SELECT format('usage_accounts %s', a.id), format('entry %s has set its limit, and it says %s',
        coalesce(l.sequence, 0), a.limit_sequence)
    FROM usage_accounts AS a
    LEFT JOIN LATERAL (
        SELECT e.sequence, e.limit_sequence FROM ai_usage_ledger AS e
        WHERE e.organization_id = a.organization_id AND e.account_id = a.id AND e.kind = @limit_kind
        ORDER BY e.sequence DESC LIMIT 1
    ) AS l ON true
    -- A server of a version before 0011 has written no limit_sequence.
    WHERE a.limit_sequence <> coalesce(l.sequence, 0) AND (l.sequence IS NULL OR l.limit_sequence IS NOT NULL)
) AS f
ORDER BY f.object, f.fault
LIMIT @page_size;

-- AuditArticle names versions by the engine that no unit has finished, units of articles that are done without a
-- version, evidence with a gap, decisions about a text that was not the last one, and rejections above the limit.
-- name: AuditArticle :many
-- The rule is off: the auditor reads all organizations.
-- @sqlc-vet-disable names-organization
SELECT f.object::text AS object, f.fault::text AS fault FROM (
    SELECT format('article_versions art_%s revision %s', v.article_id, v.revision) AS object,
        format('the engine has written it at %s, and no unit of the article has finished then', v.created_at) AS fault
    FROM article_versions AS v
    JOIN articles AS a ON a.organization_id = v.organization_id AND a.workflow_id = v.workflow_id
        AND a.visit = v.visit AND a.article_id = v.article_id
    WHERE v.author_kind = @engine::text AND NOT EXISTS (
        SELECT FROM step_unit_events AS e
        WHERE e.organization_id = a.organization_id AND e.unit_id = a.unit_id AND e.kind = @finish::text
            AND e.occurred_at = v.created_at)
    UNION ALL
    SELECT format('articles art_%s visit %s', a.article_id, a.visit), 'its unit is done, and it has no version'
    FROM articles AS a
    JOIN step_units AS u ON u.organization_id = a.organization_id AND u.id = a.unit_id
    WHERE u.state = @done::text AND NOT EXISTS (
        SELECT FROM article_versions AS v
        WHERE v.organization_id = a.organization_id AND v.article_id = a.article_id AND v.visit = a.visit)
    UNION ALL
    SELECT format('article_evidence art_%s visit %s', e.article_id, e.visit),
        format('it has %s quotes up to number %s', count(*), max(e.number))
    FROM article_evidence AS e
    GROUP BY e.organization_id, e.workflow_id, e.visit, e.article_id
    HAVING count(*) <> max(e.number)
    UNION ALL
    SELECT format('article_decisions art_%s sequence %s', d.article_id, d.sequence),
        format('it is about revision %s, and an earlier decision about revision %s', d.revision, b.revision)
    FROM article_decisions AS d
    JOIN article_decisions AS b ON b.organization_id = d.organization_id AND b.article_id = d.article_id
        AND b.sequence = d.sequence - 1
    WHERE b.revision > d.revision
    UNION ALL
    SELECT format('article_decisions art_%s visit %s', d.article_id, v.visit),
        format('%s rejections asked for another text', count(*))
    FROM article_decisions AS d
    JOIN article_versions AS v ON v.organization_id = d.organization_id AND v.article_id = d.article_id
        AND v.revision = d.revision
    WHERE d.verdict = @rejected::text AND d.feedback <> ''
    GROUP BY d.organization_id, d.article_id, v.visit
    HAVING count(*) > @most_rejections::bigint
) AS f
ORDER BY f.object, f.fault
LIMIT @page_size;

-- AuditArticleBudget names budgets of articles that do not agree with the calls for the article and with what the ledger
-- has booked for them.
-- name: AuditArticleBudget :many
-- The rule is off: the auditor reads all organizations.
-- @sqlc-vet-disable names-organization
SELECT format('article_budgets article %s', b.article_id)::text AS object, format(
    'it holds %s and has settled %s, its calls hold %s and the ledger has settled %s', b.held_pico, b.settled_pico,
    spent.held, spent.settled)::text AS fault
FROM article_budgets AS b
CROSS JOIN LATERAL (
    SELECT coalesce(sum(c.hold_pico) FILTER (WHERE c.ended_at IS NULL), 0) AS held,
        coalesce(sum(booked.pico), 0) AS settled
    FROM ai_calls AS c
    CROSS JOIN LATERAL (
        SELECT sum(l.settled_delta) AS pico FROM ai_usage_ledger AS l
        WHERE l.organization_id = c.organization_id AND l.call_id = c.id AND l.account_id = c.workflow_id
    ) AS booked
    WHERE c.organization_id = b.organization_id AND c.workflow_id = b.workflow_id AND c.article_id = b.article_id
) AS spent
WHERE b.held_pico <> spent.held OR b.settled_pico <> spent.settled
ORDER BY object, fault
LIMIT @page_size;

-- AuditBatch names batches that disagree with their items and results, and results whose change another actor made.
-- name: AuditBatch :many
-- The rule is off: the auditor reads all organizations.
-- @sqlc-vet-disable names-organization
SELECT f.object::text AS object, f.fault::text AS fault FROM (
    SELECT format('batches batch_%s', b.id) AS object,
        format('it has %s workflows, %s results and %s changes, its rows are %s, %s and %s', b.total, b.done, b.succeeded,
            i.items, r.results, r.changes) AS fault
    FROM batches AS b
    CROSS JOIN LATERAL (
        SELECT count(*) AS items FROM batch_items AS l
        WHERE l.organization_id = b.organization_id AND l.batch_id = b.id
    ) AS i
    CROSS JOIN LATERAL (
        SELECT count(*) AS results, count(*) FILTER (WHERE l.code = '') AS changes FROM batch_results AS l
        WHERE l.organization_id = b.organization_id AND l.batch_id = b.id
    ) AS r
    WHERE i.items <> b.total OR r.results <> b.done OR r.changes <> b.succeeded
    UNION ALL
    SELECT format('batch_results batch_%s position %s', r.batch_id, r.position),
        format('the batch is of %s, its change of %s', b.actor, coalesce(t.actor, l.actor))
    FROM batch_results AS r
    JOIN batches AS b ON b.organization_id = r.organization_id AND b.id = r.batch_id
    LEFT JOIN workflow_transitions AS t
        ON t.organization_id = r.organization_id AND t.workflow_id = r.workflow_id AND t.version = r.version
    LEFT JOIN ai_usage_ledger AS l
        ON l.organization_id = r.organization_id AND l.account_id = r.workflow_id AND l.sequence = r.sequence
    WHERE r.code = '' AND (b.actor IS DISTINCT FROM coalesce(t.actor, l.actor)
        OR (b.new_limit_pico IS NULL) <> (t.actor IS NOT NULL))
) AS f
ORDER BY f.object, f.fault
LIMIT @page_size;

-- AuditCall names calls that do not agree with their month, with each other, or with the day that admitted them.
-- name: AuditCall :many
-- The rule is off: the auditor reads all organizations.
-- @sqlc-vet-disable names-organization
SELECT f.object::text AS object, f.fault::text AS fault FROM (
    SELECT format('ai_calls call_%s', c.id) AS object, format('its month is %s, and it was reserved at %s',
        coalesce(format('%s to %s', m.period_start, m.period_end), 'no month of its organization'), c.reserved_at) AS fault
    FROM ai_calls AS c
    LEFT JOIN usage_accounts AS m ON m.organization_id = c.organization_id AND m.id = c.month_id AND m.kind = @month
    WHERE NOT coalesce(c.reserved_at >= m.period_start AND c.reserved_at < m.period_end, false)
    UNION ALL
    SELECT format('ai_calls call_%s', c.id), format('it counts for the day %s, and was reserved at %s in %s',
        c.admitted_on, c.reserved_at, m.time_zone)
    FROM ai_calls AS c
    JOIN usage_accounts AS m ON m.organization_id = c.organization_id AND m.id = c.month_id
    WHERE m.time_zone IS NOT NULL AND c.admitted_on NOT IN (timezone(m.time_zone, c.reserved_at)::date,
        date_trunc('month', timezone(m.time_zone, m.period_end) - interval '1 second')::date)
    UNION ALL
    SELECT format('ai_calls call_%s', c.id), format('it repeats generation %s, which no other call has', c.generation_id)
    FROM ai_calls AS c
    WHERE c.generation_repeated AND NOT EXISTS (
        SELECT FROM ai_calls AS o
        WHERE o.organization_id = c.organization_id AND o.generation_id = c.generation_id AND NOT o.generation_repeated)
) AS f
ORDER BY f.object, f.fault
LIMIT @page_size;

-- AuditGate names transitions over a gated edge without their approval, and decisions that do not agree with their
-- transition, the settings of their time, or the decisions about keywords. The clocks of two servers differ by at most
-- five minutes: settings of less than that before or after a transition may have been in force or not.
-- name: AuditGate :many
-- The rule is off: the auditor reads all organizations.
-- @sqlc-vet-disable names-organization
WITH edges AS (
    SELECT unnest(@gates::text[]) AS gate, unnest(@from_states::text[]) AS from_state,
        unnest(@to_states::text[]) AS to_state
), modes AS (
    SELECT s.organization_id, s.version, s.occurred_at, e.gate,
        CASE e.gate WHEN 'SEEDS' THEN s.seeds::text WHEN 'PLAN' THEN s.plan::text ELSE s.publish::text END AS mode
    FROM gate_settings AS s CROSS JOIN edges AS e
)
SELECT f.object::text AS object, f.fault::text AS fault FROM (
    SELECT format('workflow_transitions wf_%s version %s', t.workflow_id, t.version) AS object,
        format('it goes through the gate %s, and no decision has approved that', e.gate) AS fault
    FROM edges AS e
    JOIN workflow_transitions AS t ON t.from_state = e.from_state AND t.to_state = e.to_state
    JOIN LATERAL (
        SELECT max(s.version) AS version FROM gate_settings AS s
        WHERE s.organization_id = t.organization_id AND s.occurred_at <= t.occurred_at - interval '5 minutes'
    ) AS base ON base.version IS NOT NULL
    WHERE NOT EXISTS (
        SELECT FROM modes AS m
        WHERE m.organization_id = t.organization_id AND m.gate = e.gate AND m.version >= base.version
            AND m.occurred_at < t.occurred_at + interval '5 minutes' AND m.mode = @mode_off::text
    ) AND NOT EXISTS (
        SELECT FROM gate_decisions AS d
        WHERE d.organization_id = t.organization_id AND d.workflow_id = t.workflow_id AND d.version = t.version
            AND d.gate = e.gate AND d.verdict = @approved::text)
    UNION ALL
    SELECT format('gate_decisions wf_%s version %s', d.workflow_id, d.version),
        format('it is %s at gate %s, its transition is %s → %s', d.verdict, d.gate, t.from_state, t.to_state)
    FROM gate_decisions AS d
    JOIN edges AS e ON e.gate = d.gate
    LEFT JOIN workflow_transitions AS t
        ON t.organization_id = d.organization_id AND t.workflow_id = d.workflow_id AND t.version = d.version
    WHERE NOT coalesce(t.from_state = e.from_state AND CASE d.verdict
        WHEN @approved::text THEN t.to_state = e.to_state AND t.kind = @advance::text
        ELSE t.to_state = d.reset_to || '_PENDING' AND t.kind = @reset::text END, false)
    UNION ALL
    SELECT format('gate_decisions wf_%s version %s', d.workflow_id, d.version), format(
        '%s has decided at %s, its transition says %s at %s', d.decided_by, d.decided_at, t.actor, t.occurred_at)
    FROM gate_decisions AS d
    JOIN workflow_transitions AS t
        ON t.organization_id = d.organization_id AND t.workflow_id = d.workflow_id AND t.version = d.version
    WHERE d.decided_by <> t.actor OR d.decided_at <> t.occurred_at
    UNION ALL
    SELECT format('gate_decisions wf_%s version %s', d.workflow_id, d.version),
        'its feedback is not the reason of its transition'
    FROM gate_decisions AS d
    JOIN workflow_transitions AS t
        ON t.organization_id = d.organization_id AND t.workflow_id = d.workflow_id AND t.version = d.version
    WHERE d.feedback <> t.reason
    UNION ALL
    SELECT format('gate_decisions wf_%s version %s', d.workflow_id, d.version), format(
        'it names %s, and at %s other settings were in force', coalesce('settings ' || d.settings_version, 'no settings'),
        d.decided_at)
    FROM gate_decisions AS d
    LEFT JOIN gate_settings AS n ON n.organization_id = d.organization_id AND n.version = d.settings_version
    CROSS JOIN LATERAL (
        SELECT max(s.version) AS version FROM gate_settings AS s
        WHERE s.organization_id = d.organization_id AND s.occurred_at <= d.decided_at - interval '5 minutes'
    ) AS base
    WHERE coalesce(d.settings_version, -1) < base.version OR n.occurred_at >= d.decided_at + interval '5 minutes'
    UNION ALL
    SELECT format('gate_decisions wf_%s version %s', d.workflow_id, d.version),
        format('%s has prepared and approved it, and two people must', d.decided_by)
    FROM gate_decisions AS d
    WHERE d.four_eyes AND d.verdict = @approved::text AND d.decided_by = d.prepared_by
    UNION ALL
    SELECT format('gate_settings org_%s', s.organization_id),
        format('it has %s versions from %s to %s', count(*), min(s.version), max(s.version))
    FROM gate_settings AS s
    GROUP BY s.organization_id
    HAVING min(s.version) <> 0 OR count(*) <> max(s.version) + 1
    UNION ALL
    SELECT format('outside_steps org_%s', o.organization_id),
        format('it has %s versions from %s to %s', count(*), min(o.version), max(o.version))
    FROM outside_steps AS o
    GROUP BY o.organization_id
    HAVING min(o.version) <> 0 OR count(*) <> max(o.version) + 1
) AS f
ORDER BY f.object, f.fault
LIMIT @page_size;

-- AuditKeyword names decisions about keywords that were made outside of a review or have a gap, and competitors, markets
-- and brand voices with a gap.
-- name: AuditKeyword :many
-- The rule is off: the auditor reads all organizations.
-- @sqlc-vet-disable names-organization
SELECT f.object::text AS object, f.fault::text AS fault FROM (
    SELECT format('keyword_decisions wf_%s keyword %s sequence %s', k.workflow_id, k.keyword_id, k.sequence) AS object,
        format('%s has decided at %s, and no review of visit %s was open', k.actor, k.decided_at, k.visit) AS fault
    FROM keyword_decisions AS k
    WHERE k.origin = @person::text AND NOT EXISTS (
        SELECT FROM workflow_transitions AS t
        LEFT JOIN workflow_transitions AS n ON n.organization_id = t.organization_id
            AND n.workflow_id = t.workflow_id AND n.version = t.version + 1
        WHERE t.organization_id = k.organization_id AND t.workflow_id = k.workflow_id AND t.version > k.visit
            AND t.to_state = @reviewing::text AND t.occurred_at <= k.decided_at + interval '5 minutes'
            -- The clocks of two servers differ by at most five minutes.
            AND coalesce(n.occurred_at >= k.decided_at - interval '5 minutes', true))
    UNION ALL
    SELECT format('keyword_decisions wf_%s', k.workflow_id),
        format('it has %s sequence numbers up to %s', count(DISTINCT k.sequence), max(k.sequence))
    FROM keyword_decisions AS k
    GROUP BY k.organization_id, k.workflow_id
    HAVING count(DISTINCT k.sequence) <> max(k.sequence)
    UNION ALL
    SELECT format('keyword_decisions wf_%s sequence %s', k.workflow_id, k.sequence),
        'its decisions are one request, and they differ in actor, origin, visit or time'
    FROM keyword_decisions AS k
    GROUP BY k.organization_id, k.workflow_id, k.sequence
    HAVING count(DISTINCT (k.actor, k.origin, k.visit, k.decided_at)) > 1
    UNION ALL
    SELECT format('workflow_competitors wf_%s', c.workflow_id),
        format('it has %s revisions up to %s', count(*), max(c.revision))
    FROM workflow_competitors AS c
    GROUP BY c.organization_id, c.workflow_id
    HAVING count(*) <> max(c.revision)
    UNION ALL
    SELECT format('market_settings org_%s', s.organization_id),
        format('it has %s versions from %s to %s', count(*), min(s.version), max(s.version))
    FROM market_settings AS s
    GROUP BY s.organization_id
    HAVING min(s.version) <> 0 OR count(*) <> max(s.version) + 1
    UNION ALL
    SELECT format('brand_settings org_%s', b.organization_id),
        format('it has %s versions from %s to %s', count(*), min(b.version), max(b.version))
    FROM brand_settings AS b
    GROUP BY b.organization_id
    HAVING min(b.version) <> 0 OR count(*) <> max(b.version) + 1
) AS f
ORDER BY f.object, f.fault
LIMIT @page_size;

-- AuditOrganization names organizations, settings, API keys and webhooks that do not agree with the journal of changes.
-- name: AuditOrganization :many
-- The rule is off: the auditor reads all organizations.
-- @sqlc-vet-disable names-organization
SELECT f.object::text AS object, f.fault::text AS fault FROM (
    SELECT format('organizations org_%s', o.id) AS object,
        'its settings are not those of its last change' AS fault
    FROM organizations AS o
    LEFT JOIN organization_changes AS c ON c.organization_id = o.id AND c.version = o.version
    WHERE (o.time_zone, o.workflow_limit_pico, o.month_limit_pico)
        IS DISTINCT FROM (c.time_zone, c.workflow_limit_pico, c.month_limit_pico)
    UNION ALL
    SELECT format('organization_changes org_%s', o.id),
        format('it has %s changes up to version %s', count(c.version), o.version)
    FROM organizations AS o LEFT JOIN organization_changes AS c ON c.organization_id = o.id
    GROUP BY o.id, o.version
    HAVING count(c.version) <> o.version + 1 OR min(c.version) <> 0 OR max(c.version) <> o.version
    UNION ALL
    SELECT format('organizations org_%s', o.id), format('it was created at %s, its journal begins at %s', o.created_at,
        c.occurred_at)
    FROM organizations AS o JOIN organization_changes AS c ON c.organization_id = o.id AND c.version = 0
    WHERE o.created_at <> c.occurred_at
    UNION ALL
    SELECT format('organizations org_%s', o.id), format('its webhook is not that of change %s', o.webhook_version)
    FROM organizations AS o
    LEFT JOIN organization_changes AS c ON c.organization_id = o.id AND c.version = o.webhook_version
    WHERE o.webhook_version IS NOT NULL AND o.webhook_url IS DISTINCT FROM c.webhook_url
    UNION ALL
    SELECT format('organizations org_%s', c.organization_id), format('its webhook is not that of change %s', c.version)
    FROM organization_changes AS c JOIN organizations AS o ON o.id = c.organization_id
    WHERE c.webhook_url IS NOT NULL AND coalesce(o.webhook_version, -1) < c.version
    UNION ALL
    SELECT format('organizations org_%s', o.id), format('its months may spend %s, the last month %s', o.month_limit_pico,
        m.limit_pico)
    FROM organizations AS o
    JOIN LATERAL (
        SELECT a.limit_pico FROM usage_accounts AS a
        WHERE a.organization_id = o.id AND a.period_start IS NOT NULL
        ORDER BY a.period_start DESC LIMIT 1
    ) AS m ON true
    WHERE o.month_limit_pico <> m.limit_pico
    UNION ALL
    SELECT format('api_keys key_%s', k.id), format('it was created by %s at %s, change %s says otherwise', k.created_by,
        k.created_at, k.created_version)
    FROM api_keys AS k
    LEFT JOIN organization_changes AS c ON c.organization_id = k.organization_id AND c.version = k.created_version
    WHERE (k.id, k.created_by, k.created_at, 'CREATED')
        IS DISTINCT FROM (c.api_key_id, c.actor, c.occurred_at, c.api_key_event)
    UNION ALL
    SELECT format('api_keys key_%s', c.api_key_id), format('change %s has revoked it, and it is not', c.version)
    FROM organization_changes AS c
    LEFT JOIN api_keys AS k ON k.organization_id = c.organization_id AND k.id = c.api_key_id
    WHERE c.api_key_event = 'REVOKED' AND (k.revoked_version, k.revoked_by, k.revoked_at)
        IS DISTINCT FROM (c.version, c.actor, c.occurred_at)
    UNION ALL
    SELECT format('organization_names org_%s', n.organization_id),
        format('it has %s versions from %s to %s', count(*), min(n.version), max(n.version))
    FROM organization_names AS n
    GROUP BY n.organization_id
    HAVING min(n.version) <> 0 OR count(*) <> max(n.version) + 1
    UNION ALL
    SELECT format('api_keys key_%s', k.id), 'it is revoked, and no change says so'
    FROM api_keys AS k
    WHERE k.revoked_version IS NOT NULL AND NOT EXISTS (
        SELECT FROM organization_changes AS c
        WHERE c.organization_id = k.organization_id AND c.version = k.revoked_version AND c.api_key_id = k.id
            AND c.api_key_event = 'REVOKED')
) AS f
ORDER BY f.object, f.fault
LIMIT @page_size;

-- AuditPlan names decisions at the gate of the article plan whose number, digest or preparer the decisions about briefs
-- do not give, and decisions about briefs that were made outside of a review, have a gap or are older than a revision.
-- name: AuditPlan :many
-- The rule is off: the auditor reads all organizations.
-- @sqlc-vet-disable names-organization
SELECT f.object::text AS object, f.fault::text AS fault FROM (
    SELECT format('gate_decisions wf_%s version %s', d.workflow_id, d.version) AS object, format(
        'the decisions about articles give other than %s approved articles with this digest, prepared by %s',
        d.selected, d.prepared_by) AS fault
    FROM gate_decisions AS d
    CROSS JOIN LATERAL (
        SELECT max(v.visit) AS visit FROM step_visits AS v
        WHERE v.organization_id = d.organization_id AND v.workflow_id = d.workflow_id AND v.visit < d.version
            AND v.step = @step::text
    ) AS seen
    CROSS JOIN LATERAL (
        SELECT count(*) AS number, sha256(coalesce(
                string_agg(uuid_send(c.article_id) || int4send(c.revision), ''::bytea ORDER BY c.article_id), ''::bytea))
                AS digest
        FROM (
            SELECT DISTINCT ON (k.article_id) k.article_id, k.revision, k.choice FROM plan_decisions AS k
            WHERE k.organization_id = d.organization_id AND k.workflow_id = d.workflow_id AND k.visit = seen.visit
            ORDER BY k.article_id, k.sequence DESC
        ) AS c
        WHERE c.choice = @approved::text
    ) AS chosen
    WHERE d.gate = @gate::text AND NOT (
        chosen.number = d.selected AND chosen.digest = d.selection_digest::bytea AND d.prepared_by = coalesce((
            SELECT k.actor::text FROM plan_decisions AS k
            WHERE k.organization_id = d.organization_id AND k.workflow_id = d.workflow_id AND k.visit = seen.visit
                AND (k.choice = @approved::text OR (
                    SELECT p.choice::text FROM plan_decisions AS p
                    WHERE p.organization_id = k.organization_id AND p.workflow_id = k.workflow_id
                        AND p.article_id = k.article_id AND p.sequence < k.sequence
                    ORDER BY p.sequence DESC LIMIT 1) = @approved::text)
            ORDER BY k.sequence DESC LIMIT 1), d.decided_by::text))
    UNION ALL
    SELECT format('plan_decisions wf_%s article %s sequence %s', k.workflow_id, k.article_id, k.sequence),
        format('%s has decided at %s, and no plan of visit %s was open', k.actor, k.decided_at, k.visit)
    FROM plan_decisions AS k
    WHERE k.origin = @person::text AND NOT EXISTS (
        SELECT FROM workflow_transitions AS t
        LEFT JOIN workflow_transitions AS n ON n.organization_id = t.organization_id
            AND n.workflow_id = t.workflow_id AND n.version = t.version + 1
        WHERE t.organization_id = k.organization_id AND t.workflow_id = k.workflow_id AND t.version > k.visit
            AND t.to_state = @reviewing::text AND t.occurred_at <= k.decided_at + interval '5 minutes'
            -- The clocks of two servers differ by at most five minutes.
            AND coalesce(n.occurred_at >= k.decided_at - interval '5 minutes', true))
    UNION ALL
    SELECT format('plan_decisions wf_%s', k.workflow_id),
        format('it has %s sequence numbers up to %s', count(DISTINCT k.sequence), max(k.sequence))
    FROM plan_decisions AS k
    GROUP BY k.organization_id, k.workflow_id
    HAVING count(DISTINCT k.sequence) <> max(k.sequence)
    UNION ALL
    SELECT format('plan_decisions wf_%s sequence %s', k.workflow_id, k.sequence),
        'its decisions are one request, and they differ in actor, origin, visit or time'
    FROM plan_decisions AS k
    GROUP BY k.organization_id, k.workflow_id, k.sequence
    HAVING count(DISTINCT (k.actor, k.origin, k.visit, k.decided_at)) > 1
    UNION ALL
    SELECT format('plan_decisions wf_%s article %s sequence %s', k.workflow_id, k.article_id, k.sequence),
        format('revision %s is approved, and there is a later one', k.revision)
    FROM plan_decisions AS k
    WHERE k.choice = @approved::text AND NOT EXISTS (
        SELECT FROM plan_decisions AS l
        WHERE l.organization_id = k.organization_id AND l.workflow_id = k.workflow_id AND l.article_id = k.article_id
            AND l.sequence > k.sequence
    ) AND EXISTS (
        SELECT FROM article_plans AS p
        WHERE p.organization_id = k.organization_id AND p.workflow_id = k.workflow_id AND p.visit = k.visit
            AND p.article_id = k.article_id AND p.revision > k.revision)
) AS f
ORDER BY f.object, f.fault
LIMIT @page_size;

-- AuditPrice names prices and decisions about them that do not agree.
-- name: AuditPrice :many
-- The rule is off: the auditor reads all organizations.
-- @sqlc-vet-disable names-organization
SELECT f.object::text AS object, f.fault::text AS fault FROM (
    SELECT format('model_price_proposals %s', p.id) AS object,
        'the price that was accepted is not there, or another person has set it' AS fault
    FROM model_price_proposals AS p
    LEFT JOIN model_prices AS m ON m.list_id = p.list_id AND m.model = p.model AND m.component = p.component
        AND m.min_prompt_tokens = p.min_prompt_tokens AND m.valid_from = p.accepted_from AND m.unit_pico = p.unit_pico
    WHERE p.accepted_from IS NOT NULL AND m.actor IS DISTINCT FROM p.decided_by
    UNION ALL
    SELECT format('model_prices %s %s from %s', m.model, m.component, m.valid_from),
        'it ends when no other price begins'
    FROM model_prices AS m
    WHERE m.valid_to IS NOT NULL AND NOT EXISTS (
        SELECT FROM model_prices AS n
        WHERE n.list_id = m.list_id AND n.model = m.model AND n.component = m.component
            AND n.min_prompt_tokens = m.min_prompt_tokens AND n.valid_from = m.valid_to)
) AS f
ORDER BY f.object, f.fault
LIMIT @page_size;

-- AuditPublication names publications that differ from their last event, and events that do not follow the one before
-- them.
-- name: AuditPublication :many
-- The rule is off: the auditor reads all organizations.
-- @sqlc-vet-disable names-organization
SELECT f.object::text AS object, f.fault::text AS fault FROM (
    SELECT format('publications pub_%s', p.id) AS object, format('it is %s at version %s, its last event says %s at %s',
        p.state, p.version, coalesce(e.to_state::text, 'nothing'), e.version) AS fault
    FROM publications AS p
    LEFT JOIN LATERAL (
        SELECT l.* FROM publication_events AS l
        WHERE l.organization_id = p.organization_id AND l.publication_id = p.id
        ORDER BY l.version DESC LIMIT 1
    ) AS e ON true
    WHERE (p.version, p.state::text, p.article_id, p.revision, p.approval, p.policy::text, p.publish_at, p.remote_id,
            p.remote_url, p.remote_modified, p.remote_sha256::bytea, p.remote_revision, p.overwrite, p.lost,
            p.failure_code::text, p.failure_message, p.changed_at)
        IS DISTINCT FROM (e.version, e.to_state::text, e.article_id, e.revision, e.approval, e.policy::text,
            e.publish_at, e.remote_id, e.remote_url, e.remote_modified, e.remote_sha256::bytea, e.remote_revision,
            e.overwrite, e.lost, e.failure_code::text, e.failure_message, e.occurred_at)
    UNION ALL
    SELECT format('publication_events pub_%s version %s', e.publication_id, e.version),
        format('it is %s from %s to %s, the event before led to %s', e.kind, e.from_state, e.to_state,
            coalesce(p.to_state::text, 'nothing'))
    FROM publication_events AS e
    LEFT JOIN publication_events AS p ON p.organization_id = e.organization_id
        AND p.publication_id = e.publication_id AND p.version = e.version - 1
    WHERE (e.version > 0) <> (p.version IS NOT NULL) OR e.from_state::text IS DISTINCT FROM p.to_state::text
        OR e.version > 0 AND NOT EXISTS (
            SELECT FROM legal_publication_moves AS l
            WHERE l.from_state = e.from_state AND l.to_state = e.to_state AND l.kind = e.kind)
    UNION ALL
    SELECT format('publication_events pub_%s version %s', e.publication_id, e.version),
        format('it is of attempt %s at unit_%s, which has %s attempts', e.attempt, e.unit_id, u.attempt)
    FROM publication_events AS e
    LEFT JOIN step_units AS u ON u.organization_id = e.organization_id AND u.id = e.unit_id
    WHERE e.unit_id IS NOT NULL AND NOT coalesce(e.attempt BETWEEN 1 AND u.attempt, false)
    UNION ALL
    SELECT format('publications pub_%s', p.id), 'no decision at the gate PUBLISH has asked for it'
    FROM publications AS p
    WHERE NOT EXISTS (
        SELECT FROM gate_decisions AS d
        WHERE d.organization_id = p.organization_id AND d.workflow_id = p.workflow_id AND d.version = p.approval
            AND d.gate = @gate::text AND d.verdict = @approved::text)
) AS f
ORDER BY f.object, f.fault
LIMIT @page_size;

-- AuditSelection names decisions at the gate of the keywords whose number, digest or preparer the decisions about
-- keywords do not give. A review that was not opened again has no decision after its end, so all of them count. Else
-- any point counts that the clocks, which differ by at most five minutes, allow between the two reviews.
-- name: AuditSelection :many
-- The rule is off: the auditor reads all organizations.
-- @sqlc-vet-disable names-organization
SELECT f.object::text AS object, f.fault::text AS fault FROM (
    SELECT format('gate_decisions wf_%s version %s', d.workflow_id, d.version) AS object, format(
        'the decisions about keywords give other than %s selected keywords with this digest, prepared by %s',
        d.selected, d.prepared_by) AS fault
    FROM gate_decisions AS d
    CROSS JOIN LATERAL (
        SELECT max(v.visit) AS visit FROM step_visits AS v
        WHERE v.organization_id = d.organization_id AND v.workflow_id = d.workflow_id AND v.visit < d.version
            AND v.step = @step::text
    ) AS seen
    CROSS JOIN LATERAL (
        SELECT min(t.occurred_at) AS opened_at FROM workflow_transitions AS t
        WHERE t.organization_id = d.organization_id AND t.workflow_id = d.workflow_id AND t.version > d.version
            AND t.to_state = @reviewing::text AND NOT EXISTS (
                SELECT FROM step_visits AS v
                WHERE v.organization_id = t.organization_id AND v.workflow_id = t.workflow_id AND v.step = @step::text
                    AND v.visit > d.version AND v.visit < t.version)
    ) AS again
    WHERE d.gate = @gate::text AND NOT EXISTS (
        SELECT FROM (
            SELECT 2147483647 AS sequence WHERE again.opened_at IS NULL
            UNION ALL
            SELECT coalesce(max(k.sequence), 0) FROM keyword_decisions AS k
            WHERE k.organization_id = d.organization_id AND k.workflow_id = d.workflow_id AND k.visit = seen.visit
                AND k.decided_at <= d.decided_at - interval '5 minutes'
            HAVING again.opened_at IS NOT NULL
            UNION ALL
            SELECT k.sequence FROM keyword_decisions AS k
            WHERE k.organization_id = d.organization_id AND k.workflow_id = d.workflow_id AND k.visit = seen.visit
                AND k.decided_at > d.decided_at - interval '5 minutes'
                AND k.decided_at < again.opened_at + interval '5 minutes'
        ) AS point
        CROSS JOIN LATERAL (
            SELECT count(*) AS number,
                sha256(coalesce(string_agg(uuid_send(c.keyword_id), ''::bytea ORDER BY c.keyword_id), ''::bytea))
                    AS digest
            FROM (
                SELECT DISTINCT ON (k.keyword_id) k.keyword_id, k.choice FROM keyword_decisions AS k
                WHERE k.organization_id = d.organization_id AND k.workflow_id = d.workflow_id AND k.visit = seen.visit
                    AND k.sequence <= point.sequence
                ORDER BY k.keyword_id, k.sequence DESC
            ) AS c
            WHERE c.choice = @selected::text
        ) AS chosen
        WHERE chosen.number = d.selected AND chosen.digest = d.selection_digest::bytea AND d.prepared_by = coalesce((
            SELECT k.actor::text FROM keyword_decisions AS k
            WHERE k.organization_id = d.organization_id AND k.workflow_id = d.workflow_id AND k.visit = seen.visit
                AND k.sequence <= point.sequence AND (k.choice = @selected::text OR (
                    SELECT p.choice::text FROM keyword_decisions AS p
                    WHERE p.organization_id = k.organization_id AND p.workflow_id = k.workflow_id
                        AND p.keyword_id = k.keyword_id AND p.sequence < k.sequence
                    ORDER BY p.sequence DESC LIMIT 1) = @selected::text)
            ORDER BY k.sequence DESC LIMIT 1), d.decided_by::text))
) AS f
ORDER BY f.object, f.fault
LIMIT @page_size;

-- AuditStep names visits and parts of steps that do not agree with their transition, their content or their call.
-- name: AuditStep :many
-- The rule is off: the auditor reads all organizations.
-- @sqlc-vet-disable names-organization
SELECT f.object::text AS object, f.fault::text AS fault FROM (
    SELECT format('step_visits wf_%s visit %s', v.workflow_id, v.visit) AS object,
        format('it is of %s, its transition leads to %s', v.state, coalesce(t.to_state::text, 'nothing')) AS fault
    FROM step_visits AS v
    LEFT JOIN workflow_transitions AS t
        ON t.organization_id = v.organization_id AND t.workflow_id = v.workflow_id AND t.version = v.visit
    WHERE v.state::text <> v.step || '_PENDING' OR v.state::text IS DISTINCT FROM t.to_state::text
        OR v.graph_version IS DISTINCT FROM t.graph_version OR v.hash::bytea IS DISTINCT FROM t.hash::bytea
    UNION ALL
    SELECT format('step_parts wf_%s visit %s part %s', p.workflow_id, p.visit, p.part_key),
        'its digest is not the digest of its content'
    FROM step_parts AS p
    WHERE p.digest::bytea <> sha256(convert_to(p.content::text, 'UTF8'))
    UNION ALL
    SELECT format('step_parts wf_%s visit %s part %s', p.workflow_id, p.visit, p.part_key), format(
        'its call_%s is %s, for part %s of visit %s of wf_%s', p.call_id, coalesce(c.state::text, 'not there'),
        coalesce(c.part_key, '–'), c.visit, c.workflow_id)
    FROM step_parts AS p
    LEFT JOIN ai_calls AS c ON c.organization_id = p.organization_id AND c.id = p.call_id
    WHERE p.call_id IS NOT NULL AND NOT coalesce(c.workflow_id = p.workflow_id AND c.visit = p.visit
        AND c.part_key = p.part_key AND c.step = p.step AND c.state <> ALL(@unsettled::text[]), false)
) AS f
ORDER BY f.object, f.fault
LIMIT @page_size;

-- AuditUnit names units that differ from their last event, events with a gap, parked runs that have ended their units, and
-- calls of an attempt that never was.
-- name: AuditUnit :many
-- The rule is off: the auditor reads all organizations.
-- @sqlc-vet-disable names-organization
SELECT f.object::text AS object, f.fault::text AS fault FROM (
    SELECT format('step_units unit_%s', u.id) AS object, format('it is %s, attempt %s, its last event says %s, attempt %s',
        u.state, u.attempt, coalesce(e.to_state::text, 'nothing'), e.attempt) AS fault
    FROM step_units AS u
    LEFT JOIN LATERAL (
        SELECT l.* FROM step_unit_events AS l
        WHERE l.organization_id = u.organization_id AND l.unit_id = u.id
        ORDER BY l.version DESC LIMIT 1
    ) AS e ON true
    WHERE (u.version, u.state::text, u.attempt, u.token, u.tries, u.done, u.total, u.failure_code::text,
            u.failure_message, u.changed_at)
        IS DISTINCT FROM (e.version, e.to_state::text, e.attempt, e.token, e.tries, e.done, e.total,
            e.failure_code::text, e.failure_message, e.occurred_at)
    UNION ALL
    SELECT format('step_unit_events unit_%s version %s', e.unit_id, e.version),
        format('it is %s from %s to %s, attempt %s, the event before led to %s, attempt %s', e.kind, e.from_state,
            e.to_state, e.attempt, coalesce(p.to_state::text, 'nothing'), p.attempt)
    FROM step_unit_events AS e
    LEFT JOIN step_unit_events AS p ON p.organization_id = e.organization_id AND p.unit_id = e.unit_id
        AND p.version = e.version - 1
    WHERE (e.version > 0) <> (p.version IS NOT NULL) OR e.from_state::text IS DISTINCT FROM p.to_state::text
        OR e.version > 0 AND e.attempt <> p.attempt + (e.kind = @claim::text)::integer
        OR e.version > 0 AND NOT EXISTS (
            SELECT FROM legal_unit_moves AS l
            WHERE l.from_state = e.from_state AND l.to_state = e.to_state AND l.kind = e.kind)
    UNION ALL
    SELECT format('step_unit_events wf_%s', e.workflow_id),
        format('it has %s events up to %s, its head says %s', count(*), max(e.sequence), max(h.sequence))
    FROM step_unit_events AS e
    LEFT JOIN step_unit_heads AS h ON h.organization_id = e.organization_id AND h.workflow_id = e.workflow_id
    GROUP BY e.organization_id, e.workflow_id
    HAVING count(*) <> max(e.sequence) + 1 OR max(e.sequence) IS DISTINCT FROM max(h.sequence)
    UNION ALL
    SELECT format('step_units unit_%s', u.id), format('it is open for version %s of its workflow, which is at %s',
        u.token, w.version)
    FROM step_units AS u
    JOIN intent_workflows AS w ON w.organization_id = u.organization_id AND w.id = u.workflow_id
    WHERE u.token > w.version
    UNION ALL
    SELECT format('ai_calls call_%s', c.id), format('it is of attempt %s at unit_%s, which has %s attempts in wf_%s',
        c.unit_attempt, c.unit_id, u.attempt, u.workflow_id)
    FROM ai_calls AS c
    LEFT JOIN step_units AS u ON u.organization_id = c.organization_id AND u.id = c.unit_id
    WHERE c.unit_id IS NOT NULL AND NOT coalesce(u.workflow_id = c.workflow_id AND u.step = c.step
        AND c.unit_attempt BETWEEN 1 AND u.attempt, false)
    UNION ALL
    SELECT format('workflow_runs wf_%s token %s', r.workflow_id, r.token), 'it is parked and has a worker'
    FROM workflow_runs AS r
    WHERE r.parked AND r.worker <> ''
) AS f
ORDER BY f.object, f.fault
LIMIT @page_size;

-- AuditWorkflow names workflows, runs and results that do not agree with the journal.
-- name: AuditWorkflow :many
-- The rule is off: the auditor reads all organizations.
-- @sqlc-vet-disable names-organization
SELECT f.object::text AS object, f.fault::text AS fault FROM (
    SELECT format('intent_workflows wf_%s', w.id) AS object, format('it is %s and has no open run in workflow_runs', w.state) AS fault
    FROM intent_workflows AS w
    WHERE w.state = ANY(@processing::text[]) AND NOT EXISTS (
        SELECT FROM workflow_runs AS r
        WHERE r.organization_id = w.organization_id AND r.workflow_id = w.id AND r.token = w.version
            AND r.ended_version IS NULL)
    UNION ALL
    SELECT format('workflow_runs wf_%s token %s', r.workflow_id, r.token),
        format('it is open, and the workflow is %s at version %s', w.state, w.version)
    FROM workflow_runs AS r
    LEFT JOIN intent_workflows AS w ON w.organization_id = r.organization_id AND w.id = r.workflow_id
    WHERE r.ended_version IS NULL AND r.token IS DISTINCT FROM w.version
    UNION ALL
    SELECT format('intent_workflows wf_%s', w.id), 'it has no account'
    FROM intent_workflows AS w
    WHERE NOT EXISTS (
        SELECT FROM usage_accounts AS a
        WHERE a.organization_id = w.organization_id AND a.id = w.id AND a.workflow_id = w.id)
    UNION ALL
    SELECT format('intent_workflows wf_%s', w.id), format('it was created by %s at %s, its journal says otherwise',
        w.created_by, w.created_at)
    FROM intent_workflows AS w
    JOIN workflow_transitions AS t
        ON t.organization_id = w.organization_id AND t.workflow_id = w.id AND t.version = 0
    WHERE w.created_by <> t.actor OR w.created_at <> t.occurred_at
    UNION ALL
    SELECT format('intent_workflows wf_%s', w.id), format('it says that it changed at %s, its journal %s', w.updated_at,
        t.occurred_at)
    FROM intent_workflows AS w
    JOIN workflow_transitions AS t
        ON t.organization_id = w.organization_id AND t.workflow_id = w.id AND t.version = w.version
    WHERE w.updated_at <> t.occurred_at
    UNION ALL
    SELECT format('workflow_transitions wf_%s version %s', t.workflow_id, t.version), 'it begins no run'
    FROM workflow_transitions AS t
    WHERE t.to_state = ANY(@processing::text[]) AND NOT EXISTS (
        SELECT FROM workflow_runs AS r
        WHERE r.organization_id = t.organization_id AND r.workflow_id = t.workflow_id AND r.token = t.version)
    UNION ALL
    SELECT format('workflow_runs wf_%s token %s', r.workflow_id, r.token),
        'it does not begin as its transition says'
    FROM workflow_runs AS r
    LEFT JOIN workflow_transitions AS t
        ON t.organization_id = r.organization_id AND t.workflow_id = r.workflow_id AND t.version = r.token
    WHERE (r.state::text, r.started_at) IS DISTINCT FROM (t.to_state::text, t.occurred_at)
    UNION ALL
    SELECT format('workflow_runs wf_%s token %s', r.workflow_id, r.token), 'it does not end as the next transition says'
    FROM workflow_runs AS r
    LEFT JOIN workflow_transitions AS t
        ON t.organization_id = r.organization_id AND t.workflow_id = r.workflow_id AND t.version = r.token + 1
    WHERE (r.ended_version, r.ended_at) IS DISTINCT FROM (t.version, t.occurred_at)
        OR r.failure_code IS NOT NULL AND NOT coalesce(t.kind = @fail
            AND (t.reason = r.failure_code::text OR starts_with(t.reason, r.failure_code || ': ')), false)
    UNION ALL
    SELECT format('workflow_runs wf_%s token %s', r.workflow_id, r.token),
        format('it is attempt %s, and the run before was attempt %s', r.attempt, b.attempt)
    FROM workflow_runs AS r
    LEFT JOIN workflow_transitions AS t ON t.organization_id = r.organization_id AND t.workflow_id = r.workflow_id
        AND t.version = r.token AND t.kind = @retry
    LEFT JOIN workflow_runs AS b ON b.organization_id = t.organization_id AND b.workflow_id = t.workflow_id
        AND b.token = t.version - 2
    WHERE r.attempt NOT IN (1, coalesce(b.attempt, 0) + 1) -- A person begins at 1 again.
    UNION ALL
    SELECT format('intent_workflows wf_%s', w.id), 'its previous hash is not that of its last transition'
    FROM intent_workflows AS w
    JOIN workflow_transitions AS t
        ON t.organization_id = w.organization_id AND t.workflow_id = w.id AND t.version = w.version
    WHERE w.previous_hash::bytea <> t.previous_hash::bytea
    UNION ALL
    SELECT format('workflow_counts org_%s %s', coalesce(c.organization_id, w.organization_id),
            coalesce(c.state, w.state)),
        format('it counts %s workflows, and there are %s', coalesce(c.workflows, 0), coalesce(w.workflows, 0))
    FROM (
        SELECT c.organization_id, s.state::text, sum(s.workflows) AS workflows
        FROM workflow_counts AS c
        CROSS JOIN LATERAL (VALUES (c.to_state, c.workflows), (c.from_state, -c.workflows)) AS s (state, workflows)
        WHERE s.state IS NOT NULL
        GROUP BY 1, 2
    ) AS c
    FULL JOIN (
        SELECT organization_id, state::text, count(*) AS workflows FROM intent_workflows GROUP BY 1, 2
    ) AS w ON w.organization_id = c.organization_id AND w.state = c.state
    WHERE coalesce(c.workflows, 0) <> coalesce(w.workflows, 0)
    UNION ALL
    SELECT format('workflow_names wf_%s', coalesce(n.workflow_id, w.id)), 'it is not the name of the workflow'
    FROM workflow_names AS n
    FULL JOIN intent_workflows AS w ON w.organization_id = n.organization_id AND w.id = n.workflow_id
    WHERE n.name IS DISTINCT FROM w.name
    UNION ALL
    SELECT format('workflow_graphs version %s', g.version), 'the program does not have it'
    FROM workflow_graphs AS g WHERE g.version > @graph_version
    UNION ALL
    SELECT format('step_results wf_%s token %s', s.workflow_id, s.token), 'its run has not ended with a result'
    FROM step_results AS s
    LEFT JOIN workflow_runs AS r
        ON r.organization_id = s.organization_id AND r.workflow_id = s.workflow_id AND r.token = s.token
    LEFT JOIN workflow_transitions AS t
        ON t.organization_id = s.organization_id AND t.workflow_id = s.workflow_id AND t.version = s.token + 1
    WHERE s.step IS DISTINCT FROM r.step OR t.kind IS DISTINCT FROM @advance
) AS f
ORDER BY f.object, f.fault
LIMIT @page_size;
