-- TopicKeywordGet returns one keyword of topic clustering with the page that a person put it on.
-- name: TopicKeywordGet :one
SELECT sqlc.embed(k), coalesce(a.actor, '')::text AS attached_by, a.page_id AS attached_to
FROM topic_keywords AS k
LEFT JOIN keyword_attachments AS a
    ON a.organization_id = k.organization_id AND a.workflow_id = k.workflow_id AND a.visit = k.visit
    AND a.keyword_id = k.id AND NOT EXISTS (
        SELECT FROM keyword_attachments AS l
        WHERE l.organization_id = a.organization_id AND l.workflow_id = a.workflow_id AND l.visit = a.visit
            AND l.keyword_id = a.keyword_id AND l.sequence > a.sequence
    )
WHERE k.organization_id = @organization_id AND k.id = @id;

-- TopicKeywordInsert writes the keywords of one visit.
-- name: TopicKeywordInsert :exec
INSERT INTO topic_keywords (
    organization_id, id, workflow_id, visit, position, seed_id, text, normalised, volume, difficulty, intent, language,
    source, score, dropped, page_id, nearest_topic_id, similarity, is_synthetic, created_at)
SELECT @organization_id, k.id, @workflow_id, @visit, k.position, k.seed_id, k.text, k.normalised, k.volume, k.difficulty,
    k.intent, k.language, k.source, k.score, k.dropped, k.page_id, k.nearest_topic_id, k.similarity, @is_synthetic, @at
FROM jsonb_to_recordset(@keywords::jsonb) AS k (
    id uuid, position integer, seed_id uuid, text text, normalised text, volume integer, difficulty integer, intent text,
    language text, source text, score double precision, dropped text, page_id uuid, nearest_topic_id uuid,
    similarity double precision);

-- TopicKeywordListByVisits returns the keywords of some visits, one for each workflow, in their order, with the page that
-- a person put them on.
-- name: TopicKeywordListByVisits :many
SELECT sqlc.embed(k), coalesce(a.actor, '')::text AS attached_by, a.page_id AS attached_to
FROM (SELECT unnest(@workflow_ids::uuid[]) AS workflow_id, unnest(@visits::integer[]) AS visit) AS wanted
JOIN topic_keywords AS k
    ON k.organization_id = @organization_id AND k.workflow_id = wanted.workflow_id AND k.visit = wanted.visit
LEFT JOIN keyword_attachments AS a
    ON a.organization_id = k.organization_id AND a.workflow_id = k.workflow_id AND a.visit = k.visit
    AND a.keyword_id = k.id AND NOT EXISTS (
        SELECT FROM keyword_attachments AS l
        WHERE l.organization_id = a.organization_id AND l.workflow_id = a.workflow_id AND l.visit = a.visit
            AND l.keyword_id = a.keyword_id AND l.sequence > a.sequence
    )
ORDER BY k.workflow_id, k.position
LIMIT @page_size;
