-- PriceList returns the prices of the models that are valid at a time. Prices belong to no organization.
-- name: PriceList :many
-- @sqlc-vet-disable names-organization
SELECT p.* FROM model_prices AS p
WHERE p.model = ANY(@models::text[]) AND p.valid_from <= @at AND (p.valid_to IS NULL OR p.valid_to > @at)
ORDER BY p.model, p.component, p.min_prompt_tokens
LIMIT 1000;

-- PriceListValid returns all prices that are valid at a time.
-- name: PriceListValid :many
-- @sqlc-vet-disable names-organization
SELECT p.* FROM model_prices AS p
WHERE p.valid_from <= @at AND (p.valid_to IS NULL OR p.valid_to > @at)
ORDER BY p.model, p.component, p.min_prompt_tokens
LIMIT 10000;
