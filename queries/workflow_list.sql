-- WorkflowListByCreated pages through the organization's workflows, the oldest first, after the cursor (after_at,
-- after_id).
-- name: WorkflowListByCreated :many
SELECT w.* FROM intent_workflows AS w
WHERE w.organization_id = @organization_id AND (w.created_at, w.id) > (@after_at::timestamptz, @after_id::uuid)
    AND (cardinality(@states::text[]) = 0 OR w.state = ANY(@states::text[]))
    AND strpos(lower(w.name), lower(@name_contains::text)) > 0 - (@name_contains::text = '')::int
    AND w.created_at >= @created_from AND w.created_at < @created_to
    AND (@created_by::text = '' OR w.created_by = @created_by::text)
    AND w.updated_at < @updated_before
    AND (@spend_at_least::bigint = 0 OR EXISTS (
        SELECT FROM usage_accounts AS u
        WHERE u.organization_id = w.organization_id AND u.id = w.id AND u.settled_pico >= @spend_at_least::bigint
    ))
    AND (coalesce(cardinality(@ids::uuid[]), 0) = 0 OR w.id = ANY(@ids::uuid[]))
    AND (cardinality(@run_activities::text[]) = 0
        OR coalesce(run_activity(w.organization_id, w.id, w.version, w.state), '') = ANY(@run_activities::text[]))
ORDER BY w.organization_id, w.created_at, w.id
LIMIT @page_size;

-- WorkflowListByCreatedDescending is WorkflowListByCreated with the newest first.
-- name: WorkflowListByCreatedDescending :many
SELECT w.* FROM intent_workflows AS w
WHERE w.organization_id = @organization_id AND (w.created_at, w.id) < (@after_at::timestamptz, @after_id::uuid)
    AND (cardinality(@states::text[]) = 0 OR w.state = ANY(@states::text[]))
    AND strpos(lower(w.name), lower(@name_contains::text)) > 0 - (@name_contains::text = '')::int
    AND w.created_at >= @created_from AND w.created_at < @created_to
    AND (@created_by::text = '' OR w.created_by = @created_by::text)
    AND w.updated_at < @updated_before
    AND (@spend_at_least::bigint = 0 OR EXISTS (
        SELECT FROM usage_accounts AS u
        WHERE u.organization_id = w.organization_id AND u.id = w.id AND u.settled_pico >= @spend_at_least::bigint
    ))
    AND (coalesce(cardinality(@ids::uuid[]), 0) = 0 OR w.id = ANY(@ids::uuid[]))
    AND (cardinality(@run_activities::text[]) = 0
        OR coalesce(run_activity(w.organization_id, w.id, w.version, w.state), '') = ANY(@run_activities::text[]))
ORDER BY w.organization_id DESC, w.created_at DESC, w.id DESC
LIMIT @page_size;

-- WorkflowListByIds returns workflows of the organization.
-- name: WorkflowListByIds :many
SELECT w.* FROM intent_workflows AS w
WHERE w.organization_id = @organization_id AND w.id = ANY(@ids::uuid[])
ORDER BY w.id
LIMIT 1000;

-- WorkflowListByName is WorkflowListByCreated by name, which is unique in the organization.
-- name: WorkflowListByName :many
SELECT w.* FROM intent_workflows AS w
WHERE w.organization_id = @organization_id AND w.name > @after_name::text
    AND (cardinality(@states::text[]) = 0 OR w.state = ANY(@states::text[]))
    AND strpos(lower(w.name), lower(@name_contains::text)) > 0 - (@name_contains::text = '')::int
    AND w.created_at >= @created_from AND w.created_at < @created_to
    AND (@created_by::text = '' OR w.created_by = @created_by::text)
    AND w.updated_at < @updated_before
    AND (@spend_at_least::bigint = 0 OR EXISTS (
        SELECT FROM usage_accounts AS u
        WHERE u.organization_id = w.organization_id AND u.id = w.id AND u.settled_pico >= @spend_at_least::bigint
    ))
    AND (coalesce(cardinality(@ids::uuid[]), 0) = 0 OR w.id = ANY(@ids::uuid[]))
    AND (cardinality(@run_activities::text[]) = 0
        OR coalesce(run_activity(w.organization_id, w.id, w.version, w.state), '') = ANY(@run_activities::text[]))
ORDER BY w.organization_id, w.name
LIMIT @page_size;

-- WorkflowListByNameDescending is WorkflowListByName from the other end; from_end has no cursor.
-- name: WorkflowListByNameDescending :many
SELECT w.* FROM intent_workflows AS w
WHERE w.organization_id = @organization_id AND (@from_end::boolean OR w.name < @after_name::text)
    AND (cardinality(@states::text[]) = 0 OR w.state = ANY(@states::text[]))
    AND strpos(lower(w.name), lower(@name_contains::text)) > 0 - (@name_contains::text = '')::int
    AND w.created_at >= @created_from AND w.created_at < @created_to
    AND (@created_by::text = '' OR w.created_by = @created_by::text)
    AND w.updated_at < @updated_before
    AND (@spend_at_least::bigint = 0 OR EXISTS (
        SELECT FROM usage_accounts AS u
        WHERE u.organization_id = w.organization_id AND u.id = w.id AND u.settled_pico >= @spend_at_least::bigint
    ))
    AND (coalesce(cardinality(@ids::uuid[]), 0) = 0 OR w.id = ANY(@ids::uuid[]))
    AND (cardinality(@run_activities::text[]) = 0
        OR coalesce(run_activity(w.organization_id, w.id, w.version, w.state), '') = ANY(@run_activities::text[]))
ORDER BY w.organization_id DESC, w.name DESC
LIMIT @page_size;

-- WorkflowListBySpend is WorkflowListByCreated by the settled amount, the smallest first. It sorts the workflows that the
-- filter chooses: an index on the amount would slow each settlement down.
-- name: WorkflowListBySpend :many
SELECT sqlc.embed(w), a.settled_pico FROM intent_workflows AS w
JOIN usage_accounts AS a ON a.organization_id = w.organization_id AND a.id = w.id
WHERE w.organization_id = @organization_id AND (a.settled_pico, w.id) > (@after_pico::bigint, @after_id::uuid)
    AND (cardinality(@states::text[]) = 0 OR w.state = ANY(@states::text[]))
    AND strpos(lower(w.name), lower(@name_contains::text)) > 0 - (@name_contains::text = '')::int
    AND w.created_at >= @created_from AND w.created_at < @created_to
    AND (@created_by::text = '' OR w.created_by = @created_by::text)
    AND w.updated_at < @updated_before
    AND (@spend_at_least::bigint = 0 OR EXISTS (
        SELECT FROM usage_accounts AS u
        WHERE u.organization_id = w.organization_id AND u.id = w.id AND u.settled_pico >= @spend_at_least::bigint
    ))
    AND (coalesce(cardinality(@ids::uuid[]), 0) = 0 OR w.id = ANY(@ids::uuid[]))
    AND (cardinality(@run_activities::text[]) = 0
        OR coalesce(run_activity(w.organization_id, w.id, w.version, w.state), '') = ANY(@run_activities::text[]))
ORDER BY a.settled_pico, w.id
LIMIT @page_size;

-- WorkflowListBySpendDescending is WorkflowListBySpend with the largest first.
-- name: WorkflowListBySpendDescending :many
SELECT sqlc.embed(w), a.settled_pico FROM intent_workflows AS w
JOIN usage_accounts AS a ON a.organization_id = w.organization_id AND a.id = w.id
WHERE w.organization_id = @organization_id AND (a.settled_pico, w.id) < (@after_pico::bigint, @after_id::uuid)
    AND (cardinality(@states::text[]) = 0 OR w.state = ANY(@states::text[]))
    AND strpos(lower(w.name), lower(@name_contains::text)) > 0 - (@name_contains::text = '')::int
    AND w.created_at >= @created_from AND w.created_at < @created_to
    AND (@created_by::text = '' OR w.created_by = @created_by::text)
    AND w.updated_at < @updated_before
    AND (@spend_at_least::bigint = 0 OR EXISTS (
        SELECT FROM usage_accounts AS u
        WHERE u.organization_id = w.organization_id AND u.id = w.id AND u.settled_pico >= @spend_at_least::bigint
    ))
    AND (coalesce(cardinality(@ids::uuid[]), 0) = 0 OR w.id = ANY(@ids::uuid[]))
    AND (cardinality(@run_activities::text[]) = 0
        OR coalesce(run_activity(w.organization_id, w.id, w.version, w.state), '') = ANY(@run_activities::text[]))
ORDER BY a.settled_pico DESC, w.id DESC
LIMIT @page_size;

-- WorkflowListByUpdated is WorkflowListByCreated by the time of the last transition, the oldest first.
-- name: WorkflowListByUpdated :many
SELECT w.* FROM intent_workflows AS w
WHERE w.organization_id = @organization_id AND (w.updated_at, w.id) > (@after_at::timestamptz, @after_id::uuid)
    AND (cardinality(@states::text[]) = 0 OR w.state = ANY(@states::text[]))
    AND strpos(lower(w.name), lower(@name_contains::text)) > 0 - (@name_contains::text = '')::int
    AND w.created_at >= @created_from AND w.created_at < @created_to
    AND (@created_by::text = '' OR w.created_by = @created_by::text)
    AND w.updated_at < @updated_before
    AND (@spend_at_least::bigint = 0 OR EXISTS (
        SELECT FROM usage_accounts AS u
        WHERE u.organization_id = w.organization_id AND u.id = w.id AND u.settled_pico >= @spend_at_least::bigint
    ))
    AND (coalesce(cardinality(@ids::uuid[]), 0) = 0 OR w.id = ANY(@ids::uuid[]))
    AND (cardinality(@run_activities::text[]) = 0
        OR coalesce(run_activity(w.organization_id, w.id, w.version, w.state), '') = ANY(@run_activities::text[]))
ORDER BY w.organization_id, w.updated_at, w.id
LIMIT @page_size;

-- WorkflowListByUpdatedDescending is WorkflowListByUpdated with the newest first.
-- name: WorkflowListByUpdatedDescending :many
SELECT w.* FROM intent_workflows AS w
WHERE w.organization_id = @organization_id AND (w.updated_at, w.id) < (@after_at::timestamptz, @after_id::uuid)
    AND (cardinality(@states::text[]) = 0 OR w.state = ANY(@states::text[]))
    AND strpos(lower(w.name), lower(@name_contains::text)) > 0 - (@name_contains::text = '')::int
    AND w.created_at >= @created_from AND w.created_at < @created_to
    AND (@created_by::text = '' OR w.created_by = @created_by::text)
    AND w.updated_at < @updated_before
    AND (@spend_at_least::bigint = 0 OR EXISTS (
        SELECT FROM usage_accounts AS u
        WHERE u.organization_id = w.organization_id AND u.id = w.id AND u.settled_pico >= @spend_at_least::bigint
    ))
    AND (coalesce(cardinality(@ids::uuid[]), 0) = 0 OR w.id = ANY(@ids::uuid[]))
    AND (cardinality(@run_activities::text[]) = 0
        OR coalesce(run_activity(w.organization_id, w.id, w.version, w.state), '') = ANY(@run_activities::text[]))
ORDER BY w.organization_id DESC, w.updated_at DESC, w.id DESC
LIMIT @page_size;

-- WorkflowListCount counts the workflows of a filter, which is that of WorkflowListByCreated.
-- name: WorkflowListCount :one
SELECT count(*) FROM intent_workflows AS w
WHERE w.organization_id = @organization_id
    AND (cardinality(@states::text[]) = 0 OR w.state = ANY(@states::text[]))
    AND strpos(lower(w.name), lower(@name_contains::text)) > 0 - (@name_contains::text = '')::int
    AND w.created_at >= @created_from AND w.created_at < @created_to
    AND (@created_by::text = '' OR w.created_by = @created_by::text)
    AND w.updated_at < @updated_before
    AND (@spend_at_least::bigint = 0 OR EXISTS (
        SELECT FROM usage_accounts AS u
        WHERE u.organization_id = w.organization_id AND u.id = w.id AND u.settled_pico >= @spend_at_least::bigint
    ))
    AND (coalesce(cardinality(@ids::uuid[]), 0) = 0 OR w.id = ANY(@ids::uuid[]))
    AND (cardinality(@run_activities::text[]) = 0
        OR coalesce(run_activity(w.organization_id, w.id, w.version, w.state), '') = ANY(@run_activities::text[]));

-- WorkflowListCountByState counts the workflows of a filter in each state. A condition that chooses all is a constant
-- when the statement is planned. Without a condition beside states and creation the index by state answers alone.
-- name: WorkflowListCountByState :many
SELECT w.state, count(*) AS workflows FROM intent_workflows AS w
WHERE w.organization_id = @organization_id
    AND (cardinality(@states::text[]) = 0 OR w.state = ANY(@states::text[]))
    AND (@name_contains::text = '' OR strpos(lower(w.name), lower(@name_contains::text)) > 0)
    AND w.created_at >= @created_from AND w.created_at < @created_to
    AND (@created_by::text = '' OR w.created_by = @created_by::text)
    AND (@any_update::boolean OR w.updated_at < @updated_before)
    AND (@spend_at_least::bigint = 0 OR EXISTS (
        SELECT FROM usage_accounts AS u
        WHERE u.organization_id = w.organization_id AND u.id = w.id AND u.settled_pico >= @spend_at_least::bigint
    ))
    AND (coalesce(cardinality(@ids::uuid[]), 0) = 0 OR w.id = ANY(@ids::uuid[]))
    AND (cardinality(@run_activities::text[]) = 0
        OR coalesce(run_activity(w.organization_id, w.id, w.version, w.state), '') = ANY(@run_activities::text[]))
GROUP BY w.state
ORDER BY w.state
LIMIT 100;

-- WorkflowListCountFromSums returns how many workflows an organization has in each state. A trigger keeps the changes that
-- it adds up (migration 0066), so it takes as long for many workflows as for few.
-- name: WorkflowListCountFromSums :many
SELECT s.state::workflow_state AS state, sum(s.workflows)::bigint AS workflows
FROM workflow_counts AS c
CROSS JOIN LATERAL (VALUES (c.to_state, c.workflows), (c.from_state, -c.workflows)) AS s (state, workflows)
WHERE c.organization_id = @organization_id AND s.state IS NOT NULL
GROUP BY s.state
HAVING sum(s.workflows) <> 0
ORDER BY s.state
LIMIT 100;

-- WorkflowListNamed returns the workflows whose names contain a text of two letters and more, in any order: at most
-- @most. The index of the names' letters serves it, with those letters of the text that are in @letters.
-- name: WorkflowListNamed :one
SELECT ARRAY(
    SELECT n.workflow_id FROM searched_names AS n
    WHERE n.organization_id = @organization_id AND n.grams @> searched_grams(@organization_id, @letters::text)
        AND strpos(lower(n.name), lower(@fragment::text)) > 0
    LIMIT @most
)::uuid[] AS ids;

-- WorkflowListRareLetters looks for a text of two letters and more in the newest @sampled names. The text is frequent when
-- @frequent of them have it. letters are the triples of the text, one after the other, without those that @frequent of the
-- newest names and @frequent of the oldest names have: the index reads all entries of a triple. Without a rarer triple
-- they are the whole text.
-- name: WorkflowListRareLetters :one
WITH newest AS MATERIALIZED (
    SELECT lower(n.name) AS name FROM workflow_names AS n WHERE n.organization_id = @organization_id
    ORDER BY n.organization_id DESC, n.workflow_id DESC LIMIT @sampled
), oldest AS MATERIALIZED (
    SELECT lower(n.name) AS name FROM workflow_names AS n WHERE n.organization_id = @organization_id
    ORDER BY n.organization_id, n.workflow_id LIMIT @sampled
), fragment AS (
    SELECT lower(@fragment::text) AS letters, char_length(lower(@fragment::text)) AS length
), triples AS (
    SELECT substr(f.letters, least(p.place, f.length - 2), 3) AS letters, p.place
    FROM fragment AS f, generate_series(1, least(f.length, 30), 3) AS p (place)
)
SELECT (SELECT count(*) FROM newest WHERE strpos(newest.name, f.letters) > 0) >= @frequent::bigint AS frequent,
    coalesce((
        SELECT string_agg(t.letters, '' ORDER BY t.place) FROM triples AS t
        WHERE (SELECT count(*) FROM newest WHERE strpos(newest.name, t.letters) > 0) < @frequent::bigint
            OR (SELECT count(*) FROM oldest WHERE strpos(oldest.name, t.letters) > 0) < @frequent::bigint
    ), f.letters)::text AS letters
FROM fragment AS f;

-- WorkflowListSelected returns the first workflows of a filter by id, as a batch selects them. The filter is that of
-- WorkflowListByCreated.
-- name: WorkflowListSelected :many
SELECT w.id, w.state, w.version FROM intent_workflows AS w
WHERE w.organization_id = @organization_id
    AND (cardinality(@states::text[]) = 0 OR w.state = ANY(@states::text[]))
    AND (@name_contains::text = '' OR strpos(lower(w.name), lower(@name_contains::text)) > 0)
    AND w.created_at >= @created_from AND w.created_at < @created_to
    AND (@created_by::text = '' OR w.created_by = @created_by::text)
    AND w.updated_at < @updated_before
    AND (@spend_at_least::bigint = 0 OR EXISTS (
        SELECT FROM usage_accounts AS u
        WHERE u.organization_id = w.organization_id AND u.id = w.id AND u.settled_pico >= @spend_at_least::bigint
    ))
    AND (coalesce(cardinality(@ids::uuid[]), 0) = 0 OR w.id = ANY(@ids::uuid[]))
    AND (cardinality(@run_activities::text[]) = 0
        OR coalesce(run_activity(w.organization_id, w.id, w.version, w.state), '') = ANY(@run_activities::text[]))
ORDER BY w.organization_id, w.id
LIMIT @page_size;
