-- PublicationCountByStates counts the publications of an organization in some states.
-- name: PublicationCountByStates :one
SELECT count(*) FROM publications AS p
WHERE p.organization_id = @organization_id AND p.state = ANY(@states::text[]);

-- PublicationGet returns one publication.
-- name: PublicationGet :one
SELECT p.* FROM publications AS p WHERE p.organization_id = @organization_id AND p.id = @id;

-- PublicationListByApproval returns the publications that one decision asked for.
-- name: PublicationListByApproval :many
SELECT p.* FROM publications AS p
WHERE p.organization_id = @organization_id AND p.workflow_id = @workflow_id AND p.approval = @approval
ORDER BY p.id
LIMIT @page_size;

-- PublicationListByArticles returns the publications of each named article.
-- name: PublicationListByArticles :many
SELECT p.* FROM publications AS p
WHERE p.organization_id = @organization_id AND p.article_id = ANY(@article_ids::uuid[])
ORDER BY p.article_id, p.id
LIMIT @page_size;

-- PublicationListByStates returns publications of an organization in some states with their workflows, those first whose
-- last event is the oldest: those after the cursor (cursor_at, cursor_id), or those before it when descending is true.
-- name: PublicationListByStates :many
WITH page AS (
    SELECT d.id FROM unnest(@states::text[]) AS wanted (state)
    CROSS JOIN LATERAL (
        (SELECT e.id FROM publications AS e
        WHERE NOT @descending::boolean AND e.organization_id = @organization_id AND e.state = wanted.state
            AND (e.changed_at, e.id) > (@cursor_at::timestamptz, @cursor_id::uuid)
        ORDER BY e.changed_at, e.id
        LIMIT @page_size)
        UNION ALL
        (SELECT f.id FROM publications AS f
        WHERE @descending::boolean AND f.organization_id = @organization_id AND f.state = wanted.state
            AND (f.changed_at, f.id) < (@cursor_at::timestamptz, @cursor_id::uuid)
        ORDER BY f.changed_at DESC, f.id DESC
        LIMIT @page_size)
    ) AS d
)
SELECT sqlc.embed(p), sqlc.embed(w)
FROM page
JOIN publications AS p ON p.organization_id = @organization_id AND p.id = page.id
JOIN intent_workflows AS w ON w.organization_id = p.organization_id AND w.id = p.workflow_id
ORDER BY CASE WHEN NOT @descending::boolean THEN p.changed_at END, CASE WHEN NOT @descending::boolean THEN p.id END,
    CASE WHEN @descending::boolean THEN p.changed_at END DESC, CASE WHEN @descending::boolean THEN p.id END DESC
LIMIT @page_size;

-- PublicationListByWorkflows returns the publications of each named workflow, from a key on.
-- name: PublicationListByWorkflows :many
SELECT d.* FROM unnest(@workflow_ids::uuid[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT p.* FROM publications AS p
    WHERE p.organization_id = @organization_id AND p.workflow_id = wanted.id AND p.id > @after_id::uuid
    ORDER BY p.id
    LIMIT @page_size
) AS d
ORDER BY d.workflow_id, d.id;

-- PublicationListUnpublishing returns publications of all organizations whose post is to be taken from its readers since
-- a time.
-- name: PublicationListUnpublishing :many
-- The rule is off: every server sweeps the work of all organizations.
-- @sqlc-vet-disable names-organization
SELECT p.organization_id, p.id FROM publications AS p
WHERE p.state = @state::publication_state AND p.changed_at <= @since::timestamptz
ORDER BY p.changed_at
LIMIT @page_size;

-- PublicationMove is the compare-and-set of a publication: it moves it from one version to the next and writes the
-- event. With a unit it also asks that the attempt at that unit is live. No row: another caller was first, or the
-- attempt is over.
-- name: PublicationMove :one
WITH moved AS (
    UPDATE publications AS p
    SET article_id = @article_id, keyword = @keyword, revision = @revision, approval = @approval,
        policy = @policy::publication_policy, publish_at = sqlc.narg('publish_at')::timestamptz,
        state = @to_state::publication_state, version = p.version + 1, remote_id = @remote_id,
        remote_url = @remote_url, remote_modified = @remote_modified, remote_sha256 = sqlc.narg('remote_sha256')::digest,
        remote_revision = @remote_revision, overwrite = @overwrite, lost = @lost,
        failure_code = sqlc.narg('failure_code')::failure_code, failure_message = @failure_message,
        changed_at = @at::timestamptz
    WHERE p.organization_id = @organization_id AND p.id = @id AND p.version = @version AND p.state = @from_state
        AND (NOT @live::boolean OR EXISTS (
            SELECT FROM step_units AS u
            JOIN intent_workflows AS w
                ON w.organization_id = u.organization_id AND w.id = u.workflow_id AND w.version = u.token
            WHERE u.organization_id = @organization_id AND u.id = sqlc.narg('unit_id')::uuid
                AND u.attempt = sqlc.narg('attempt')::integer AND u.worker = @actor::text
                AND u.lease_expires_at IS NOT NULL
            FOR SHARE OF w, u))
    RETURNING p.*
)
INSERT INTO publication_events (
    organization_id, workflow_id, publication_id, version, kind, from_state, to_state, article_id, revision, approval,
    policy, publish_at, remote_id, remote_url, remote_modified, remote_sha256, remote_revision, overwrite, lost,
    failure_code, failure_message, unit_id, attempt, actor, reason, occurred_at)
SELECT m.organization_id, m.workflow_id, m.id, m.version, @kind::publication_move, @from_state::publication_state,
    m.state, m.article_id, m.revision, m.approval, m.policy, m.publish_at, m.remote_id, m.remote_url,
    m.remote_modified, m.remote_sha256, m.remote_revision, m.overwrite, m.lost, m.failure_code, m.failure_message,
    sqlc.narg('unit_id')::uuid, sqlc.narg('attempt')::integer, @actor::text, @reason::reason, m.changed_at
FROM moved AS m
RETURNING version;

-- PublicationPlan writes publications of one workflow with their first events, and counts them. An article that has one
-- on a target already does not count.
-- name: PublicationPlan :one
WITH planned AS (
    INSERT INTO publications (
        organization_id, id, workflow_id, target_id, article_id, keyword, revision, approval, policy, publish_at, state,
        version, remote_id, remote_url, remote_modified, remote_revision, overwrite, lost, failure_message, changed_at)
    SELECT @organization_id, p.id, @workflow_id, p.target_id, p.article_id, p.keyword, p.revision, @approval::integer,
        p.policy, p.publish_at, @state::publication_state, 0, '', '', '', 0, false, 0, '', @at::timestamptz
    FROM jsonb_to_recordset(@publications::jsonb) AS p (
        id uuid, target_id uuid, article_id uuid, keyword text, revision integer, policy text, publish_at timestamptz)
    ON CONFLICT (organization_id, article_id, target_id) DO NOTHING
    RETURNING *
), journaled AS (
    INSERT INTO publication_events (
        organization_id, workflow_id, publication_id, version, kind, to_state, article_id, revision, approval, policy,
        publish_at, remote_id, remote_url, remote_modified, remote_revision, overwrite, lost, failure_message, actor,
        reason, occurred_at)
    SELECT p.organization_id, p.workflow_id, p.id, 0, @kind::publication_move, p.state, p.article_id, p.revision,
        p.approval, p.policy, p.publish_at, '', '', '', 0, false, 0, '', @actor::text, '', p.changed_at
    FROM planned AS p
    RETURNING version
)
SELECT count(*) FROM journaled AS j;
