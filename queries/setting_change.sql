-- SettingChangeCount counts the changes that SettingChangeList pages through.
-- name: SettingChangeCount :one
SELECT ((SELECT count(*) FROM organization_changes AS c
        WHERE c.organization_id = @organization_id AND c.api_key_id IS NULL)
    + (SELECT count(*) FROM gate_settings AS g WHERE g.organization_id = @organization_id)
    + (SELECT count(*) FROM market_settings AS m WHERE m.organization_id = @organization_id)
    + (SELECT count(*) FROM outside_steps AS s WHERE s.organization_id = @organization_id)
    + (SELECT count(*) FROM organization_names AS n WHERE n.organization_id = @organization_id))::bigint;

-- SettingChangeList pages through the changes of settings of the organization by time: those after the cursor, the
-- oldest first, when ascending is true, else those before it, the newest first. Events of API keys are no settings.
-- name: SettingChangeList :many
WITH events AS (
    SELECT 'SETTINGS' AS source, c.version, c.occurred_at, c.actor::text AS actor, c.reason::text AS reason,
        ARRAY[coalesce(p.time_zone, ''), coalesce(p.workflow_limit_pico::text, ''),
            coalesce(p.month_limit_pico::text, ''), coalesce((
                SELECT w.webhook_url FROM organization_changes AS w
                WHERE w.organization_id = c.organization_id AND w.version < c.version AND w.webhook_url IS NOT NULL
                ORDER BY w.version DESC LIMIT 1), '')]::text[] AS before,
        ARRAY[c.time_zone, c.workflow_limit_pico::text, c.month_limit_pico::text, coalesce(c.webhook_url, (
                SELECT w.webhook_url FROM organization_changes AS w
                WHERE w.organization_id = c.organization_id AND w.version < c.version AND w.webhook_url IS NOT NULL
                ORDER BY w.version DESC LIMIT 1), '')]::text[] AS after
    FROM organization_changes AS c
    LEFT JOIN organization_changes AS p ON p.organization_id = c.organization_id AND p.version = c.version - 1
    WHERE c.organization_id = @organization_id AND c.api_key_id IS NULL
    UNION ALL
    SELECT 'GATES', g.version, g.occurred_at, g.actor, g.reason,
        ARRAY[coalesce(b.seeds, 'OFF'), coalesce(b.plan, 'OFF'), coalesce(b.publish, 'OFF'),
            coalesce(b.four_eyes, false)::text]::text[],
        ARRAY[g.seeds, g.plan, g.publish, g.four_eyes::text]::text[]
    FROM gate_settings AS g
    LEFT JOIN gate_settings AS b ON b.organization_id = g.organization_id AND b.version = g.version - 1
    WHERE g.organization_id = @organization_id
    UNION ALL
    SELECT 'MARKET', k.version, k.occurred_at, k.actor, k.reason,
        ARRAY[coalesce(l.location_code::text, ''), coalesce(l.language_code, ''),
            coalesce(array_to_string(l.negative_words, ', '), ''), coalesce(l.mode::text, '')]::text[],
        ARRAY[k.location_code::text, k.language_code, array_to_string(k.negative_words, ', '), k.mode::text]::text[]
    FROM market_settings AS k
    LEFT JOIN market_settings AS l ON l.organization_id = k.organization_id AND l.version = k.version - 1
    WHERE k.organization_id = @organization_id
    UNION ALL
    SELECT 'OUTSIDE_STEPS', s.version, s.occurred_at, s.actor, s.reason,
        ARRAY[coalesce(array_to_string(t.steps::text[], ', '), '')]::text[], ARRAY[array_to_string(s.steps::text[], ', ')]::text[]
    FROM outside_steps AS s
    LEFT JOIN outside_steps AS t ON t.organization_id = s.organization_id AND t.version = s.version - 1
    WHERE s.organization_id = @organization_id
    UNION ALL
    SELECT 'NAME', n.version, n.occurred_at, n.actor, n.reason, ARRAY[coalesce(m.name, '')]::text[], ARRAY[n.name]::text[]
    FROM organization_names AS n
    LEFT JOIN organization_names AS m ON m.organization_id = n.organization_id AND m.version = n.version - 1
    WHERE n.organization_id = @organization_id
)
SELECT e.source::text AS source, e.version::integer AS version, e.occurred_at, e.actor, e.reason, e.before, e.after
FROM events AS e
WHERE CASE WHEN @ascending::boolean
    THEN (e.occurred_at, e.source, e.version) > (@cursor_at::timestamptz, @cursor_source::text, @cursor_version::integer)
    ELSE (e.occurred_at, e.source, e.version) < (@cursor_at::timestamptz, @cursor_source::text, @cursor_version::integer) END
ORDER BY CASE WHEN @ascending::boolean THEN e.occurred_at END, CASE WHEN @ascending::boolean THEN e.source END, CASE WHEN @ascending::boolean THEN e.version END,
    CASE WHEN NOT @ascending::boolean THEN e.occurred_at END DESC, CASE WHEN NOT @ascending::boolean THEN e.source END DESC, CASE WHEN NOT @ascending::boolean THEN e.version END DESC
LIMIT @page_size;
