package postgres

import (
	"context"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// PartKind is a kind of paid answer with the model that gives it.
type PartKind struct{ Kind, Model string }

// PartCosts returns what the organization has paid for its last calls of each kind of part and model. It reads at most
// samples calls of each. A kind without a call is not in the answer.
func (s *Store) PartCosts(
	ctx context.Context, who caller.Caller, kinds []PartKind, samples int32,
) (map[PartKind]cost.Sample, error) {
	in := dbsqlc.PartCostListMediansParams{OrganizationID: who.OrganizationID, Samples: samples}
	for _, k := range kinds {
		in.Kinds, in.Models = append(in.Kinds, k.Kind), append(in.Models, k.Model)
	}
	rows, err := s.forTenantCustomPlan(who.OrganizationID).PartCostListMedians(ctx, in)
	if err != nil {
		return nil, translate(err)
	}
	costs := make(map[PartKind]cost.Sample, len(rows))
	for _, r := range rows {
		costs[PartKind{r.Kind, r.Model}] = cost.Sample{Calls: r.Calls, Median: cost.Pico(r.Median)}
	}
	return costs, nil
}
