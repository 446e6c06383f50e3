package audit

import (
	"context"
	"fmt"
)

// driftsTold is how many rows of one kind a finding is made for; where there are more, the first say enough.
const driftsTold = 100

// usage adds up the ledger again and compares it with what was counted for each day.
func (v *verification) usage(ctx context.Context) error {
	drifts, err := v.store.UsageDrifts(ctx, driftsTold)
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
