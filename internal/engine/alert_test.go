package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// sent returns the alerts of the caller's organization, the oldest first: "WORKFLOW 50 $0.5 of $1", "OVERAGE".
func (b bundle) sent(t *testing.T) (sent []string) {
	t.Helper()
	alerts, err := b.Engine.Alerts(context.Background(), b.Who, engine.AlertsInput{First: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range slices.Backward(alerts) {
		if a.Kind != cost.AlertThreshold {
			sent = append(sent, string(a.Kind))
			continue
		}
		sent = append(sent, fmt.Sprintf("%s %d $%s of $%s", a.AccountKind, a.Threshold, a.Settled, a.Limit))
	}
	slices.Sort(sent)
	return sent
}

func (b bundle) wantAlerts(t *testing.T, want ...string) {
	t.Helper()
	slices.Sort(want)
	if diff := cmp.Diff(want, b.sent(t)); diff != "" {
		t.Errorf("the alerts (-want +got):\n%s", diff)
	}
	b.Sound(t)
}

// spend reserves and settles a call of an amount.
func (b bundle) spend(t *testing.T, flow workflow.Workflow, amount cost.Pico) cost.Call {
	t.Helper()
	call := b.Reserve(t, flow, amount)
	b.settles(t, call, amount, "")
	return call
}

func (b bundle) settles(t *testing.T, call cost.Call, billed cost.Pico, failure workflow.FailureCode) {
	t.Helper()
	_, err := b.Engine.Settle(context.Background(), b.Who, engine.SettleInput{
		CallID: call.ID, Model: "m", Cost: &billed, Failure: failure,
	})
	if err != nil {
		t.Fatalf("settle: %v", err)
	}
}

func (b bundle) limits(t *testing.T, flow workflow.Workflow, limit cost.Limit) {
	t.Helper()
	_, err := b.Engine.SetWorkflowLimit(context.Background(), b.Who, engine.SetWorkflowLimitInput{
		WorkflowID: flow.ID, Limit: limit, Reason: "A test.",
	})
	if err != nil {
		t.Fatalf("set the limit: %v", err)
	}
}

func TestAlerts_OneForEachThresholdUnderEachLimit(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow := b.Flow(t, workflow.Created)
	b.Reserve(t, flow, 40*cent) // What is held does not count.
	first := b.spend(t, flow, 49*cent)
	b.wantAlerts(t)
	b.spend(t, flow, cent)
	b.wantAlerts(t, "WORKFLOW 50 $0.5 of $1")

	// A correction brings the account below the threshold, and calls bring it above again: there is no second alert.
	adjust := func(to cost.Pico) {
		t.Helper()
		_, err := b.Engine.Adjust(ctx, b.Who, engine.AdjustInput{
			AccountID: flow.ID, Sequence: b.outcome(t, flow.ID, first.ID), Cost: to, Reason: "The invoice.",
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	adjust(0)
	b.spend(t, flow, 49*cent)
	b.wantAlerts(t, "WORKFLOW 50 $0.5 of $1")
	// An adjustment can cross several at once, and can go beyond the limit.
	adjust(50 * cent)
	sent := []string{
		"WORKFLOW 50 $0.5 of $1", "WORKFLOW 75 $1 of $1", "WORKFLOW 90 $1 of $1", "WORKFLOW 100 $1 of $1",
	}
	b.wantAlerts(t, sent...)

	b.limits(t, flow, cost.Unlimited)
	b.wantAlerts(t, sent...)
	b.limits(t, flow, cost.Limit(10*cost.Dollar)) // A tenth of it is spent.
	b.wantAlerts(t, sent...)
	b.limits(t, flow, cost.Limit(110*cent)) // More than nine tenths are.
	sent = append(sent, "WORKFLOW 50 $1 of $1.1", "WORKFLOW 75 $1 of $1.1", "WORKFLOW 90 $1 of $1.1")
	b.wantAlerts(t, sent...)
	b.limits(t, flow, cost.Limit(105*cent)) // Nothing is crossed that was not.
	b.wantAlerts(t, sent...)
	month := engine.SetMonthlyLimitInput{Limit: cost.Limit(cost.Dollar)}
	if _, err := b.Engine.SetMonthlyLimit(ctx, b.Who, month); err != nil {
		t.Fatal(err)
	}
	b.wantAlerts(t, append(sent, "MONTH 50 $1 of $1", "MONTH 75 $1 of $1", "MONTH 90 $1 of $1", "MONTH 100 $1 of $1")...)
}

// outcome is the entry of an account that booked the outcome of a call.
func (b bundle) outcome(t *testing.T, account, call uuid.UUID) int64 {
	t.Helper()
	for _, e := range b.ledger(t, account) {
		if e.CallID != nil && *e.CallID == call && e.Kind != cost.EntryReserve {
			return e.Sequence
		}
	}
	t.Fatal("the call has no outcome")
	return 0
}

func TestAlerts_OneOfTwentySettlementsWritesEachThreshold(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow, servers := b.Flow(t, workflow.Created), b.servers(t)
	calls := make([]cost.Call, 20)
	for i := range calls {
		calls[i] = b.Reserve(t, flow, 5*cent)
	}
	for _, err := range testdb.Together(len(calls), func(i int) error {
		billed := 5 * cent
		_, err := servers[i%2].Settle(ctx, b.Who, engine.SettleInput{CallID: calls[i].ID, Model: "m", Cost: &billed})
		return err
	}) {
		if err != nil {
			t.Error(err)
		}
	}
	b.wantAlerts(t, "WORKFLOW 50 $0.5 of $1", "WORKFLOW 75 $0.75 of $1", "WORKFLOW 90 $0.9 of $1", "WORKFLOW 100 $1 of $1")
}

func TestAlerts_RollBackWithTheirCause(t *testing.T) {
	t.Parallel()
	b, ctx := setupWebhook(t), context.Background()
	flow := b.Flow(t, workflow.Created)
	call := b.Reserve(t, flow, 60*cent)
	b.Jobs.Refuse(errors.New("no job can be written"))
	before, billed := b.rows(t), 60*cent
	settle := engine.SettleInput{CallID: call.ID, Model: "m", Cost: &billed}
	if _, err := b.Engine.Settle(ctx, b.Who, settle); err == nil {
		t.Fatal("a settlement whose alert cannot be delivered was booked")
	}
	if diff := cmp.Diff(before, b.rows(t)); diff != "" {
		t.Errorf("what was rolled back (-want +got):\n%s", diff)
	}
	b.wantAlerts(t)
	b.Jobs.Refuse(nil)
	if _, err := b.Engine.Settle(ctx, b.Who, settle); err != nil {
		t.Fatal(err)
	}
	b.wantAlerts(t, "WORKFLOW 50 $0.6 of $1")
	if n := b.Count(t, "SELECT count(*) FROM alert_deliveries"); n != 1 {
		t.Errorf("deliveries: got %d, want 1", n)
	}
}

func TestAlerts_OneForEachFaultOfACall(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow := b.Flow(t, workflow.Created)
	unknown, drifted, over := b.Reserve(t, flow, cent), b.Reserve(t, flow, cent), b.Reserve(t, flow, cent)
	for range 2 { // The second time is a replay.
		b.settles(t, drifted, cent, workflow.FailureModelDrift)
		b.settles(t, over, 2*cent, "")
	}
	b.wantAlerts(t, "MODEL_DRIFT", "OVERAGE")
	// A call from outside that was made beyond the limit.
	two := 2 * cost.Dollar
	_, err := b.Engine.Record(ctx, b.Who, engine.RecordInput{
		WorkflowID: flow.ID, Model: "m", Cost: &two, IdempotencyKey: "record",
	})
	if err != nil {
		t.Fatal(err)
	}
	sent := []string{
		"MODEL_DRIFT", "OVERAGE", "OVERAGE", "WORKFLOW 50 $2.03 of $1", "WORKFLOW 75 $2.03 of $1", "WORKFLOW 90 $2.03 of $1",
		"WORKFLOW 100 $2.03 of $1",
	}
	b.wantAlerts(t, sent...)

	// The outcome of the call and the answering model are unknown.
	if err := b.Engine.MarkUnknown(ctx, b.Who, unknown.ID, workflow.FailureModelDrift); err != nil {
		t.Fatal(err)
	}
	sent = append(sent, "MODEL_DRIFT")
	sweep := func() {
		t.Helper()
		servers := b.servers(t)
		for _, err := range testdb.Together(4, func(i int) error {
			_, err := servers[i%2].SweepCalls(ctx, silent)
			return err
		}) {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	b.Clock.Advance(time.Hour - time.Microsecond)
	sweep()
	b.wantAlerts(t, sent...)
	sent = append(sent, "OUTCOME_UNKNOWN")
	for range 3 { // After an hour, and whenever it is looked at again.
		b.Clock.Advance(2 * time.Minute)
		sweep()
		b.wantAlerts(t, sent...)
	}
	b.Clock.Advance(24 * time.Hour)
	sweep() // It is assumed now.
	b.wantAlerts(t, sent...)
}

// The answering model and the cost can become known long after the alert.
func TestAlerts_KeepTheirTextAfterALateAnswer(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	call := b.Reserve(t, b.Flow(t, workflow.Created), cent)
	if err := b.Engine.MarkUnknown(ctx, b.Who, call.ID, workflow.FailureModelDrift); err != nil {
		t.Fatal(err)
	}
	b.Clock.Advance(time.Hour)
	if _, err := b.Engine.SweepCalls(ctx, silent); err != nil {
		t.Fatal(err)
	}
	alerts := func() []cost.Alert {
		t.Helper()
		alerts, err := b.Engine.Alerts(ctx, b.Who, engine.AlertsInput{First: 10})
		if err != nil || len(alerts) != 2 {
			t.Fatalf("got %+v, %v, want MODEL_DRIFT and OUTCOME_UNKNOWN", alerts, err)
		}
		return alerts
	}
	sent := alerts()
	b.Clock.Advance(time.Minute)
	if _, err := b.Engine.SettleLate(ctx, b.Who, settle(call, cent/2)); err != nil {
		t.Fatal(err)
	}
	for i, now := range alerts() {
		if now.Sentence() != sent[i].Sentence() || now.Model != sent[i].Model {
			t.Errorf("got %q about the model %q, want the first text: %q about %q",
				now.Sentence(), now.Model, sent[i].Sentence(), sent[i].Model)
		}
	}
}

func TestAlerts_QuarantinedPriceGoesToTheOwnerOfTheList(t *testing.T) {
	t.Parallel()
	b, ctx := setupPrices(t), context.Background()
	cheap, dear := list("acme/one", tokens(1000, 1000)), list("acme/one", tokens(9000, 1000))
	b.importsFor(t, b.Engine, b.Who, cheap)
	b.Clock.Advance(2 * time.Minute)
	b.wantAlerts(t)
	for range 2 { // The second time it waits already.
		b.importsFor(t, b.Engine, b.Who, dear)
	}
	b.wantAlerts(t, "PRICE_QUARANTINED")
	b.imports(t, list(sonar, tokens(100_000_000, 1_000_000)))
	b.wantAlerts(t, "PRICE_QUARANTINED")
	alerts, err := b.owner.OperatorAlerts(ctx, 10)
	if err != nil || len(alerts) != 1 || alerts[0].Model != sonar || alerts[0].Unit != 100_000_000 {
		t.Errorf("the operator: got %+v, %v, want the price of %s", alerts, err, sonar)
	}
	if _, err := b.Engine.OperatorAlerts(ctx, 10); err == nil {
		t.Error("the server's role can read the operator's alerts")
	}
}
