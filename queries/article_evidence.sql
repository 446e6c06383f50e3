-- ArticleEvidenceInsert writes the evidence of an article. A number that is there already stays as it is.
-- name: ArticleEvidenceInsert :exec
INSERT INTO article_evidence (
    organization_id, workflow_id, visit, article_id, number, url_sha256, fetched_at, page_sha256, quote, created_at)
SELECT @organization_id, @workflow_id, @visit, @article_id, e.number, sha256(convert_to(e.url, 'UTF8')), e.fetched_at,
    p.text_sha256, e.quote, @at
FROM jsonb_to_recordset(@evidence::jsonb) AS e (number integer, url text, fetched_at timestamptz, quote text)
JOIN pages AS p ON p.organization_id = @organization_id AND p.url_sha256 = sha256(convert_to(e.url, 'UTF8'))
    AND p.fetched_at = e.fetched_at
ON CONFLICT (organization_id, workflow_id, visit, article_id, number) DO NOTHING;

-- ArticleEvidenceListAll returns a part of the evidence of all organizations with the texts of the pages.
-- name: ArticleEvidenceListAll :many
-- The rule is off: the auditor reads all organizations.
-- @sqlc-vet-disable names-organization
SELECT e.organization_id, e.workflow_id, e.article_id, e.visit, e.number, e.quote, p.text
FROM article_evidence AS e
JOIN pages AS p ON p.organization_id = e.organization_id AND p.url_sha256 = e.url_sha256
    AND p.fetched_at = e.fetched_at
WHERE (e.organization_id, e.workflow_id, e.visit, e.article_id, e.number)
    > (@after_organization_id::uuid, @after_workflow_id::uuid, @after_visit::integer, @after_article_id::uuid,
        @after_number::integer)
ORDER BY e.organization_id, e.workflow_id, e.visit, e.article_id, e.number
LIMIT @page_size;

-- ArticleEvidenceListByArticles returns the evidence of articles in some visits, with the pages' addresses and titles.
-- name: ArticleEvidenceListByArticles :many
WITH wanted AS (
    SELECT unnest(@article_ids::uuid[]) AS article_id, unnest(@visits::integer[]) AS visit
)
SELECT e.article_id, e.visit, e.number, e.quote, e.fetched_at, p.url, p.title
FROM wanted
JOIN article_evidence AS e
    ON e.organization_id = @organization_id AND e.article_id = wanted.article_id AND e.visit = wanted.visit
JOIN pages AS p ON p.organization_id = e.organization_id AND p.url_sha256 = e.url_sha256
    AND p.fetched_at = e.fetched_at
ORDER BY e.article_id, e.visit, e.number
LIMIT @page_size;
