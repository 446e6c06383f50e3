-- People read the publications of an organization that wait for them: by state, those first that have waited longest.

CREATE INDEX publications_by_state ON publications (organization_id, state, changed_at, id);
