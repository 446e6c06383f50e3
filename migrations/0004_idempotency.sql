-- What a client asked for under a key of its own, so that asking again changes nothing. Keys never expire.
CREATE TABLE idempotency_keys (
    organization_id uuid        NOT NULL,
    key             text        NOT NULL,
    -- sha256 of the operation and its content: the same key for anything else is a mismatch.
    fingerprint     digest      NOT NULL,
    -- What it was about and what came of it.
    workflow_id     uuid,
    version         integer,
    call_id         uuid,
    account_id      uuid,
    sequence        bigint,
    actor           actor       NOT NULL,
    created_at      timestamptz NOT NULL,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (organization_id, key),
    CONSTRAINT idempotency_keys_length CHECK (char_length(key) BETWEEN 1 AND 255),
    CONSTRAINT idempotency_keys_workflow FOREIGN KEY (organization_id, workflow_id)
        REFERENCES intent_workflows (organization_id, id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT idempotency_keys_transition FOREIGN KEY (organization_id, workflow_id, version)
        REFERENCES workflow_transitions (organization_id, workflow_id, version) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT idempotency_keys_call FOREIGN KEY (organization_id, call_id)
        REFERENCES ai_calls (organization_id, id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT idempotency_keys_entry FOREIGN KEY (organization_id, account_id, sequence)
        REFERENCES ai_usage_ledger (organization_id, account_id, sequence) DEFERRABLE INITIALLY DEFERRED
);
GRANT SELECT, INSERT ON idempotency_keys TO infin8_app;
GRANT UPDATE (version, account_id, sequence) ON idempotency_keys TO infin8_app;
