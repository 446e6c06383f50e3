-- Alerts: each is written once, by the transaction that caused it, and sent to the organization's webhook. A
-- constraint allows one of each, and `verify` computes which must exist.

CREATE DOMAIN alert_kind AS text CONSTRAINT alert_kind_known CHECK (VALUE IN (
    'THRESHOLD', 'OVERAGE', 'MODEL_DRIFT', 'OUTCOME_UNKNOWN', 'PRICE_QUARANTINED', 'RECONCILIATION_DIFFERENCE'
));
CREATE DOMAIN delivery_state AS text CONSTRAINT delivery_state_known CHECK (VALUE IN (
    'PENDING', 'DELIVERED', 'GONE', 'EXPIRED', 'UNADDRESSED'
));

-- A threshold is a share of a limit, so it can be crossed again under another one. Here is the entry that set the
-- limit.
ALTER TABLE usage_accounts ADD COLUMN limit_sequence bigint NOT NULL DEFAULT 0;
UPDATE usage_accounts AS a SET limit_sequence = l.sequence
FROM (
    SELECT e.organization_id, e.account_id, max(e.sequence) AS sequence FROM ai_usage_ledger AS e
    WHERE e.kind = 'LIMIT' GROUP BY e.organization_id, e.account_id
) AS l
WHERE l.organization_id = a.organization_id AND l.account_id = a.id;
-- Of an entry that can cross a threshold: the entry that set the limit it stands under. NULL: of an entry that can
-- cross none, or of one that a version without alerts has written.
ALTER TABLE ai_usage_ledger ADD COLUMN limit_sequence bigint,
    ADD CONSTRAINT ai_usage_ledger_limit_sequence CHECK (limit_sequence BETWEEN 0 AND sequence);
ALTER TABLE model_price_proposals ADD CONSTRAINT model_price_proposals_of_organization UNIQUE (organization_id, id);

-- Which columns a kind has is in alerts_shape. The keys are what makes one of each: of a threshold, by account and
-- limit; of a call, by what is said about it; of a price in quarantine; of a day and model of a provider.
CREATE TABLE alerts (
    organization_id uuid        NOT NULL,
    id              uuid        NOT NULL,
    kind            alert_kind  NOT NULL,
    -- The account, and the entry that caused it.
    account_id      uuid,
    sequence        bigint,
    limit_sequence  bigint,
    threshold       integer,
    call_id         uuid,
    proposal_id     uuid,
    provider        text,
    day             date,
    model           text,
    booked_calls    bigint,
    charged_calls   bigint,
    booked_pico     pico,
    charged_pico    pico,
    created_at      timestamptz NOT NULL,
    CONSTRAINT alerts_pkey PRIMARY KEY (organization_id, id),
    CONSTRAINT alerts_one_for_each_threshold UNIQUE (organization_id, account_id, limit_sequence, threshold),
    CONSTRAINT alerts_one_for_each_call UNIQUE (organization_id, call_id, kind),
    CONSTRAINT alerts_one_for_each_proposal UNIQUE (organization_id, proposal_id),
    CONSTRAINT alerts_one_for_each_difference UNIQUE (organization_id, provider, day, model),
    CONSTRAINT alerts_organization FOREIGN KEY (organization_id) REFERENCES organizations (id),
    CONSTRAINT alerts_entry FOREIGN KEY (organization_id, account_id, sequence)
        REFERENCES ai_usage_ledger (organization_id, account_id, sequence),
    CONSTRAINT alerts_limit FOREIGN KEY (organization_id, account_id, limit_sequence)
        REFERENCES ai_usage_ledger (organization_id, account_id, sequence),
    CONSTRAINT alerts_call FOREIGN KEY (organization_id, call_id) REFERENCES ai_calls (organization_id, id),
    CONSTRAINT alerts_proposal FOREIGN KEY (organization_id, proposal_id)
        REFERENCES model_price_proposals (organization_id, id),
    CONSTRAINT alerts_threshold CHECK (threshold IN (50, 75, 90, 100)),
    CONSTRAINT alerts_shape CHECK (
        (kind IN ('THRESHOLD', 'OVERAGE')) = (account_id IS NOT NULL)
        AND (account_id IS NULL) = (sequence IS NULL)
        AND (kind = 'THRESHOLD') = (threshold IS NOT NULL) AND (kind = 'THRESHOLD') = (limit_sequence IS NOT NULL)
        AND (kind IN ('OVERAGE', 'MODEL_DRIFT', 'OUTCOME_UNKNOWN')) = (call_id IS NOT NULL)
        AND (kind = 'PRICE_QUARANTINED') = (proposal_id IS NOT NULL)
        AND num_nonnulls(provider, day, model, booked_calls, charged_calls, booked_pico, charged_pico)
            = CASE kind WHEN 'RECONCILIATION_DIFFERENCE' THEN 7 ELSE 0 END)
);
CREATE INDEX alerts_by_time ON alerts (organization_id, created_at, id);
CREATE TRIGGER alerts_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON alerts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE alerts ENABLE ALWAYS TRIGGER alerts_only_grow;

-- The delivery of an alert to an organization that had a webhook when the alert was written. A message is sent only
-- after a claim on the row, and a delivery that has ended cannot be claimed.
CREATE TABLE alert_deliveries (
    organization_id uuid           NOT NULL,
    alert_id        uuid           NOT NULL,
    state           delivery_state NOT NULL,
    attempts        integer        NOT NULL DEFAULT 0,
    attempted_at    timestamptz,
    -- The last answer; NULL when there was none, and then last_error says why.
    last_status     integer,
    last_error      text           NOT NULL DEFAULT '',
    ended_at        timestamptz,
    -- No attempt is made before next_at; at wake_at a sweeper asks for a worker, if none has come.
    next_at         timestamptz,
    wake_at         timestamptz,
    CONSTRAINT alert_deliveries_pkey PRIMARY KEY (organization_id, alert_id),
    CONSTRAINT alert_deliveries_alert FOREIGN KEY (organization_id, alert_id) REFERENCES alerts (organization_id, id),
    CONSTRAINT alert_deliveries_over CHECK ((state = 'PENDING') = (ended_at IS NULL)
        AND (state = 'PENDING') = (next_at IS NOT NULL) AND (state = 'PENDING') = (wake_at IS NOT NULL))
);
CREATE INDEX alert_deliveries_to_wake ON alert_deliveries (wake_at) WHERE wake_at IS NOT NULL;
CREATE TRIGGER alert_deliveries_end_once BEFORE UPDATE ON alert_deliveries
    FOR EACH ROW WHEN (OLD.state <> 'PENDING') EXECUTE FUNCTION refuse_change();
ALTER TABLE alert_deliveries ENABLE ALWAYS TRIGGER alert_deliveries_end_once;

-- The webhook of an organization. The change that set it is named by its version, so that a server of the version
-- before, which writes changes without it, leaves it as it is; and the signing secret is derived from that version.
-- '' is none.
ALTER TABLE organization_changes ADD COLUMN webhook_url text,
    ADD CONSTRAINT organization_changes_webhook UNIQUE (organization_id, version, webhook_url);
ALTER TABLE organizations ADD COLUMN webhook_version integer, ADD COLUMN webhook_url text,
    ADD CONSTRAINT organizations_webhook_is_of_its_change FOREIGN KEY (id, webhook_version, webhook_url)
        REFERENCES organization_changes (organization_id, version, webhook_url),
    ADD CONSTRAINT organizations_webhook CHECK ((webhook_version IS NULL) = (webhook_url IS NULL)
        AND char_length(webhook_url) <= 2048);

-- Alerts for the operator alone: of the list that all organizations pay by, and of differences with a provider that
-- belong to no organization. Only the owner writes and reads them.
CREATE TABLE operator_alerts (
    id            uuid        NOT NULL,
    kind          alert_kind  NOT NULL,
    list_id       uuid        NOT NULL GENERATED ALWAYS AS ('00000000-0000-0000-0000-000000000000'::uuid) STORED,
    proposal_id   uuid,
    provider      text,
    day           date,
    model         text,
    booked_calls  bigint,
    charged_calls bigint,
    booked_pico   pico,
    charged_pico  pico,
    created_at    timestamptz NOT NULL,
    CONSTRAINT operator_alerts_pkey PRIMARY KEY (id),
    CONSTRAINT operator_alerts_one_for_each_proposal UNIQUE (proposal_id),
    CONSTRAINT operator_alerts_one_for_each_difference UNIQUE (provider, day, model),
    CONSTRAINT operator_alerts_proposal FOREIGN KEY (list_id, proposal_id) REFERENCES model_price_proposals (list_id, id),
    CONSTRAINT operator_alerts_shape CHECK (
        kind IN ('PRICE_QUARANTINED', 'RECONCILIATION_DIFFERENCE')
        AND (kind = 'PRICE_QUARANTINED') = (proposal_id IS NOT NULL)
        AND num_nonnulls(provider, day, model, booked_calls, charged_calls, booked_pico, charged_pico)
            = CASE kind WHEN 'RECONCILIATION_DIFFERENCE' THEN 7 ELSE 0 END)
);
CREATE TRIGGER operator_alerts_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON operator_alerts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE operator_alerts ENABLE ALWAYS TRIGGER operator_alerts_only_grow;

GRANT SELECT, INSERT ON alerts, alert_deliveries TO infin8_app;
GRANT UPDATE (state, attempts, attempted_at, last_status, last_error, ended_at, next_at, wake_at)
    ON alert_deliveries TO infin8_app;
GRANT UPDATE (webhook_version, webhook_url) ON organizations TO infin8_app;
GRANT UPDATE (limit_sequence) ON usage_accounts TO infin8_app;

ALTER TABLE alerts ENABLE ROW LEVEL SECURITY;
CREATE POLICY alerts_of_the_named ON alerts TO infin8_app USING (organization_id = named_organization());
ALTER TABLE alert_deliveries ENABLE ROW LEVEL SECURITY;
CREATE POLICY alert_deliveries_of_the_named ON alert_deliveries TO infin8_app
    USING (organization_id = named_organization());
-- The sweepers ask for workers for what is late.
CREATE POLICY alert_deliveries_of_all ON alert_deliveries TO infin8_sweeper USING (true);
GRANT SELECT (organization_id, alert_id, wake_at), UPDATE (wake_at) ON alert_deliveries TO infin8_sweeper;
