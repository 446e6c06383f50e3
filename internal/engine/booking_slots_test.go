package engine_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// payer is an organization with a workflow and an open month.
type payer struct {
	bundle
	flow workflow.Workflow
	done chan error
}

type holdKey struct{}

// payers returns some organizations of one engine. A statement whose context has a channel under holdKey receives from
// it before it is sent.
func payers(t *testing.T, n int) (all []*payer) {
	t.Helper()
	b := setupWith(t, func(o *engine.Options) {
		o.Store = o.Store.Through(func(ctx context.Context) (func(time.Duration), error) {
			if held, ok := ctx.Value(holdKey{}).(chan struct{}); ok {
				<-held // It was there.
				<-held // It may go on.
			}
			return func(time.Duration) {}, nil
		})
	})
	for range n {
		b.Who = b.Stranger(t)
		p := &payer{bundle: b, flow: b.Flow(t, workflow.Created), done: make(chan error, 1)}
		p.Reserve(t, p.flow, cost.Dollar/1000)
		all = append(all, p)
	}
	return all
}

// begin lets an organization reserve for a call.
func (p *payer) begin(ctx context.Context, in engine.ReserveInput) {
	in.WorkflowID, in.Step = p.flow.ID, workflow.StepICP
	go func() { p.done <- p.holdOn(ctx, in) }()
}

// fill lets two organizations take both slots of their server, so that others wait for a statement. It calls do when
// these wait, and then lets the two go on.
func fill(t *testing.T, two, others []*payer, in func(i int) engine.ReserveInput, do func()) {
	t.Helper()
	var held []chan struct{}
	for _, p := range two {
		one := make(chan struct{})
		p.begin(context.WithValue(t.Context(), holdKey{}, one), engine.ReserveInput{})
		one <- struct{}{}
		held = append(held, one)
	}
	for i, p := range others {
		p.begin(t.Context(), in(i))
		p.awaitTurn(t)
	}
	do()
	for _, one := range held {
		one <- struct{}{}
	}
}

// awaitTurn waits until the call of an organization waits for others.
func (p *payer) awaitTurn(t *testing.T) {
	t.Helper()
	for p.Engine.Waiting(p.Who.OrganizationID) != 1 {
		if len(p.done) > 0 {
			t.Fatalf("a caller has not waited: %v", <-p.done)
		}
		runtime.Gosched()
	}
}

// locked calls do while the account of a workflow of each organization is locked, by a transaction for each.
func locked(t *testing.T, all []*payer, do func()) {
	t.Helper()
	if len(all) == 0 {
		do()
		return
	}
	err := all[0].DB.Store().InTx(t.Context(), func(tx *postgres.Store) error {
		_, _, err := tx.LockAccount(t.Context(), all[0].Who, all[0].flow.ID)
		if err == nil {
			locked(t, all[1:], do)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// bookedIn counts the transactions that have written the newest call of each organization.
func bookedIn(t *testing.T, all []*payer) (n int) {
	t.Helper()
	var ids []string
	for _, p := range all {
		ids = append(ids, p.Who.OrganizationID.String())
	}
	err := all[0].DB.Super.QueryRow(t.Context(), `SELECT count(DISTINCT c.xid) FROM (
		SELECT DISTINCT ON (organization_id) xmin::text AS xid FROM ai_calls WHERE organization_id = ANY($1::uuid[])
		ORDER BY organization_id, reserved_at DESC, id DESC) AS c`, ids).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func usual(int) engine.ReserveInput { return engine.ReserveInput{} }

func TestBookingQueue_OrganizationsThatWaitShareAStatement(t *testing.T) {
	t.Parallel()
	all := payers(t, 12)
	fill(t, all[:2], all[2:], usual, func() {})
	for i, p := range all {
		if err := <-p.done; err != nil {
			t.Errorf("organization %d: %v", i, err)
		}
	}
	if got := bookedIn(t, all[2:]); got != 1 {
		t.Errorf("got %d statements for ten organizations, want one", got)
	}
	all[0].Sound(t)
}

// Organizations whose rows other transactions have locked delay no others: neither those that share a statement with
// them, nor those that come later, while they wait for their locks.
func TestBookingQueue_LockedOrganizationsWaitAlone(t *testing.T) {
	t.Parallel()
	all := payers(t, 9)
	late, two, others := all[:4], all[4:6], all[6:]
	locked(t, late, func() {
		fill(t, two, append(late[2:4:4], others...), usual, func() {})
		for i, p := range append(two[:2:2], others...) {
			if err := <-p.done; err != nil {
				t.Errorf("organization %d: %v", i, err)
			}
		}
		for _, p := range late[:2] { // Each has a slot at first.
			p.begin(t.Context(), engine.ReserveInput{})
		}
		testdb.AwaitBlocked(t, late[0].DB, len(late))
		for range 3 {
			if err := others[0].holdOn(t.Context(), engine.ReserveInput{WorkflowID: others[0].flow.ID}); err != nil {
				t.Error(err)
			}
		}
		for i, p := range late {
			if len(p.done) > 0 {
				t.Errorf("the locked organization %d has not waited: %v", i, <-p.done)
			}
		}
	})
	for i, p := range late {
		if err := <-p.done; err != nil {
			t.Errorf("the locked organization %d: %v", i, err)
		}
	}
	all[0].Sound(t)
}

// A call that the database refuses fails alone, though its statement was for several organizations.
func TestBookingQueue_AnotherOrganizationsFaultIsItsOwn(t *testing.T) {
	t.Parallel()
	all, visit := payers(t, 7), 99 // There is no such visit.
	others := all[2:]
	fill(t, all[:2], others, func(i int) (in engine.ReserveInput) {
		if i == 1 {
			in.Visit, in.Part = &visit, "part"
		}
		return in
	}, func() {})
	for i, p := range others {
		if err := <-p.done; (err != nil) != (i == 1) {
			t.Errorf("organization %d: %v", i, err)
		}
	}
	if got := bookedIn(t, append(others[:1:1], others[2:]...)); got != 4 {
		t.Errorf("got %d statements, want one for each of the four organizations", got)
	}
	all[0].Sound(t)
}

// A call that does not fit together with the one before it is tried again without those of other organizations.
func TestBookingQueue_OneThatIsLeftOutIsTriedAgain(t *testing.T) {
	t.Parallel()
	all := payers(t, 4)
	full, other := all[2], all[3]
	almost, little := 7*cost.Dollar/10, cost.Dollar/10
	done := make(chan error, 3)
	fill(t, all[:2], []*payer{other}, usual, func() {
		for i, amount := range []cost.Pico{almost, almost, little} {
			go func() {
				_, err := full.Engine.Reserve(t.Context(), full.Who, engine.ReserveInput{
					WorkflowID: full.flow.ID, Step: workflow.StepICP, Amount: &amount,
				})
				done <- err
			}()
			for full.Engine.Waiting(full.Who.OrganizationID) != i+1 {
				runtime.Gosched()
			}
		}
	})
	refused := 0
	for range 3 {
		var why *cost.RefusedError
		if err := <-done; errors.As(err, &why) {
			refused++
		} else if err != nil {
			t.Error(err)
		}
	}
	if err := <-other.done; err != nil || refused != 1 {
		t.Errorf("got %d refusals and %v, want the second large call refused alone", refused, err)
	}
	all[0].Sound(t)
}

// A caller that gives up leaves the queue, while the calls of others have the slots.
func TestBookingQueue_OneOfSeveralOrganizationsGivesUp(t *testing.T) {
	t.Parallel()
	all := payers(t, 4)
	gone, stays := all[2], all[3]
	ctx, cancel := context.WithCancel(t.Context())
	fill(t, all[:2], []*payer{stays}, usual, func() {
		gone.begin(ctx, engine.ReserveInput{})
		gone.awaitTurn(t)
		cancel()
		if err := <-gone.done; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
	})
	if err := <-stays.done; err != nil {
		t.Error(err)
	}
	all[0].Sound(t)
}
