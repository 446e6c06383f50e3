-- LegalTransitionList returns the edges of one version of the graph.
-- name: LegalTransitionList :many
-- The rule is off: the graph is the same for all.
-- @sqlc-vet-disable names-organization
SELECT l.* FROM legal_transitions AS l WHERE l.graph_version = @graph_version
ORDER BY l.from_state, l.to_state
LIMIT 1000;

-- LegalTransitionListPublicationMoves returns the moves of publications.
-- name: LegalTransitionListPublicationMoves :many
-- The rule is off: the moves are the same for all.
-- @sqlc-vet-disable names-organization
SELECT l.* FROM legal_publication_moves AS l
ORDER BY l.from_state, l.to_state, l.kind
LIMIT 1000;

-- LegalTransitionListUnitMoves returns the moves of units.
-- name: LegalTransitionListUnitMoves :many
-- The rule is off: the moves are the same for all.
-- @sqlc-vet-disable names-organization
SELECT l.* FROM legal_unit_moves AS l
ORDER BY l.from_state, l.to_state, l.kind
LIMIT 1000;
