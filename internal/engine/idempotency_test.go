package engine_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// outcome is what a verb did, in one form for all verbs: which thing, and whether it had been done before.
type outcome struct {
	thing    string
	replayed bool
}

func moved(m engine.Moved, err error) (outcome, error) {
	return outcome{fmt.Sprintf("%s at %d", m.Workflow.ID, m.Transition.Version), m.Replayed}, err
}

func charged(c engine.Charged, err error) (outcome, error) {
	return outcome{c.Call.ID.String(), c.Replayed}, err
}

// keyed is a verb that takes an idempotency key, on a thing that is ready for it. variant 0 is the request; variant 1
// has other content; variant 2 is one that is refused, whatever the key.
type keyed func(key string, variant int) (outcome, error)

// verbs are all keyed verbs. Each is prepared on a bundle of its own.
var verbs = map[string]func(t *testing.T, b bundle) keyed{
	"Create": func(_ *testing.T, b bundle) keyed {
		names := []string{"Name", "Another name", ""}
		return func(key string, v int) (outcome, error) {
			return moved(b.Engine.Create(context.Background(), b.Who, engine.CreateInput{
				Name: names[v], Company: workflow.Company{Name: "C", URL: "https://example.com"}, IdempotencyKey: key,
			}))
		}
	},
	"Transition": func(t *testing.T, b bundle) keyed {
		flow := b.Flow(t, workflow.Created)
		from := []workflow.State{workflow.Created, workflow.Created, workflow.ICPPending}
		to := []workflow.State{workflow.ICPPending, workflow.Cancelled, workflow.ICPProcessing}
		return func(key string, v int) (outcome, error) {
			return moved(b.Engine.Transition(context.Background(), b.Who, engine.TransitionInput{
				WorkflowID: flow.ID, From: from[v], To: to[v], IdempotencyKey: key,
			}))
		}
	},
	"Cancel": func(t *testing.T, b bundle) keyed {
		flow := b.Flow(t, workflow.SeedReviewPending)
		reasons := []string{"enough", "something else", strings.Repeat("x", 2001)}
		return func(key string, v int) (outcome, error) {
			return moved(b.Engine.Cancel(context.Background(), b.Who, engine.CancelInput{
				WorkflowID: flow.ID, Reason: reasons[v], IdempotencyKey: key,
			}))
		}
	},
	"GenerateICP": func(t *testing.T, b bundle) keyed {
		flows := []uuid.UUID{
			b.Flow(t, workflow.Created).ID, b.Flow(t, workflow.Created).ID, b.Flow(t, workflow.ICPCompleted).ID,
		}
		return func(key string, v int) (outcome, error) {
			return moved(b.Engine.GenerateICP(context.Background(), b.Who, engine.GenerateICPInput{
				WorkflowID: flows[v], IdempotencyKey: key,
			}))
		}
	},
	"GenerateICPAgain": func(t *testing.T, b bundle) keyed {
		flows := []uuid.UUID{
			b.Flow(t, workflow.ICPFailed).ID, b.Flow(t, workflow.ICPFailed).ID, b.Flow(t, workflow.Cancelled).ID,
		}
		return func(key string, v int) (outcome, error) {
			return moved(b.Engine.GenerateICP(context.Background(), b.Who, engine.GenerateICPInput{
				WorkflowID: flows[v], IdempotencyKey: key,
			}))
		}
	},
	"Reserve": func(t *testing.T, b bundle) keyed {
		flow := b.Flow(t, workflow.ICPProcessing)
		return func(key string, v int) (outcome, error) {
			amount := 3 * cent
			if v == 1 {
				amount++
			} else if v == 2 {
				amount = 101 * cent
			}
			return charged(b.Engine.Reserve(context.Background(), b.Who, engine.ReserveInput{
				WorkflowID: flow.ID, Amount: &amount, IdempotencyKey: key,
			}))
		}
	},
	"Settle": func(t *testing.T, b bundle) keyed {
		call := b.Reserve(t, b.Flow(t, workflow.ICPProcessing), cent)
		return func(key string, v int) (outcome, error) {
			billed := cent/2 - 1
			if v > 0 {
				billed = cent
			}
			in := engine.SettleInput{CallID: call.ID, Model: "m", Cost: &billed, IdempotencyKey: key}
			if v == 2 {
				in.Cost = nil // No such model is in the price table.
			}
			return charged(b.Engine.Settle(context.Background(), b.Who, in))
		}
	},
	"Release": func(t *testing.T, b bundle) keyed {
		call := b.Reserve(t, b.Flow(t, workflow.ICPProcessing), cent)
		reasons := []string{"never sent", "something else", "\x00"}
		return func(key string, v int) (outcome, error) {
			return charged(b.Engine.Release(context.Background(), b.Who, engine.ReleaseInput{
				CallID: call.ID, Reason: reasons[v], IdempotencyKey: key,
			}))
		}
	},
	"RenewLease": func(t *testing.T, b bundle) keyed {
		var runs []engine.RenewLeaseInput
		for range 2 {
			runs = append(runs, b.outside(t))
		}
		runs = append(runs, engine.RenewLeaseInput{WorkflowID: runs[0].WorkflowID, Token: runs[0].Token - 1})
		return func(key string, v int) (outcome, error) {
			in := runs[v]
			in.IdempotencyKey = key
			renewed, err := b.Engine.RenewLease(context.Background(), b.Who, in)
			return outcome{fmt.Sprint(renewed.Run.WorkflowID, renewed.Run.LeaseExpiresAt), renewed.Replayed}, err
		}
	},
	"ImportPrices": func(_ *testing.T, b bundle) keyed {
		units, sources := []cost.Pico{2_000_000, 3_000_000, 2_000_000}, []string{"contract", "contract", ""}
		return func(key string, v int) (outcome, error) {
			l := list("new/model", tokens(units[v], units[v]))
			l.Prices = append(l.Prices, list(sonar, tokens(1, 1)).Prices...)
			done, err := b.Engine.ImportPrices(context.Background(), b.Who, engine.ImportPricesInput{
				List: l, Source: sources[v], Apply: true, IdempotencyKey: key,
			})
			thing, _ := json.Marshal(done.Changes)
			return outcome{string(thing), done.Replayed}, err
		}
	},
	"AcceptPrice": func(t *testing.T, b bundle) keyed {
		return decides(t, b, (*engine.Engine).AcceptPrice)
	},
	"RejectPrice": func(t *testing.T, b bundle) keyed {
		return decides(t, b, (*engine.Engine).RejectPrice)
	},
}

// outside begins a run that a program outside drives.
func (b bundle) outside(t *testing.T) engine.RenewLeaseInput {
	t.Helper()
	moved, err := b.Engine.Transition(context.Background(), b.Who, engine.TransitionInput{
		WorkflowID: b.Flow(t, workflow.CompetitorPending).ID,
		From:       workflow.CompetitorPending, To: workflow.CompetitorProcessing,
	})
	if err != nil {
		t.Fatal(err)
	}
	return engine.RenewLeaseInput{WorkflowID: moved.Workflow.ID, Token: moved.Workflow.Version}
}

// decides is a decision about a price that was doubted.
func decides(
	t *testing.T, b bundle,
	verb func(*engine.Engine, context.Context, caller.Caller, engine.DecideInput) (engine.Decided, error),
) keyed {
	t.Helper()
	done, err := b.Engine.ImportPrices(context.Background(), b.Who, engine.ImportPricesInput{
		List: list(sonar, tokens(1, 1)), Source: "contract", Apply: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	doubted := done.Changes[0].ProposalID
	reasons := []string{"Signed.", "Something else.", ""}
	return func(key string, v int) (outcome, error) {
		decided, err := verb(b.Engine, context.Background(), b.Who, engine.DecideInput{
			ProposalID: doubted, Reason: reasons[v], IdempotencyKey: key,
		})
		return outcome{fmt.Sprint(decided.Proposal.ID, decided.Proposal.State), decided.Replayed}, err
	}
}

func TestIdempotencyKey_OneOfFiftyCallersWritesAndTheOthersReplay(t *testing.T) {
	t.Parallel()
	for name, prepare := range verbs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			do := prepare(t, b)
			var mu sync.Mutex
			outcomes := map[outcome]int{}
			for _, err := range testdb.Together(50, func(int) error {
				got, err := do("key", 0)
				mu.Lock()
				defer mu.Unlock()
				outcomes[got]++
				return err
			}) {
				if err != nil {
					t.Fatal(err)
				}
			}
			originals, replays := 0, 0
			for o, n := range outcomes {
				if o.replayed {
					replays += n
				} else {
					originals += n
				}
			}
			if originals != 1 || replays != 49 || len(outcomes) != 2 {
				t.Errorf("got %v, want the same thing once and 49 times replayed", outcomes)
			}
			if n := b.Count(t, `SELECT count(*) FROM idempotency_keys`); n != 1 {
				t.Errorf("keys: got %d, want 1", n)
			}
			b.Sound(t)
		})
	}
}

func TestIdempotencyKey_RefusesOtherContent(t *testing.T) {
	t.Parallel()
	for name, prepare := range verbs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			do := prepare(t, b)
			begin := b.rows(t)
			if _, err := do("key", 2); err == nil {
				t.Fatal("a request that cannot be was carried out")
			}
			if diff := cmp.Diff(begin, b.rows(t)); diff != "" && name != "Reserve" { // Which may open the month.
				t.Errorf("a refused request has written something:\n%s", diff)
			}
			first, err := do("key", 0)
			if err != nil || first.replayed {
				t.Fatalf("the key of a refused request: got %v, %v, want it unused", first, err)
			}
			before := b.rows(t)
			again, err := do("key", 0)
			if err != nil || !again.replayed || again.thing != first.thing {
				t.Errorf("the same again: got %v, %v, want %s replayed", again, err, first.thing)
			}
			if _, err := do("key", 1); fault.KindOf(err) != fault.IdempotencyMismatch {
				t.Errorf("other content: got %v, want IDEMPOTENCY_MISMATCH", err)
			}
			if diff := cmp.Diff(before, b.rows(t)); diff != "" {
				t.Errorf("a replay or a mismatch has written something:\n%s", diff)
			}
			if _, err := do(strings.Repeat("🔑", 256), 0); fault.KindOf(err) != fault.InvalidInput {
				t.Errorf("a key of 256 characters: got %v, want INVALID_INPUT", err)
			}
			b.Sound(t)
		})
	}
}

func TestIdempotencyKey_RefusesAnotherVerb(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow := b.Flow(t, workflow.Created)
	if _, err := b.Engine.GenerateICP(ctx, b.Who, engine.GenerateICPInput{
		WorkflowID: flow.ID, IdempotencyKey: "key",
	}); err != nil {
		t.Fatal(err)
	}
	_, err := b.Engine.Cancel(ctx, b.Who, engine.CancelInput{WorkflowID: flow.ID, IdempotencyKey: "key"})
	if fault.KindOf(err) != fault.IdempotencyMismatch {
		t.Errorf("got %v, want IDEMPOTENCY_MISMATCH", err)
	}
	if got := b.state(t, flow.ID); got != workflow.ICPPending {
		t.Errorf("state: got %s, want ICP_PENDING", got)
	}
}

func TestIdempotencyKey_IsOfOneOrganization(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	other := b.Stranger(t)
	in := engine.CreateInput{
		Name: "Name", Company: workflow.Company{Name: "C", URL: "https://example.com"}, IdempotencyKey: "key",
	}
	mine, err := b.Engine.Create(ctx, b.Who, in)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := b.Engine.Create(ctx, other, in)
	if err != nil || theirs.Replayed || theirs.Workflow.ID == mine.Workflow.ID {
		t.Errorf("got %v, %v, want a workflow of the other organization's own", theirs, err)
	}
}

// The answer to a request that was repeated is what the request did, with the thing as it is now.
func TestIdempotencyKey_ReplayReturnsTheFirstResult(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow := b.Flow(t, workflow.Created)
	in := engine.TransitionInput{
		WorkflowID: flow.ID, From: workflow.Created, To: workflow.ICPPending, Reason: "go", IdempotencyKey: "key",
	}
	first, err := b.Engine.Transition(ctx, b.Who, in)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Engine.Cancel(ctx, b.Who, engine.CancelInput{WorkflowID: flow.ID}); err != nil {
		t.Fatal(err)
	}
	replay, err := b.Engine.Transition(ctx, b.Who, in)
	if err != nil || !replay.Replayed || replay.Workflow.State != workflow.Cancelled {
		t.Errorf("got %v, %v, want a replay of a workflow that is CANCELLED now", replay, err)
	}
	if diff := cmp.Diff(first.Transition, replay.Transition); diff != "" {
		t.Errorf("the transition (-first +replay):\n%s", diff)
	}
}

// What a renewal has done is over when the lease is: only another key renews it again.
func TestRenewLease_ReplayRenewsNothing(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	in := b.outside(t)
	in.IdempotencyKey = "first"
	first, err := b.Engine.RenewLease(ctx, b.Who, in)
	if err != nil {
		t.Fatal(err)
	}
	b.Clock.Advance(time.Second)
	replay, err := b.Engine.RenewLease(ctx, b.Who, in)
	if diff := cmp.Diff(engine.Renewed{Run: first.Run, Replayed: true}, replay); err != nil || diff != "" {
		t.Errorf("the same again: %v (-want +got):\n%s", err, diff)
	}
	in.IdempotencyKey = "second"
	second, err := b.Engine.RenewLease(ctx, b.Who, in)
	if want := first.Run.LeaseExpiresAt.Add(time.Second); err != nil || !second.Run.LeaseExpiresAt.Equal(want) {
		t.Errorf("another key: got %v, %v, want a lease until %v", second.Run.LeaseExpiresAt, err, want)
	}
}

// plantKey copies the record of the key "first" to the key "old", with the fingerprint of a content without its key.
func (b bundle) plantKey(t *testing.T, operation string, content any) {
	t.Helper()
	text, err := json.Marshal(struct {
		Operation string
		Content   any
	}{operation, content})
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(text)
	const plant = `INSERT INTO idempotency_keys
			(organization_id, key, fingerprint, workflow_id, call_id, actor, created_at, answer)
		SELECT organization_id, 'old', $1, workflow_id, call_id, actor, created_at, answer FROM idempotency_keys
		WHERE organization_id = $2 AND key = 'first'`
	if _, err := b.DB.Super.Exec(t.Context(), plant, sum[:], b.Who.OrganizationID); err != nil {
		t.Fatal(err)
	}
}
