-- ArticleVersionCount returns the number of versions of each article that has some.
-- name: ArticleVersionCount :many
SELECT v.article_id, count(*) AS versions FROM article_versions AS v
WHERE v.organization_id = @organization_id AND v.article_id = ANY(@article_ids::uuid[])
GROUP BY v.article_id
ORDER BY v.article_id
LIMIT 1000;

-- ArticleVersionInsert writes the next version of an article of a visit. A text that was made from a version needs that
-- version to be the last one; a text that was written from the brief needs that no person has written in this visit.
-- Of two writers at once one gets the revision. No row: the text is not the next version.
-- name: ArticleVersionInsert :one
WITH last AS (
    SELECT v.revision, v.visit, v.author_kind FROM article_versions AS v
    WHERE v.organization_id = @organization_id AND v.article_id = @article_id
    ORDER BY v.revision DESC
    LIMIT 1
)
INSERT INTO article_versions (
    organization_id, article_id, revision, workflow_id, visit, previous_author, previous_visit, based_on, title,
    meta_description, markdown, digest, words, fingerprint, checks, needs_review, mode, brand_revision, author_kind,
    is_synthetic, actor, reason, created_at)
SELECT a.organization_id, a.article_id, coalesce(l.revision, 0) + 1, a.workflow_id, a.visit, l.author_kind, l.visit,
    sqlc.narg('based_on')::integer, @title, @meta_description, @markdown::text,
    sha256(convert_to(@markdown::text, 'UTF8')), @words, @fingerprint, @checks, @needs_review, @mode,
    sqlc.narg('brand_revision'), @author_kind, @is_synthetic, @actor, @reason, @at
FROM articles AS a
LEFT JOIN last AS l ON true
WHERE a.organization_id = @organization_id AND a.workflow_id = @workflow_id AND a.visit = @visit
    AND a.article_id = @article_id
    AND CASE WHEN sqlc.narg('based_on')::integer IS NULL
        THEN l.author_kind IS DISTINCT FROM @person::text OR l.visit <> a.visit
        ELSE l.revision = sqlc.narg('based_on')::integer AND l.visit = a.visit END
ON CONFLICT (organization_id, article_id, revision) DO NOTHING
RETURNING *;

-- ArticleVersionLastActor returns the last person who changed one of some texts: the author of a version, or the person
-- who had a section of it rewritten. Each text counts up to its revision and since its visit began.
-- name: ArticleVersionLastActor :one
WITH wanted AS (
    SELECT unnest(@article_ids::uuid[]) AS article_id, unnest(@revisions::integer[]) AS revision
), approved AS (
    SELECT v.organization_id, v.article_id, v.revision, v.visit FROM wanted
    JOIN article_versions AS v ON v.organization_id = @organization_id AND v.article_id = wanted.article_id
        AND v.revision = wanted.revision
)
SELECT c.actor::text AS actor FROM (
    SELECT v.actor, v.created_at AS changed_at, v.article_id, v.revision FROM approved AS a
    JOIN article_versions AS v ON v.organization_id = a.organization_id AND v.article_id = a.article_id
        AND v.visit = a.visit AND v.revision <= a.revision
    WHERE v.author_kind = @person
    UNION ALL
    SELECT d.actor, d.decided_at, d.article_id, d.revision FROM approved AS a
    JOIN article_decisions AS d ON d.organization_id = a.organization_id AND d.article_id = a.article_id
        AND d.revision < a.revision
    JOIN article_versions AS v ON v.organization_id = d.organization_id AND v.article_id = d.article_id
        AND v.revision = d.revision AND v.visit = a.visit
    WHERE d.verdict = @rewrite_section
) AS c
ORDER BY c.changed_at DESC, c.article_id, c.revision DESC
LIMIT 1;

-- ArticleVersionListByArticle returns the versions of an article, the newest first, before a revision.
-- name: ArticleVersionListByArticle :many
SELECT v.* FROM article_versions AS v
WHERE v.organization_id = @organization_id AND v.article_id = @article_id AND v.revision < @before_revision
ORDER BY v.revision DESC
LIMIT @page_size;

-- ArticleVersionListByArticles returns a page of the versions of each article: those after a revision in ascending
-- order, or with @backward those before it in descending order.
-- name: ArticleVersionListByArticles :many
SELECT v.* FROM unnest(@article_ids::uuid[]) AS wanted (article_id)
CROSS JOIN LATERAL (
    SELECT w.* FROM article_versions AS w
    WHERE w.organization_id = @organization_id AND w.article_id = wanted.article_id
        AND CASE WHEN @backward::boolean THEN w.revision < @from_revision::integer
            ELSE w.revision > @from_revision::integer END
    ORDER BY CASE WHEN @backward::boolean THEN -w.revision ELSE w.revision END
    LIMIT @page_size
) AS v
ORDER BY v.article_id, CASE WHEN @backward::boolean THEN -v.revision ELSE v.revision END
LIMIT 5000;

-- ArticleVersionListFingerprints returns the fingerprints of the last versions of the organization's newest other
-- articles.
-- name: ArticleVersionListFingerprints :many
SELECT f.fingerprint FROM (
    SELECT DISTINCT ON (v.article_id) v.article_id, v.fingerprint, v.created_at FROM article_versions AS v
    WHERE v.organization_id = @organization_id AND v.article_id <> @article_id
    ORDER BY v.article_id, v.revision DESC
) AS f
ORDER BY f.created_at DESC, f.article_id
LIMIT @page_size;

-- ArticleVersionListLast returns the last version of each article of some visits, without its text.
-- name: ArticleVersionListLast :many
WITH wanted AS (
    SELECT unnest(@workflow_ids::uuid[]) AS workflow_id, unnest(@visits::integer[]) AS visit
)
SELECT DISTINCT ON (v.article_id) v.article_id, v.revision, v.workflow_id, v.visit, v.based_on, v.title,
    v.meta_description, v.words, v.fingerprint, v.checks, v.needs_review, v.mode, v.brand_revision, v.author_kind,
    v.is_synthetic, v.actor, v.reason, v.created_at
FROM wanted
JOIN article_versions AS v
    ON v.organization_id = @organization_id AND v.workflow_id = wanted.workflow_id AND v.visit = wanted.visit
ORDER BY v.article_id, v.revision DESC
LIMIT @page_size;

-- ArticleVersionListLastByArticles returns the last version of each article in a visit, without its text.
-- name: ArticleVersionListLastByArticles :many
WITH wanted AS (
    SELECT unnest(@article_ids::uuid[]) AS article_id, unnest(@visits::integer[]) AS visit
)
SELECT DISTINCT ON (v.article_id) v.article_id, v.revision, v.workflow_id, v.visit, v.based_on, v.title,
    v.meta_description, v.words, v.fingerprint, v.checks, v.needs_review, v.mode, v.brand_revision, v.author_kind,
    v.is_synthetic, v.actor, v.reason, v.created_at
FROM wanted
JOIN article_versions AS v
    ON v.organization_id = @organization_id AND v.article_id = wanted.article_id AND v.visit = wanted.visit
ORDER BY v.article_id, v.revision DESC
LIMIT @page_size;

-- ArticleVersionListTexts returns the texts of versions: of each article the one of its revision.
-- name: ArticleVersionListTexts :many
WITH wanted AS (
    SELECT unnest(@article_ids::uuid[]) AS article_id, unnest(@revisions::integer[]) AS revision
)
SELECT v.article_id, v.revision, v.markdown FROM wanted
JOIN article_versions AS v
    ON v.organization_id = @organization_id AND v.article_id = wanted.article_id AND v.revision = wanted.revision
ORDER BY v.article_id, v.revision
LIMIT 1000;
