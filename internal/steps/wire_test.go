package steps_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/llm"
	"github.com/infin8content/engine/internal/llm/sandbox"
	"github.com/infin8content/engine/internal/steps"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// spoken is one attempt with the answer of a variant.
type spoken struct {
	variant sandbox.Variant
	sandbox *sandbox.Sandbox
	gateway steps.Gateway
	flow    workflow.Workflow
	err     error
	took    time.Duration
	log     *lockedBuffer
	at      map[uuid.UUID]cost.Call // the calls right after the attempt
}

// TestWire makes an attempt for each variant, with the real client, engine and database. The ledger must agree with the
// provider's books, and only a final figure may settle a call at once.
func TestWire(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	all := b.speakAll(t, sandbox.Variants())
	b.sweepSpoken(t, all)
	for _, s := range all {
		t.Run(s.variant.Name, func(t *testing.T) {
			t.Parallel()
			b.judge(t, s)
		})
	}
	findings, err := b.auditor.Verify(context.Background())
	if err != nil || len(findings) > 0 {
		t.Errorf("verify: got %v, %v, want nothing", findings, err)
	}
}

// speakAll makes the attempts, some at a time.
func (b bundle) speakAll(t *testing.T, variants []sandbox.Variant) []*spoken {
	t.Helper()
	all := make([]*spoken, len(variants))
	boxes := map[string]http.Handler{}
	for i, v := range variants {
		s := &spoken{variant: v, log: &lockedBuffer{}}
		s.sandbox = sandbox.New(sandbox.Options{
			Prices:    cost.StartPrices(),
			Injection: sandbox.Wire(v.Name),
			Now:       func() time.Time { return time.Now().Add(time.Duration(i)) }, // No two have the same ids.
		})
		all[i], boxes[v.Name] = s, s.sandbox
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		boxes[name].ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	flows := b.pending(t, len(variants))
	for i, s := range all {
		client, err := llm.New(llm.Options{BaseURL: server.URL + "/" + s.variant.Name, Key: "sandbox"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(client.Close)
		s.gateway, s.flow = steps.Gateway{Client: client, Name: sandbox.Provider}, flows[i]
	}
	var next atomic.Int64
	for _, err := range testdb.Together(6, func(int) error {
		for n := next.Add(1); n <= int64(len(all)); n = next.Add(1) {
			if err := b.speak(all[n-1]); err != nil {
				return err
			}
		}
		return nil
	}) {
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func (b bundle) speak(s *spoken) error {
	ctx := context.Background()
	executor := steps.New(steps.Options{
		Engine:  b.engine,
		Gateway: s.gateway,
		Now:     time.Now,
		Logger:  slog.New(slog.NewTextHandler(s.log, nil)),
	})[0]
	taken, err := b.engine.Take(ctx, b.who, s.flow.ID)
	if err != nil {
		return err
	}
	began := time.Now()
	s.err = executor.Run(ctx, b.who, s.flow, *taken.Run)
	s.took = time.Since(began)
	s.at, err = b.callsOf(s.flow)
	return err
}

func (b bundle) callsOf(flow workflow.Workflow) (map[uuid.UUID]cost.Call, error) {
	calls, err := b.engine.Calls(
		context.Background(), b.who, engine.CallsInput{Workflows: []uuid.UUID{flow.ID}, First: 10})
	byID := map[uuid.UUID]cost.Call{}
	for _, call := range calls[flow.ID] {
		byID[call.ID] = call
	}
	return byID, err
}

// sweepSpoken sweeps for two days, and asks the gateway of each call.
func (b bundle) sweepSpoken(t *testing.T, all []*spoken) {
	t.Helper()
	ask := func(ctx context.Context, provider, id string) (*engine.SettleInput, error) {
		for _, s := range all {
			if _, made := s.sandbox.Charges()[id]; made {
				return s.gateway.Ask(ctx, provider, id)
			}
		}
		return nil, nil
	}
	for range 48 {
		b.later.Add(int64(time.Hour))
		for n := 1; n > 0; {
			// An unreadable look-up is an error of the sweep, which handles the other calls all the same.
			n, _ = b.engine.SweepCalls(context.Background(), ask)
		}
	}
}

// judge compares the bookings of one variant with the provider's books.
func (b bundle) judge(t *testing.T, s *spoken) {
	t.Helper()
	if s.err != nil {
		t.Errorf("the run has no end: %v", s.err)
	}
	if s.took > llm.DefaultSilence/4 { // No variant waits for the end of a silence.
		t.Errorf("the attempt took %s, want no wait for a silence", s.took)
	}
	flow, err := b.engine.Workflow(context.Background(), b.who, s.flow.ID)
	if err != nil {
		t.Fatal(err)
	}
	if want := map[bool]workflow.State{false: workflow.ICPCompleted, true: workflow.ICPFailed}; flow.State !=
		want[s.variant.Failed] {
		t.Errorf("got the state %s, want %s\n%s", flow.State, want[s.variant.Failed], s.log)
	}
	calls, err := b.callsOf(flow)
	if err != nil || len(calls) != 1 {
		t.Fatalf("got the calls %v, %v, want one", calls, err)
	}
	for id, call := range calls {
		first, last := states(s.variant.Books)
		if s.at[id].State != first || call.State != last {
			t.Errorf("got %s and then %s, want %s and then %s\n%s", s.at[id].State, call.State, first, last, s.log)
		}
		b.compareSpoken(t, s, call)
	}
}

// states returns the state of a call right after its attempt and in the end.
func states(books sandbox.Booking) (first, last cost.CallState) {
	switch books {
	case sandbox.BooksFigure, sandbox.BooksList:
		return cost.CallSettled, cost.CallSettled
	case sandbox.BooksLookup:
		return cost.CallUnknown, cost.CallSettled
	case sandbox.BooksHold:
		return cost.CallUnknown, cost.CallAssumed
	default:
		return cost.CallReleased, cost.CallReleased
	}
}

func (b bundle) compareSpoken(t *testing.T, s *spoken, call cost.Call) {
	t.Helper()
	want := s.sandbox.Total()
	if s.variant.Books == sandbox.BooksHold {
		want = call.Hold
	}
	accounts, err := b.engine.Accounts(context.Background(), b.who, []uuid.UUID{s.flow.ID})
	if err != nil {
		t.Fatal(err)
	}
	if got := accounts[s.flow.ID].Balance; got.Settled != want || got.Held != 0 {
		t.Errorf("got $%s booked and $%s held, want $%s as the provider says", got.Settled, got.Held, want)
	}
}

// lockedBuffer is a buffer for concurrent loggers.
type lockedBuffer struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.String()
}
