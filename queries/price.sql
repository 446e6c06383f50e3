-- PriceAdd writes prices into a list: an organization's own, or the operator's, which has no organization and the nil
-- UUID as its list_id. Each ends the open price of the same model, component and size. All ends are written before the
-- first successor, since two prices must not overlap.
-- name: PriceAdd :execrows
WITH wanted AS (
    SELECT unnest(@models::text[]) AS model, unnest(@components::text[]) AS component,
        unnest(@min_prompt_tokens::bigint[]) AS min_prompt_tokens, unnest(@unit_picos::bigint[]) AS unit_pico,
        unnest(@valid_froms::timestamptz[]) AS valid_from
), ended AS (
    UPDATE model_prices AS p SET valid_to = w.valid_from
    FROM wanted AS w
    WHERE p.list_id = @list_id AND p.model = w.model AND p.component = w.component
        AND p.min_prompt_tokens = w.min_prompt_tokens AND p.valid_to IS NULL
    RETURNING p.model, p.component, p.min_prompt_tokens
)
INSERT INTO model_prices (
    organization_id, model, component, min_prompt_tokens, unit_pico, valid_from, source, actor, recorded_at)
SELECT sqlc.narg('organization_id')::uuid, w.model, w.component, w.min_prompt_tokens, w.unit_pico, w.valid_from,
    @source, @actor::actor, @at::timestamptz
FROM wanted AS w
LEFT JOIN ended AS e
    ON e.model = w.model AND e.component = w.component AND e.min_prompt_tokens = w.min_prompt_tokens
ORDER BY e.model, w.model, w.component, w.min_prompt_tokens;

-- PriceCount counts the prices in force at a time, the organization's own and the operator's.
-- name: PriceCount :one
SELECT count(*) FROM model_prices AS p
WHERE p.list_id IN (@operator_list, @organization_id) AND p.valid_from <= @at
    AND (p.valid_to IS NULL OR p.valid_to > @at) AND (@any_model::boolean OR p.model = ANY(@models::text[]));

-- PriceList returns the prices of models in force at a time: the organization's own and the operator's.
-- name: PriceList :many
SELECT p.* FROM model_prices AS p
WHERE p.list_id IN (@operator_list, @organization_id) AND p.model = ANY(@models::text[]) AND p.valid_from <= @at
    AND (p.valid_to IS NULL OR p.valid_to > @at)
ORDER BY p.model, p.component, p.min_prompt_tokens, p.list_id
LIMIT 1000;

-- PriceListAll pages through all versions of all prices by key, for the auditor.
-- name: PriceListAll :many
-- The rule is off: the auditor reads all organizations.
-- @sqlc-vet-disable names-organization
SELECT p.* FROM model_prices AS p
WHERE (p.list_id, p.model, p.component, p.min_prompt_tokens, p.valid_from) > (@after_list_id::uuid, @after_model::text,
    @after_component::text, @after_min_prompt_tokens::bigint, @after_valid_from::timestamptz)
ORDER BY p.list_id, p.model, p.component, p.min_prompt_tokens, p.valid_from
LIMIT @page_size;

-- PriceListOpen returns the prices without an end, including announced ones. A new price follows one of these.
-- name: PriceListOpen :many
SELECT p.* FROM model_prices AS p
WHERE p.list_id IN (@operator_list, @organization_id) AND p.valid_to IS NULL
ORDER BY p.model, p.component, p.min_prompt_tokens, p.list_id
LIMIT @page_size;

-- PriceListValid pages through all prices in force at a time, the organization's own and the operator's, by key.
-- name: PriceListValid :many
SELECT p.* FROM model_prices AS p
WHERE p.list_id IN (@operator_list, @organization_id) AND p.valid_from <= @at
    AND (p.valid_to IS NULL OR p.valid_to > @at) AND (@any_model::boolean OR p.model = ANY(@models::text[]))
    AND (p.model, p.component, p.min_prompt_tokens, p.list_id)
        > (@after_model::text, @after_component::text, @after_min_prompt_tokens::bigint, @after_list_id::uuid)
ORDER BY p.model, p.component, p.min_prompt_tokens, p.list_id
LIMIT @page_size;

-- PriceListValidDescending is PriceListValid from the other end; from_end has no cursor.
-- name: PriceListValidDescending :many
SELECT p.* FROM model_prices AS p
WHERE p.list_id IN (@operator_list, @organization_id) AND p.valid_from <= @at
    AND (p.valid_to IS NULL OR p.valid_to > @at) AND (@any_model::boolean OR p.model = ANY(@models::text[]))
    AND (@from_end::boolean OR (p.model, p.component, p.min_prompt_tokens, p.list_id)
        < (@before_model::text, @before_component::text, @before_min_prompt_tokens::bigint, @before_list_id::uuid))
ORDER BY p.model DESC, p.component DESC, p.min_prompt_tokens DESC, p.list_id DESC
LIMIT @page_size;

-- PriceLock locks a list until the transaction ends. Two lists with equal hashes wait for each other without need.
-- name: PriceLock :exec
-- The rule is off: it reads no table; the lock is named by the organization.
-- @sqlc-vet-disable names-organization
SELECT pg_advisory_xact_lock(@class::integer, hashtext(@organization_id::text));
