package engine

import (
	"context"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
)

// ModelDifference is a difference for the calls that one model has answered; Model is "" for calls without an answer.
type ModelDifference struct {
	Model string
	cost.Difference
}

// AlertDifferencesInput names the differences between the ledger and a provider's figures. Organization is nil when
// they are not of one organization's calls alone.
type AlertDifferencesInput struct {
	Organization *uuid.UUID
	Differences  []ModelDifference
}

// AlertDifferences writes one alert for each difference. It goes to the organization, or to the operator without one,
// since a provider does not name the organizations of its calls.
func (e *Engine) AlertDifferences(ctx context.Context, in AlertDifferencesInput) error {
	if len(in.Differences) == 0 {
		return nil
	}
	at := e.now()
	alerts := make([]cost.Alert, len(in.Differences))
	for i, d := range in.Differences {
		alerts[i] = cost.Alert{
			Kind:       cost.AlertDifference,
			At:         at,
			Model:      d.Model,
			Difference: &d.Difference,
		}
		if in.Organization != nil {
			alerts[i].OrganizationID = *in.Organization
		}
	}
	return e.store.InTx(ctx, func(tx *postgres.Store) error { return e.alert(ctx, tx, alerts...) })
}
