-- ArticleCountByUnitState counts the articles that ArticleListByUnitState pages through.
-- name: ArticleCountByUnitState :one
SELECT count(*) FROM step_units AS u
WHERE u.organization_id = @organization_id AND u.step = @step AND u.state = @state
    AND EXISTS (
        SELECT FROM intent_workflows AS w
        WHERE w.organization_id = u.organization_id AND w.id = u.workflow_id
            AND w.state = ANY(@workflow_states::text[]))
    AND NOT EXISTS (
        SELECT FROM step_visits AS c
        WHERE c.organization_id = u.organization_id AND c.workflow_id = u.workflow_id AND c.step = u.step
            AND c.visit > u.visit)
    AND NOT EXISTS (
        SELECT FROM workflow_transitions AS t
        WHERE t.organization_id = u.organization_id AND t.workflow_id = u.workflow_id AND t.version > u.visit
            AND t.kind = @reset AND t.to_state = ANY(@reset_targets::text[]));

-- ArticleCountToReview counts the articles that ArticleListToReview pages through.
-- name: ArticleCountToReview :one
SELECT count(*)
FROM intent_workflows AS w
CROSS JOIN LATERAL (
    SELECT c.visit FROM step_visits AS c
    WHERE c.organization_id = w.organization_id AND c.workflow_id = w.id AND c.step = @step
    ORDER BY c.visit DESC
    LIMIT 1
) AS s
JOIN step_units AS u ON u.organization_id = w.organization_id AND u.workflow_id = w.id AND u.visit = s.visit
JOIN articles AS a ON a.organization_id = u.organization_id AND a.unit_id = u.id
CROSS JOIN LATERAL (
    SELECT l.revision, l.visit, l.needs_review FROM article_versions AS l
    WHERE l.organization_id = a.organization_id AND l.article_id = a.article_id
    ORDER BY l.revision DESC
    LIMIT 1
) AS v
WHERE w.organization_id = @organization_id AND w.state = ANY(@workflow_states::text[]) AND u.state = @state
    AND v.visit = a.visit AND v.needs_review
    AND NOT EXISTS (
        SELECT FROM article_decisions AS d
        WHERE d.organization_id = a.organization_id AND d.article_id = a.article_id AND d.revision = v.revision
            AND d.section IS NULL)
    AND NOT EXISTS (
        SELECT FROM workflow_transitions AS t
        WHERE t.organization_id = w.organization_id AND t.workflow_id = w.id AND t.version > s.visit
            AND t.kind = @reset AND t.to_state = ANY(@reset_targets::text[]));

-- ArticleInsert writes the articles of a visit, in the order of their plan.
-- name: ArticleInsert :exec
INSERT INTO articles (
    organization_id, workflow_id, visit, article_id, position, unit_id, plan_visit, plan_revision, created_at)
SELECT @organization_id, @workflow_id, @visit, unnest(@article_ids::uuid[]), unnest(@positions::integer[]),
    unnest(@unit_ids::uuid[]), @plan_visit, unnest(@plan_revisions::integer[]), @at;

-- ArticleListByUnitState returns the articles of an organization whose unit is in a state, with their briefs, units,
-- budgets and workflows. Only articles of a current visit count, and only workflows in some states. Those come first
-- whose unit changed first: those after the cursor (cursor_at, cursor_id), or those before it when descending is true.
-- name: ArticleListByUnitState :many
WITH page AS (
    (SELECT e.id FROM step_units AS e
    WHERE NOT @descending::boolean AND e.organization_id = @organization_id AND e.step = @step AND e.state = @state
        AND (e.changed_at, e.id) > (@cursor_at::timestamptz, @cursor_id::uuid)
        AND EXISTS (
            SELECT FROM intent_workflows AS w
            WHERE w.organization_id = e.organization_id AND w.id = e.workflow_id
                AND w.state = ANY(@workflow_states::text[]))
        AND NOT EXISTS (
            SELECT FROM step_visits AS c
            WHERE c.organization_id = e.organization_id AND c.workflow_id = e.workflow_id AND c.step = e.step
                AND c.visit > e.visit)
        AND NOT EXISTS (
            SELECT FROM workflow_transitions AS t
            WHERE t.organization_id = e.organization_id AND t.workflow_id = e.workflow_id AND t.version > e.visit
                AND t.kind = @reset AND t.to_state = ANY(@reset_targets::text[]))
    ORDER BY e.changed_at, e.id
    LIMIT @page_size)
    UNION ALL
    (SELECT f.id FROM step_units AS f
    WHERE @descending::boolean AND f.organization_id = @organization_id AND f.step = @step AND f.state = @state
        AND (f.changed_at, f.id) < (@cursor_at::timestamptz, @cursor_id::uuid)
        AND EXISTS (
            SELECT FROM intent_workflows AS w
            WHERE w.organization_id = f.organization_id AND w.id = f.workflow_id
                AND w.state = ANY(@workflow_states::text[]))
        AND NOT EXISTS (
            SELECT FROM step_visits AS c
            WHERE c.organization_id = f.organization_id AND c.workflow_id = f.workflow_id AND c.step = f.step
                AND c.visit > f.visit)
        AND NOT EXISTS (
            SELECT FROM workflow_transitions AS t
            WHERE t.organization_id = f.organization_id AND t.workflow_id = f.workflow_id AND t.version > f.visit
                AND t.kind = @reset AND t.to_state = ANY(@reset_targets::text[]))
    ORDER BY f.changed_at DESC, f.id DESC
    LIMIT @page_size)
)
SELECT sqlc.embed(a), sqlc.embed(u), sqlc.embed(b), sqlc.embed(w), p.brief
FROM page
JOIN step_units AS u ON u.organization_id = @organization_id AND u.id = page.id
JOIN articles AS a ON a.organization_id = u.organization_id AND a.unit_id = u.id
JOIN article_budgets AS b ON b.organization_id = a.organization_id AND b.article_id = a.article_id
JOIN article_plans AS p ON p.organization_id = a.organization_id AND p.workflow_id = a.workflow_id
    AND p.visit = a.plan_visit AND p.article_id = a.article_id AND p.revision = a.plan_revision
JOIN intent_workflows AS w ON w.organization_id = a.organization_id AND w.id = a.workflow_id
ORDER BY CASE WHEN NOT @descending::boolean THEN u.changed_at END, CASE WHEN NOT @descending::boolean THEN u.id END,
    CASE WHEN @descending::boolean THEN u.changed_at END DESC, CASE WHEN @descending::boolean THEN u.id END DESC
LIMIT @page_size;

-- ArticleListByUnits returns the articles that some units work on.
-- name: ArticleListByUnits :many
SELECT a.* FROM articles AS a
WHERE a.organization_id = @organization_id AND a.unit_id = ANY(@unit_ids::uuid[])
ORDER BY a.workflow_id, a.visit, a.position
LIMIT @page_size;

-- ArticleListByVisits returns the articles of each named visit in their order, with the brief, the unit and the budget.
-- name: ArticleListByVisits :many
WITH wanted AS (
    SELECT unnest(@workflow_ids::uuid[]) AS workflow_id, unnest(@visits::integer[]) AS visit
)
SELECT sqlc.embed(a), sqlc.embed(u), sqlc.embed(b), p.brief
FROM wanted
JOIN articles AS a
    ON a.organization_id = @organization_id AND a.workflow_id = wanted.workflow_id AND a.visit = wanted.visit
JOIN step_units AS u ON u.organization_id = a.organization_id AND u.id = a.unit_id
JOIN article_budgets AS b ON b.organization_id = a.organization_id AND b.article_id = a.article_id
JOIN article_plans AS p ON p.organization_id = a.organization_id AND p.workflow_id = a.workflow_id
    AND p.visit = a.plan_visit AND p.article_id = a.article_id AND p.revision = a.plan_revision
ORDER BY a.workflow_id, a.visit, a.position
LIMIT @page_size;

-- ArticleListTitles returns the title of each article in a visit: that of its last version, or of the brief before it.
-- name: ArticleListTitles :many
WITH wanted AS (
    SELECT unnest(@article_ids::uuid[]) AS article_id, unnest(@visits::integer[]) AS visit
)
SELECT a.article_id, coalesce(v.title, p.brief ->> 'title')::text AS title
FROM wanted
JOIN articles AS a
    ON a.organization_id = @organization_id AND a.article_id = wanted.article_id AND a.visit = wanted.visit
JOIN article_plans AS p ON p.organization_id = a.organization_id AND p.workflow_id = a.workflow_id
    AND p.visit = a.plan_visit AND p.article_id = a.article_id AND p.revision = a.plan_revision
LEFT JOIN LATERAL (
    SELECT l.title FROM article_versions AS l
    WHERE l.organization_id = a.organization_id AND l.article_id = a.article_id AND l.visit = a.visit
    ORDER BY l.revision DESC
    LIMIT 1
) AS v ON true
ORDER BY a.article_id
LIMIT @page_size;

-- ArticleListToReview returns the articles of an organization whose last text has findings that no person has judged,
-- with their briefs, units, budgets and workflows, and the time of that text. Only articles of a current visit count,
-- only those whose unit is in a state, and only workflows in some states: the cost grows with these, not with the texts
-- of others. Those come first whose text is the oldest: those after the cursor (cursor_at, cursor_id), or those before
-- it when descending is true.
-- name: ArticleListToReview :many
WITH candidates AS MATERIALIZED (
    SELECT a.article_id, a.visit, v.created_at
    FROM intent_workflows AS w
    CROSS JOIN LATERAL (
        SELECT c.visit FROM step_visits AS c
        WHERE c.organization_id = w.organization_id AND c.workflow_id = w.id AND c.step = @step
        ORDER BY c.visit DESC
        LIMIT 1
    ) AS s
    JOIN step_units AS u ON u.organization_id = w.organization_id AND u.workflow_id = w.id AND u.visit = s.visit
    JOIN articles AS a ON a.organization_id = u.organization_id AND a.unit_id = u.id
    CROSS JOIN LATERAL (
        SELECT l.revision, l.visit, l.needs_review, l.created_at FROM article_versions AS l
        WHERE l.organization_id = a.organization_id AND l.article_id = a.article_id
        ORDER BY l.revision DESC
        LIMIT 1
    ) AS v
    WHERE w.organization_id = @organization_id AND w.state = ANY(@workflow_states::text[]) AND u.state = @state
        AND v.visit = a.visit AND v.needs_review
        AND NOT EXISTS (
            SELECT FROM article_decisions AS d
            WHERE d.organization_id = a.organization_id AND d.article_id = a.article_id AND d.revision = v.revision
                AND d.section IS NULL)
        AND NOT EXISTS (
            SELECT FROM workflow_transitions AS t
            WHERE t.organization_id = w.organization_id AND t.workflow_id = w.id AND t.version > s.visit
                AND t.kind = @reset AND t.to_state = ANY(@reset_targets::text[]))
), page AS (
    SELECT c.* FROM candidates AS c
    WHERE (NOT @descending::boolean AND (c.created_at, c.article_id) > (@cursor_at::timestamptz, @cursor_id::uuid))
        OR (@descending::boolean AND (c.created_at, c.article_id) < (@cursor_at::timestamptz, @cursor_id::uuid))
    ORDER BY CASE WHEN NOT @descending::boolean THEN c.created_at END,
        CASE WHEN NOT @descending::boolean THEN c.article_id END,
        CASE WHEN @descending::boolean THEN c.created_at END DESC,
        CASE WHEN @descending::boolean THEN c.article_id END DESC
    LIMIT @page_size
)
SELECT sqlc.embed(a), sqlc.embed(u), sqlc.embed(b), sqlc.embed(w), p.brief, page.created_at AS text_at
FROM page
JOIN articles AS a ON a.organization_id = @organization_id AND a.article_id = page.article_id AND a.visit = page.visit
JOIN step_units AS u ON u.organization_id = a.organization_id AND u.id = a.unit_id
JOIN article_budgets AS b ON b.organization_id = a.organization_id AND b.article_id = a.article_id
JOIN article_plans AS p ON p.organization_id = a.organization_id AND p.workflow_id = a.workflow_id
    AND p.visit = a.plan_visit AND p.article_id = a.article_id AND p.revision = a.plan_revision
JOIN intent_workflows AS w ON w.organization_id = a.organization_id AND w.id = a.workflow_id
ORDER BY CASE WHEN NOT @descending::boolean THEN page.created_at END,
    CASE WHEN NOT @descending::boolean THEN page.article_id END,
    CASE WHEN @descending::boolean THEN page.created_at END DESC,
    CASE WHEN @descending::boolean THEN page.article_id END DESC
LIMIT @page_size;

-- ArticleWorkflows returns the workflow of each article.
-- name: ArticleWorkflows :many
SELECT DISTINCT ON (a.article_id) a.article_id, a.workflow_id FROM articles AS a
WHERE a.organization_id = @organization_id AND a.article_id = ANY(@article_ids::uuid[])
ORDER BY a.article_id, a.visit DESC
LIMIT 1000;
