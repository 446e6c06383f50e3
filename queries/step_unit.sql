-- StepUnitCountOpen counts the open units of a workflow that belong to a token.
-- name: StepUnitCountOpen :one
SELECT count(*) FROM step_units AS u
WHERE u.organization_id = @organization_id AND u.workflow_id = @workflow_id AND u.token = @token AND u.is_open;

-- StepUnitCountRunning counts the running units of live workflows: of the organization, of one workflow, and of a lane.
-- name: StepUnitCountRunning :one
SELECT count(*) AS organization, count(*) FILTER (WHERE u.workflow_id = @workflow_id) AS workflow,
    count(*) FILTER (WHERE u.lane = sqlc.narg('lane')::uuid) AS lane
FROM step_units AS u
JOIN intent_workflows AS w ON w.organization_id = u.organization_id AND w.id = u.workflow_id AND w.version = u.token
WHERE u.organization_id = @organization_id AND u.is_open AND u.lease_expires_at IS NOT NULL;

-- StepUnitFill gives waiting units the free places: at most one per free place of the organization, no more of one
-- workflow than it may have at once, one of a lane, and the workflows in turn. A unit has a place while it runs, and from
-- the job that is to start it until then.
-- name: StepUnitFill :many
-- The rule is off: the number of free places bounds the rows, and their order is that of the places.
-- @sqlc-vet-disable many-is-ordered-and-bounded
WITH open AS (
    SELECT u.id, u.workflow_id, u.position, u.waits, u.lane,
        NOT u.waits AND coalesce(u.retry_at <= @at::timestamptz, true) AS placed
    FROM step_units AS u
    JOIN intent_workflows AS w ON w.organization_id = u.organization_id AND w.id = u.workflow_id AND w.version = u.token
    WHERE u.organization_id = @organization_id AND u.is_open
), laned AS (
    SELECT o.id, o.workflow_id, o.position, o.placed, o.waits AND (
        o.lane IS NULL OR count(*) FILTER (WHERE o.placed) OVER (PARTITION BY o.lane)
            + row_number() OVER (PARTITION BY o.lane, o.waits ORDER BY o.position, o.id) <= 1) AS may_begin
    FROM open AS o
), ranked AS (
    SELECT l.id, l.workflow_id, l.may_begin,
        count(*) FILTER (WHERE l.placed) OVER (PARTITION BY l.workflow_id)
            + row_number() OVER (PARTITION BY l.workflow_id, l.may_begin ORDER BY l.position, l.id) AS place,
        count(*) FILTER (WHERE l.placed) OVER () AS taken
    FROM laned AS l
), chosen AS (
    SELECT r.id, r.taken + row_number() OVER (ORDER BY r.place, r.workflow_id) AS number
    FROM ranked AS r
    WHERE r.may_begin AND r.place <= @per_workflow::bigint
)
UPDATE step_units AS u SET wake_at = @wake_at::timestamptz
FROM chosen AS c
WHERE u.organization_id = @organization_id AND u.id = c.id AND u.waits AND c.number <= @per_organization::bigint
RETURNING u.*;

-- StepUnitGet returns one unit.
-- name: StepUnitGet :one
SELECT u.* FROM step_units AS u WHERE u.organization_id = @organization_id AND u.id = @id;

-- StepUnitHeartbeat renews the lease of a running unit whose workflow has not moved on. No row: the unit is lost.
-- name: StepUnitHeartbeat :one
UPDATE step_units AS u SET lease_expires_at = @lease_expires_at::timestamptz
FROM intent_workflows AS w
WHERE u.organization_id = @organization_id AND u.id = @id AND u.attempt = @attempt AND u.worker = @worker
    AND u.lease_expires_at IS NOT NULL
    AND w.organization_id = u.organization_id AND w.id = u.workflow_id AND w.version = u.token
RETURNING u.*;

-- StepUnitListByVisits returns the units of each named visit in their order.
-- name: StepUnitListByVisits :many
WITH wanted AS (
    SELECT unnest(@workflow_ids::uuid[]) AS workflow_id, unnest(@visits::integer[]) AS visit
)
SELECT u.* FROM wanted
JOIN step_units AS u
    ON u.organization_id = @organization_id AND u.workflow_id = wanted.workflow_id AND u.visit = wanted.visit
ORDER BY u.workflow_id, u.visit, u.position
LIMIT @page_size;

-- StepUnitListDue returns units of all organizations whose lease has expired or whose job is late.
-- name: StepUnitListDue :many
-- The rule is off: every server sweeps the work of all organizations.
-- @sqlc-vet-disable names-organization
SELECT d.organization_id, d.workflow_id, d.id FROM (
    (SELECT u.organization_id, u.workflow_id, u.id FROM step_units AS u
    WHERE u.lease_expires_at <= @at::timestamptz
    ORDER BY u.lease_expires_at LIMIT @page_size)
    UNION ALL
    (SELECT u.organization_id, u.workflow_id, u.id FROM step_units AS u
    WHERE u.wake_at <= @at::timestamptz
    ORDER BY u.wake_at LIMIT @page_size)
) AS d
ORDER BY d.organization_id, d.workflow_id, d.id
LIMIT 1000;

-- StepUnitListWaiting returns the organizations that have a unit of a live workflow without a place.
-- name: StepUnitListWaiting :many
-- The rule is off: every server sweeps the work of all organizations.
-- @sqlc-vet-disable names-organization
SELECT DISTINCT u.organization_id FROM step_units AS u
JOIN intent_workflows AS w ON w.organization_id = u.organization_id AND w.id = u.workflow_id AND w.version = u.token
WHERE u.waits
ORDER BY u.organization_id
LIMIT @page_size;

-- StepUnitLock returns one unit and locks it until the transaction ends.
-- name: StepUnitLock :one
SELECT u.* FROM step_units AS u WHERE u.organization_id = @organization_id AND u.id = @id FOR NO KEY UPDATE;

-- StepUnitLockOrganization lets one transaction at a time change which units of an organization run.
-- name: StepUnitLockOrganization :exec
-- The rule is off: the lock is named by the organization, and no table is read.
-- @sqlc-vet-disable names-organization
SELECT pg_advisory_xact_lock(@class::integer, hashtext(@organization_id::text));

-- StepUnitMove is the compare-and-set of a unit: it moves it from one version to the next and writes the event. No row:
-- another caller was first.
-- name: StepUnitMove :one
WITH moved AS (
    UPDATE step_units AS u
    SET state = @to_state::unit_state, version = u.version + 1, attempt = @attempt, token = @token, tries = @tries,
        worker = @worker, lease_expires_at = sqlc.narg('lease_expires_at')::timestamptz,
        retry_at = sqlc.narg('retry_at')::timestamptz, wake_at = sqlc.narg('wake_at')::timestamptz, done = @done,
        total = @total, failure_code = sqlc.narg('failure_code')::failure_code, failure_message = @failure_message,
        changed_at = @at::timestamptz
    WHERE u.organization_id = @organization_id AND u.id = @id AND u.version = @version AND u.state = @from_state
    RETURNING u.*
), head AS (
    UPDATE step_unit_heads AS h SET sequence = h.sequence + 1
    FROM moved AS m
    WHERE h.organization_id = m.organization_id AND h.workflow_id = m.workflow_id
    RETURNING h.sequence
), journaled AS (
    INSERT INTO step_unit_events (
        organization_id, workflow_id, sequence, unit_id, version, kind, from_state, to_state, attempt, token, tries,
        done, total, actor, reason, failure_code, failure_message, retry_at, occurred_at)
    SELECT m.organization_id, m.workflow_id, h.sequence, m.id, m.version, @kind::unit_move, @from_state::unit_state,
        m.state, m.attempt, m.token, m.tries, m.done, m.total, @actor::actor, @reason::reason, m.failure_code,
        m.failure_message, m.retry_at, m.changed_at
    FROM moved AS m CROSS JOIN head AS h
)
SELECT h.sequence FROM head AS h;

-- StepUnitPlace gives a unit the time of its next job, or takes its place away.
-- name: StepUnitPlace :exec
UPDATE step_units AS u SET wake_at = sqlc.narg('wake_at')::timestamptz, retry_at = NULL
WHERE u.organization_id = @organization_id AND u.id = @id AND u.version = @version;

-- StepUnitPlan writes the units of a visit with their first events. It returns the sequence number of the last event.
-- name: StepUnitPlan :one
WITH planned AS (
    INSERT INTO step_units (
        organization_id, id, workflow_id, visit, step, position, label, lane, state, version, attempt, token, tries,
        worker, done, total, failure_message, changed_at)
    SELECT @organization_id, p.id, @workflow_id, @visit, @step::step_key, p.position, p.label,
        NULLIF(p.lane, @no_lane::uuid), @pending::unit_state, 0, 0, @token, 0, '', 0, 0, '', @at::timestamptz
    FROM (
        SELECT unnest(@ids::uuid[]) AS id, unnest(@labels::text[]) AS label, unnest(@lanes::uuid[]) AS lane,
            unnest(@positions::integer[]) AS position
    ) AS p
    RETURNING *
), head AS (
    INSERT INTO step_unit_heads AS h (organization_id, workflow_id, sequence)
    SELECT @organization_id, @workflow_id, (count(*) - 1)::integer FROM planned
    ON CONFLICT (organization_id, workflow_id) DO UPDATE SET sequence = h.sequence + EXCLUDED.sequence + 1
    RETURNING h.sequence
), journaled AS (
    INSERT INTO step_unit_events (
        organization_id, workflow_id, sequence, unit_id, version, kind, to_state, attempt, token, tries, done, total,
        actor, reason, failure_message, occurred_at)
    SELECT p.organization_id, p.workflow_id, h.sequence - (SELECT count(*) FROM planned)::integer + p.position, p.id, 0,
        @kind::unit_move, p.state, 0, p.token, 0, 0, 0, @actor::actor, '', '', p.changed_at
    FROM planned AS p CROSS JOIN head AS h
)
SELECT h.sequence FROM head AS h;

-- StepUnitWatch returns a running unit whose workflow has not moved on. No row: the unit is lost.
-- name: StepUnitWatch :one
SELECT u.* FROM step_units AS u
JOIN intent_workflows AS w ON w.organization_id = u.organization_id AND w.id = u.workflow_id AND w.version = u.token
WHERE u.organization_id = @organization_id AND u.id = @id AND u.attempt = @attempt AND u.worker = @worker
    AND u.lease_expires_at IS NOT NULL;
