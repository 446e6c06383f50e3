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

// expect notes what somebody must have heard of because of an entry: of each threshold once under each limit, and of
// each overage once. Entries of a version that told nobody name no limit and are left out.
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

// limited is what the ledger of the account that is being walked has said about its limit: the last entry that set it,
// and the last of these by a server that writes which that is. They differ after a server of a version that does not.
type limited struct{ last, named int64 }

// limits checks that an entry names the one that set the limit it stands under, since thresholds are told of once under
// each. The first of an account that does not is reported.
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
	v.limited = limited{last: math.MaxInt64} // Whatever comes now follows from it.
}

// alerts compares what entries must have caused with what was written. ledger must have been walked before.
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
		if told++; told > driftsTold {
			break
		}
		if missing.threshold == 0 {
			v.report(fmt.Sprintf("alerts of call_%s", missing.id), "nobody was told of its overage")
			continue
		}
		v.report(fmt.Sprintf("alerts of account %s", missing.id), "nobody was told of the %d %% that entry %d has reached",
			missing.threshold, sequence)
	}
	return nil
}
