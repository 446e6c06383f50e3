-- Units: the parts of a long step that succeed, fail and wait each for itself, such as one article. A unit has its own
-- lease, attempts and journal, in the shape of a workflow: its state is a foreign key to the event that made it. A run
-- whose units are open is parked: no worker waits for it.

CREATE DOMAIN unit_state AS text CONSTRAINT unit_state_known CHECK (
    VALUE IN ('PENDING', 'RUNNING', 'DONE', 'FAILED', 'SKIPPED')
);
CREATE DOMAIN unit_move AS text CONSTRAINT unit_move_known CHECK (
    VALUE IN ('PLAN', 'CLAIM', 'PROGRESS', 'FINISH', 'RETRY', 'FAIL', 'SKIP', 'REOPEN')
);

-- The moves of a unit after its plan.
CREATE TABLE legal_unit_moves (
    from_state unit_state NOT NULL,
    to_state   unit_state NOT NULL,
    kind       unit_move  NOT NULL,
    CONSTRAINT legal_unit_moves_pkey PRIMARY KEY (from_state, to_state, kind)
);
INSERT INTO legal_unit_moves (from_state, to_state, kind) VALUES
    ('PENDING', 'RUNNING', 'CLAIM'),
    ('PENDING', 'SKIPPED', 'SKIP'),
    ('PENDING', 'PENDING', 'REOPEN'),
    ('RUNNING', 'RUNNING', 'PROGRESS'),
    ('RUNNING', 'DONE', 'FINISH'),
    ('RUNNING', 'PENDING', 'RETRY'),
    ('RUNNING', 'FAILED', 'FAIL'),
    ('RUNNING', 'PENDING', 'REOPEN'),
    ('FAILED', 'PENDING', 'REOPEN'),
    ('FAILED', 'SKIPPED', 'SKIP'),
    ('SKIPPED', 'PENDING', 'REOPEN'),
    ('DONE', 'PENDING', 'REOPEN');
CREATE TRIGGER legal_unit_moves_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON legal_unit_moves
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE legal_unit_moves ENABLE ALWAYS TRIGGER legal_unit_moves_only_grow;
GRANT SELECT ON legal_unit_moves TO infin8_app;

-- One unit of a visit. version counts its events, and attempt counts its claims: it is the fencing token of a worker.
CREATE TABLE step_units (
    organization_id  uuid        NOT NULL,
    id               uuid        NOT NULL,
    workflow_id      uuid        NOT NULL,
    visit            integer     NOT NULL,
    step             step_key    NOT NULL,
    -- The place of the unit among those of its visit, from 1.
    position         integer     NOT NULL,
    label            text        NOT NULL,
    state            unit_state  NOT NULL,
    version          integer     NOT NULL,
    attempt          integer     NOT NULL,
    -- The version of the workflow for which the unit is open or has ended. The unit is live while both are equal.
    token            integer     NOT NULL,
    -- The claims since the unit was planned or opened again.
    tries            integer     NOT NULL,
    worker           text        NOT NULL,
    lease_expires_at timestamptz,
    -- Not before this time a pending unit is tried again; NULL when at once.
    retry_at         timestamptz,
    -- When a sweeper inserts the next job; NULL when the unit waits for a free place, or has ended.
    wake_at          timestamptz,
    is_open          boolean     NOT NULL GENERATED ALWAYS AS (state IN ('PENDING', 'RUNNING')) STORED,
    waits            boolean     NOT NULL GENERATED ALWAYS AS (state = 'PENDING' AND wake_at IS NULL) STORED,
    done             integer     NOT NULL,
    total            integer     NOT NULL,
    failure_code     failure_code,
    failure_message  text        NOT NULL,
    changed_at       timestamptz NOT NULL,
    CONSTRAINT step_units_pkey PRIMARY KEY (organization_id, id),
    CONSTRAINT step_units_of_workflow UNIQUE (organization_id, workflow_id, id),
    CONSTRAINT step_units_position UNIQUE (organization_id, workflow_id, visit, position),
    CONSTRAINT step_units_visit FOREIGN KEY (organization_id, workflow_id, visit, step)
        REFERENCES step_visits (organization_id, workflow_id, visit, step),
    CONSTRAINT step_units_position_from_one CHECK (position >= 1),
    CONSTRAINT step_units_label_length CHECK (char_length(label) BETWEEN 1 AND 200),
    CONSTRAINT step_units_worker CHECK ((state = 'RUNNING') = (worker <> '')),
    CONSTRAINT step_units_lease CHECK ((state = 'RUNNING') = (lease_expires_at IS NOT NULL)),
    CONSTRAINT step_units_retry CHECK (retry_at IS NULL OR state = 'PENDING'),
    CONSTRAINT step_units_wake CHECK (wake_at IS NULL OR state = 'PENDING'),
    CONSTRAINT step_units_tries CHECK (tries BETWEEN 0 AND attempt)
);
CREATE INDEX step_units_open ON step_units (organization_id, workflow_id) WHERE is_open;
CREATE INDEX step_units_leases ON step_units (lease_expires_at) WHERE lease_expires_at IS NOT NULL;
CREATE INDEX step_units_to_wake ON step_units (wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX step_units_waiting ON step_units (organization_id) WHERE waits;

-- The journal of the units. Its sequence has no gap in a workflow, so a subscriber can follow it.
CREATE TABLE step_unit_events (
    organization_id   uuid        NOT NULL,
    workflow_id       uuid        NOT NULL,
    sequence          integer     NOT NULL,
    previous_sequence integer     GENERATED ALWAYS AS (NULLIF(sequence, 0) - 1) STORED,
    unit_id           uuid        NOT NULL,
    version           integer     NOT NULL,
    previous_version  integer     GENERATED ALWAYS AS (NULLIF(version, 0) - 1) STORED,
    kind              unit_move   NOT NULL,
    from_state        unit_state,
    to_state          unit_state  NOT NULL,
    attempt           integer     NOT NULL,
    previous_attempt  integer     GENERATED ALWAYS AS (
        CASE WHEN kind = 'CLAIM' THEN attempt - 1 ELSE attempt END) STORED,
    token             integer     NOT NULL,
    tries             integer     NOT NULL,
    done              integer     NOT NULL,
    total             integer     NOT NULL,
    actor             actor       NOT NULL,
    reason            reason      NOT NULL,
    failure_code      failure_code,
    failure_message   text        NOT NULL,
    retry_at          timestamptz,
    occurred_at       timestamptz NOT NULL,
    CONSTRAINT step_unit_events_pkey PRIMARY KEY (organization_id, workflow_id, sequence),
    CONSTRAINT step_unit_events_link UNIQUE (organization_id, unit_id, version, to_state, attempt),
    CONSTRAINT step_unit_events_one_a_version UNIQUE (organization_id, unit_id, version),
    CONSTRAINT step_unit_events_unit FOREIGN KEY (organization_id, workflow_id, unit_id)
        REFERENCES step_units (organization_id, workflow_id, id),
    CONSTRAINT step_unit_events_move FOREIGN KEY (from_state, to_state, kind)
        REFERENCES legal_unit_moves (from_state, to_state, kind),
    CONSTRAINT step_unit_events_gapless FOREIGN KEY (organization_id, workflow_id, previous_sequence)
        REFERENCES step_unit_events (organization_id, workflow_id, sequence),
    CONSTRAINT step_unit_events_unbroken
        FOREIGN KEY (organization_id, unit_id, previous_version, from_state, previous_attempt)
        REFERENCES step_unit_events (organization_id, unit_id, version, to_state, attempt),
    CONSTRAINT step_unit_events_token FOREIGN KEY (organization_id, workflow_id, token)
        REFERENCES workflow_transitions (organization_id, workflow_id, version),
    CONSTRAINT step_unit_events_sequence CHECK (sequence >= 0 AND version >= 0),
    CONSTRAINT step_unit_events_first CHECK (
        (version = 0) = (from_state IS NULL) AND (version = 0) = (kind = 'PLAN')
        AND (version > 0 OR to_state = 'PENDING' AND attempt = 0)),
    CONSTRAINT step_unit_events_failure CHECK (failure_code IS NULL OR kind IN ('RETRY', 'FAIL')),
    CONSTRAINT step_unit_events_progress CHECK (done BETWEEN 0 AND total),
    CONSTRAINT step_unit_events_message_length CHECK (octet_length(failure_message) <= 1000)
);
CREATE TRIGGER step_unit_events_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON step_unit_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE step_unit_events ENABLE ALWAYS TRIGGER step_unit_events_only_grow;
CREATE TRIGGER step_unit_events_now BEFORE INSERT ON step_unit_events
    FOR EACH ROW WHEN (NOT near_clock(NEW.occurred_at)) EXECUTE FUNCTION refuse_change();

ALTER TABLE step_units ADD CONSTRAINT step_units_state_is_last_event
    FOREIGN KEY (organization_id, id, version, state, attempt)
    REFERENCES step_unit_events (organization_id, unit_id, version, to_state, attempt);
CREATE TRIGGER step_units_version_grows BEFORE UPDATE OF version ON step_units
    FOR EACH ROW WHEN (NEW.version NOT IN (OLD.version, OLD.version + 1)) EXECUTE FUNCTION refuse_change();
ALTER TABLE step_units ENABLE ALWAYS TRIGGER step_units_version_grows;

-- The last event of a workflow's units. Its lock gives the events their order.
CREATE TABLE step_unit_heads (
    organization_id uuid    NOT NULL,
    workflow_id     uuid    NOT NULL,
    sequence        integer NOT NULL,
    CONSTRAINT step_unit_heads_pkey PRIMARY KEY (organization_id, workflow_id),
    CONSTRAINT step_unit_heads_last_event FOREIGN KEY (organization_id, workflow_id, sequence)
        REFERENCES step_unit_events (organization_id, workflow_id, sequence)
);
CREATE TRIGGER step_unit_heads_grow BEFORE UPDATE ON step_unit_heads
    FOR EACH ROW WHEN (NEW.sequence <= OLD.sequence) EXECUTE FUNCTION refuse_change();
ALTER TABLE step_unit_heads ENABLE ALWAYS TRIGGER step_unit_heads_grow;

-- At commit a unit and its workflow have reached every new event.
CREATE FUNCTION check_unit_event_reached() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM FROM public.step_units AS u
    JOIN public.step_unit_heads AS h ON h.organization_id = u.organization_id AND h.workflow_id = u.workflow_id
    WHERE u.organization_id = NEW.organization_id AND u.id = NEW.unit_id AND u.version >= NEW.version
        AND h.sequence >= NEW.sequence;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'event % of the units of workflow % has not happened', NEW.sequence, NEW.workflow_id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER step_unit_events_reached AFTER INSERT ON step_unit_events
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_unit_event_reached();
ALTER TABLE step_unit_events ENABLE ALWAYS TRIGGER step_unit_events_reached;

-- A parked run has handed its work to units. No sweeper ends it for its lease.
ALTER TABLE workflow_runs ADD COLUMN parked boolean NOT NULL DEFAULT false;
DROP INDEX workflow_runs_leases;
CREATE INDEX workflow_runs_leases ON workflow_runs (lease_expires_at) WHERE ended_version IS NULL AND NOT parked;
GRANT UPDATE (parked) ON workflow_runs TO infin8_app;

-- The unit and the attempt that make a call, in the place of a run. Both columns need no constraint of their own: a call
-- is sent only while that attempt is live, and verify compares them.
ALTER TABLE ai_calls ADD COLUMN unit_id uuid, ADD COLUMN unit_attempt integer;
DROP TRIGGER ai_calls_keep_their_part ON ai_calls;
CREATE TRIGGER ai_calls_keep_their_part BEFORE UPDATE OF visit, part_key, unit_id, unit_attempt ON ai_calls
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE ai_calls ENABLE ALWAYS TRIGGER ai_calls_keep_their_part;

ALTER TABLE step_units ENABLE ROW LEVEL SECURITY;
ALTER TABLE step_unit_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE step_unit_heads ENABLE ROW LEVEL SECURITY;
CREATE POLICY step_units_of_the_named ON step_units TO infin8_app USING (organization_id = named_organization());
CREATE POLICY step_unit_events_of_the_named ON step_unit_events TO infin8_app
    USING (organization_id = named_organization());
CREATE POLICY step_unit_heads_of_the_named ON step_unit_heads TO infin8_app
    USING (organization_id = named_organization());
CREATE POLICY step_units_of_all ON step_units FOR SELECT TO infin8_sweeper USING (true);
CREATE POLICY step_unit_heads_of_all ON step_unit_heads FOR SELECT TO infin8_sweeper USING (true);
GRANT SELECT, INSERT ON step_units, step_unit_events, step_unit_heads TO infin8_app;
GRANT UPDATE (state, version, attempt, token, tries, worker, lease_expires_at, retry_at, wake_at, done, total,
    failure_code, failure_message, changed_at) ON step_units TO infin8_app;
GRANT UPDATE (sequence) ON step_unit_heads TO infin8_app;
GRANT SELECT (organization_id, id, workflow_id, lease_expires_at, wake_at, token, waits) ON step_units TO infin8_sweeper;
GRANT SELECT ON step_unit_heads TO infin8_sweeper;

-- The activity that the run of a workflow's state gives it, now with those of units.
CREATE OR REPLACE FUNCTION run_activity(organization_id uuid, workflow_id uuid, version integer, state text)
    RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE
        WHEN right(state, 11) = '_PROCESSING' THEN (
            SELECT CASE WHEN r.parked THEN 'UNITS_RUNNING' WHEN r.worker = '' THEN 'WAITING_FOR_WORKER' ELSE 'RUNNING' END
            FROM workflow_runs AS r
            WHERE r.organization_id = run_activity.organization_id AND r.workflow_id = run_activity.workflow_id
                AND r.token = run_activity.version)
        WHEN right(state, 7) = '_FAILED' THEN coalesce((
            SELECT CASE WHEN r.retry_at IS NOT NULL THEN 'RETRY_SCHEDULED'
                WHEN r.failure_code = 'UNITS_FAILED' THEN 'NEEDS_DECISION' ELSE 'FAILED' END
            FROM workflow_runs AS r
            WHERE r.organization_id = run_activity.organization_id AND r.workflow_id = run_activity.workflow_id
                AND r.token = run_activity.version - 1), 'FAILED')
    END;
