-- ProposalAdd writes doubtful prices of a list as proposals. A compared price below zero means that there was none.
-- name: ProposalAdd :execrows
INSERT INTO model_price_proposals (
    id, organization_id, model, component, min_prompt_tokens, unit_pico, compared_pico, doubt, source, actor,
    proposed_at, state)
SELECT unnest(@ids::uuid[]), sqlc.narg('organization_id')::uuid, unnest(@models::text[]), unnest(@components::text[]),
    unnest(@min_prompt_tokens::bigint[]), unnest(@unit_picos::bigint[]), nullif(unnest(@compared_picos::bigint[]), -1),
    unnest(@doubts::text[]), @source, @actor::actor, @at::timestamptz, @pending::proposal_state;

-- ProposalCount counts the proposals of a list in some states.
-- name: ProposalCount :one
SELECT count(*) FROM model_price_proposals AS p
WHERE p.list_id = @organization_id AND p.state = ANY(@states::text[]);

-- ProposalDecide decides one proposal of a list. No row: no such proposal, or decided before.
-- name: ProposalDecide :one
UPDATE model_price_proposals AS p
SET state = @state, decided_by = @actor::actor, reason = @reason, decided_at = @at::timestamptz,
    accepted_from = sqlc.narg('accepted_from')
WHERE p.list_id = @organization_id AND p.id = @id AND p.state = @pending
RETURNING p.*;

-- ProposalGet returns one proposal of a list.
-- name: ProposalGet :one
SELECT p.* FROM model_price_proposals AS p WHERE p.list_id = @organization_id AND p.id = @id;

-- ProposalList pages through the proposals of a list in some states, the oldest first.
-- name: ProposalList :many
SELECT p.* FROM model_price_proposals AS p
WHERE p.list_id = @organization_id AND p.state = ANY(@states::text[])
    AND (p.proposed_at, p.id) > (@after_at::timestamptz, @after_id::uuid)
ORDER BY p.proposed_at, p.id
LIMIT @page_size;

-- ProposalListDescending is ProposalList with the newest first, before the cursor (before_at, before_id).
-- name: ProposalListDescending :many
SELECT p.* FROM model_price_proposals AS p
WHERE p.list_id = @organization_id AND p.state = ANY(@states::text[])
    AND (p.proposed_at, p.id) < (@before_at::timestamptz, @before_id::uuid)
ORDER BY p.proposed_at DESC, p.id DESC
LIMIT @page_size;

-- ProposalSupersede closes pending proposals that a later list has overtaken.
-- name: ProposalSupersede :execrows
UPDATE model_price_proposals AS p
SET state = @superseded, decided_by = @actor::actor, decided_at = @at::timestamptz
WHERE p.list_id = @organization_id AND p.id = ANY(@ids::uuid[]) AND p.state = @pending;
