-- One generation is paid once: two calls of an organization never name the same answer of a provider. The parts of a
-- call's tokens are not more than the whole, and a call that was recorded names its model.

-- The name of a generation may come after the outcome, also of a call whose cost was assumed: the rule refused every
-- change of those.
DROP TRIGGER ai_calls_only_move_forward ON ai_calls;
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
        OR (OLD.state NOT IN ('UNKNOWN', 'ASSUMED') AND NEW.state = 'ASSUMED')
    ) EXECUTE FUNCTION refuse_change();
ALTER TABLE ai_calls ENABLE ALWAYS TRIGGER ai_calls_only_move_forward;

-- A provider that repeats an id is charged for each answer all the same: the engine marks the later call, whose name
-- then counts for nothing. What callers report is refused instead.
ALTER TABLE ai_calls ADD COLUMN generation_repeated boolean NOT NULL DEFAULT false;
UPDATE ai_calls AS c SET generation_repeated = true WHERE EXISTS (
    SELECT FROM ai_calls AS o
    WHERE o.organization_id = c.organization_id AND o.generation_id = c.generation_id
        AND (o.reserved_at, o.id) < (c.reserved_at, c.id)
);
CREATE UNIQUE INDEX ai_calls_generation_once ON ai_calls (organization_id, generation_id)
    WHERE generation_id IS NOT NULL AND NOT generation_repeated;
CREATE TRIGGER ai_calls_generation_marked_once BEFORE UPDATE OF generation_repeated ON ai_calls
    FOR EACH ROW WHEN (NEW.generation_repeated <> OLD.generation_repeated AND OLD.generation_id IS NOT NULL)
    EXECUTE FUNCTION refuse_change();
ALTER TABLE ai_calls ENABLE ALWAYS TRIGGER ai_calls_generation_marked_once;

-- NOT VALID: calls of earlier versions may break these rules, and an ended call does not change any more.
ALTER TABLE ai_calls
    ADD CONSTRAINT ai_calls_repeated_is_named CHECK (NOT generation_repeated OR generation_id IS NOT NULL),
    ADD CONSTRAINT ai_calls_parts_of_tokens CHECK
        (cached_tokens <= prompt_tokens AND reasoning_tokens <= completion_tokens) NOT VALID,
    ADD CONSTRAINT ai_calls_recorded_model CHECK (NOT recorded OR answered_model <> '') NOT VALID;

GRANT UPDATE (generation_repeated) ON ai_calls TO infin8_app;
