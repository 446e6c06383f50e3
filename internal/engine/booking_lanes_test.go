package engine_test

import (
	"context"
	"errors"
	"runtime"
	"testing"

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

// payers returns some organizations of one engine.
func payers(t *testing.T, n int) (all []*payer) {
	t.Helper()
	b := setup(t)
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
	in.WorkflowID = p.flow.ID
	go func() { p.done <- p.holdOn(ctx, in) }()
}

// locked calls do while the accounts of some organizations are locked, each by a transaction of its own.
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

// fill lets two organizations wait for locks, so that the calls of others wait for a statement. It ends when these
// wait.
func fill(t *testing.T, two, others []*payer, in func(i int) engine.ReserveInput) {
	t.Helper()
	for _, p := range two {
		p.begin(t.Context(), engine.ReserveInput{})
	}
	if len(two) > 0 {
		testdb.AwaitBlocked(t, two[0].DB, len(two))
	}
	for i, p := range others {
		p.begin(t.Context(), in(i))
		for p.Engine.Waiting(p.Who.OrganizationID) != 1 {
			if len(p.done) > 0 {
				t.Fatalf("caller %d has not waited: %v", i, <-p.done)
			}
			runtime.Gosched()
		}
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
	two, others := all[:2], all[2:]
	locked(t, two, func() { fill(t, two, others, usual) })
	for i, p := range all {
		if err := <-p.done; err != nil {
			t.Errorf("organization %d: %v", i, err)
		}
	}
	if got := bookedIn(t, others); got != 1 {
		t.Errorf("got %d statements for ten organizations, want one", got)
	}
	all[0].Sound(t)
}

// A transaction that has locked rows of one organization delays no other.
func TestBookingQueue_ALockedOrganizationWaitsAlone(t *testing.T) {
	t.Parallel()
	all := payers(t, 6)
	two, late, others := all[:2], all[2], all[3:]
	locked(t, []*payer{late}, func() {
		locked(t, two, func() { fill(t, two, all[2:], usual) })
		for i, p := range append(others, two...) {
			if err := <-p.done; err != nil {
				t.Errorf("organization %d: %v", i, err)
			}
		}
		if len(late.done) > 0 {
			t.Errorf("the locked organization has not waited: %v", <-late.done)
		}
		// It waits in a statement of its own, and keeps neither lane busy.
		testdb.AwaitBlocked(t, late.DB, 1)
		for range 3 {
			if err := others[0].holdOn(t.Context(), engine.ReserveInput{WorkflowID: others[0].flow.ID}); err != nil {
				t.Error(err)
			}
		}
	})
	if err := <-late.done; err != nil {
		t.Error(err)
	}
	all[0].Sound(t)
}

// A call that the database refuses fails alone, though the statement was for several organizations.
func TestBookingQueue_AnotherOrganizationsFaultIsItsOwn(t *testing.T) {
	t.Parallel()
	all, visit := payers(t, 7), 99 // There is no such visit.
	two, others := all[:2], all[2:]
	locked(t, two, func() {
		fill(t, two, others, func(i int) (in engine.ReserveInput) {
			if i == 1 {
				in.Visit, in.Part = &visit, "part"
			}
			return in
		})
	})
	for i, p := range others {
		if err := <-p.done; (err != nil) != (i == 1) {
			t.Errorf("organization %d: %v", i, err)
		}
	}
	all[0].Sound(t)
}

// Many calls of one organization do not keep the single call of another one out of the next statement.
func TestBookingQueue_TakesACallOfEachOrganizationFirst(t *testing.T) {
	t.Parallel()
	b := setupWith(t, func(o *engine.Options) { o.BookedTogether = 4 })
	var all []*payer
	for range 4 {
		b.Who = b.Stranger(t)
		p := &payer{bundle: b, flow: b.Flow(t, workflow.Created), done: make(chan error, 20)}
		p.Reserve(t, p.flow, cost.Dollar/1000)
		all = append(all, p)
	}
	two, greedy, other := all[:2], all[2], all[3]
	locked(t, []*payer{greedy}, func() {
		locked(t, two, func() {
			fill(t, two, nil, usual)
			for i := range 12 {
				greedy.begin(t.Context(), engine.ReserveInput{})
				for greedy.Engine.Waiting(greedy.Who.OrganizationID) != i+1 {
					runtime.Gosched()
				}
			}
			fill(t, nil, []*payer{other}, usual)
		})
		// The greedy organization waits for its lock with four calls at most, and the other one has its call.
		if err := <-other.done; err != nil {
			t.Error(err)
		}
		if got := len(greedy.done); got > 0 {
			t.Errorf("%d calls of the locked organization have not waited", got)
		}
	})
	for range 12 {
		if err := <-greedy.done; err != nil {
			t.Error(err)
		}
	}
	b.Sound(t)
}

// A caller that gives up leaves the queue, also while the calls of others fill the statements.
func TestBookingQueue_OneOfSeveralOrganizationsGivesUp(t *testing.T) {
	t.Parallel()
	all := payers(t, 4)
	two, gone, stays := all[:2], all[2], all[3]
	ctx, cancel := context.WithCancel(t.Context())
	locked(t, two, func() {
		fill(t, two, []*payer{stays}, usual)
		gone.begin(ctx, engine.ReserveInput{})
		for gone.Engine.Waiting(gone.Who.OrganizationID) != 1 {
			runtime.Gosched()
		}
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
