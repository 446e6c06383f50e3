-- A dump writes a comparison of rows as it was parsed, and restores it in another shape: (a, b) IS DISTINCT FROM (c, d)
-- comes back as one flat OR. The rule is the same, but its text in the catalog is not, and `verify` compares the text.
-- These triggers name what they compare column by column, which a dump leaves as it is.

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
        OR NEW.failure_code IS DISTINCT FROM OLD.failure_code OR NEW.ended_at IS DISTINCT FROM OLD.ended_at)
    OR NEW.generation_id IS DISTINCT FROM OLD.generation_id AND OLD.generation_id IS NOT NULL
    OR NEW.hold_pico <> OLD.hold_pico
    OR OLD.state = 'DISPATCHED' AND NEW.state = 'RESERVED'
    OR OLD.state = 'UNKNOWN' AND NEW.state IN ('RESERVED', 'DISPATCHED')
    OR OLD.state NOT IN ('UNKNOWN', 'ASSUMED') AND NEW.state = 'ASSUMED'
) EXECUTE FUNCTION refuse_change();
ALTER TABLE ai_calls ENABLE ALWAYS TRIGGER ai_calls_only_move_forward;

DROP TRIGGER model_prices_only_end ON model_prices;
CREATE TRIGGER model_prices_only_end BEFORE UPDATE ON model_prices FOR EACH ROW WHEN (
    OLD.valid_to IS NOT NULL OR NEW.valid_to IS NULL
    OR NEW.organization_id IS DISTINCT FROM OLD.organization_id OR NEW.model IS DISTINCT FROM OLD.model
    OR NEW.component IS DISTINCT FROM OLD.component OR NEW.min_prompt_tokens IS DISTINCT FROM OLD.min_prompt_tokens
    OR NEW.unit_pico IS DISTINCT FROM OLD.unit_pico OR NEW.valid_from IS DISTINCT FROM OLD.valid_from
    OR NEW.source IS DISTINCT FROM OLD.source OR NEW.actor IS DISTINCT FROM OLD.actor
    OR NEW.recorded_at IS DISTINCT FROM OLD.recorded_at
) EXECUTE FUNCTION refuse_change();
ALTER TABLE model_prices ENABLE ALWAYS TRIGGER model_prices_only_end;

DROP TRIGGER model_price_proposals_decided_once ON model_price_proposals;
CREATE TRIGGER model_price_proposals_decided_once BEFORE UPDATE ON model_price_proposals FOR EACH ROW WHEN (
    OLD.state <> 'PENDING' OR NEW.state = 'PENDING'
    OR NEW.id IS DISTINCT FROM OLD.id OR NEW.organization_id IS DISTINCT FROM OLD.organization_id
    OR NEW.model IS DISTINCT FROM OLD.model OR NEW.component IS DISTINCT FROM OLD.component
    OR NEW.min_prompt_tokens IS DISTINCT FROM OLD.min_prompt_tokens OR NEW.unit_pico IS DISTINCT FROM OLD.unit_pico
    OR NEW.compared_pico IS DISTINCT FROM OLD.compared_pico OR NEW.doubt IS DISTINCT FROM OLD.doubt
    OR NEW.source IS DISTINCT FROM OLD.source OR NEW.actor IS DISTINCT FROM OLD.actor
    OR NEW.proposed_at IS DISTINCT FROM OLD.proposed_at
) EXECUTE FUNCTION refuse_change();
ALTER TABLE model_price_proposals ENABLE ALWAYS TRIGGER model_price_proposals_decided_once;

DROP TRIGGER api_keys_only_end ON api_keys;
CREATE TRIGGER api_keys_only_end BEFORE UPDATE ON api_keys FOR EACH ROW WHEN (
    NEW.organization_id IS DISTINCT FROM OLD.organization_id OR NEW.id IS DISTINCT FROM OLD.id
    OR NEW.name IS DISTINCT FROM OLD.name OR NEW.role IS DISTINCT FROM OLD.role
    OR NEW.prefix IS DISTINCT FROM OLD.prefix OR NEW.digest IS DISTINCT FROM OLD.digest
    OR NEW.expires_at IS DISTINCT FROM OLD.expires_at OR NEW.created_by IS DISTINCT FROM OLD.created_by
    OR NEW.created_at IS DISTINCT FROM OLD.created_at OR NEW.created_version IS DISTINCT FROM OLD.created_version
    OR OLD.revoked_version IS NOT NULL AND (
        NEW.revoked_by IS DISTINCT FROM OLD.revoked_by OR NEW.revoked_at IS DISTINCT FROM OLD.revoked_at
        OR NEW.revoked_version IS DISTINCT FROM OLD.revoked_version)
) EXECUTE FUNCTION refuse_change();
ALTER TABLE api_keys ENABLE ALWAYS TRIGGER api_keys_only_end;
