-- KeywordGet returns one keyword with its current decision.
-- name: KeywordGet :one
SELECT sqlc.embed(k), coalesce(d.choice, '')::text AS choice, coalesce(d.origin, '')::text AS origin,
    coalesce(d.actor, '')::text AS decided_by
FROM keywords AS k
LEFT JOIN LATERAL (
    SELECT c.choice, c.origin, c.actor FROM keyword_decisions AS c
    WHERE c.organization_id = k.organization_id AND c.workflow_id = k.workflow_id AND c.keyword_id = k.id
    ORDER BY c.sequence DESC
    LIMIT 1
) AS d ON true
WHERE k.organization_id = @organization_id AND k.id = @id;

-- KeywordInsert writes the keywords of one visit. A keyword that the visit has already is left as it is.
-- name: KeywordInsert :execrows
INSERT INTO keywords (
    organization_id, id, workflow_id, visit, text, normalised, volume, difficulty, cpc_pico, intent, language, source,
    competitor, score, reasons, similar_to, is_synthetic, created_by, created_at)
SELECT @organization_id, k.id, @workflow_id, @visit, k.text, k.normalised, k.volume, k.difficulty, k.cpc, k.intent,
    k.language, k.source, k.competitor, k.score, k.reasons, k.similar_to, @is_synthetic, @created_by, @at
FROM jsonb_to_recordset(@keywords::jsonb) AS k (
    id uuid, text text, normalised text, volume integer, difficulty integer, cpc bigint, intent text, language text,
    source text, competitor text, score double precision, reasons text[], similar_to text)
ON CONFLICT (organization_id, workflow_id, visit, normalised) DO NOTHING;

-- KeywordList returns the keywords of some visits, one for each workflow, with their current decision, the highest score
-- first.
-- name: KeywordList :many
SELECT sqlc.embed(k), coalesce(d.choice, '')::text AS choice, coalesce(d.origin, '')::text AS origin,
    coalesce(d.actor, '')::text AS decided_by
FROM (SELECT unnest(@workflow_ids::uuid[]) AS workflow_id, unnest(@visits::integer[]) AS visit) AS wanted
JOIN keywords AS k
    ON k.organization_id = @organization_id AND k.workflow_id = wanted.workflow_id AND k.visit = wanted.visit
LEFT JOIN LATERAL (
    SELECT c.choice, c.origin, c.actor FROM keyword_decisions AS c
    WHERE c.organization_id = k.organization_id AND c.workflow_id = k.workflow_id AND c.keyword_id = k.id
    ORDER BY c.sequence DESC
    LIMIT 1
) AS d ON true
ORDER BY k.workflow_id, k.score DESC, k.id
LIMIT @page_size;

-- KeywordListChosenBefore returns the last decision about each normalised text of the workflow's older visits.
-- name: KeywordListChosenBefore :many
SELECT DISTINCT ON (k.normalised) k.normalised, k.text, d.choice, d.actor, d.reason
FROM keyword_decisions AS d
JOIN keywords AS k ON k.organization_id = d.organization_id AND k.id = d.keyword_id
WHERE d.organization_id = @organization_id AND d.workflow_id = @workflow_id AND d.visit < @visit
ORDER BY k.normalised, d.sequence DESC
LIMIT 5000;
