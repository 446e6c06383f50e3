-- What the answer to the first request under a key said, where what is there now does not tell it: after an import of
-- prices nobody can see any more what each price was before.
ALTER TABLE idempotency_keys ADD COLUMN answer jsonb;
GRANT UPDATE (answer) ON idempotency_keys TO infin8_app;
