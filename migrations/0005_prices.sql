-- Prices become a history that cannot contradict itself: at any instant a list has one price for each model,
-- component and size of prompt; it ends only by its successor, and no price that was in force is ever changed. A
-- price that an import doubts waits as a proposal for a decision. The operator's list counts for all organizations;
-- an organization may have a list of its own, and the server can write no other.

-- A range of a single value overlaps only itself, so && does the work of =, which GiST has only with an extension.
CREATE TYPE text_range AS RANGE (subtype = text, collation = "C");

ALTER TABLE model_prices
    -- NULL: the operator's list. list_id says the same without NULL, for keys.
    ADD COLUMN organization_id uuid,
    ADD COLUMN list_id uuid NOT NULL
        GENERATED ALWAYS AS (coalesce(organization_id, '00000000-0000-0000-0000-000000000000')) STORED,
    ADD COLUMN actor actor NOT NULL DEFAULT 'built in',
    ADD COLUMN recorded_at timestamptz;
UPDATE model_prices SET recorded_at = valid_from;
ALTER TABLE model_prices
    ALTER COLUMN actor DROP DEFAULT,
    ALTER COLUMN recorded_at SET NOT NULL,
    DROP CONSTRAINT model_prices_pkey,
    ADD CONSTRAINT model_prices_pkey PRIMARY KEY (list_id, model, component, min_prompt_tokens, valid_from),
    ADD CONSTRAINT model_prices_unit UNIQUE
        (list_id, model, component, min_prompt_tokens, valid_from, unit_pico),
    ADD CONSTRAINT model_prices_organization FOREIGN KEY (organization_id) REFERENCES organizations (id),
    ADD CONSTRAINT model_prices_no_overlap EXCLUDE USING gist (
        text_range(list_id::text, list_id::text, '[]') WITH &&, text_range(model, model, '[]') WITH &&,
        text_range(component::text, component::text, '[]') WITH &&,
        int8range(min_prompt_tokens, min_prompt_tokens, '[]') WITH &&, tstzrange(valid_from, valid_to) WITH &&),
    -- A price ends when its successor begins, and not otherwise.
    ADD CONSTRAINT model_prices_ends_by_successor FOREIGN KEY
        (list_id, model, component, min_prompt_tokens, valid_to) REFERENCES model_prices
        (list_id, model, component, min_prompt_tokens, valid_from),
    -- Nothing is backdated.
    ADD CONSTRAINT model_prices_announced CHECK (recorded_at <= valid_from),
    ADD CONSTRAINT model_prices_model_length CHECK (char_length(model) BETWEEN 1 AND 200),
    ADD CONSTRAINT model_prices_source_length CHECK (char_length(source) BETWEEN 1 AND 2048);
CREATE TRIGGER model_prices_only_end BEFORE UPDATE ON model_prices FOR EACH ROW WHEN (
    OLD.valid_to IS NOT NULL OR NEW.valid_to IS NULL
    OR (NEW.organization_id, NEW.model, NEW.component, NEW.min_prompt_tokens, NEW.unit_pico, NEW.valid_from, NEW.source,
        NEW.actor, NEW.recorded_at)
    IS DISTINCT FROM (OLD.organization_id, OLD.model, OLD.component, OLD.min_prompt_tokens, OLD.unit_pico,
        OLD.valid_from, OLD.source, OLD.actor, OLD.recorded_at)
) EXECUTE FUNCTION refuse_change();
ALTER TABLE model_prices ENABLE ALWAYS TRIGGER model_prices_only_end;
CREATE TRIGGER model_prices_only_grow BEFORE DELETE OR TRUNCATE ON model_prices
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE model_prices ENABLE ALWAYS TRIGGER model_prices_only_grow;

CREATE DOMAIN price_doubt AS text CONSTRAINT price_doubt_known CHECK (VALUE IN ('TOO_FAR', 'OUT_OF_BOUNDS'));
CREATE DOMAIN proposal_state AS text CONSTRAINT proposal_state_known CHECK (
    VALUE IN ('PENDING', 'ACCEPTED', 'REJECTED', 'SUPERSEDED')
);

-- A price in quarantine: the listed value, the reason for the doubt, and the decision.
CREATE TABLE model_price_proposals (
    id                uuid            NOT NULL,
    organization_id   uuid,
    list_id           uuid            NOT NULL
        GENERATED ALWAYS AS (coalesce(organization_id, '00000000-0000-0000-0000-000000000000')) STORED,
    model             text            NOT NULL,
    component         price_component NOT NULL,
    min_prompt_tokens bigint          NOT NULL,
    unit_pico         amount_pico     NOT NULL,
    -- What it was compared with; NULL when there was no price.
    compared_pico     amount_pico,
    doubt             price_doubt     NOT NULL,
    source            text            NOT NULL,
    actor             actor           NOT NULL,
    proposed_at       timestamptz     NOT NULL,
    state             proposal_state  NOT NULL,
    decided_by        actor,
    reason            reason          NOT NULL DEFAULT '',
    decided_at        timestamptz,
    -- When the accepted price begins: with the rest of the key the row in model_prices.
    accepted_from     timestamptz,
    CONSTRAINT model_price_proposals_pkey PRIMARY KEY (id),
    CONSTRAINT model_price_proposals_organization FOREIGN KEY (organization_id) REFERENCES organizations (id),
    CONSTRAINT model_price_proposals_price FOREIGN KEY
        (list_id, model, component, min_prompt_tokens, accepted_from, unit_pico) REFERENCES model_prices
        (list_id, model, component, min_prompt_tokens, valid_from, unit_pico),
    CONSTRAINT model_price_proposals_decided CHECK ((state = 'PENDING') = (decided_at IS NULL)
        AND (decided_by IS NULL) = (decided_at IS NULL) AND (state = 'ACCEPTED') = (accepted_from IS NOT NULL)
        AND (state NOT IN ('ACCEPTED', 'REJECTED') OR reason <> '')),
    CONSTRAINT model_price_proposals_min_prompt_tokens CHECK (min_prompt_tokens >= 0),
    CONSTRAINT model_price_proposals_model_length CHECK (char_length(model) BETWEEN 1 AND 200),
    CONSTRAINT model_price_proposals_source_length CHECK (char_length(source) BETWEEN 1 AND 2048)
);
CREATE UNIQUE INDEX model_price_proposals_one_pending
    ON model_price_proposals (list_id, model, component, min_prompt_tokens) WHERE state = 'PENDING';
CREATE INDEX model_price_proposals_by_time ON model_price_proposals (list_id, proposed_at, id);
CREATE TRIGGER model_price_proposals_decided_once BEFORE UPDATE ON model_price_proposals FOR EACH ROW WHEN (
    OLD.state <> 'PENDING' OR NEW.state = 'PENDING'
    OR (NEW.id, NEW.organization_id, NEW.model, NEW.component, NEW.min_prompt_tokens, NEW.unit_pico, NEW.compared_pico,
        NEW.doubt, NEW.source, NEW.actor, NEW.proposed_at)
    IS DISTINCT FROM (OLD.id, OLD.organization_id, OLD.model, OLD.component, OLD.min_prompt_tokens, OLD.unit_pico,
        OLD.compared_pico, OLD.doubt, OLD.source, OLD.actor, OLD.proposed_at)
) EXECUTE FUNCTION refuse_change();
ALTER TABLE model_price_proposals ENABLE ALWAYS TRIGGER model_price_proposals_decided_once;
CREATE TRIGGER model_price_proposals_only_grow BEFORE DELETE OR TRUNCATE ON model_price_proposals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE model_price_proposals ENABLE ALWAYS TRIGGER model_price_proposals_only_grow;

-- The server may add to the lists of organizations and decide about their proposals. The operator's list, which all
-- organizations pay by, is the owner's alone: row security keeps the server from it, whatever a query says.
ALTER TABLE model_prices ENABLE ROW LEVEL SECURITY;
CREATE POLICY model_prices_read ON model_prices FOR SELECT USING (true);
CREATE POLICY model_prices_add ON model_prices FOR INSERT TO infin8_app WITH CHECK (organization_id IS NOT NULL);
CREATE POLICY model_prices_end ON model_prices FOR UPDATE TO infin8_app USING (organization_id IS NOT NULL);
ALTER TABLE model_price_proposals ENABLE ROW LEVEL SECURITY;
CREATE POLICY model_price_proposals_read ON model_price_proposals FOR SELECT USING (true);
CREATE POLICY model_price_proposals_add ON model_price_proposals FOR INSERT TO infin8_app
    WITH CHECK (organization_id IS NOT NULL);
CREATE POLICY model_price_proposals_decide ON model_price_proposals FOR UPDATE TO infin8_app
    USING (organization_id IS NOT NULL);
GRANT INSERT (organization_id, model, component, min_prompt_tokens, unit_pico, valid_from, source, actor, recorded_at),
    UPDATE (valid_to) ON model_prices TO infin8_app;
GRANT SELECT, INSERT (id, organization_id, model, component, min_prompt_tokens, unit_pico, compared_pico, doubt, source,
    actor, proposed_at, state), UPDATE (state, decided_by, reason, decided_at, accepted_from)
    ON model_price_proposals TO infin8_app;
