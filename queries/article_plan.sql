-- ArticlePlanInsert writes one revision of each of some briefs.
-- name: ArticlePlanInsert :exec
INSERT INTO article_plans (
    organization_id, workflow_id, visit, article_id, revision, brief, author_kind, is_synthetic, actor, created_at)
SELECT @organization_id, @workflow_id, @visit, p.article_id, p.revision, p.brief, @author_kind, p.is_synthetic, @actor,
    @at
FROM jsonb_to_recordset(@plans::jsonb) AS p (article_id uuid, revision integer, brief jsonb, is_synthetic boolean);

-- ArticlePlanListByVisits returns the last revision of each brief of some visits, one for each workflow, with the last
-- decision about it.
-- name: ArticlePlanListByVisits :many
SELECT DISTINCT ON (p.workflow_id, p.article_id) sqlc.embed(p), coalesce(d.choice, '')::text AS choice,
    coalesce(d.origin, '')::text AS origin, coalesce(d.actor, '')::text AS decided_by,
    coalesce(d.reason, '')::text AS reason
FROM (SELECT unnest(@workflow_ids::uuid[]) AS workflow_id, unnest(@visits::integer[]) AS visit) AS wanted
JOIN article_plans AS p
    ON p.organization_id = @organization_id AND p.workflow_id = wanted.workflow_id AND p.visit = wanted.visit
LEFT JOIN LATERAL (
    SELECT c.choice, c.origin, c.actor, c.reason FROM plan_decisions AS c
    WHERE c.organization_id = p.organization_id AND c.workflow_id = p.workflow_id AND c.article_id = p.article_id
        AND c.visit = p.visit
    ORDER BY c.sequence DESC
    LIMIT 1
) AS d ON true
ORDER BY p.workflow_id, p.article_id, p.revision DESC
LIMIT @page_size;

-- ArticlePlanListDecidedBefore returns the last decision about each article of the workflow's older visits, with the
-- brief that it was about.
-- name: ArticlePlanListDecidedBefore :many
SELECT DISTINCT ON (d.article_id) d.article_id, p.brief, d.choice, d.actor, d.sequence
FROM plan_decisions AS d
JOIN article_plans AS p ON p.organization_id = d.organization_id AND p.workflow_id = d.workflow_id
    AND p.visit = d.visit AND p.article_id = d.article_id AND p.revision = d.revision
WHERE d.organization_id = @organization_id AND d.workflow_id = @workflow_id AND d.visit < @visit
ORDER BY d.article_id, d.sequence DESC
LIMIT 1000;

-- ArticlePlanListElsewhere returns the briefs that are approved in the organization's other workflows, the last ones. A
-- brief of a cancelled workflow, or from before a RESET to one of reset_targets, counts only while its article has a
-- post.
-- name: ArticlePlanListElsewhere :many
SELECT p.article_id, p.brief FROM plan_decisions AS d
JOIN article_plans AS p ON p.organization_id = d.organization_id AND p.workflow_id = d.workflow_id
    AND p.visit = d.visit AND p.article_id = d.article_id AND p.revision = d.revision
JOIN intent_workflows AS w ON w.organization_id = d.organization_id AND w.id = d.workflow_id
WHERE d.organization_id = @organization_id AND d.workflow_id <> @workflow_id AND d.choice = @approved
    AND NOT EXISTS (
        SELECT FROM plan_decisions AS l
        WHERE l.organization_id = d.organization_id AND l.workflow_id = d.workflow_id AND l.article_id = d.article_id
            AND l.sequence > d.sequence
    )
    AND (
        w.state <> @cancelled
        AND NOT EXISTS (
            SELECT FROM workflow_transitions AS t
            WHERE t.organization_id = d.organization_id AND t.workflow_id = d.workflow_id AND t.version > d.visit
                AND t.kind = @reset AND t.to_state = ANY(@reset_targets::text[])
        )
        OR EXISTS (
            SELECT FROM publications AS b
            WHERE b.organization_id = d.organization_id AND b.article_id = d.article_id AND b.remote_id <> ''
                AND b.state <> @unpublished
        )
    )
ORDER BY d.decided_at DESC, p.article_id
LIMIT @page_size;
