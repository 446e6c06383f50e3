package engine_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// batches books random batches, and predicts from the balances which calls of a batch are booked.
type batches struct {
	bundle
	random *rand.Rand
	flows  []workflow.Workflow // the last one is cancelled
	used   map[string]bool     // idempotency keys
	open   []postgres.Call
	// booked and left count the calls of batches that were booked, and those that were left out.
	booked, left int
}

const batchSeeds = 6

// Each batch has calls that fit, calls that fit alone but not with those before them, calls that never fit, calls of a
// workflow that is over, and used keys. What the database books is what a program decides that takes one call after the
// other.
func TestReserveCalls_EachCallOfABatchIsDecidedInItsTurn(t *testing.T) {
	t.Parallel()
	b := newBatches(t)
	for seed := range uint64(batchSeeds) {
		b.random = rand.New(rand.NewPCG(seed, 0))
		for range 6 {
			b.reserveBatch(t)
			b.settleBatch(t)
			b.settleBatch(t)
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	if b.booked < 100 || b.left < 100 {
		t.Errorf("got %d calls booked and %d left out, want many of both", b.booked, b.left)
	}
	b.Sound(t)
}

func newBatches(t *testing.T) *batches {
	t.Helper()
	b := &batches{bundle: setup(t), used: map[string]bool{}}
	for range 4 {
		b.flows = append(b.flows, b.Flow(t, workflow.Created))
	}
	b.Reserve(t, b.flows[0], cost.Dollar/100) // It opens the month.
	over := engine.CancelInput{WorkflowID: b.flows[3].ID}
	if _, err := b.Engine.Cancel(context.Background(), b.Who, over); err != nil {
		t.Fatal(err)
	}
	b.raise(t)
	return b
}

// raise gives each workflow room for some more calls.
func (b *batches) raise(t *testing.T) {
	t.Helper()
	for _, flow := range b.flows[:3] {
		account := b.account(t, flow.ID)
		limit := cost.Limit(account.Balance.Settled + account.Balance.Held + cost.Dollar)
		in := engine.SetWorkflowLimitInput{WorkflowID: flow.ID, Limit: limit, Reason: "room"}
		if _, err := b.Engine.SetWorkflowLimit(context.Background(), b.Who, in); err != nil {
			t.Fatal(err)
		}
	}
}

func (b *batches) account(t *testing.T, id uuid.UUID) cost.Account {
	t.Helper()
	accounts, err := b.Engine.Accounts(context.Background(), b.Who, []uuid.UUID{id})
	if err != nil {
		t.Fatal(err)
	}
	return accounts[id]
}

func (b *batches) key() string {
	return [...]string{"", fmt.Sprint("new ", b.random.Uint64()), fmt.Sprint("often ", b.random.IntN(5))}[b.random.IntN(3)]
}

func (b *batches) reserveBatch(t *testing.T) {
	t.Helper()
	b.raise(t)
	rooms := map[uuid.UUID]cost.Pico{}
	for _, flow := range b.flows {
		balance := b.account(t, flow.ID).Balance
		rooms[flow.ID] = cost.Pico(balance.Limit) - balance.Settled - balance.Held
	}
	sums := map[uuid.UUID]cost.Pico{}
	var calls []postgres.NewCall
	var want []bool
	for range 1 + b.random.IntN(20) {
		flow := b.flows[b.random.IntN(len(b.flows))]
		c := b.newCall(flow)
		calls = append(calls, c)
		fits := flow.ID != b.flows[3].ID && c.Hold <= rooms[flow.ID]
		if fits {
			sums[flow.ID] += c.Hold
			fits = sums[flow.ID] <= rooms[flow.ID] && !b.used[c.Key]
		}
		if fits && c.Key != "" {
			b.used[c.Key] = true
		}
		want = append(want, fits)
	}
	made, err := b.DB.Store().ReserveCalls(context.Background(), b.Who.OrganizationID, calls)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range made {
		if b.count(m.Held); m.Held != want[i] {
			t.Errorf("call %d of %+v: got %t, want %t", i, calls, m.Held, want[i])
		}
		if m.Held {
			b.open = append(b.open, m.Call)
		}
	}
}

func (b *batches) newCall(flow workflow.Workflow) postgres.NewCall {
	at := b.Clock.Now()
	return postgres.NewCall{
		ID:          uuid.New(),
		WorkflowID:  flow.ID,
		Step:        workflow.StepICP,
		Hold:        cost.Dollar / 100 * cost.Pico([...]int{5, 20, 60, 120}[b.random.IntN(4)]),
		At:          at,
		CheckAt:     at.Add(time.Hour),
		Actor:       b.Who.Actor,
		Key:         b.key(),
		Fingerprint: make([]byte, 32),
	}
}

func (b *batches) count(booked bool) {
	if booked {
		b.booked++
	} else {
		b.left++
	}
}

// settleBatch settles some open calls, one of them twice. Costs above the hold and beyond a threshold are left out.
func (b *batches) settleBatch(t *testing.T) {
	t.Helper()
	balances, sums := map[uuid.UUID]cost.Balance{}, map[uuid.UUID]cost.Pico{}
	for _, flow := range b.flows {
		balances[flow.ID] = b.account(t, flow.ID).Balance
	}
	var all []postgres.NewSettlement
	var want []bool
	ended := map[uuid.UUID]bool{}
	for range min(len(b.open), 1+b.random.IntN(12)) {
		n := b.settlement(b.open[b.random.IntN(len(b.open))])
		all = append(all, n)
		before := balances[n.Call.WorkflowID]
		booked := !ended[n.Call.ID] && n.Bill.Cost <= n.Call.Hold
		if booked {
			ended[n.Call.ID] = true
			sums[n.Call.WorkflowID] += n.Bill.Cost
			after := before
			after.Settled += sums[n.Call.WorkflowID]
			booked = len(cost.Crossed(before, after)) == 0 && !b.used[n.Key]
		}
		if booked && n.Key != "" {
			b.used[n.Key] = true
		}
		want = append(want, booked)
	}
	if len(all) == 0 {
		return
	}
	made, err := b.DB.Store().SettleCalls(context.Background(), b.Who.OrganizationID, all)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range made {
		if b.count(m.Booked); m.Booked != want[i] {
			t.Errorf("settlement %d of %+v: got %t, want %t", i, all, m.Booked, want[i])
		}
		if m.Booked {
			b.open = slices.DeleteFunc(b.open, func(c postgres.Call) bool { return c.ID == m.Call.ID })
		}
	}
}

func (b *batches) settlement(c postgres.Call) postgres.NewSettlement {
	return postgres.NewSettlement{
		Call: c,
		Bill: postgres.Bill{
			Cost: c.Hold / 100 * cost.Pico([...]int{0, 10, 40, 90, 130}[b.random.IntN(5)]), Model: "m", At: b.Clock.Now(),
		},
		Actor:       b.Who.Actor,
		Key:         b.key(),
		Fingerprint: make([]byte, 32),
	}
}
