-- Batches: one order to change many workflows. A batch has the workflows that could be changed when it was ordered, and
-- a worker changes one after the other. Its results are a journal without gaps, so each item has at most one result, and
-- the counts of the batch are a foreign key to the last one.

CREATE DOMAIN batch_kind AS text CONSTRAINT batch_kind_known CHECK (VALUE IN ('CANCEL', 'RETRY', 'START', 'LIMIT'));
CREATE DOMAIN batch_outcome AS text CONSTRAINT batch_outcome_known CHECK (VALUE IN ('DONE', 'REFUSED'));

CREATE TABLE batches (
    organization_id  uuid        NOT NULL,
    id               uuid        NOT NULL,
    kind             batch_kind  NOT NULL,
    -- Who ordered it, with the role and the API key of that time. Every change is made as this caller.
    actor            actor       NOT NULL,
    role             caller_role NOT NULL,
    api_key_id       uuid,
    reason           reason      NOT NULL,
    -- The new limit, of a batch of that kind alone.
    new_limit_pico   amount_pico,
    digest           digest      NOT NULL,
    total            integer     NOT NULL,
    created_at       timestamptz NOT NULL,
    -- The items with a result, and those of them that were changed.
    done             integer     NOT NULL DEFAULT 0,
    succeeded        integer     NOT NULL DEFAULT 0,
    last_position    integer     GENERATED ALWAYS AS (NULLIF(done, 0) - 1) STORED,
    -- The claims so far: the fencing token of a worker. After its lease another worker may claim the batch, and at
    -- wake_at a sweeper asks for one.
    attempt          integer     NOT NULL DEFAULT 0,
    lease_expires_at timestamptz,
    wake_at          timestamptz,
    ended_at         timestamptz,
    CONSTRAINT batches_pkey PRIMARY KEY (organization_id, id),
    CONSTRAINT batches_organization FOREIGN KEY (organization_id) REFERENCES organizations (id),
    CONSTRAINT batches_key FOREIGN KEY (organization_id, api_key_id) REFERENCES api_keys (organization_id, id),
    CONSTRAINT batches_total CHECK (total >= 1 AND total <= 10000),
    CONSTRAINT batches_done CHECK (done >= 0 AND done <= total),
    CONSTRAINT batches_succeeded CHECK (succeeded >= 0 AND succeeded <= done),
    CONSTRAINT batches_ended CHECK ((ended_at IS NOT NULL) = (done = total)),
    CONSTRAINT batches_wake CHECK ((ended_at IS NULL) = (wake_at IS NOT NULL)),
    CONSTRAINT batches_lease CHECK (lease_expires_at IS NULL OR ended_at IS NULL),
    CONSTRAINT batches_limit CHECK ((kind = 'LIMIT') = (new_limit_pico IS NOT NULL))
);
CREATE INDEX batches_by_time ON batches (organization_id, created_at, id);
CREATE INDEX batches_to_wake ON batches (wake_at) WHERE wake_at IS NOT NULL;
CREATE TRIGGER batches_progress BEFORE UPDATE ON batches FOR EACH ROW WHEN (
    NEW.done < OLD.done OR NEW.attempt < OLD.attempt OR OLD.ended_at IS NOT NULL
) EXECUTE FUNCTION refuse_change();
ALTER TABLE batches ENABLE ALWAYS TRIGGER batches_progress;
CREATE TRIGGER batches_keep_their_order BEFORE UPDATE OF organization_id, id, kind, actor, role, api_key_id, reason,
    new_limit_pico, digest, total, created_at ON batches FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE batches ENABLE ALWAYS TRIGGER batches_keep_their_order;
CREATE TRIGGER batches_stay BEFORE DELETE OR TRUNCATE ON batches FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE batches ENABLE ALWAYS TRIGGER batches_stay;

-- The workflows of a batch, in the order in which they are changed.
CREATE TABLE batch_items (
    organization_id uuid    NOT NULL,
    batch_id        uuid    NOT NULL,
    position        integer NOT NULL,
    workflow_id     uuid    NOT NULL,
    -- The step to start; NULL in a batch of another kind.
    step            step_key,
    CONSTRAINT batch_items_pkey PRIMARY KEY (organization_id, batch_id, position),
    CONSTRAINT batch_items_once UNIQUE (organization_id, batch_id, workflow_id),
    CONSTRAINT batch_items_of_workflow UNIQUE (organization_id, batch_id, position, workflow_id),
    CONSTRAINT batch_items_batch FOREIGN KEY (organization_id, batch_id) REFERENCES batches (organization_id, id),
    CONSTRAINT batch_items_workflow FOREIGN KEY (organization_id, workflow_id)
        REFERENCES intent_workflows (organization_id, id),
    CONSTRAINT batch_items_position CHECK (position >= 0)
);
CREATE TRIGGER batch_items_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON batch_items
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE batch_items ENABLE ALWAYS TRIGGER batch_items_only_grow;

-- The results, in the order of the items. A change names the row of the journal or of the ledger that it made.
CREATE TABLE batch_results (
    organization_id    uuid          NOT NULL,
    batch_id           uuid          NOT NULL,
    position           integer       NOT NULL,
    previous_position  integer       GENERATED ALWAYS AS (NULLIF(position, 0) - 1) STORED,
    workflow_id        uuid          NOT NULL,
    outcome            batch_outcome NOT NULL,
    -- The items changed so far, with this one.
    succeeded          integer       NOT NULL,
    previous_succeeded integer       GENERATED ALWAYS AS (
        succeeded - CASE WHEN outcome = 'DONE' THEN 1 ELSE 0 END) STORED,
    version            integer,
    sequence           bigint,
    code               text          NOT NULL,
    message            text          NOT NULL,
    occurred_at        timestamptz   NOT NULL,
    CONSTRAINT batch_results_pkey PRIMARY KEY (organization_id, batch_id, position),
    CONSTRAINT batch_results_counted UNIQUE (organization_id, batch_id, position, succeeded),
    CONSTRAINT batch_results_item FOREIGN KEY (organization_id, batch_id, position, workflow_id)
        REFERENCES batch_items (organization_id, batch_id, position, workflow_id),
    CONSTRAINT batch_results_gapless FOREIGN KEY (organization_id, batch_id, previous_position, previous_succeeded)
        REFERENCES batch_results (organization_id, batch_id, position, succeeded),
    CONSTRAINT batch_results_transition FOREIGN KEY (organization_id, workflow_id, version)
        REFERENCES workflow_transitions (organization_id, workflow_id, version),
    CONSTRAINT batch_results_entry FOREIGN KEY (organization_id, workflow_id, sequence)
        REFERENCES ai_usage_ledger (organization_id, account_id, sequence),
    CONSTRAINT batch_results_first CHECK (position > 0 OR previous_succeeded = 0),
    CONSTRAINT batch_results_made CHECK (num_nonnulls(version, sequence) = CASE outcome WHEN 'DONE' THEN 1 ELSE 0 END),
    CONSTRAINT batch_results_code CHECK ((outcome = 'DONE') = (code = '')),
    CONSTRAINT batch_results_code_length CHECK (char_length(code) <= 50),
    CONSTRAINT batch_results_message_length CHECK (octet_length(message) <= 1000)
);
CREATE TRIGGER batch_results_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON batch_results
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE batch_results ENABLE ALWAYS TRIGGER batch_results_only_grow;
CREATE TRIGGER batch_results_now BEFORE INSERT ON batch_results
    FOR EACH ROW WHEN (NOT near_clock(NEW.occurred_at)) EXECUTE FUNCTION refuse_change();

ALTER TABLE batches ADD CONSTRAINT batches_last_result
    FOREIGN KEY (organization_id, id, last_position, succeeded)
    REFERENCES batch_results (organization_id, batch_id, position, succeeded);

ALTER TABLE batches ENABLE ROW LEVEL SECURITY;
ALTER TABLE batch_items ENABLE ROW LEVEL SECURITY;
ALTER TABLE batch_results ENABLE ROW LEVEL SECURITY;
CREATE POLICY batches_of_the_named ON batches TO infin8_app USING (organization_id = named_organization());
CREATE POLICY batch_items_of_the_named ON batch_items TO infin8_app USING (organization_id = named_organization());
CREATE POLICY batch_results_of_the_named ON batch_results TO infin8_app USING (organization_id = named_organization());
GRANT SELECT, INSERT ON batches, batch_items, batch_results TO infin8_app;
GRANT UPDATE (done, succeeded, attempt, lease_expires_at, wake_at, ended_at) ON batches TO infin8_app;
-- The sweepers ask for workers for batches that have none, and subscriptions poll the counts.
CREATE POLICY batches_of_all ON batches TO infin8_sweeper USING (true);
GRANT SELECT (organization_id, id, done, wake_at), UPDATE (wake_at) ON batches TO infin8_sweeper;
