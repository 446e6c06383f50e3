-- The answer to the first request under a key, where the present rows do not give it: after an import of prices
-- they do not show what each price was before.
ALTER TABLE idempotency_keys ADD COLUMN answer jsonb;
GRANT UPDATE (answer) ON idempotency_keys TO infin8_app;
