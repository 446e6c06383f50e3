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
	"github.com/infin8content/engine/internal/fault"
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
// workflow that is over, and used keys. The organizations use the same keys. What the database books is what a program
// decides that takes one call after the other.
func TestReserveCalls_EachCallOfABatchIsDecidedInItsTurn(t *testing.T) {
	t.Parallel()
	for organizations := range 3 {
		t.Run(fmt.Sprint(organizations+1), func(t *testing.T) {
			t.Parallel()
			all := newBatches(t, organizations+1)
			for seed := range uint64(batchSeeds) {
				for _, b := range all {
					b.random = rand.New(rand.NewPCG(seed, 0))
				}
				for range 6 {
					reserveBatch(t, all)
					settleBatch(t, all)
					settleBatch(t, all)
				}
				if t.Failed() {
					t.Fatalf("seed %d", seed)
				}
			}
			for _, b := range all {
				if b.booked < 100 || b.left < 100 {
					t.Errorf("got %d calls booked and %d left out, want many of both", b.booked, b.left)
				}
			}
			all[0].Sound(t)
		})
	}
}

// newBatches returns the batches of some organizations of one database.
func newBatches(t *testing.T, organizations int) (all []*batches) {
	t.Helper()
	shared := setup(t)
	for i := range organizations {
		b := &batches{bundle: shared, used: map[string]bool{}}
		if i > 0 {
			b.Who = b.Stranger(t)
		}
		for range 4 {
			b.flows = append(b.flows, b.Flow(t, workflow.Created))
		}
		b.Reserve(t, b.flows[0], cost.Dollar/100) // It opens the month.
		over := engine.CancelInput{WorkflowID: b.flows[3].ID}
		if _, err := b.Engine.Cancel(context.Background(), b.Who, over); err != nil {
			t.Fatal(err)
		}
		b.raise(t)
		all = append(all, b)
	}
	return all
}

// mixed returns the numbers of some organizations, each as often as it has items, in a random order.
func mixed(random *rand.Rand, counts []int) (order []int) {
	for i, n := range counts {
		for range n {
			order = append(order, i)
		}
	}
	random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	return order
}

// reserveBatch reserves calls of all organizations by one statement.
func reserveBatch(t *testing.T, all []*batches) {
	t.Helper()
	calls, want, counts := make([][]postgres.NewCall, len(all)), make([][]bool, len(all)), make([]int, len(all))
	for i, b := range all {
		calls[i], want[i] = b.proposeCalls(t)
		counts[i] = len(calls[i])
	}
	order, next := mixed(all[0].random, counts), make([]int, len(all))
	var batch []postgres.NewCall
	for _, i := range order {
		batch = append(batch, calls[i][next[i]])
		next[i]++
	}
	made, err := all[0].DB.Store().ReserveCalls(context.Background(), batch, 0)
	if err != nil {
		t.Fatal(err)
	}
	clear(next)
	for n, i := range order {
		b, held := all[i], made[n].Held
		if b.count(held); held != want[i][next[i]] {
			t.Errorf("call %d of %+v: got %t, want %t", n, batch, held, want[i][next[i]])
		}
		next[i]++
		if held {
			b.open = append(b.open, made[n].Call)
		}
	}
}

// settleBatch settles calls of all organizations by one statement.
func settleBatch(t *testing.T, all []*batches) {
	t.Helper()
	bills, want, counts := make([][]postgres.NewSettlement, len(all)), make([][]bool, len(all)), make([]int, len(all))
	for i, b := range all {
		bills[i], want[i] = b.proposeBills(t)
		counts[i] = len(bills[i])
	}
	order, next := mixed(all[0].random, counts), make([]int, len(all))
	var batch []postgres.NewSettlement
	for _, i := range order {
		batch = append(batch, bills[i][next[i]])
		next[i]++
	}
	if len(batch) == 0 {
		return
	}
	made, err := all[0].DB.Store().SettleCalls(context.Background(), batch, 0)
	if err != nil {
		t.Fatal(err)
	}
	clear(next)
	for n, i := range order {
		b, booked := all[i], made[n].Booked
		if b.count(booked); booked != want[i][next[i]] {
			t.Errorf("settlement %d of %+v: got %t, want %t", n, batch, booked, want[i][next[i]])
		}
		next[i]++
		if booked {
			b.open = slices.DeleteFunc(b.open, func(c postgres.Call) bool { return c.ID == made[n].Call.ID })
		}
	}
}

// raise gives each workflow room for some more calls, and the month room for fewer than all of them.
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
	balance := b.month(t).Balance
	month := engine.SetMonthlyLimitInput{
		Limit: cost.Limit(balance.Settled + balance.Held + cost.Dollar*5/2), Reason: "room",
	}
	if _, err := b.Engine.SetMonthlyLimit(context.Background(), b.Who, month); err != nil {
		t.Fatal(err)
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

// proposeCalls returns some calls, and which of them are to be held.
func (b *batches) proposeCalls(t *testing.T) (calls []postgres.NewCall, want []bool) {
	t.Helper()
	b.raise(t)
	month := b.month(t)
	rooms, sums := map[uuid.UUID]cost.Pico{month.ID: room(month)}, map[uuid.UUID]cost.Pico{}
	for _, flow := range b.flows {
		rooms[flow.ID] = room(b.account(t, flow.ID))
	}
	for range 1 + b.random.IntN(20) {
		flow := b.flows[b.random.IntN(len(b.flows))]
		c := b.newCall(flow)
		calls = append(calls, c)
		fits := flow.ID != b.flows[3].ID && c.Fence == nil && c.Hold <= min(rooms[flow.ID], rooms[month.ID])
		if fits {
			sums[flow.ID] += c.Hold
			sums[month.ID] += c.Hold
			fits = sums[flow.ID] <= rooms[flow.ID] && sums[month.ID] <= rooms[month.ID] && !b.used[c.Key]
		}
		if fits && c.Key != "" {
			b.used[c.Key] = true
		}
		want = append(want, fits)
	}
	return calls, want
}

func room(a cost.Account) cost.Pico {
	return cost.Pico(a.Balance.Limit) - a.Balance.Settled - a.Balance.Held
}

func (b *batches) newCall(flow workflow.Workflow) postgres.NewCall {
	at := b.Clock.Now()
	var lost *int
	if b.random.IntN(10) == 0 {
		another := 99
		lost = &another // Another run has the workflow.
	}
	return postgres.NewCall{
		OrganizationID: b.Who.OrganizationID,
		Fence:          lost,
		ID:             uuid.New(),
		WorkflowID:     flow.ID,
		Step:           workflow.StepICP,
		Hold:           cost.Dollar / 100 * cost.Pico([...]int{5, 20, 60, 120}[b.random.IntN(4)]),
		At:             at,
		CheckAt:        at.Add(time.Hour),
		Actor:          b.Who.Actor,
		Key:            b.key(),
		Fingerprint:    make([]byte, 32),
	}
}

func (b *batches) count(booked bool) {
	if booked {
		b.booked++
	} else {
		b.left++
	}
}

// proposeBills returns settlements of some open calls, one of them twice, and which are to be booked. Costs above the
// hold and beyond a threshold are left out.
func (b *batches) proposeBills(t *testing.T) (all []postgres.NewSettlement, want []bool) {
	t.Helper()
	month, sums := b.month(t), map[uuid.UUID]cost.Pico{}
	balances := map[uuid.UUID]cost.Balance{month.ID: month.Balance}
	for _, flow := range b.flows {
		balances[flow.ID] = b.account(t, flow.ID).Balance
	}
	ended := map[uuid.UUID]bool{}
	for range min(len(b.open), 1+b.random.IntN(12)) {
		n := b.settlement(b.open[b.random.IntN(len(b.open))])
		all = append(all, n)
		booked := !ended[n.Call.ID] && n.Bill.Cost <= n.Call.Hold
		if booked {
			ended[n.Call.ID] = true
			booked = !b.used[n.Key]
			for _, account := range []uuid.UUID{n.Call.WorkflowID, month.ID} {
				sums[account] += n.Bill.Cost
				after := balances[account]
				after.Settled += sums[account]
				booked = booked && len(cost.Crossed(balances[account], after)) == 0
			}
		}
		if booked && n.Key != "" {
			b.used[n.Key] = true
		}
		want = append(want, booked)
	}
	return all, want
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

// JSON would replace such a character, and two keys would become one.
func TestReserveCalls_RefusesWhatIsNoText(t *testing.T) {
	t.Parallel()
	b := newBatches(t, 1)[0]
	b.random = rand.New(rand.NewPCG(1, 1))
	for name, change := range map[string]func(*postgres.NewCall){
		"key":   func(c *postgres.NewCall) { c.Key = "a\xff" },
		"actor": func(c *postgres.NewCall) { c.Actor = "a\xff" },
		"part":  func(c *postgres.NewCall) { c.Part = "a\xff" },
		"model": func(c *postgres.NewCall) { c.Estimate.Models = []string{"a\xff"} },
	} {
		c := b.newCall(b.flows[0])
		change(&c)
		_, err := b.DB.Store().ReserveCalls(context.Background(), []postgres.NewCall{c}, 0)
		if fault.KindOf(err) != fault.InvalidInput {
			t.Errorf("%s: got %v, want INVALID_INPUT", name, err)
		}
	}
}
