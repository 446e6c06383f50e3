-- SerpSnapshotInsert stores result pages. One that is stored already for its day is left as it is.
-- name: SerpSnapshotInsert :exec
INSERT INTO serp_snapshots (
    organization_id, location_code, language_code, normalised, day, results, provider, is_synthetic, created_at)
SELECT @organization_id, s.location_code, s.language_code, s.normalised, s.day, s.results, s.provider, s.is_synthetic, @at
FROM jsonb_to_recordset(@snapshots::jsonb) AS s (
    location_code integer, language_code text, normalised text, day date, results jsonb, provider text,
    is_synthetic boolean)
ON CONFLICT (organization_id, location_code, language_code, normalised, day) DO NOTHING;

-- SerpSnapshotList returns the last result page of each keyword, none from before a day. The texts are at most 5000: the
-- keywords of a plan and of what it is compared with.
-- name: SerpSnapshotList :many
SELECT DISTINCT ON (s.normalised) s.* FROM serp_snapshots AS s
WHERE s.organization_id = @organization_id AND s.location_code = @location_code AND s.language_code = @language_code
    AND s.normalised = ANY(@texts::text[]) AND s.day >= @since::date
ORDER BY s.normalised, s.day DESC
LIMIT 5000;
