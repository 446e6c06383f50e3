package engine

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
)

// AlertsInput selects alerts of some kinds, the newest first; no kinds are all. After is the cursor of the last alert
// of the page before.
type AlertsInput struct {
	Kinds    []cost.AlertKind
	Unread   bool // only those that the caller has not read
	Backward bool
	After    *Cursor
	First    int
}

func (in AlertsInput) kinds() []cost.AlertKind {
	if len(in.Kinds) == 0 {
		return cost.AlertKinds()
	}
	return in.Kinds
}

// Alerts returns at most First alerts of the caller's organization.
func (e *Engine) Alerts(ctx context.Context, who caller.Caller, in AlertsInput) ([]cost.Alert, error) {
	page := postgres.AlertPage{
		Kinds:     in.kinds(),
		Unread:    in.Unread,
		Ascending: in.Backward,
		First:     int32(in.First),
	}
	if in.After != nil {
		page.At, page.CursorID = &in.After.At, &in.After.ID
	}
	alerts, err := e.store.Alerts(ctx, who, page)
	if err != nil {
		return nil, fmt.Errorf("list alerts: %w", err)
	}
	return alerts, nil
}

// CountAlerts counts the alerts of some kinds.
func (e *Engine) CountAlerts(ctx context.Context, who caller.Caller, in AlertsInput) (int, error) {
	n, err := e.store.CountAlerts(ctx, who, in.kinds(), in.Unread)
	if err != nil {
		return 0, fmt.Errorf("count alerts: %w", err)
	}
	return n, nil
}

// Alert returns one alert of the caller's organization.
func (e *Engine) Alert(ctx context.Context, who caller.Caller, id uuid.UUID) (cost.Alert, error) {
	alerts, err := e.store.Alerts(ctx, who, postgres.AlertPage{Kinds: cost.AlertKinds(), ID: &id, First: 1})
	if err != nil {
		return cost.Alert{}, fmt.Errorf("read an alert: %w", err)
	}
	if len(alerts) == 0 {
		return cost.Alert{}, notFound("alert")
	}
	return alerts[0], nil
}

// OperatorAlerts returns the last alerts for the operator. The server's role may not read them.
func (e *Engine) OperatorAlerts(ctx context.Context, first int) ([]cost.Alert, error) {
	alerts, err := e.store.OperatorAlerts(ctx, int32(first))
	if err != nil {
		return nil, fmt.Errorf("list the operator's alerts: %w", err)
	}
	return alerts, nil
}
