-- BatchResultCount counts the results of a batch with one of some outcomes.
-- name: BatchResultCount :one
SELECT count(*) FROM batch_results AS r
WHERE r.organization_id = @organization_id AND r.batch_id = @batch_id AND r.outcome = ANY(@outcomes::text[]);
