-- ArticleBudgetBook follows an event of a call for an article: a settlement, a release, an assumption or a correction.
-- It is never refused, because the money is spent already: not even by counts that disagree with the calls.
-- name: ArticleBudgetBook :exec
UPDATE article_budgets AS b
SET held_pico = greatest(b.held_pico + @held_delta::bigint, 0),
    settled_pico = greatest(b.settled_pico + @settled_delta::bigint, 0),
    overage = b.overage OR b.settled_pico + @settled_delta::bigint > b.cap_pico
        OR b.held_pico + @held_delta::bigint > b.cap_pico - b.settled_pico - @settled_delta::bigint
WHERE b.organization_id = @organization_id AND b.article_id = @article_id::uuid;

-- ArticleBudgetList returns budgets of articles.
-- name: ArticleBudgetList :many
SELECT b.* FROM article_budgets AS b
WHERE b.organization_id = @organization_id AND b.article_id = ANY(@article_ids::uuid[])
ORDER BY b.article_id
LIMIT 1000;

-- ArticleBudgetOpen opens the budgets of articles. An article that is approved again after a RESET keeps its budget.
-- name: ArticleBudgetOpen :exec
INSERT INTO article_budgets (organization_id, article_id, workflow_id, cap_pico, opened_by, opened_at)
SELECT @organization_id, unnest(@article_ids::uuid[]), @workflow_id, @cap_pico::amount_pico, @actor, @at
ON CONFLICT (organization_id, article_id) DO NOTHING;
