-- What PostGraphile needs to answer the same questions: the engine's own statement as a function, and what the engine
-- computes from a state as columns. The statement's text comes from queries/.
CREATE FUNCTION move_workflow(organization uuid, flow uuid, from_state text, to_state text, kind text, at timestamptz)
    RETURNS intent_workflows LANGUAGE sql VOLATILE AS $$ /* WorkflowTransition */ $$;
CREATE FUNCTION intent_workflows_status(w intent_workflows) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN w.state = 'SEED_REVIEW_PENDING' THEN 'AWAITING_REVIEW' WHEN w.state LIKE '%\_PENDING' THEN 'PENDING'
        WHEN w.state LIKE '%\_PROCESSING' THEN 'PROCESSING' WHEN w.state LIKE '%\_COMPLETED' THEN 'STEP_COMPLETED'
        WHEN w.state LIKE '%\_FAILED' THEN 'FAILED' ELSE w.state END
$$;
CREATE FUNCTION intent_workflows_step(w intent_workflows) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN w.state IN ('CREATED', 'CANCELLED', 'COMPLETED') THEN NULL
        ELSE regexp_replace(w.state, '_(PENDING|PROCESSING|COMPLETED|FAILED)$', '') END
$$;
