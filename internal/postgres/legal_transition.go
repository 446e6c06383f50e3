package postgres

import (
	"context"

	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/workflow"
)

// LegalTransitions returns the edges of one version of the graph, as the database has them.
func (s *Store) LegalTransitions(ctx context.Context, graphVersion int) ([]workflow.LegalTransition, error) {
	rows, err := s.unscoped().LegalTransitionList(ctx, graphVersion)
	return many(rows, err, func(r dbsqlc.LegalTransition) workflow.LegalTransition {
		return workflow.LegalTransition{From: r.FromState, To: r.ToState, Kind: r.Kind}
	})
}

// LegalUnitMoves returns the moves of units, as the database has them.
func (s *Store) LegalUnitMoves(ctx context.Context) ([]workflow.UnitEdge, error) {
	rows, err := s.unscoped().LegalTransitionListUnitMoves(ctx)
	return many(rows, err, func(r dbsqlc.LegalUnitMove) workflow.UnitEdge {
		return workflow.UnitEdge{From: r.FromState, To: r.ToState, Kind: r.Kind}
	})
}

// LegalPublicationMoves returns the moves of publications, as the database has them.
func (s *Store) LegalPublicationMoves(ctx context.Context) ([]workflow.PublicationEdge, error) {
	rows, err := s.unscoped().LegalTransitionListPublicationMoves(ctx)
	return many(rows, err, func(r dbsqlc.LegalPublicationMove) workflow.PublicationEdge {
		return workflow.PublicationEdge{From: r.FromState, To: r.ToState, Kind: r.Kind}
	})
}
