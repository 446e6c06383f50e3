package steps_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/steps"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// cut ends a request after this number of bytes of its answer, headers included. A negative number ends it before
// sending.
type cut struct {
	after int
	end   func()
}

type cutKey struct{}

// cuttable returns a client whose connections end each request after the cut in its context.
func cuttable() *http.Client {
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true, // A connection for each request.
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
			planned, _ := ctx.Value(cutKey{}).(*cut)
			if err != nil || planned == nil {
				return conn, err
			}
			if planned.after < 0 {
				planned.end()
			}
			return &cutConn{conn, planned}, nil
		},
	}}
}

type cutConn struct {
	net.Conn
	*cut
}

func (c *cutConn) Read(into []byte) (int, error) {
	if c.after <= 0 {
		c.end()
		return c.Conn.Read(into)
	}
	n, err := c.Conn.Read(into[:min(len(into), c.after)])
	c.after -= n
	return n, err
}

// streams is the number of answers that are cut.
const streams = 200

// Workers abort two hundred answers at any point: before the request is sent, between the headers and the first word,
// within a word, after the last one. In the end the books have each charge of the provider.
func TestAttempt_LeavesNoHoldInTwoHundredCutStreams(t *testing.T) {
	t.Parallel()
	const workers = 8
	b := setup(t, options{client: cuttable(), delay: 500 * time.Microsecond})
	flows := b.pending(t, streams)
	var next atomic.Int64
	for _, err := range testdb.Together(workers, func(worker int) error {
		random := rand.New(rand.NewPCG(5, uint64(worker)))
		for n := next.Add(1); n <= streams; n = next.Add(1) {
			ctx, cancel := context.WithCancelCause(context.Background())
			planned := &cut{after: random.IntN(16_000) - 300, end: func() { cancel(steps.ErrShutdown) }}
			taken, err := b.engine.Take(ctx, b.who, flows[n-1].ID)
			if err == nil {
				err = b.executor.Run(context.WithValue(ctx, cutKey{}, planned), b.who, flows[n-1], *taken.Run)
			}
			cancel(nil)
			if err != nil {
				return fmt.Errorf("stream %d: %w", n, err)
			}
		}
		return nil
	}) {
		if err != nil {
			t.Fatal(err)
		}
	}
	b.sweepAll(t, flows)
	b.compare(t, flows)
}

// pending returns workflows before their first step.
func (b bundle) pending(t *testing.T, n int) []workflow.Workflow {
	t.Helper()
	ctx := context.Background()
	flows := []workflow.Workflow{b.flow}
	for i := 1; i < n; i++ {
		made, err := b.engine.Create(ctx, b.who, engine.CreateInput{
			Name: fmt.Sprint("Workflow ", i), Company: b.flow.Company,
		})
		if err != nil {
			t.Fatal(err)
		}
		moved, err := b.engine.GenerateICP(ctx, b.who, engine.GenerateICPInput{WorkflowID: made.Workflow.ID})
		if err != nil {
			t.Fatal(err)
		}
		flows = append(flows, moved.Workflow)
	}
	return flows
}

func ids(flows []workflow.Workflow) []uuid.UUID {
	all := make([]uuid.UUID, len(flows))
	for i, flow := range flows {
		all[i] = flow.ID
	}
	return all
}

// sweepAll sweeps for two days.
func (b bundle) sweepAll(t *testing.T, flows []workflow.Workflow) {
	t.Helper()
	wait(t, "the provider to notice the disconnects", func() bool { return b.sandbox.InFlight() == 0 })
	for range 48 {
		b.later.Add(int64(time.Hour))
		for n := 1; n > 0; {
			var err error
			if n, err = b.engine.SweepCalls(context.Background(), b.gateway.Ask); err != nil {
				t.Fatal(err)
			}
		}
	}
	accounts, err := b.engine.Accounts(context.Background(), b.who, ids(flows))
	if err != nil {
		t.Fatal(err)
	}
	for _, account := range accounts {
		if account.Balance.Held != 0 {
			t.Errorf("workflow %s still holds $%s", account.ID, account.Balance.Held)
		}
	}
}

// compare compares the calls with the provider's books, and the balances with the calls.
func (b bundle) compare(t *testing.T, flows []workflow.Workflow) {
	t.Helper()
	ctx := context.Background()
	calls, err := b.engine.Calls(ctx, b.who, engine.CallsInput{Workflows: ids(flows), First: 10})
	if err != nil {
		t.Fatal(err)
	}
	accounts, err := b.engine.Accounts(ctx, b.who, ids(flows))
	if err != nil {
		t.Fatal(err)
	}
	charges := b.sandbox.Charges()
	states, partly := map[cost.CallState]int{}, 0
	for id, made := range calls {
		var spent cost.Pico
		for _, call := range made {
			states[call.State]++
			charge, charged := charges[call.GenerationID]
			delete(charges, call.GenerationID)
			switch call.State {
			case cost.CallSettled:
				spent += *call.Cost
				if !charged || *call.Cost != charge.Cost {
					t.Errorf("call %s cost $%s, the provider charged $%s", call.ID, *call.Cost, charge.Cost)
				}
			case cost.CallAssumed: // Cut before the generation id arrived.
				spent += call.Hold
				if call.GenerationID != "" {
					t.Errorf("call %s is assumed, its generation is %s", call.ID, call.GenerationID)
				}
			case cost.CallReleased:
				if charged {
					t.Errorf("call %s was released and charged", call.ID)
				}
			}
			if charge.Cancelled {
				partly++
			}
		}
		if got := accounts[id].Balance.Settled; got != spent {
			t.Errorf("workflow %s has spent $%s, its calls $%s", id, got, spent)
		}
	}
	if len(charges) > states[cost.CallAssumed] {
		t.Errorf("the provider charged %d calls that are not in the books: %v", len(charges), charges)
	}
	if partly < streams/4 || states[cost.CallReleased] == 0 {
		t.Errorf("got %d answers that were cut in the middle, of %v: this proves little", partly, states)
	}
	findings, err := b.auditor.Verify(ctx)
	if err != nil || len(findings) > 0 {
		t.Errorf("verify: got %v, %v, want nothing", findings, err)
	}
	t.Logf("%v, of which %d were cut in the middle", states, partly)
}
