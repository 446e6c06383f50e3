-- An API key is updated when it is used and when it is revoked. PostgreSQL checks every constraint of an updated row, so
-- a key with a name from before the rule could not be revoked any more. The name of a key never changes: a trigger
-- checks it when the key is added.
ALTER TABLE api_keys DROP CONSTRAINT api_keys_spelled;
CREATE TRIGGER api_keys_spelled BEFORE INSERT ON api_keys
    FOR EACH ROW WHEN (NOT is_spelled(NEW.name)) EXECUTE FUNCTION refuse_change();
ALTER TABLE api_keys ENABLE ALWAYS TRIGGER api_keys_spelled;
