-- A post becomes public only after a committed move of its own. PUBLISH_SENT says that a worker asks the site for it. A
-- request that is repeated has a move again, so a cancelled workflow asks for nothing more. A withdrawal that does not
-- end may be asked for again. A post belongs to one publication of a target.

ALTER DOMAIN publication_state DROP CONSTRAINT publication_state_known;
ALTER DOMAIN publication_state ADD CONSTRAINT publication_state_known CHECK (
    VALUE IN ('PLANNED', 'SENT', 'UNKNOWN', 'DRAFTED', 'PUBLISH_SENT', 'SCHEDULED', 'LIVE', 'UPDATE_SENT',
        'NEEDS_DECISION', 'SKIPPED', 'ORPHANED', 'UNPUBLISHING', 'UNPUBLISHED')
);
ALTER DOMAIN publication_move DROP CONSTRAINT publication_move_known;
ALTER DOMAIN publication_move ADD CONSTRAINT publication_move_known CHECK (
    VALUE IN ('PLAN', 'REPLAN', 'SEND', 'REFUSE', 'LOSE', 'ABSENT', 'DRAFT', 'ADOPT', 'MAKE_PUBLIC', 'PUBLISH', 'DELIVER',
        'UPDATE', 'UPDATED', 'CONFLICT', 'OVERWRITE', 'SKIP', 'ORPHAN', 'UNPUBLISH', 'REMOVE')
);

INSERT INTO legal_publication_moves (from_state, to_state, kind) VALUES
    ('DRAFTED', 'PUBLISH_SENT', 'MAKE_PUBLIC'),
    ('PUBLISH_SENT', 'PUBLISH_SENT', 'MAKE_PUBLIC'),
    ('PUBLISH_SENT', 'LIVE', 'PUBLISH'),
    ('PUBLISH_SENT', 'SCHEDULED', 'PUBLISH'),
    ('PUBLISH_SENT', 'DRAFTED', 'REFUSE'),
    ('PUBLISH_SENT', 'DRAFTED', 'REPLAN'),
    ('PUBLISH_SENT', 'NEEDS_DECISION', 'CONFLICT'),
    ('PUBLISH_SENT', 'ORPHANED', 'ORPHAN'),
    ('PUBLISH_SENT', 'UNPUBLISHING', 'UNPUBLISH'),
    ('UPDATE_SENT', 'UPDATE_SENT', 'UPDATE'),
    ('UPDATE_SENT', 'UNPUBLISHING', 'UNPUBLISH'),
    ('UNPUBLISHING', 'UNPUBLISHING', 'UNPUBLISH');

ALTER TABLE publications DROP CONSTRAINT publications_remote;
ALTER TABLE publications ADD CONSTRAINT publications_remote CHECK (
    state NOT IN ('DRAFTED', 'PUBLISH_SENT', 'SCHEDULED', 'LIVE', 'UPDATE_SENT', 'UNPUBLISHING', 'UNPUBLISHED')
    OR remote_id <> '');
ALTER TABLE publication_events DROP CONSTRAINT publication_events_sent;
ALTER TABLE publication_events ADD CONSTRAINT publication_events_sent CHECK (
    kind NOT IN ('SEND', 'UPDATE', 'MAKE_PUBLIC') OR unit_id IS NOT NULL);

CREATE UNIQUE INDEX publications_post ON publications (organization_id, target_id, remote_id) WHERE remote_id <> '';
