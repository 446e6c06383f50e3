-- People read the articles of an organization whose writing has failed: those first that have waited longest.

CREATE INDEX step_units_by_state ON step_units (organization_id, step, state, changed_at, id);
