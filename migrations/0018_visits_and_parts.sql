-- What lets a step be resumed: a visit names one entry into a step's _PENDING state, and a part keeps one paid answer of
-- that visit. A retry reads the parts that are there and asks only for what is missing. A RESET deletes nothing: the rows
-- of an older visit stay readable and stop being current.

ALTER DOMAIN failure_code DROP CONSTRAINT failure_code_known;
ALTER DOMAIN failure_code ADD CONSTRAINT failure_code_known CHECK (VALUE IN (
    'TIMEOUT', 'RATE_LIMITED', 'PROVIDER_UNAVAILABLE', 'NETWORK', 'AUTH', 'PAYMENT_REQUIRED', 'INVALID_REQUEST',
    'CONTENT_FILTERED', 'BUDGET', 'PRICE_UNKNOWN', 'CANCELLED', 'INVALID_OUTPUT', 'MODEL_DRIFT', 'LEASE_EXPIRED',
    'INTERNAL', 'NO_RESULT', 'UNITS_FAILED', 'BLOCKED', 'REMOTE_CONFLICT', 'REMOTE_UNKNOWN', 'MODEL_GONE'
));

-- One entry into the _PENDING state of a step. visit is the version of that transition.
CREATE TABLE step_visits (
    organization_id uuid           NOT NULL,
    workflow_id     uuid           NOT NULL,
    visit           integer        NOT NULL,
    step            step_key       NOT NULL,
    graph_version   integer        NOT NULL,
    state           workflow_state NOT NULL,
    hash            digest         NOT NULL,
    CONSTRAINT step_visits_pkey PRIMARY KEY (organization_id, workflow_id, visit),
    CONSTRAINT step_visits_step UNIQUE (organization_id, workflow_id, visit, step),
    CONSTRAINT step_visits_start FOREIGN KEY (organization_id, workflow_id, visit, graph_version, state, hash)
        REFERENCES workflow_transitions (organization_id, workflow_id, version, graph_version, to_state, hash),
    CONSTRAINT step_visits_state CHECK (state = step || '_PENDING')
);
CREATE TRIGGER step_visits_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON step_visits
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE step_visits ENABLE ALWAYS TRIGGER step_visits_only_grow;

-- A call says which part it is made for, so that the attempts at one part can be counted and its cost compared.
ALTER TABLE ai_calls
    ADD COLUMN visit integer,
    ADD COLUMN part_key text,
    ADD CONSTRAINT ai_calls_part_whole CHECK ((visit IS NULL) = (part_key IS NULL)),
    ADD CONSTRAINT ai_calls_part_key_length CHECK (octet_length(part_key) BETWEEN 1 AND 200),
    ADD CONSTRAINT ai_calls_visit FOREIGN KEY (organization_id, workflow_id, visit, step)
        REFERENCES step_visits (organization_id, workflow_id, visit, step);
CREATE INDEX ai_calls_by_part ON ai_calls (organization_id, workflow_id, visit, part_key) WHERE part_key IS NOT NULL;
CREATE TRIGGER ai_calls_keep_their_part BEFORE UPDATE OF visit, part_key ON ai_calls
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE ai_calls ENABLE ALWAYS TRIGGER ai_calls_keep_their_part;

-- One answer that a step keeps. It is written in the transaction that settles its call; an answer that cost nothing has
-- no call.
CREATE TABLE step_parts (
    organization_id uuid        NOT NULL,
    workflow_id     uuid        NOT NULL,
    visit           integer     NOT NULL,
    step            step_key    NOT NULL,
    part_key        text        NOT NULL,
    content         jsonb       NOT NULL,
    digest          digest      NOT NULL,
    call_id         uuid,
    -- Which service and which model gave the answer; a service has no model.
    provider        text        NOT NULL,
    model           text        NOT NULL,
    created_at      timestamptz NOT NULL,
    CONSTRAINT step_parts_pkey PRIMARY KEY (organization_id, workflow_id, visit, part_key),
    CONSTRAINT step_parts_visit FOREIGN KEY (organization_id, workflow_id, visit, step)
        REFERENCES step_visits (organization_id, workflow_id, visit, step),
    CONSTRAINT step_parts_call FOREIGN KEY (organization_id, call_id) REFERENCES ai_calls (organization_id, id),
    CONSTRAINT step_parts_one_for_each_call UNIQUE (organization_id, call_id),
    CONSTRAINT step_parts_key_length CHECK (octet_length(part_key) BETWEEN 1 AND 200),
    CONSTRAINT step_parts_content_length CHECK (pg_catalog.octet_length(content::pg_catalog.text) <= 262144),
    CONSTRAINT step_parts_digest CHECK (digest
        = pg_catalog.sha256(pg_catalog.convert_to(content::pg_catalog.text, 'UTF8')))
);
CREATE TRIGGER step_parts_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON step_parts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE step_parts ENABLE ALWAYS TRIGGER step_parts_only_grow;

ALTER TABLE step_visits ENABLE ROW LEVEL SECURITY;
ALTER TABLE step_parts ENABLE ROW LEVEL SECURITY;
CREATE POLICY step_visits_of_the_named ON step_visits TO infin8_app USING (organization_id = named_organization());
CREATE POLICY step_parts_of_the_named ON step_parts TO infin8_app USING (organization_id = named_organization());
GRANT SELECT, INSERT ON step_visits, step_parts TO infin8_app;
