-- PageInsert stores pages. One that is stored already for its time stays as it is.
-- name: PageInsert :exec
INSERT INTO pages (organization_id, url_sha256, fetched_at, url, title, text, text_sha256)
SELECT @organization_id, sha256(convert_to(p.url, 'UTF8')), @at, p.url, p.title, p.text,
    sha256(convert_to(p.text, 'UTF8'))
FROM jsonb_to_recordset(@pages::jsonb) AS p (url text, title text, text text)
ON CONFLICT (organization_id, url_sha256, fetched_at) DO NOTHING;

-- PageList returns the last reading of each address since a time.
-- name: PageList :many
SELECT DISTINCT ON (p.url_sha256) p.* FROM pages AS p
JOIN (SELECT DISTINCT sha256(convert_to(w.url, 'UTF8')) AS url_sha256 FROM unnest(@urls::text[]) AS w (url)) AS wanted
    ON p.organization_id = @organization_id AND p.url_sha256 = wanted.url_sha256
WHERE p.fetched_at >= @since::timestamptz
ORDER BY p.url_sha256, p.fetched_at DESC
LIMIT 1000;

-- PageListAt returns pages as they were read at some times.
-- name: PageListAt :many
SELECT p.* FROM (
    SELECT sha256(convert_to(unnest(@urls::text[]), 'UTF8')) AS url_sha256,
        unnest(@times::timestamptz[]) AS fetched_at
) AS wanted
JOIN pages AS p ON p.organization_id = @organization_id AND p.url_sha256 = wanted.url_sha256
    AND p.fetched_at = wanted.fetched_at
ORDER BY p.url, p.fetched_at
LIMIT 1000;
