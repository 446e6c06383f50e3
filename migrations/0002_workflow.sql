-- The state machine and its journal. Every current value is a foreign key to the journal row that made it: no role
-- can commit a state that no row explains, an illegal edge, a gap or a fork.

CREATE DOMAIN workflow_state AS text CONSTRAINT workflow_state_known CHECK (VALUE IN (
    'CREATED', 'ICP_PENDING', 'ICP_PROCESSING', 'ICP_COMPLETED', 'ICP_FAILED', 'COMPETITOR_PENDING',
    'COMPETITOR_PROCESSING', 'COMPETITOR_COMPLETED', 'COMPETITOR_FAILED', 'SEED_REVIEW_PENDING',
    'SEED_REVIEW_COMPLETED', 'CLUSTERING_PENDING', 'CLUSTERING_PROCESSING', 'CLUSTERING_COMPLETED',
    'CLUSTERING_FAILED', 'VALIDATION_PENDING', 'VALIDATION_PROCESSING', 'VALIDATION_COMPLETED',
    'VALIDATION_FAILED', 'ARTICLE_PENDING', 'ARTICLE_PROCESSING', 'ARTICLE_COMPLETED', 'ARTICLE_FAILED',
    'PUBLISH_PENDING', 'PUBLISH_PROCESSING', 'PUBLISH_COMPLETED', 'PUBLISH_FAILED', 'COMPLETED', 'CANCELLED'
));
CREATE DOMAIN edge_kind AS text CONSTRAINT edge_kind_known CHECK (
    VALUE IN ('CREATE', 'ADVANCE', 'FAIL', 'RETRY', 'CANCEL', 'RESET')
);
CREATE DOMAIN step_key AS text CONSTRAINT step_key_known CHECK (
    VALUE IN ('ICP', 'COMPETITOR', 'SEED_REVIEW', 'CLUSTERING', 'VALIDATION', 'ARTICLE', 'PUBLISH')
);
CREATE DOMAIN failure_code AS text CONSTRAINT failure_code_known CHECK (VALUE IN (
    'TIMEOUT', 'RATE_LIMITED', 'PROVIDER_UNAVAILABLE', 'NETWORK', 'AUTH', 'PAYMENT_REQUIRED', 'INVALID_REQUEST',
    'CONTENT_FILTERED', 'BUDGET', 'PRICE_UNKNOWN', 'CANCELLED', 'INVALID_OUTPUT', 'MODEL_DRIFT', 'LEASE_EXPIRED',
    'INTERNAL'
));

-- The graph. A terminal state has no row that starts in it, so nothing leaves it.
CREATE TABLE legal_transitions (
    graph_version integer        NOT NULL,
    from_state    workflow_state NOT NULL,
    to_state      workflow_state NOT NULL,
    kind          edge_kind      NOT NULL,
    CONSTRAINT legal_transitions_pkey PRIMARY KEY (graph_version, from_state, to_state),
    CONSTRAINT legal_transitions_with_kind UNIQUE (graph_version, from_state, to_state, kind)
);
INSERT INTO legal_transitions (graph_version, from_state, to_state, kind) VALUES
    (1, 'CREATED', 'ICP_PENDING', 'ADVANCE'),
    (1, 'CREATED', 'CANCELLED', 'CANCEL'),
    (1, 'ICP_PENDING', 'ICP_PROCESSING', 'ADVANCE'),
    (1, 'ICP_PENDING', 'CANCELLED', 'CANCEL'),
    (1, 'ICP_PROCESSING', 'ICP_COMPLETED', 'ADVANCE'),
    (1, 'ICP_PROCESSING', 'ICP_FAILED', 'FAIL'),
    (1, 'ICP_PROCESSING', 'CANCELLED', 'CANCEL'),
    (1, 'ICP_FAILED', 'ICP_PROCESSING', 'RETRY'),
    (1, 'ICP_FAILED', 'CANCELLED', 'CANCEL'),
    (1, 'ICP_COMPLETED', 'COMPETITOR_PENDING', 'ADVANCE'),
    (1, 'ICP_COMPLETED', 'CANCELLED', 'CANCEL'),
    (1, 'ICP_COMPLETED', 'ICP_PENDING', 'RESET'),
    (1, 'COMPETITOR_PENDING', 'COMPETITOR_PROCESSING', 'ADVANCE'),
    (1, 'COMPETITOR_PENDING', 'CANCELLED', 'CANCEL'),
    (1, 'COMPETITOR_PROCESSING', 'COMPETITOR_COMPLETED', 'ADVANCE'),
    (1, 'COMPETITOR_PROCESSING', 'COMPETITOR_FAILED', 'FAIL'),
    (1, 'COMPETITOR_PROCESSING', 'CANCELLED', 'CANCEL'),
    (1, 'COMPETITOR_FAILED', 'COMPETITOR_PROCESSING', 'RETRY'),
    (1, 'COMPETITOR_FAILED', 'CANCELLED', 'CANCEL'),
    (1, 'COMPETITOR_FAILED', 'ICP_PENDING', 'RESET'),
    (1, 'COMPETITOR_COMPLETED', 'SEED_REVIEW_PENDING', 'ADVANCE'),
    (1, 'COMPETITOR_COMPLETED', 'CANCELLED', 'CANCEL'),
    (1, 'COMPETITOR_COMPLETED', 'ICP_PENDING', 'RESET'),
    (1, 'COMPETITOR_COMPLETED', 'COMPETITOR_PENDING', 'RESET'),
    (1, 'SEED_REVIEW_PENDING', 'SEED_REVIEW_COMPLETED', 'ADVANCE'),
    (1, 'SEED_REVIEW_PENDING', 'CANCELLED', 'CANCEL'),
    (1, 'SEED_REVIEW_PENDING', 'ICP_PENDING', 'RESET'),
    (1, 'SEED_REVIEW_PENDING', 'COMPETITOR_PENDING', 'RESET'),
    (1, 'SEED_REVIEW_COMPLETED', 'CLUSTERING_PENDING', 'ADVANCE'),
    (1, 'SEED_REVIEW_COMPLETED', 'CANCELLED', 'CANCEL'),
    (1, 'SEED_REVIEW_COMPLETED', 'ICP_PENDING', 'RESET'),
    (1, 'SEED_REVIEW_COMPLETED', 'COMPETITOR_PENDING', 'RESET'),
    (1, 'SEED_REVIEW_COMPLETED', 'SEED_REVIEW_PENDING', 'RESET'),
    (1, 'CLUSTERING_PENDING', 'CLUSTERING_PROCESSING', 'ADVANCE'),
    (1, 'CLUSTERING_PENDING', 'CANCELLED', 'CANCEL'),
    (1, 'CLUSTERING_PROCESSING', 'CLUSTERING_COMPLETED', 'ADVANCE'),
    (1, 'CLUSTERING_PROCESSING', 'CLUSTERING_FAILED', 'FAIL'),
    (1, 'CLUSTERING_PROCESSING', 'CANCELLED', 'CANCEL'),
    (1, 'CLUSTERING_FAILED', 'CLUSTERING_PROCESSING', 'RETRY'),
    (1, 'CLUSTERING_FAILED', 'CANCELLED', 'CANCEL'),
    (1, 'CLUSTERING_FAILED', 'ICP_PENDING', 'RESET'),
    (1, 'CLUSTERING_FAILED', 'COMPETITOR_PENDING', 'RESET'),
    (1, 'CLUSTERING_FAILED', 'SEED_REVIEW_PENDING', 'RESET'),
    (1, 'CLUSTERING_COMPLETED', 'VALIDATION_PENDING', 'ADVANCE'),
    (1, 'CLUSTERING_COMPLETED', 'CANCELLED', 'CANCEL'),
    (1, 'CLUSTERING_COMPLETED', 'ICP_PENDING', 'RESET'),
    (1, 'CLUSTERING_COMPLETED', 'COMPETITOR_PENDING', 'RESET'),
    (1, 'CLUSTERING_COMPLETED', 'SEED_REVIEW_PENDING', 'RESET'),
    (1, 'CLUSTERING_COMPLETED', 'CLUSTERING_PENDING', 'RESET'),
    (1, 'VALIDATION_PENDING', 'VALIDATION_PROCESSING', 'ADVANCE'),
    (1, 'VALIDATION_PENDING', 'CANCELLED', 'CANCEL'),
    (1, 'VALIDATION_PROCESSING', 'VALIDATION_COMPLETED', 'ADVANCE'),
    (1, 'VALIDATION_PROCESSING', 'VALIDATION_FAILED', 'FAIL'),
    (1, 'VALIDATION_PROCESSING', 'CANCELLED', 'CANCEL'),
    (1, 'VALIDATION_FAILED', 'VALIDATION_PROCESSING', 'RETRY'),
    (1, 'VALIDATION_FAILED', 'CANCELLED', 'CANCEL'),
    (1, 'VALIDATION_FAILED', 'ICP_PENDING', 'RESET'),
    (1, 'VALIDATION_FAILED', 'COMPETITOR_PENDING', 'RESET'),
    (1, 'VALIDATION_FAILED', 'SEED_REVIEW_PENDING', 'RESET'),
    (1, 'VALIDATION_FAILED', 'CLUSTERING_PENDING', 'RESET'),
    (1, 'VALIDATION_COMPLETED', 'ARTICLE_PENDING', 'ADVANCE'),
    (1, 'VALIDATION_COMPLETED', 'CANCELLED', 'CANCEL'),
    (1, 'VALIDATION_COMPLETED', 'ICP_PENDING', 'RESET'),
    (1, 'VALIDATION_COMPLETED', 'COMPETITOR_PENDING', 'RESET'),
    (1, 'VALIDATION_COMPLETED', 'SEED_REVIEW_PENDING', 'RESET'),
    (1, 'VALIDATION_COMPLETED', 'CLUSTERING_PENDING', 'RESET'),
    (1, 'VALIDATION_COMPLETED', 'VALIDATION_PENDING', 'RESET'),
    (1, 'ARTICLE_PENDING', 'ARTICLE_PROCESSING', 'ADVANCE'),
    (1, 'ARTICLE_PENDING', 'CANCELLED', 'CANCEL'),
    (1, 'ARTICLE_PROCESSING', 'ARTICLE_COMPLETED', 'ADVANCE'),
    (1, 'ARTICLE_PROCESSING', 'ARTICLE_FAILED', 'FAIL'),
    (1, 'ARTICLE_PROCESSING', 'CANCELLED', 'CANCEL'),
    (1, 'ARTICLE_FAILED', 'ARTICLE_PROCESSING', 'RETRY'),
    (1, 'ARTICLE_FAILED', 'CANCELLED', 'CANCEL'),
    (1, 'ARTICLE_FAILED', 'ICP_PENDING', 'RESET'),
    (1, 'ARTICLE_FAILED', 'COMPETITOR_PENDING', 'RESET'),
    (1, 'ARTICLE_FAILED', 'SEED_REVIEW_PENDING', 'RESET'),
    (1, 'ARTICLE_FAILED', 'CLUSTERING_PENDING', 'RESET'),
    (1, 'ARTICLE_FAILED', 'VALIDATION_PENDING', 'RESET'),
    (1, 'ARTICLE_COMPLETED', 'PUBLISH_PENDING', 'ADVANCE'),
    (1, 'ARTICLE_COMPLETED', 'CANCELLED', 'CANCEL'),
    (1, 'ARTICLE_COMPLETED', 'ICP_PENDING', 'RESET'),
    (1, 'ARTICLE_COMPLETED', 'COMPETITOR_PENDING', 'RESET'),
    (1, 'ARTICLE_COMPLETED', 'SEED_REVIEW_PENDING', 'RESET'),
    (1, 'ARTICLE_COMPLETED', 'CLUSTERING_PENDING', 'RESET'),
    (1, 'ARTICLE_COMPLETED', 'VALIDATION_PENDING', 'RESET'),
    (1, 'ARTICLE_COMPLETED', 'ARTICLE_PENDING', 'RESET'),
    (1, 'PUBLISH_PENDING', 'PUBLISH_PROCESSING', 'ADVANCE'),
    (1, 'PUBLISH_PENDING', 'CANCELLED', 'CANCEL'),
    (1, 'PUBLISH_PROCESSING', 'PUBLISH_COMPLETED', 'ADVANCE'),
    (1, 'PUBLISH_PROCESSING', 'PUBLISH_FAILED', 'FAIL'),
    (1, 'PUBLISH_PROCESSING', 'CANCELLED', 'CANCEL'),
    (1, 'PUBLISH_FAILED', 'PUBLISH_PROCESSING', 'RETRY'),
    (1, 'PUBLISH_FAILED', 'CANCELLED', 'CANCEL'),
    (1, 'PUBLISH_FAILED', 'ICP_PENDING', 'RESET'),
    (1, 'PUBLISH_FAILED', 'COMPETITOR_PENDING', 'RESET'),
    (1, 'PUBLISH_FAILED', 'SEED_REVIEW_PENDING', 'RESET'),
    (1, 'PUBLISH_FAILED', 'CLUSTERING_PENDING', 'RESET'),
    (1, 'PUBLISH_FAILED', 'VALIDATION_PENDING', 'RESET'),
    (1, 'PUBLISH_FAILED', 'ARTICLE_PENDING', 'RESET'),
    (1, 'PUBLISH_COMPLETED', 'COMPLETED', 'ADVANCE'),
    (1, 'PUBLISH_COMPLETED', 'CANCELLED', 'CANCEL'),
    (1, 'PUBLISH_COMPLETED', 'ICP_PENDING', 'RESET'),
    (1, 'PUBLISH_COMPLETED', 'COMPETITOR_PENDING', 'RESET'),
    (1, 'PUBLISH_COMPLETED', 'SEED_REVIEW_PENDING', 'RESET'),
    (1, 'PUBLISH_COMPLETED', 'CLUSTERING_PENDING', 'RESET'),
    (1, 'PUBLISH_COMPLETED', 'VALIDATION_PENDING', 'RESET'),
    (1, 'PUBLISH_COMPLETED', 'ARTICLE_PENDING', 'RESET'),
    (1, 'PUBLISH_COMPLETED', 'PUBLISH_PENDING', 'RESET');
CREATE TRIGGER legal_transitions_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON legal_transitions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE legal_transitions ENABLE ALWAYS TRIGGER legal_transitions_only_grows;
GRANT SELECT ON legal_transitions TO infin8_app;

-- The hash of one journal row: sha256 of the hash before it and its canonical form. PL/pgSQL only because its plan
-- is kept for the session; a function in SQL would be planned anew by every insert. Names are qualified because a
-- dump is restored, and its constraints checked, with an empty search path.
CREATE FUNCTION transition_hash(
    previous_hash bytea, organization_id uuid, workflow_id uuid, version integer, graph_version integer, kind text,
    from_state text, to_state text, actor text, reason text, occurred_at timestamptz
) RETURNS bytea
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
BEGIN
    RETURN sha256(previous_hash || convert_to(
        '12:transition/1,' || public.netstring(organization_id::text) || public.netstring(workflow_id::text)
        || public.netstring(version::text) || public.netstring(graph_version::text) || public.netstring(kind)
        || public.netstring(from_state) || public.netstring(to_state) || public.netstring(actor)
        || public.netstring(reason) || public.netstring(public.epoch_microseconds(occurred_at)::text), 'UTF8'));
END
$$;

-- One row for each run of the seven steps for one company. state is the only field that says where it stands.
CREATE TABLE intent_workflows (
    organization_id uuid            NOT NULL,
    id              uuid            NOT NULL,
    name            text            NOT NULL,
    company_name    text            NOT NULL,
    company_url     text            NOT NULL,
    linkedin_url    text            NOT NULL DEFAULT '',
    graph_version   integer         NOT NULL,
    version         integer         NOT NULL,
    state           workflow_state  NOT NULL,
    previous_hash   previous_digest NOT NULL,
    hash            digest          NOT NULL,
    -- When a sweeper wakes the workflow if no worker has driven it by then; NULL when no worker of ours drives it.
    wake_at         timestamptz,
    created_by      actor           NOT NULL,
    created_at      timestamptz     NOT NULL,
    updated_at      timestamptz     NOT NULL,
    CONSTRAINT intent_workflows_pkey PRIMARY KEY (organization_id, id),
    CONSTRAINT intent_workflows_organization FOREIGN KEY (organization_id) REFERENCES organizations (id),
    CONSTRAINT intent_workflows_name_unique UNIQUE (organization_id, name),
    CONSTRAINT intent_workflows_name_length CHECK (char_length(name) BETWEEN 1 AND 200),
    CONSTRAINT intent_workflows_company_length CHECK (char_length(company_name) BETWEEN 1 AND 200),
    CONSTRAINT intent_workflows_url_length CHECK (octet_length(company_url) BETWEEN 1 AND 2048),
    CONSTRAINT intent_workflows_linkedin_length CHECK (octet_length(linkedin_url) <= 2048)
);
CREATE INDEX intent_workflows_by_created ON intent_workflows (organization_id, created_at, id);
CREATE INDEX intent_workflows_by_updated ON intent_workflows (organization_id, updated_at, id);
CREATE INDEX intent_workflows_by_state ON intent_workflows (organization_id, state, created_at, id);
CREATE INDEX intent_workflows_by_creator ON intent_workflows (organization_id, created_by, created_at, id);
CREATE INDEX intent_workflows_to_wake ON intent_workflows (wake_at) WHERE wake_at IS NOT NULL;

-- The journal: one row for each transition, the first for the creation.
CREATE TABLE workflow_transitions (
    organization_id  uuid            NOT NULL,
    workflow_id      uuid            NOT NULL,
    version          integer         NOT NULL,
    previous_version integer         GENERATED ALWAYS AS (NULLIF(version, 0) - 1) STORED,
    graph_version    integer         NOT NULL,
    kind             edge_kind       NOT NULL,
    from_state       workflow_state,
    to_state         workflow_state  NOT NULL,
    actor            actor           NOT NULL,
    reason           reason          NOT NULL,
    occurred_at      timestamptz     NOT NULL,
    previous_hash    previous_digest NOT NULL,
    hash             digest          NOT NULL,
    CONSTRAINT workflow_transitions_pkey PRIMARY KEY (organization_id, workflow_id, version),
    CONSTRAINT workflow_transitions_link UNIQUE
        (organization_id, workflow_id, version, graph_version, to_state, hash),
    CONSTRAINT workflow_transitions_workflow FOREIGN KEY (organization_id, workflow_id)
        REFERENCES intent_workflows (organization_id, id),
    CONSTRAINT workflow_transitions_edge FOREIGN KEY (graph_version, from_state, to_state, kind)
        REFERENCES legal_transitions (graph_version, from_state, to_state, kind),
    CONSTRAINT workflow_transitions_unbroken
        FOREIGN KEY (organization_id, workflow_id, previous_version, graph_version, from_state, previous_hash)
        REFERENCES workflow_transitions (organization_id, workflow_id, version, graph_version, to_state, hash),
    CONSTRAINT workflow_transitions_version CHECK (version >= 0),
    CONSTRAINT workflow_transitions_first CHECK (
        (version = 0) = (from_state IS NULL) AND (version = 0) = (kind = 'CREATE')
        AND (version = 0) = (octet_length(previous_hash) = 0) AND (version > 0 OR to_state = 'CREATED')
    ),
    CONSTRAINT workflow_transitions_hash CHECK (hash = transition_hash(
        previous_hash, organization_id, workflow_id, version, graph_version, kind, from_state, to_state, actor, reason,
        occurred_at))
);
CREATE TRIGGER workflow_transitions_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON workflow_transitions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE workflow_transitions ENABLE ALWAYS TRIGGER workflow_transitions_only_grow;

ALTER TABLE intent_workflows ADD CONSTRAINT intent_workflows_state_is_last_transition
    FOREIGN KEY (organization_id, id, version, graph_version, state, hash)
    REFERENCES workflow_transitions (organization_id, workflow_id, version, graph_version, to_state, hash);

-- The foreign key above would let the row point back at an older transition; this closes that way.
CREATE TRIGGER intent_workflows_version_grows BEFORE UPDATE OF version ON intent_workflows
    FOR EACH ROW WHEN (NEW.version NOT IN (OLD.version, OLD.version + 1)) EXECUTE FUNCTION refuse_change();
ALTER TABLE intent_workflows ENABLE ALWAYS TRIGGER intent_workflows_version_grows;

-- The deferred check of the journal: at commit the workflow must have reached the version of every new row.
CREATE FUNCTION check_transition_reached() RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM FROM public.intent_workflows AS w
    WHERE w.organization_id = NEW.organization_id AND w.id = NEW.workflow_id AND w.version >= NEW.version;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'transition % of workflow % has not happened', NEW.version, NEW.workflow_id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER workflow_transitions_reached AFTER INSERT ON workflow_transitions
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_transition_reached();
ALTER TABLE workflow_transitions ENABLE ALWAYS TRIGGER workflow_transitions_reached;

-- One visit to a _PROCESSING state. The token is the version that entered it; how it ended is the next transition.
CREATE TABLE workflow_runs (
    organization_id  uuid           NOT NULL,
    workflow_id      uuid           NOT NULL,
    token            integer        NOT NULL,
    graph_version    integer        NOT NULL,
    state            workflow_state NOT NULL,
    hash             digest         NOT NULL,
    step             step_key       NOT NULL,
    -- The worker that drives the run; '' until a worker of ours takes up a run that a person started.
    worker           text           NOT NULL,
    attempt          integer        NOT NULL,
    started_at       timestamptz    NOT NULL,
    lease_expires_at timestamptz    NOT NULL,
    ended_version    integer,
    ended_at         timestamptz,
    failure_code     failure_code,
    failure_message  text           NOT NULL DEFAULT '',
    retry_at         timestamptz,
    CONSTRAINT workflow_runs_pkey PRIMARY KEY (organization_id, workflow_id, token),
    CONSTRAINT workflow_runs_start FOREIGN KEY (organization_id, workflow_id, token, graph_version, state, hash)
        REFERENCES workflow_transitions (organization_id, workflow_id, version, graph_version, to_state, hash),
    CONSTRAINT workflow_runs_state CHECK (state = step || '_PROCESSING'),
    CONSTRAINT workflow_runs_end FOREIGN KEY (organization_id, workflow_id, ended_version)
        REFERENCES workflow_transitions (organization_id, workflow_id, version),
    CONSTRAINT workflow_runs_end_follows CHECK (ended_version = token + 1),
    CONSTRAINT workflow_runs_end_whole CHECK ((ended_version IS NULL) = (ended_at IS NULL)),
    CONSTRAINT workflow_runs_failure_at_end CHECK (failure_code IS NULL OR ended_version IS NOT NULL),
    CONSTRAINT workflow_runs_retry_after_failure CHECK (retry_at IS NULL OR failure_code IS NOT NULL),
    CONSTRAINT workflow_runs_attempt CHECK (attempt >= 1)
);
CREATE INDEX workflow_runs_leases ON workflow_runs (lease_expires_at) WHERE ended_version IS NULL;
-- A run that has ended stays as it is: one outcome, and a worker that comes back late cannot touch it.
CREATE TRIGGER workflow_runs_end_once BEFORE UPDATE ON workflow_runs
    FOR EACH ROW WHEN (OLD.ended_version IS NOT NULL) EXECUTE FUNCTION refuse_change();
ALTER TABLE workflow_runs ENABLE ALWAYS TRIGGER workflow_runs_end_once;

-- The results of the steps, never overwritten. The journal decides which one is current.
CREATE TABLE step_results (
    organization_id uuid        NOT NULL,
    workflow_id     uuid        NOT NULL,
    token           integer     NOT NULL,
    step            step_key    NOT NULL,
    content         jsonb       NOT NULL,
    provider        text        NOT NULL,
    model           text        NOT NULL,
    created_at      timestamptz NOT NULL,
    CONSTRAINT step_results_pkey PRIMARY KEY (organization_id, workflow_id, token),
    CONSTRAINT step_results_run FOREIGN KEY (organization_id, workflow_id, token)
        REFERENCES workflow_runs (organization_id, workflow_id, token)
);
CREATE TRIGGER step_results_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON step_results
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE step_results ENABLE ALWAYS TRIGGER step_results_only_grow;

GRANT SELECT, INSERT ON intent_workflows, workflow_transitions, workflow_runs, step_results TO infin8_app;
GRANT UPDATE (version, state, previous_hash, hash, wake_at, updated_at) ON intent_workflows TO infin8_app;
GRANT UPDATE (worker, lease_expires_at, ended_version, ended_at, failure_code, failure_message, retry_at)
    ON workflow_runs TO infin8_app;
