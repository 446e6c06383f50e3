package audit

import (
	"context"
	"fmt"
)

// maxPerKind limits the findings of one kind.
const maxPerKind = 100

// usage sums the ledger again and compares it with the counts of each day.
func (v *verification) usage(ctx context.Context) error {
	drifts, err := v.store.UsageDrifts(ctx, maxPerKind)
	if err != nil {
		return err
	}
	for _, d := range drifts {
		v.report(fmt.Sprintf("usage_days account %s on %s", d.AccountID, d.Day),
			"of the calls of %s that %q answered and that are %s it counts %s, the ledger says %s, or their numbers differ",
			d.Step, d.Model, d.Outcome, d.Counted, d.Booked)
	}
	return nil
}
