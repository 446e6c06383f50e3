-- Services that charge for each request and each item of the answer, beside models that charge for tokens. A service is
-- named where a model is, below "service/". A call counts the items that its hold allows, and those that were billed.

ALTER DOMAIN price_component DROP CONSTRAINT price_component_known;
ALTER DOMAIN price_component ADD CONSTRAINT price_component_known CHECK (VALUE IN (
    'PROMPT', 'COMPLETION', 'REQUEST', 'WEB_SEARCH', 'REASONING', 'CACHE_READ', 'CACHE_WRITE', 'ITEM'
));

-- NULL: none, which every comparison lets pass. Most calls are to models, and their rows stay as they are.
ALTER TABLE ai_calls
    ADD COLUMN items_reserved bigint,
    ADD COLUMN items_billed bigint,
    DROP CONSTRAINT ai_calls_tokens,
    ADD CONSTRAINT ai_calls_tokens CHECK (prompt_tokens >= 0 AND completion_tokens >= 0
        AND cached_tokens >= 0 AND reasoning_tokens >= 0 AND made_searches >= 0
        AND items_reserved > 0 AND items_billed > 0) NOT VALID;
ALTER TABLE ai_calls VALIDATE CONSTRAINT ai_calls_tokens;

-- What was reserved is kept, and what was billed is final with its outcome. Both rules grow by a column; a trigger more
-- would cost every call.
DROP TRIGGER ai_calls_kept ON ai_calls;
CREATE TRIGGER ai_calls_kept BEFORE UPDATE OF organization_id, id, workflow_id, month_id, step, run_token, recorded,
    models, prompt_bytes, max_completion_tokens, web_searches, items_reserved, hold_pico, actor, reserved_at, admitted_on
    ON ai_calls FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE ai_calls ENABLE ALWAYS TRIGGER ai_calls_kept;
DROP TRIGGER ai_calls_only_move_forward ON ai_calls;
CREATE TRIGGER ai_calls_only_move_forward BEFORE UPDATE ON ai_calls FOR EACH ROW WHEN (
    OLD.outcome_event IS NOT NULL AND (
        NEW.state IS DISTINCT FROM OLD.state OR NEW.cost_pico IS DISTINCT FROM OLD.cost_pico
        OR NEW.list_cost_pico IS DISTINCT FROM OLD.list_cost_pico OR NEW.overage IS DISTINCT FROM OLD.overage
        OR NEW.provider IS DISTINCT FROM OLD.provider OR NEW.answered_model IS DISTINCT FROM OLD.answered_model
        OR NEW.prompt_tokens IS DISTINCT FROM OLD.prompt_tokens
        OR NEW.completion_tokens IS DISTINCT FROM OLD.completion_tokens
        OR NEW.cached_tokens IS DISTINCT FROM OLD.cached_tokens
        OR NEW.reasoning_tokens IS DISTINCT FROM OLD.reasoning_tokens
        OR NEW.made_searches IS DISTINCT FROM OLD.made_searches
        OR NEW.items_billed IS DISTINCT FROM OLD.items_billed
        OR NEW.failure_code IS DISTINCT FROM OLD.failure_code OR NEW.ended_at IS DISTINCT FROM OLD.ended_at)
    OR NEW.generation_id IS DISTINCT FROM OLD.generation_id AND OLD.generation_id IS NOT NULL
    OR NEW.hold_pico <> OLD.hold_pico
    OR OLD.state = 'DISPATCHED' AND NEW.state = 'RESERVED'
    OR OLD.state = 'UNKNOWN' AND NEW.state IN ('RESERVED', 'DISPATCHED')
    OR OLD.state NOT IN ('UNKNOWN', 'ASSUMED') AND NEW.state = 'ASSUMED'
) EXECUTE FUNCTION refuse_change();
ALTER TABLE ai_calls ENABLE ALWAYS TRIGGER ai_calls_only_move_forward;
GRANT UPDATE (items_billed) ON ai_calls TO infin8_app;

-- The start prices of the services and of embeddings, from now on: nothing is backdated. A list that has prices of one
-- keeps them.
INSERT INTO model_prices (model, component, min_prompt_tokens, unit_pico, valid_from, source, actor, recorded_at)
SELECT s.model, s.component, 0, s.unit_pico, now(), 'built in', 'built in', now() FROM (VALUES
    ('openai/text-embedding-3-small', 'PROMPT', 20000),
    ('openai/text-embedding-3-small', 'COMPLETION', 0),
    ('service/dataforseo/labs', 'REQUEST', 10000000000),
    ('service/dataforseo/labs', 'ITEM', 100000000),
    ('service/dataforseo/serp-live', 'REQUEST', 2000000000)
) AS s (model, component, unit_pico)
WHERE NOT EXISTS (SELECT FROM model_prices AS p WHERE p.organization_id IS NULL AND p.model = s.model);
