-- The sums of a day's calls, so that analytics of a month read some hundred rows and not a million. The ledger
-- stays the only truth: each row here is the sum of entries there, kept by the statement that writes the entry, and
-- `verify` adds them up again. docs/analytics.md says what was measured.

-- The zone whose month it is. NULL: of an account that is no month, or of a month that a server of the version before
-- has opened; then it is the organization's.
ALTER TABLE usage_accounts
    ADD COLUMN time_zone text,
    ADD CONSTRAINT usage_accounts_time_zone CHECK (kind = 'MONTH' OR time_zone IS NULL);
UPDATE usage_accounts AS a SET time_zone = o.time_zone
FROM organizations AS o WHERE o.id = a.organization_id AND a.kind = 'MONTH';

-- The day that admitted the call, in the zone of the month that pays it. Written once: a later change of the zone
-- does not move a call to another day. The default is for servers of the version before.
ALTER TABLE ai_calls ADD COLUMN admitted_on date;
UPDATE ai_calls AS c SET admitted_on = (c.reserved_at AT TIME ZONE o.time_zone)::date
FROM organizations AS o WHERE o.id = c.organization_id;
ALTER TABLE ai_calls
    ALTER COLUMN admitted_on SET DEFAULT (CURRENT_TIMESTAMP AT TIME ZONE 'UTC')::date,
    ALTER COLUMN admitted_on SET NOT NULL,
    -- No clock is more than a day from UTC.
    ADD CONSTRAINT ai_calls_admitted_on CHECK
        (admitted_on - (reserved_at AT TIME ZONE 'UTC')::date BETWEEN -1 AND 1);
-- Calls in flight are few and not in usage_days.
CREATE INDEX ai_calls_open ON ai_calls (organization_id, admitted_on) WHERE ended_at IS NULL;

-- The ended calls that a day admitted, by account, step, model and outcome. A month's rows are the organization's; a
-- workflow's rows count the same calls once more, as its ledger does.
CREATE TABLE usage_days (
    organization_id   uuid        NOT NULL,
    account_id        uuid        NOT NULL,
    account_kind      account_kind NOT NULL,
    day               date        NOT NULL,
    step              step_key    NOT NULL,
    -- The model that answered; '' when none did.
    model             text        NOT NULL,
    outcome           call_state  NOT NULL,
    calls             bigint      NOT NULL,
    prompt_tokens     bigint      NOT NULL,
    completion_tokens bigint      NOT NULL,
    settled_pico      amount_pico NOT NULL,
    assumed_pico      amount_pico NOT NULL,
    -- Corrections of the calls of this day, whenever they were made.
    adjusted_pico     pico        NOT NULL,
    -- What calls have cost beyond their holds; part of settled_pico.
    overage_pico      amount_pico NOT NULL,
    CONSTRAINT usage_days_pkey PRIMARY KEY (organization_id, account_id, day, step, model, outcome),
    CONSTRAINT usage_days_account FOREIGN KEY (organization_id, account_id)
        REFERENCES usage_accounts (organization_id, id),
    CONSTRAINT usage_days_outcome CHECK (outcome IN ('SETTLED', 'RELEASED', 'ASSUMED')),
    CONSTRAINT usage_days_counts CHECK (calls >= 0 AND prompt_tokens >= 0 AND completion_tokens >= 0),
    CONSTRAINT usage_days_overage CHECK (overage_pico <= settled_pico)
) WITH (fillfactor = 90); -- Rows are updated in place while their day lasts.
CREATE INDEX usage_days_by_day ON usage_days (organization_id, account_kind, day);

INSERT INTO usage_days (
    organization_id, account_id, account_kind, day, step, model, outcome, calls, prompt_tokens, completion_tokens,
    settled_pico, assumed_pico, adjusted_pico, overage_pico)
SELECT l.organization_id, l.account_id, a.kind, c.admitted_on, c.step, c.answered_model, c.state,
    count(*) FILTER (WHERE l.kind <> 'ADJUST'),
    coalesce(sum(c.prompt_tokens) FILTER (WHERE l.kind <> 'ADJUST'), 0),
    coalesce(sum(c.completion_tokens) FILTER (WHERE l.kind <> 'ADJUST'), 0),
    coalesce(sum(l.settled_delta) FILTER (WHERE l.kind NOT IN ('ASSUME', 'ADJUST')), 0),
    coalesce(sum(l.settled_delta) FILTER (WHERE l.kind = 'ASSUME'), 0),
    coalesce(sum(l.settled_delta) FILTER (WHERE l.kind = 'ADJUST'), 0),
    coalesce(sum(l.settled_delta - l.call_hold_pico) FILTER (WHERE l.overage AND l.kind = 'SETTLE'), 0)
FROM ai_usage_ledger AS l
JOIN ai_calls AS c ON c.organization_id = l.organization_id AND c.id = l.call_id
JOIN usage_accounts AS a ON a.organization_id = l.organization_id AND a.id = l.account_id
WHERE l.kind <> 'RESERVE'
GROUP BY l.organization_id, l.account_id, a.kind, c.admitted_on, c.step, c.answered_model, c.state;

-- How many profiles were finished in a range, without reading the whole journal.
CREATE INDEX workflow_transitions_icps ON workflow_transitions (organization_id, occurred_at)
    WHERE to_state = 'ICP_COMPLETED';

GRANT SELECT, INSERT ON usage_days TO infin8_app;
GRANT UPDATE (calls, prompt_tokens, completion_tokens, settled_pico, assumed_pico, adjusted_pico, overage_pico)
    ON usage_days TO infin8_app;
