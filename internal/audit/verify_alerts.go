package audit

import (
	"context"
	"fmt"
	"math"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
)

// due is an alert that an entry must have caused: of a threshold under a limit, or, without them, of a call's overage.
type due struct {
	organization, id uuid.UUID // of the account, or of the call
	limit            int64
	threshold        int
}

// expect adds the alerts that an entry must have caused: one for each threshold under each limit, and one for each
// overage. Entries of an old version that wrote no alerts name no limit and are left out.
func (v *verification) expect(e cost.Entry) {
	v.limits(e)
	if e.LimitSequence == nil {
		return
	}
	for _, threshold := range cost.Crossed(e.Before, e.After) {
		crossed := due{e.OrganizationID, e.AccountID, *e.LimitSequence, threshold}
		if _, before := v.due[crossed]; !before {
			v.due[crossed] = e.Sequence
		}
	}
	if e.Overage && e.CallID != nil {
		v.due[due{organization: e.OrganizationID, id: *e.CallID}] = e.Sequence
	}
}

// limited is the last entry of the account that set its limit, and the last of these that names itself as such. They
// differ after a server of an old version, which does not name it.
type limited struct{ last, named int64 }

// limits checks that an entry names the entry that set its limit, since thresholds have one alert under each limit. It
// reports the first wrong entry of an account.
func (v *verification) limits(e cost.Entry) {
	if e.Kind == cost.EntryOpen {
		v.limited = limited{}
	}
	if e.Kind == cost.EntryLimit {
		v.limited.last = e.Sequence
		if e.LimitSequence != nil {
			v.limited.named = e.Sequence
		}
	}
	if e.LimitSequence == nil || *e.LimitSequence >= v.limited.named && *e.LimitSequence <= v.limited.last {
		return
	}
	v.report(fmt.Sprintf("ai_usage_ledger account %s entry %d", e.AccountID, e.Sequence),
		"it names entry %d as the one that set its limit, and it was entry %d", *e.LimitSequence, v.limited.last)
	v.limited = limited{last: math.MaxInt64} // The faults of later entries follow from this one.
}

// alerts compares the expected alerts with the written ones. ledger must have run before.
func (v *verification) alerts(ctx context.Context) error {
	err := v.store.EachEntryAlert(ctx, func(alert cost.Alert) error {
		row := fmt.Sprintf("alerts alert_%s", alert.ID)
		is := due{alert.OrganizationID, *alert.AccountID, alert.LimitSequence, alert.Threshold}
		if alert.Kind == cost.AlertOverage {
			is = due{organization: alert.OrganizationID, id: *alert.CallID}
		}
		sequence, expected := v.due[is]
		switch {
		case !expected:
			v.report(row, "nothing in the ledger has caused it")
		case alert.Kind == cost.AlertThreshold && sequence != alert.Sequence:
			v.report(row, "entry %d has caused it, not entry %d", sequence, alert.Sequence)
		}
		delete(v.due, is)
		return nil
	})
	if err != nil {
		return err
	}
	told := 0
	for missing, sequence := range v.due {
		if told++; told > maxPerKind {
			break
		}
		if missing.threshold == 0 {
			v.report(fmt.Sprintf("alerts of call_%s", missing.id), "there is no alert of its overage")
			continue
		}
		v.report(fmt.Sprintf("alerts of account %s", missing.id), "there is no alert of the %d %% that entry %d has reached",
			missing.threshold, sequence)
	}
	return nil
}
