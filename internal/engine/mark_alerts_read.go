package engine

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
)

// maxMarked limits the alerts that are named by their ids.
const maxMarked = 100

// MarkAlertsReadInput names the alerts that the caller has read: those with the ids, or all up to a time.
type MarkAlertsReadInput struct {
	AlertIDs       []uuid.UUID
	Until          *time.Time
	IdempotencyKey string
}

// MarkedAlerts are the new marks of the caller, and the alerts that the caller has not read.
type MarkedAlerts struct {
	Marked, Unread int
	Replayed       bool
}

// MarkAlertsRead marks alerts as read by the caller. A mark stays, and marking again changes nothing. NOT_FOUND when a
// named alert does not exist.
func (e *Engine) MarkAlertsRead(
	ctx context.Context, who caller.Caller, in MarkAlertsReadInput,
) (m MarkedAlerts, err error) {
	ctx, end := e.begin(ctx, "MarkAlertsRead")
	defer end(&err)
	switch {
	case (len(in.AlertIDs) == 0) == (in.Until == nil):
		return m, fault.Invalid([]string{"alertIds"}, "Name either alerts or a time.")
	case len(in.AlertIDs) > maxMarked:
		return m, fault.Invalid([]string{"alertIds"}, "Name at most %d alerts.", maxMarked)
	}
	at, key := e.now(), in.IdempotencyKey
	in.IdempotencyKey = ""
	replay, err := e.once(ctx, who, request{
		key:       key,
		operation: "markAlertsRead",
		content:   in,
		at:        at,
		perCaller: true,
	}, func(tx *postgres.Store) error {
		there, err := tx.AlertsThere(ctx, who, in.AlertIDs)
		if err != nil {
			return err
		}
		for i, id := range in.AlertIDs {
			if !slices.Contains(there, id) {
				return fault.Missing([]string{"alertIds", strconv.Itoa(i)}, "alert")
			}
		}
		m.Marked, err = tx.MarkAlertsRead(ctx, who, postgres.ReadAlerts{IDs: in.AlertIDs, Until: in.Until, At: at})
		return err
	})
	if err != nil {
		return MarkedAlerts{}, fmt.Errorf("mark alerts: %w", err)
	}
	m.Replayed = replay != nil
	m.Unread, err = e.CountAlerts(ctx, who, AlertsInput{Unread: true})
	return m, err
}

// alertOverlap is how much earlier than the last look an alert may be dated that becomes visible after it: the
// difference of two servers' clocks and the longest transaction.
const alertOverlap = time.Minute

// AlertFeed finds new alerts of an organization, each once.
type AlertFeed struct {
	engine *Engine
	who    caller.Caller
	from   Cursor
	seen   map[uuid.UUID]time.Time
}

// AlertFeed follows the alerts after one of them. Without one it begins with the newest alert.
func (e *Engine) AlertFeed(ctx context.Context, who caller.Caller, after *uuid.UUID) (*AlertFeed, error) {
	f := &AlertFeed{
		engine: e,
		who:    who,
		from:   Cursor{At: e.now()},
		seen:   map[uuid.UUID]time.Time{},
	}
	last, err := e.Alerts(ctx, who, AlertsInput{First: 1})
	if after != nil {
		var alert cost.Alert
		alert, err = e.Alert(ctx, who, *after)
		last = []cost.Alert{alert}
	}
	if err != nil || len(last) == 0 {
		return f, err
	}
	f.from = Cursor{At: last[0].At, ID: last[0].ID}
	before, err := e.store.Alerts(ctx, who, postgres.AlertPage{
		Kinds: cost.AlertKinds(), At: &f.from.At, CursorID: &f.from.ID, First: maxMarked,
	})
	for _, a := range before { // They are older than the first event.
		f.seen[a.ID] = a.At
	}
	if after != nil {
		f.seen[*after] = f.from.At
	}
	return f, err
}

// Next returns the alerts that are new since the last call, the oldest first.
func (f *AlertFeed) Next(ctx context.Context) (fresh []cost.Alert, err error) {
	from := Cursor{At: f.from.At.Add(-alertOverlap)}
	for {
		page, err := f.engine.store.Alerts(ctx, f.who, postgres.AlertPage{
			Kinds: cost.AlertKinds(), Ascending: true, At: &from.At, CursorID: &from.ID, First: maxMarked,
		})
		if err != nil {
			return nil, fmt.Errorf("look for alerts: %w", err)
		}
		for _, a := range page {
			if _, known := f.seen[a.ID]; !known {
				fresh = append(fresh, a)
				f.seen[a.ID] = a.At
			}
			from = Cursor{At: a.At, ID: a.ID}
		}
		if len(page) < maxMarked {
			break
		}
	}
	if n := len(fresh); n > 0 && fresh[n-1].At.After(f.from.At) {
		f.from = Cursor{At: fresh[n-1].At, ID: fresh[n-1].ID}
	}
	for id, at := range f.seen {
		if at.Before(f.from.At.Add(-2 * alertOverlap)) {
			delete(f.seen, id)
		}
	}
	return fresh, nil
}
