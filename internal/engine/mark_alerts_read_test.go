package engine_test

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/workflow"
)

// cross books a share of a workflow's limit of a dollar, in percent.
func (b bundle) cross(t *testing.T, percent cost.Pico) {
	t.Helper()
	amount := percent * cost.Dollar / 100
	_, err := b.Engine.Record(context.Background(), b.Who, engine.RecordInput{
		WorkflowID: b.Flow(t, workflow.Created).ID, Model: "m", Cost: &amount, IdempotencyKey: uuid.NewString(),
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestMarkAlertsRead_IsForOnePerson(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	b.cross(t, 76) // 50 and 75 percent
	alerts, err := b.Engine.Alerts(ctx, b.Who, engine.AlertsInput{First: 10})
	if err != nil || len(alerts) != 2 || alerts[0].ReadAt != nil {
		t.Fatalf("got %+v, %v, want two alerts without marks", alerts, err)
	}
	keyed := engine.MarkAlertsReadInput{AlertIDs: []uuid.UUID{alerts[1].ID}, IdempotencyKey: "first"}
	if got, err := b.Engine.MarkAlertsRead(ctx, b.As("carol"), keyed); err != nil || got.Marked != 1 {
		t.Errorf("carol: got %+v, %v, want a mark", got, err)
	}
	if got, err := b.Engine.MarkAlertsRead(ctx, b.As("dave"), keyed); fault.KindOf(err) != fault.IdempotencyMismatch {
		t.Errorf("dave with the key of carol: got %+v, %v, want IDEMPOTENCY_MISMATCH", got, err)
	}
	keyed.IdempotencyKey = ""
	b.plantKey(t, "markAlertsRead", keyed) // as earlier programs wrote it
	keyed.IdempotencyKey = "old"
	if got, err := b.Engine.MarkAlertsRead(ctx, b.As("carol"), keyed); err != nil || !got.Replayed {
		t.Errorf("carol again: got %+v, %v, want a replay", got, err)
	}
	in := engine.MarkAlertsReadInput{AlertIDs: []uuid.UUID{alerts[0].ID}}
	for i, marked := range []int{1, 0} {
		got, err := b.Engine.MarkAlertsRead(ctx, b.Who, in)
		if err != nil || got.Marked != marked || got.Unread != 1 {
			t.Errorf("mark %d: got %+v, %v, want %d marked and 1 unread", i, got, err, marked)
		}
	}
	unread, err := b.Engine.Alerts(ctx, b.Who, engine.AlertsInput{First: 10, Unread: true})
	if err != nil || len(unread) != 1 || unread[0].ID != alerts[1].ID {
		t.Errorf("unread: got %+v, %v, want the other one", unread, err)
	}
	if n, err := b.Engine.CountAlerts(ctx, b.As("bob"), engine.AlertsInput{Unread: true}); err != nil || n != 2 {
		t.Errorf("unread of another person: got %d, %v, want 2", n, err)
	}
	read, err := b.Engine.Alert(ctx, b.Who, alerts[0].ID)
	if err != nil || read.ReadAt == nil {
		t.Errorf("the read alert: got %+v, %v, want a mark", read, err)
	}
	now := b.Clock.Now()
	got, err := b.Engine.MarkAlertsRead(ctx, b.Who, engine.MarkAlertsReadInput{Until: &now})
	if err != nil || got.Marked != 1 || got.Unread != 0 {
		t.Errorf("mark all: got %+v, %v, want the rest", got, err)
	}
	b.Sound(t)
}

func TestAlertFeed_HasEachAlertOnce(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	next := func(f *engine.AlertFeed, want int) []cost.Alert {
		t.Helper()
		got, err := f.Next(ctx)
		if err != nil || len(got) != want {
			t.Fatalf("got %d alerts, %v, want %d", len(got), err, want)
		}
		return got
	}
	feed := func(after *uuid.UUID) *engine.AlertFeed {
		t.Helper()
		f, err := b.Engine.AlertFeed(ctx, b.Who, after)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	empty := feed(nil)
	next(empty, 0)
	b.cross(t, 76)
	last := next(empty, 2)[1]
	next(empty, 0)
	begun := feed(nil)
	if newest := next(begun, 1); newest[0].ID != last.ID {
		t.Errorf("the first event: got %s, want the newest alert %s", newest[0].ID, last.ID)
	}
	resumed := feed(&last.ID)
	next(resumed, 0)
	b.cross(t, 51)
	for _, f := range []*engine.AlertFeed{empty, begun, resumed} {
		next(f, 1)
		next(f, 0)
	}
}
