-- ArticleDecisionInsert writes one decision about each of some articles, with the next number of the article. The caller
-- holds the workflow's row. A decision about a revision that is not the last one is left out.
-- name: ArticleDecisionInsert :execrows
INSERT INTO article_decisions (
    organization_id, article_id, sequence, revision, verdict, section, feedback, actor, decided_at)
SELECT @organization_id, chosen.article_id, coalesce(last.sequence, 0) + 1, chosen.revision, chosen.verdict,
    chosen.section, chosen.feedback, @actor, @at
FROM jsonb_to_recordset(@decisions::jsonb) AS chosen (
    article_id uuid, revision integer, verdict text, section integer, feedback text)
CROSS JOIN LATERAL (
    SELECT max(d.sequence) AS sequence FROM article_decisions AS d
    WHERE d.organization_id = @organization_id AND d.article_id = chosen.article_id
) AS last
WHERE chosen.revision = (
    SELECT max(v.revision) FROM article_versions AS v
    WHERE v.organization_id = @organization_id AND v.article_id = chosen.article_id
)
ON CONFLICT (organization_id, article_id, sequence) DO NOTHING;

-- ArticleDecisionListByArticles returns, of each article, the last decision about the whole text and the last one about
-- a section, with the visit of its version.
-- name: ArticleDecisionListByArticles :many
SELECT DISTINCT ON (d.article_id, d.section IS NULL) sqlc.embed(d), v.visit FROM article_decisions AS d
JOIN article_versions AS v
    ON v.organization_id = d.organization_id AND v.article_id = d.article_id AND v.revision = d.revision
WHERE d.organization_id = @organization_id AND d.article_id = ANY(@article_ids::uuid[])
ORDER BY d.article_id, d.section IS NULL, d.sequence DESC
LIMIT 1000;

-- ArticleDecisionRejections counts the rejections with feedback of each article in one visit.
-- name: ArticleDecisionRejections :many
SELECT d.article_id, count(*) AS rejections FROM article_decisions AS d
JOIN article_versions AS v
    ON v.organization_id = d.organization_id AND v.article_id = d.article_id AND v.revision = d.revision
WHERE d.organization_id = @organization_id AND d.article_id = ANY(@article_ids::uuid[]) AND v.visit = @visit
    AND d.verdict = @rejected AND d.feedback <> ''
GROUP BY d.article_id
ORDER BY d.article_id
LIMIT 1000;
