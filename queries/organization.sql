-- OrganizationChange changes the settings of an organization and writes the row of its journal with the actor and the
-- reason, and with the event of an API key, if it is about one. No row: another caller has changed them first.
-- name: OrganizationChange :one
WITH changed AS (
    UPDATE organizations AS o
    SET version = o.version + 1, time_zone = @time_zone, workflow_limit_pico = @workflow_limit_pico,
        month_limit_pico = @month_limit_pico,
        webhook_version = CASE WHEN @sets_webhook::boolean THEN o.version + 1 ELSE o.webhook_version END,
        webhook_url = CASE WHEN @sets_webhook::boolean THEN @webhook_url::text ELSE o.webhook_url END
    WHERE o.id = @organization_id AND o.version = @version
    RETURNING o.*
), journaled AS (
    INSERT INTO organization_changes (
        organization_id, version, time_zone, workflow_limit_pico, month_limit_pico, actor, reason, occurred_at,
        api_key_id, api_key_event, webhook_url)
    SELECT c.id, c.version, c.time_zone, c.workflow_limit_pico, c.month_limit_pico, @actor::actor, @reason::reason,
        @at::timestamptz, sqlc.narg('api_key_id')::uuid, sqlc.narg('api_key_event')::text,
        CASE WHEN @sets_webhook::boolean THEN c.webhook_url END
    FROM changed AS c
)
SELECT c.* FROM changed AS c;

-- OrganizationCreate writes a new organization with the first row of its journal. It changes nothing when the
-- organization exists.
-- name: OrganizationCreate :exec
WITH created AS (
    INSERT INTO organizations (id, version, time_zone, workflow_limit_pico, month_limit_pico, created_at)
    VALUES (@organization_id, 0, @time_zone, @workflow_limit_pico, @month_limit_pico, @at)
    ON CONFLICT (id) DO NOTHING
    RETURNING *
)
INSERT INTO organization_changes (
    organization_id, version, time_zone, workflow_limit_pico, month_limit_pico, actor, reason, occurred_at)
SELECT c.id, c.version, c.time_zone, c.workflow_limit_pico, c.month_limit_pico, @actor::actor, @reason::reason,
    c.created_at
FROM created AS c;

-- OrganizationGet returns the organization.
-- name: OrganizationGet :one
SELECT o.* FROM organizations AS o WHERE o.id = @organization_id;

-- OrganizationGetWithMonths returns the organization with the last month that was opened before a time, and with the
-- first one after it: one row for each, or a row without a month when neither was opened.
-- name: OrganizationGetWithMonths :many
SELECT sqlc.embed(o), m.id AS month_id, m.period_start, m.period_end, coalesce(m.settled_pico, 0)::bigint AS settled_pico,
    coalesce(m.held_pico, 0)::bigint AS held_pico, coalesce(m.limit_pico, 0)::bigint AS limit_pico,
    coalesce(m.stopped, false)::boolean AS stopped
FROM organizations AS o
LEFT JOIN usage_accounts AS m ON m.organization_id = o.id AND m.period_start IN (
    (SELECT max(l.period_start) FROM usage_accounts AS l
        WHERE l.organization_id = @organization_id AND l.period_start <= @at::timestamptz),
    (SELECT min(n.period_start) FROM usage_accounts AS n
        WHERE n.organization_id = @organization_id AND n.period_start > @at::timestamptz)
)
WHERE o.id = @organization_id
ORDER BY m.period_start
LIMIT 2;

-- OrganizationListAll returns the newest organizations with their names and their numbers of workflows, for the operator.
-- name: OrganizationListAll :many
-- The rule is off: the operator reads all organizations.
-- @sqlc-vet-disable names-organization
SELECT o.id, coalesce(n.name, '')::text AS name, o.time_zone, o.created_at,
    (SELECT count(*) FROM intent_workflows AS w WHERE w.organization_id = o.id) AS workflows
FROM organizations AS o
LEFT JOIN LATERAL (
    SELECT m.name FROM organization_names AS m
    WHERE m.organization_id = o.id ORDER BY m.version DESC LIMIT 1
) AS n ON true
ORDER BY o.created_at DESC, o.id DESC
LIMIT @page_size;

-- OrganizationLock returns the organization and locks it until the transaction ends.
-- name: OrganizationLock :one
SELECT o.* FROM organizations AS o WHERE o.id = @organization_id FOR NO KEY UPDATE;
