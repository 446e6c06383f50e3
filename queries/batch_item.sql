-- BatchItemList pages through the items of a batch with their results, from the cursor position on. Empty outcomes
-- choose all items, and '' chooses those without a result.
-- name: BatchItemList :many
SELECT i.position, i.workflow_id, i.step, sqlc.embed(w), coalesce(r.outcome, '')::text AS outcome,
    coalesce(r.code, '')::text AS code, coalesce(r.message, '')::text AS message, r.version, r.sequence, r.occurred_at,
    coalesce(r.succeeded, 0)::integer AS succeeded
FROM batch_items AS i
JOIN intent_workflows AS w ON w.organization_id = i.organization_id AND w.id = i.workflow_id
LEFT JOIN batch_results AS r
    ON r.organization_id = i.organization_id AND r.batch_id = i.batch_id AND r.position = i.position
WHERE i.organization_id = @organization_id AND i.batch_id = @batch_id
    AND CASE WHEN @ascending::boolean THEN i.position > @cursor_position::integer
        ELSE i.position < @cursor_position::integer END
    AND (cardinality(@outcomes::text[]) = 0 OR coalesce(r.outcome, '') = ANY(@outcomes::text[]))
ORDER BY CASE WHEN @ascending::boolean THEN i.position END, CASE WHEN NOT @ascending::boolean THEN i.position END DESC
LIMIT @page_size;
