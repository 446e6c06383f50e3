-- PartCostListMedians returns the median cost of the organization's last calls of each kind of part and model. The two lists
-- name them together; without a call there is no row.
-- name: PartCostListMedians :many
SELECT wanted.kind::text AS kind, wanted.model::text AS model, count(*) AS calls,
    percentile_disc(0.5) WITHIN GROUP (ORDER BY last.cost_pico)::bigint AS median
FROM (SELECT unnest(@kinds::text[]) AS kind, unnest(@models::text[]) AS model) AS wanted
CROSS JOIN LATERAL (
    SELECT c.cost_pico::bigint AS cost_pico FROM ai_calls AS c
    WHERE c.organization_id = @organization_id AND c.part_key IS NOT NULL AND c.cost_pico IS NOT NULL
        AND split_part(c.part_key, '/', 1) = wanted.kind AND c.answered_model = wanted.model
    ORDER BY c.ended_at DESC
    LIMIT @samples
) AS last
GROUP BY wanted.kind, wanted.model
ORDER BY wanted.kind, wanted.model
LIMIT 1000;
