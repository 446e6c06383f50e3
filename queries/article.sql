-- ArticleInsert writes the articles of a visit, in the order of their plan.
-- name: ArticleInsert :exec
INSERT INTO articles (
    organization_id, workflow_id, visit, article_id, position, unit_id, plan_visit, plan_revision, created_at)
SELECT @organization_id, @workflow_id, @visit, unnest(@article_ids::uuid[]), unnest(@positions::integer[]),
    unnest(@unit_ids::uuid[]), @plan_visit, unnest(@plan_revisions::integer[]), @at;

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

-- ArticleWorkflows returns the workflow of each article.
-- name: ArticleWorkflows :many
SELECT DISTINCT ON (a.article_id) a.article_id, a.workflow_id FROM articles AS a
WHERE a.organization_id = @organization_id AND a.article_id = ANY(@article_ids::uuid[])
ORDER BY a.article_id, a.visit DESC
LIMIT 1000;
