-- A sweeper finds posts that are still to be taken from their readers: the worker may have died in its last attempt.

CREATE INDEX publications_unpublishing ON publications (changed_at) WHERE state = 'UNPUBLISHING';
CREATE POLICY publications_of_all ON publications FOR SELECT TO infin8_sweeper USING (true);
GRANT SELECT (organization_id, id, state, changed_at) ON publications TO infin8_sweeper;
