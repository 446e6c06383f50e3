-- Money: prices, accounts, calls, and the ledger that explains every balance. The cap is a constraint of the ledger.

CREATE DOMAIN price_component AS text CONSTRAINT price_component_known CHECK (VALUE IN (
    'PROMPT', 'COMPLETION', 'REQUEST', 'WEB_SEARCH', 'REASONING', 'CACHE_READ', 'CACHE_WRITE'
));
CREATE DOMAIN account_kind AS text CONSTRAINT account_kind_known CHECK (VALUE IN ('WORKFLOW', 'MONTH'));
CREATE DOMAIN call_state AS text CONSTRAINT call_state_known CHECK (VALUE IN (
    'RESERVED', 'DISPATCHED', 'SETTLED', 'RELEASED', 'UNKNOWN', 'ASSUMED'
));
CREATE DOMAIN entry_kind AS text CONSTRAINT entry_kind_known CHECK (VALUE IN (
    'OPEN', 'RESERVE', 'SETTLE', 'RELEASE', 'ASSUME', 'ADJUST', 'LIMIT', 'RECORD'
));

-- Prices for each token, request or search, by validity. History is never recomputed.
CREATE TABLE model_prices (
    model             text            NOT NULL,
    component         price_component NOT NULL,
    min_prompt_tokens bigint          NOT NULL DEFAULT 0,
    unit_pico         amount_pico     NOT NULL,
    valid_from        timestamptz     NOT NULL,
    valid_to          timestamptz,
    source            text            NOT NULL,
    CONSTRAINT model_prices_pkey PRIMARY KEY (model, component, min_prompt_tokens, valid_from),
    CONSTRAINT model_prices_validity CHECK (valid_to > valid_from),
    CONSTRAINT model_prices_min_prompt_tokens CHECK (min_prompt_tokens >= 0)
);
INSERT INTO model_prices (model, component, unit_pico, valid_from, source) VALUES
    ('perplexity/sonar', 'PROMPT', 1000000, '2020-01-01 00:00:00+00', 'built in'),
    ('perplexity/sonar', 'COMPLETION', 1000000, '2020-01-01 00:00:00+00', 'built in'),
    ('perplexity/sonar', 'WEB_SEARCH', 5000000000, '2020-01-01 00:00:00+00', 'built in'),
    ('openai/gpt-4o-mini', 'PROMPT', 150000, '2020-01-01 00:00:00+00', 'built in'),
    ('openai/gpt-4o-mini', 'COMPLETION', 600000, '2020-01-01 00:00:00+00', 'built in');
GRANT SELECT ON model_prices TO infin8_app;

-- The hash of one ledger entry: sha256 of the hash before it and its canonical form.
CREATE FUNCTION entry_hash(
    previous_hash bytea, organization_id uuid, account_id uuid, sequence bigint, kind text, call_id uuid,
    settled_delta bigint, held_delta bigint, limit_delta bigint, settled_after bigint, held_after bigint,
    limit_after bigint, stopped_after boolean, overage boolean, actor text, reason text, occurred_at timestamptz
) RETURNS bytea
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
BEGIN
    RETURN sha256(previous_hash || convert_to(
        '7:entry/1,' || public.netstring(organization_id::text) || public.netstring(account_id::text)
        || public.netstring(sequence::text) || public.netstring(kind) || public.netstring(call_id::text)
        || public.netstring(settled_delta::text) || public.netstring(held_delta::text)
        || public.netstring(limit_delta::text) || public.netstring(settled_after::text)
        || public.netstring(held_after::text) || public.netstring(limit_after::text)
        || public.netstring(stopped_after::text) || public.netstring(overage::text)
        || public.netstring(actor) || public.netstring(reason)
        || public.netstring(public.epoch_microseconds(occurred_at)::text), 'UTF8'));
END
$$;

-- What a limit stands on: a workflow (the account has its id), or one month of an organization.
CREATE TABLE usage_accounts (
    organization_id  uuid            NOT NULL,
    id               uuid            NOT NULL,
    kind             account_kind    NOT NULL,
    workflow_id      uuid            GENERATED ALWAYS AS (CASE kind WHEN 'WORKFLOW' THEN id END) STORED,
    period_start     timestamptz,
    period_end       timestamptz,
    sequence         bigint          NOT NULL,
    settled_pico     amount_pico     NOT NULL,
    held_pico        amount_pico     NOT NULL,
    limit_pico       amount_pico     NOT NULL,
    -- An overage stops further holds until the limit is set again.
    stopped          boolean         NOT NULL,
    -- What an entry repeats of the one before it. It is kept here, because a statement that waited for this row sees it
    -- as it is now, and the ledger as it was before.
    previous_stopped boolean         NOT NULL DEFAULT false,
    previous_hash    previous_digest NOT NULL,
    hash             digest          NOT NULL,
    CONSTRAINT usage_accounts_pkey PRIMARY KEY (organization_id, id),
    CONSTRAINT usage_accounts_organization FOREIGN KEY (organization_id) REFERENCES organizations (id),
    CONSTRAINT usage_accounts_workflow FOREIGN KEY (organization_id, workflow_id)
        REFERENCES intent_workflows (organization_id, id),
    CONSTRAINT usage_accounts_one_for_each_month UNIQUE (organization_id, period_start),
    CONSTRAINT usage_accounts_period CHECK (
        (kind = 'MONTH') = (period_start IS NOT NULL) AND (kind = 'MONTH') = (period_end IS NOT NULL)
        AND (kind = 'WORKFLOW' OR period_start < period_end)
    )
);

-- One request to a language model, with a hold before and one outcome after.
CREATE TABLE ai_calls (
    organization_id       uuid        NOT NULL,
    id                    uuid        NOT NULL,
    workflow_id           uuid        NOT NULL,
    month_id              uuid        NOT NULL,
    step                  step_key    NOT NULL,
    -- The run that made the call; NULL when a program outside reserved it.
    run_token             integer,
    state                 call_state  NOT NULL,
    -- Made without a reservation: it has no hold, and its only entry is its outcome.
    recorded              boolean     NOT NULL DEFAULT false,
    models                text[]      NOT NULL,
    prompt_bytes          bigint      NOT NULL,
    max_completion_tokens bigint      NOT NULL,
    web_searches          bigint      NOT NULL,
    hold_pico             amount_pico NOT NULL,
    cost_pico             amount_pico,
    list_cost_pico        amount_pico,
    overage               boolean     NOT NULL DEFAULT false,
    provider              text        NOT NULL DEFAULT '',
    generation_id         text,
    answered_model        text        NOT NULL DEFAULT '',
    prompt_tokens         bigint      NOT NULL DEFAULT 0,
    completion_tokens     bigint      NOT NULL DEFAULT 0,
    -- Of the prompt and of the completion; and the searches that were made, where web_searches is what was reserved.
    cached_tokens         bigint      NOT NULL DEFAULT 0,
    reasoning_tokens      bigint      NOT NULL DEFAULT 0,
    made_searches         bigint      NOT NULL DEFAULT 0,
    failure_code          failure_code,
    actor                 actor       NOT NULL,
    reserved_at           timestamptz NOT NULL,
    dispatched_at         timestamptz,
    ended_at              timestamptz,
    -- The sweeper's clock: when to look next, and since when the outcome is unknown.
    check_at              timestamptz,
    checks                integer     NOT NULL DEFAULT 0,
    unknown_since         timestamptz,
    -- The names of this call's entries in the ledger; the foreign keys below hold it to them.
    hold_event            text        GENERATED ALWAYS AS (CASE WHEN NOT recorded THEN 'HOLD' END) STORED,
    outcome_event         text        GENERATED ALWAYS AS (
        CASE WHEN state IN ('SETTLED', 'RELEASED', 'ASSUMED') THEN 'OUTCOME' END) STORED,
    CONSTRAINT ai_calls_pkey PRIMARY KEY (organization_id, id),
    CONSTRAINT ai_calls_hold UNIQUE (organization_id, id, hold_pico),
    CONSTRAINT ai_calls_workflow FOREIGN KEY (organization_id, workflow_id)
        REFERENCES intent_workflows (organization_id, id),
    CONSTRAINT ai_calls_run FOREIGN KEY (organization_id, workflow_id, run_token)
        REFERENCES workflow_runs (organization_id, workflow_id, token),
    CONSTRAINT ai_calls_outcome CHECK ((state IN ('SETTLED', 'RELEASED', 'ASSUMED')) = (ended_at IS NOT NULL)),
    CONSTRAINT ai_calls_cost CHECK ((state = 'SETTLED') = (cost_pico IS NOT NULL)),
    -- Of a reserved call: it cost more than its hold. Of a recorded one: it went beyond a limit.
    CONSTRAINT ai_calls_overage CHECK (recorded OR overage = (coalesce(cost_pico, 0) > hold_pico)),
    CONSTRAINT ai_calls_recorded CHECK (NOT recorded OR hold_pico = 0 AND state = 'SETTLED' AND run_token IS NULL),
    CONSTRAINT ai_calls_two_accounts CHECK (month_id <> workflow_id),
    CONSTRAINT ai_calls_tokens CHECK (prompt_tokens >= 0 AND completion_tokens >= 0
        AND cached_tokens >= 0 AND reasoning_tokens >= 0 AND made_searches >= 0)
);
CREATE INDEX ai_calls_by_workflow ON ai_calls (organization_id, workflow_id, reserved_at, id);
CREATE INDEX ai_calls_to_check ON ai_calls (check_at) WHERE check_at IS NOT NULL;
-- An outcome is final with all that belongs to it, and what was reserved is not changed afterwards; corrections are
-- ledger entries. Only the name of a generation may still come.
CREATE TRIGGER ai_calls_only_move_forward BEFORE UPDATE ON ai_calls
    FOR EACH ROW WHEN (
        OLD.outcome_event IS NOT NULL AND
            (NEW.state, NEW.cost_pico, NEW.list_cost_pico, NEW.overage, NEW.provider, NEW.answered_model,
            NEW.prompt_tokens, NEW.completion_tokens, NEW.cached_tokens, NEW.reasoning_tokens, NEW.made_searches,
            NEW.failure_code, NEW.ended_at) IS DISTINCT FROM
            (OLD.state, OLD.cost_pico, OLD.list_cost_pico, OLD.overage, OLD.provider, OLD.answered_model,
            OLD.prompt_tokens, OLD.completion_tokens, OLD.cached_tokens, OLD.reasoning_tokens, OLD.made_searches,
            OLD.failure_code, OLD.ended_at)
        OR NEW.generation_id IS DISTINCT FROM OLD.generation_id AND OLD.generation_id IS NOT NULL
        OR NEW.hold_pico <> OLD.hold_pico
        OR (OLD.state = 'DISPATCHED' AND NEW.state = 'RESERVED')
        OR (OLD.state = 'UNKNOWN' AND NEW.state IN ('RESERVED', 'DISPATCHED'))
        OR (OLD.state <> 'UNKNOWN' AND NEW.state = 'ASSUMED')
    ) EXECUTE FUNCTION refuse_change();
ALTER TABLE ai_calls ENABLE ALWAYS TRIGGER ai_calls_only_move_forward;

-- The ledger: one row for each money event of one account.
CREATE TABLE ai_usage_ledger (
    organization_id   uuid            NOT NULL,
    account_id        uuid            NOT NULL,
    sequence          bigint          NOT NULL,
    previous_sequence bigint          GENERATED ALWAYS AS (NULLIF(sequence, 0) - 1) STORED,
    kind              entry_kind      NOT NULL,
    call_id           uuid,
    call_hold_pico    amount_pico,
    -- A call has one hold and one outcome in each account; adjustments are not counted.
    call_event        text            GENERATED ALWAYS AS (CASE WHEN kind = 'RESERVE' THEN 'HOLD'
        WHEN kind IN ('SETTLE', 'RELEASE', 'ASSUME', 'RECORD') THEN 'OUTCOME' END) STORED,
    -- The entry that an adjustment corrects. The hash covers it, since the reason names it.
    corrects_sequence bigint,
    settled_before    amount_pico     NOT NULL,
    settled_delta     pico            NOT NULL,
    settled_after     amount_pico     NOT NULL,
    held_before       amount_pico     NOT NULL,
    held_delta        pico            NOT NULL,
    held_after        amount_pico     NOT NULL,
    limit_before      amount_pico     NOT NULL,
    limit_delta       pico            NOT NULL,
    limit_after       amount_pico     NOT NULL,
    stopped_before    boolean         NOT NULL,
    stopped_after     boolean         NOT NULL,
    overage           boolean         NOT NULL,
    actor             actor           NOT NULL,
    reason            reason          NOT NULL,
    occurred_at       timestamptz     NOT NULL,
    previous_hash     previous_digest NOT NULL,
    hash              digest          NOT NULL,
    CONSTRAINT ai_usage_ledger_pkey PRIMARY KEY (organization_id, account_id, sequence),
    CONSTRAINT ai_usage_ledger_link UNIQUE
        (organization_id, account_id, sequence, settled_after, held_after, limit_after, stopped_after, hash),
    CONSTRAINT ai_usage_ledger_one_hold_one_outcome UNIQUE (organization_id, call_id, account_id, call_event),
    CONSTRAINT ai_usage_ledger_account FOREIGN KEY (organization_id, account_id)
        REFERENCES usage_accounts (organization_id, id),
    CONSTRAINT ai_usage_ledger_call FOREIGN KEY (organization_id, call_id, call_hold_pico)
        REFERENCES ai_calls (organization_id, id, hold_pico),
    CONSTRAINT ai_usage_ledger_unbroken FOREIGN KEY
        (organization_id, account_id, previous_sequence, settled_before, held_before, limit_before, stopped_before,
        previous_hash) REFERENCES ai_usage_ledger
        (organization_id, account_id, sequence, settled_after, held_after, limit_after, stopped_after, hash),
    CONSTRAINT ai_usage_ledger_corrects FOREIGN KEY (organization_id, account_id, corrects_sequence)
        REFERENCES ai_usage_ledger (organization_id, account_id, sequence),
    CONSTRAINT ai_usage_ledger_corrects_named CHECK (CASE
        WHEN corrects_sequence IS NULL THEN kind <> 'ADJUST' OR NOT starts_with(reason, 'corrects entry ')
        ELSE kind = 'ADJUST' AND corrects_sequence < sequence
            AND starts_with(reason, 'corrects entry ' || corrects_sequence || ': ') END),
    CONSTRAINT ai_usage_ledger_sequence CHECK (sequence >= 0),
    CONSTRAINT ai_usage_ledger_first CHECK ((sequence = 0) = (kind = 'OPEN')
        AND (sequence = 0) = (octet_length(previous_hash) = 0)
        AND (sequence > 0 OR settled_before = 0 AND held_before = 0 AND limit_before = 0 AND NOT stopped_before)),
    CONSTRAINT ai_usage_ledger_arithmetic CHECK (settled_after = settled_before + settled_delta
        AND held_after = held_before + held_delta AND limit_after = limit_before + limit_delta),
    -- The cap: whatever adds a hold fits below the limit, and nothing is held on a stopped account.
    CONSTRAINT ai_usage_ledger_cap CHECK
        (held_delta <= 0 AND kind <> 'RESERVE' OR settled_after + held_after <= limit_after AND NOT stopped_after),
    CONSTRAINT ai_usage_ledger_call_named CHECK
        ((kind IN ('OPEN', 'LIMIT')) = (call_id IS NULL) AND (call_id IS NULL) = (call_hold_pico IS NULL)),
    CONSTRAINT ai_usage_ledger_shape CHECK (CASE kind
        WHEN 'OPEN' THEN settled_delta = 0 AND held_delta = 0
        WHEN 'LIMIT' THEN settled_delta = 0 AND held_delta = 0
        WHEN 'RESERVE' THEN settled_delta = 0 AND held_delta = call_hold_pico AND limit_delta = 0
        WHEN 'SETTLE' THEN settled_delta >= 0 AND held_delta = -call_hold_pico AND limit_delta = 0
        WHEN 'RELEASE' THEN settled_delta = 0 AND held_delta = -call_hold_pico AND limit_delta = 0
        WHEN 'ASSUME' THEN settled_delta = call_hold_pico AND held_delta = -call_hold_pico AND limit_delta = 0
        WHEN 'RECORD' THEN settled_delta >= 0 AND call_hold_pico = 0 AND held_delta = 0 AND limit_delta = 0
        WHEN 'ADJUST' THEN held_delta = 0 AND limit_delta = 0 END),
    CONSTRAINT ai_usage_ledger_overage CHECK (overage = CASE kind
        WHEN 'SETTLE' THEN settled_delta > call_hold_pico
        WHEN 'RECORD' THEN settled_after > limit_after - held_after -- of which no sum can overflow
        ELSE false END),
    CONSTRAINT ai_usage_ledger_stopped CHECK (CASE
        WHEN kind IN ('OPEN', 'LIMIT') THEN NOT stopped_after
        WHEN overage THEN stopped_after OR NOT stopped_before
        ELSE stopped_after = stopped_before END),
    CONSTRAINT ai_usage_ledger_hash CHECK (hash = entry_hash(
        previous_hash, organization_id, account_id, sequence, kind, call_id, settled_delta, held_delta, limit_delta,
        settled_after, held_after, limit_after, stopped_after, overage, actor, reason, occurred_at))
);
CREATE TRIGGER ai_usage_ledger_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON ai_usage_ledger
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE ai_usage_ledger ENABLE ALWAYS TRIGGER ai_usage_ledger_only_grows;

ALTER TABLE usage_accounts ADD CONSTRAINT usage_accounts_balance_is_last_entry
    FOREIGN KEY (organization_id, id, sequence, settled_pico, held_pico, limit_pico, stopped, hash)
    REFERENCES ai_usage_ledger
    (organization_id, account_id, sequence, settled_after, held_after, limit_after, stopped_after, hash);
CREATE TRIGGER usage_accounts_sequence_grows BEFORE UPDATE OF sequence ON usage_accounts
    FOR EACH ROW WHEN (NEW.sequence NOT IN (OLD.sequence, OLD.sequence + 1)) EXECUTE FUNCTION refuse_change();
ALTER TABLE usage_accounts ENABLE ALWAYS TRIGGER usage_accounts_sequence_grows;

-- A call stands in both ledgers with its hold, and with its outcome as soon as it has one. Deferred: the call is
-- written first, the two accounts after it, all in one transaction.
ALTER TABLE ai_calls
    ADD CONSTRAINT ai_calls_held_by_workflow FOREIGN KEY (organization_id, id, workflow_id, hold_event)
        REFERENCES ai_usage_ledger (organization_id, call_id, account_id, call_event) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT ai_calls_held_by_month FOREIGN KEY (organization_id, id, month_id, hold_event)
        REFERENCES ai_usage_ledger (organization_id, call_id, account_id, call_event) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT ai_calls_ended_in_workflow FOREIGN KEY (organization_id, id, workflow_id, outcome_event)
        REFERENCES ai_usage_ledger (organization_id, call_id, account_id, call_event) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT ai_calls_ended_in_month FOREIGN KEY (organization_id, id, month_id, outcome_event)
        REFERENCES ai_usage_ledger (organization_id, call_id, account_id, call_event) DEFERRABLE INITIALLY DEFERRED;

-- The deferred check of the ledger: at commit the account must have reached every new entry, the call of an entry must
-- be charged to that account, and the call of an outcome must have ended so.
CREATE FUNCTION check_entry_reached() RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM FROM public.usage_accounts AS a
    WHERE a.organization_id = NEW.organization_id AND a.id = NEW.account_id AND a.sequence >= NEW.sequence;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'entry % of account % has not happened', NEW.sequence, NEW.account_id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    IF NEW.call_id IS NOT NULL THEN
        PERFORM FROM public.ai_calls AS c
        WHERE c.organization_id = NEW.organization_id AND c.id = NEW.call_id
            AND NEW.account_id IN (c.workflow_id, c.month_id)
            AND CASE NEW.kind
                WHEN 'SETTLE' THEN c.state = 'SETTLED' AND c.cost_pico = NEW.settled_delta AND NOT c.recorded
                WHEN 'RECORD' THEN c.state = 'SETTLED' AND c.cost_pico = NEW.settled_delta AND c.recorded
                    AND (c.overage OR NOT NEW.overage)
                WHEN 'RELEASE' THEN c.state = 'RELEASED'
                WHEN 'ASSUME' THEN c.state = 'ASSUMED'
                WHEN 'ADJUST' THEN c.outcome_event IS NOT NULL AND (NEW.corrects_sequence IS NULL OR EXISTS (
                    SELECT FROM public.ai_usage_ledger AS l -- what it corrects is an outcome of the same call
                    WHERE l.organization_id = NEW.organization_id AND l.account_id = NEW.account_id
                        AND l.sequence = NEW.corrects_sequence AND l.call_id = NEW.call_id AND l.kind <> 'RESERVE'))
                ELSE true END;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'entry % of account % does not agree with its call', NEW.sequence, NEW.account_id
                USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
        END IF;
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER ai_usage_ledger_reached AFTER INSERT ON ai_usage_ledger
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_entry_reached();
ALTER TABLE ai_usage_ledger ENABLE ALWAYS TRIGGER ai_usage_ledger_reached;

GRANT SELECT, INSERT ON usage_accounts, ai_calls, ai_usage_ledger TO infin8_app;
GRANT UPDATE (sequence, settled_pico, held_pico, limit_pico, stopped, previous_stopped, previous_hash, hash)
    ON usage_accounts TO infin8_app;
GRANT UPDATE (state, cost_pico, list_cost_pico, overage, provider, generation_id, answered_model, prompt_tokens,
    completion_tokens, cached_tokens, reasoning_tokens, made_searches, failure_code, dispatched_at, ended_at, check_at,
    checks, unknown_since) ON ai_calls TO infin8_app;
