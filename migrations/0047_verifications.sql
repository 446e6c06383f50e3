-- Verifications: runs of the checks of `verify` on the rows of one organization. A person orders one, and a worker makes
-- it. After the lease of a dead worker another one begins it again. An organization has one open run at a time, since a
-- run reads all of its rows.

CREATE DOMAIN verification_state AS text CONSTRAINT verification_state_known
    CHECK (VALUE IN ('PENDING', 'RUNNING', 'CLEAN', 'FINDINGS', 'FAILED'));

CREATE TABLE verifications (
    organization_id  uuid               NOT NULL,
    id               uuid               NOT NULL,
    state            verification_state NOT NULL,
    actor            actor              NOT NULL,
    created_at       timestamptz        NOT NULL,
    -- The begin of the last attempt.
    started_at       timestamptz,
    -- The rows that the last attempt has read so far.
    rows_read        bigint             NOT NULL DEFAULT 0,
    -- All findings are counted; the first 100 are kept.
    found            integer            NOT NULL DEFAULT 0,
    findings         jsonb              NOT NULL DEFAULT '[]',
    -- The text of the checkpoint over the heads of all chains; '' without one.
    checkpoint       text               NOT NULL DEFAULT '',
    -- Why the run ended without a result.
    failure          text               NOT NULL DEFAULT '',
    -- The claims so far: the fencing token of a worker. After its lease another worker may claim the run, and at
    -- wake_at a sweeper asks for one.
    attempt          integer            NOT NULL DEFAULT 0,
    lease_expires_at timestamptz,
    wake_at          timestamptz,
    ended_at         timestamptz,
    CONSTRAINT verifications_pkey PRIMARY KEY (organization_id, id),
    CONSTRAINT verifications_organization FOREIGN KEY (organization_id) REFERENCES organizations (id),
    CONSTRAINT verifications_pending CHECK ((state = 'PENDING') = (attempt = 0)),
    CONSTRAINT verifications_started CHECK ((started_at IS NULL) = (attempt = 0)),
    CONSTRAINT verifications_ended CHECK ((ended_at IS NULL) = (state IN ('PENDING', 'RUNNING'))),
    CONSTRAINT verifications_wake CHECK ((ended_at IS NULL) = (wake_at IS NOT NULL)),
    CONSTRAINT verifications_lease CHECK (lease_expires_at IS NULL OR state = 'RUNNING'),
    CONSTRAINT verifications_rows CHECK (rows_read >= 0),
    CONSTRAINT verifications_found CHECK (found >= 0 AND (found > 0) = (state = 'FINDINGS')),
    CONSTRAINT verifications_kept CHECK (jsonb_array_length(findings) = least(found, 100)),
    CONSTRAINT verifications_findings_size CHECK (octet_length(findings::text) <= 500000),
    CONSTRAINT verifications_checkpoint CHECK ((checkpoint <> '') = (state = 'CLEAN')),
    CONSTRAINT verifications_checkpoint_size CHECK (octet_length(checkpoint) <= 1000),
    CONSTRAINT verifications_failure CHECK ((failure <> '') = (state = 'FAILED')),
    CONSTRAINT verifications_failure_size CHECK (octet_length(failure) <= 1000)
);
CREATE UNIQUE INDEX verifications_one_open ON verifications (organization_id) WHERE ended_at IS NULL;
CREATE INDEX verifications_by_time ON verifications (organization_id, created_at, id);
CREATE INDEX verifications_to_wake ON verifications (wake_at) WHERE wake_at IS NOT NULL;

CREATE TRIGGER verifications_now BEFORE INSERT ON verifications
    FOR EACH ROW WHEN (NOT near_clock(NEW.created_at)) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER verifications_over BEFORE UPDATE ON verifications FOR EACH ROW WHEN (
    OLD.ended_at IS NOT NULL OR NEW.attempt < OLD.attempt
) EXECUTE FUNCTION refuse_change();
ALTER TABLE verifications ENABLE ALWAYS TRIGGER verifications_over;
CREATE TRIGGER verifications_keep_their_order BEFORE UPDATE OF organization_id, id, actor, created_at ON verifications
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE verifications ENABLE ALWAYS TRIGGER verifications_keep_their_order;
CREATE TRIGGER verifications_stay BEFORE DELETE OR TRUNCATE ON verifications
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE verifications ENABLE ALWAYS TRIGGER verifications_stay;

ALTER TABLE verifications ENABLE ROW LEVEL SECURITY;
CREATE POLICY verifications_of_the_named ON verifications TO infin8_app USING (organization_id = named_organization());
GRANT SELECT, INSERT ON verifications TO infin8_app;
GRANT UPDATE (state, started_at, rows_read, found, findings, checkpoint, failure, attempt, lease_expires_at, wake_at,
    ended_at) ON verifications TO infin8_app;
-- The sweepers ask for workers for runs that have none.
CREATE POLICY verifications_of_all ON verifications TO infin8_sweeper USING (true);
GRANT SELECT (organization_id, id, wake_at), UPDATE (wake_at) ON verifications TO infin8_sweeper;
