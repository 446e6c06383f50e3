package audit

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
)

// ProviderDay is the charge of a provider for one model on one UTC day.
type ProviderDay struct {
	Day   cost.Day
	Model string
	Calls int64
	Cost  cost.Pico
}

// ReconcileInput selects the calls to compare with the figures of a provider.
type ReconcileInput struct {
	// Days are whole days by UTC, as providers count. A day that is not over is INVALID_INPUT.
	Days cost.Days
	// Provider is the name that the calls are booked under.
	Provider string
	// Organization limits the ledger's side to one organization, for a key that is that organization's alone. NOT_FOUND
	// when there is none.
	Organization *uuid.UUID
	// Figures are the provider's. Those of other days are ignored.
	Figures []ProviderDay
	// Tolerance is how far two amounts may be apart and count as equal, since a provider's sum is a rounded number.
	Tolerance cost.Pico
}

// ReconciledDay is one model on one day, on both sides. Model is "" for calls without an answer, which the ledger has
// booked with their hold.
type ReconciledDay struct {
	Day                   cost.Day
	Model                 string
	CallsHere, CallsThere int64
	Here, There           cost.Pico
	// Difference is There − Here: positive when the provider has charged more than the ledger has.
	Difference cost.Pico
	Equal      bool
}

// Reconciliation has every model and day of either side, by day and model.
type Reconciliation struct {
	Days []ReconciledDay
	// Open are the calls of these days without an outcome, with their holds. The ledger has booked nothing for them,
	// so a charge of the provider for them is among the differences.
	Open int64
	Held cost.Pico
	// Here and There are the sums of all days.
	Here, There cost.Pico
}

// Differences returns the days that are not equal.
func (r Reconciliation) Differences() []ReconciledDay {
	return slices.DeleteFunc(slices.Clone(r.Days), func(d ReconciledDay) bool { return d.Equal })
}

// Reconcile compares the booked costs of a provider's calls with the provider's figures, by the day of their dispatch
// and the model that answered.
func (a *Auditor) Reconcile(ctx context.Context, in ReconcileInput) (Reconciliation, error) {
	if err := in.Days.Check(nil); err != nil {
		return Reconciliation{}, err
	}
	if today := cost.NewDay(a.now()); in.Days.To > today {
		return Reconciliation{}, fault.Invalid([]string{"to"}, "%s is not over by UTC: it can be compared from %s on.",
			in.Days.To-1, in.Days.To)
	}
	if in.Organization != nil {
		if _, err := a.organization(ctx, *in.Organization); err != nil {
			return Reconciliation{}, err
		}
	}
	served, err := a.store.Served(ctx, postgres.ServedQuery{
		Provider:     in.Provider,
		Organization: in.Organization,
		From:         in.Days.From.Date(),
		To:           in.Days.To.Date(),
	})
	if err != nil {
		return Reconciliation{}, fmt.Errorf("add up the calls of %s: %w", in.Provider, err)
	}
	return reconcile(in, served)
}

// reconcile joins both sides.
func reconcile(in ReconcileInput, served []postgres.ServedDay) (r Reconciliation, err error) {
	type key struct {
		day   cost.Day
		model string
	}
	days := map[key]*ReconciledDay{}
	at := func(day cost.Day, model string) *ReconciledDay {
		k := key{day, model}
		if days[k] == nil {
			days[k] = &ReconciledDay{Day: day, Model: model}
		}
		return days[k]
	}
	sum := func(to *cost.Pico, amount cost.Pico) {
		if err == nil {
			*to, err = to.Add(amount)
		}
	}
	for _, s := range served {
		r.Open += s.Open
		sum(&r.Held, s.Held)
		if s.Calls == 0 {
			continue
		}
		day := at(s.Day, s.Model)
		day.CallsHere += s.Calls
		sum(&day.Here, s.Booked)
		sum(&r.Here, s.Booked)
	}
	for _, f := range in.Figures {
		if f.Day < in.Days.From || f.Day >= in.Days.To {
			continue
		}
		day := at(f.Day, f.Model)
		day.CallsThere += f.Calls
		sum(&day.There, f.Cost)
		sum(&r.There, f.Cost)
	}
	for _, day := range days {
		if err == nil {
			day.Difference, err = day.There.Sub(day.Here)
		}
		day.Equal = day.CallsHere == day.CallsThere && day.Difference <= in.Tolerance && -day.Difference <= in.Tolerance
		r.Days = append(r.Days, *day)
	}
	slices.SortFunc(r.Days, func(a, b ReconciledDay) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Model, b.Model))
	})
	return r, err
}
