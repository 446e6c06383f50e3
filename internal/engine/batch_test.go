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

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// order makes a dry run and orders what it shows.
func (b bundle) order(t *testing.T, who caller.Caller, in engine.BatchInput) engine.Batch {
	t.Helper()
	ctx := context.Background()
	dry, err := b.Engine.OrderBatch(ctx, who, in)
	if err != nil || dry.Preview == nil || dry.Batch != nil {
		t.Fatalf("dry run: got %+v, %v", dry, err)
	}
	in.Digest, in.IdempotencyKey = dry.Preview.Digest, uuid.NewString()
	made, err := b.Engine.OrderBatch(ctx, who, in)
	if err != nil || made.Batch == nil || made.Replayed {
		t.Fatalf("order: got %+v, %v", made, err)
	}
	again, err := b.Engine.OrderBatch(ctx, who, in)
	if err != nil || !again.Replayed || again.Batch.ID != made.Batch.ID {
		t.Errorf("the same order again: got %+v, %v, want a replay", again, err)
	}
	return *made.Batch
}

// work works on a batch to its end and returns its items.
func (b bundle) work(t *testing.T, batch engine.Batch) []engine.BatchItem {
	t.Helper()
	ctx := context.Background()
	work, err := b.Engine.ClaimBatch(ctx, batch.OrganizationID, batch.ID)
	for err == nil && work.Mine {
		work, err = b.Engine.RunBatch(ctx, work.Batch)
	}
	if err != nil || work.Batch.EndedAt == nil {
		t.Fatalf("work on the batch: got %+v, %v", work, err)
	}
	return b.items(t, batch)
}

func (b bundle) items(t *testing.T, batch engine.Batch) (all []engine.BatchItem) {
	t.Helper()
	in := engine.BatchItemsInput{BatchID: batch.ID, First: 100}
	for {
		page, err := b.Engine.BatchItems(context.Background(), b.Who, in)
		if err != nil {
			t.Fatal(err)
		}
		if all = append(all, page...); len(page) < 100 {
			return all
		}
		in.After = &all[len(all)-1].Position
	}
}

// outcomes writes each item as its outcome and code.
func outcomes(items []engine.BatchItem) (all []string) {
	for _, item := range items {
		all = append(all, fmt.Sprintf("%s%s", item.Outcome, item.Code))
	}
	return all
}

func TestBatch_ChangesWhatTheDryRunShows(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	created, over := b.Flow(t, workflow.Created), b.Flow(t, workflow.Cancelled)
	failed, running := b.Flow(t, workflow.ICPFailed), b.Flow(t, workflow.ICPProcessing)
	all := []uuid.UUID{created.ID, over.ID, failed.ID, running.ID}
	for _, c := range []struct {
		kind workflow.BatchKind
		able int
		left map[fault.Kind]int
	}{
		{workflow.BatchRetry, 1, map[fault.Kind]int{fault.StaleState: 2, fault.TerminalState: 1}},
		{workflow.BatchStart, 1, map[fault.Kind]int{fault.StaleState: 2, fault.TerminalState: 1}},
		{workflow.BatchLimit, 4, map[fault.Kind]int{}},
		{workflow.BatchCancel, 3, map[fault.Kind]int{fault.TerminalState: 1}},
	} {
		in := engine.BatchInput{Kind: c.kind, IDs: all, Limit: 3 * cost.Limit(cost.Dollar), Reason: "because"}
		dry, err := b.Engine.OrderBatch(ctx, b.Who, in)
		if err != nil {
			t.Fatal(err)
		}
		left := map[fault.Kind]int{}
		for _, r := range dry.Preview.Refusals {
			left[r.Code] = r.Count
			if len(r.Examples) != r.Count || r.Message == "" {
				t.Errorf("%s: got the refusal %+v, want a message and all examples", c.kind, r)
			}
		}
		diff := cmp.Diff(c.left, left)
		if diff != "" || dry.Preview.Able != c.able || dry.Preview.Selected != 4 {
			t.Errorf("%s: got %+v, want %d that can (-want +got):\n%s", c.kind, dry.Preview, c.able, diff)
		}
		for _, item := range b.work(t, b.order(t, b.Who, in)) {
			if item.Outcome != workflow.BatchDone || (item.Version == nil) == (item.Sequence == nil) {
				t.Errorf("%s of %s: got %+v, want it done", c.kind, item.WorkflowID, item.BatchResult)
			}
		}
	}
	b.Sound(t)
}

func TestBatch_RefusesBadOrders(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow := b.Flow(t, workflow.Created)
	ids := []uuid.UUID{flow.ID}
	for name, c := range map[string]struct {
		in    engine.BatchInput
		kind  fault.Kind
		field string
	}{
		"no workflows": {engine.BatchInput{}, fault.InvalidInput, "workflowIds"},
		"both":         {engine.BatchInput{IDs: ids, Filter: &engine.Filter{}}, fault.InvalidInput, "workflowIds"},
		"an id twice":  {engine.BatchInput{IDs: append(ids, flow.ID)}, fault.InvalidInput, "workflowIds"},
		"too many":     {engine.BatchInput{IDs: make([]uuid.UUID, 1001)}, fault.InvalidInput, "workflowIds"},
		"another id":   {engine.BatchInput{IDs: []uuid.UUID{flow.ID, uuid.New()}}, fault.NotFound, "workflowIds 1"},
		"no key":       {engine.BatchInput{IDs: ids, Digest: "x"}, fault.InvalidInput, "idempotencyKey"},
		"no preview":   {engine.BatchInput{IDs: ids, Digest: "x", IdempotencyKey: "k"}, fault.StaleState, "digest"},
	} {
		c.in.Kind = workflow.BatchCancel
		_, err := b.Engine.OrderBatch(ctx, b.Who, c.in)
		if fault.KindOf(err) != c.kind || fmt.Sprint(fault.FieldOf(err)) != "["+c.field+"]" {
			t.Errorf("%s: got %v at %v, want %s at %s", name, err, fault.FieldOf(err), c.kind, c.field)
		}
	}
	in := engine.BatchInput{Kind: workflow.BatchCancel, IDs: ids}
	dry, err := b.Engine.OrderBatch(ctx, b.Who, in)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Engine.Cancel(ctx, b.Who, engine.CancelInput{WorkflowID: flow.ID}); err != nil {
		t.Fatal(err)
	}
	in.Digest, in.IdempotencyKey = dry.Preview.Digest, "stale"
	var stale *engine.StaleBatchError
	if _, err := b.Engine.OrderBatch(ctx, b.Who, in); !errors.As(err, &stale) || stale.Preview.Able != 0 {
		t.Errorf("after a change: got %v, want a stale selection with its preview", err)
	}
	in.Digest = stale.Preview.Digest
	if _, err := b.Engine.OrderBatch(ctx, b.Who, in); fault.KindOf(err) != fault.InvalidInput {
		t.Errorf("nothing to change: got %v, want INVALID_INPUT", err)
	}
	who := b.Who
	who.Role = caller.Operator
	in.Kind = workflow.BatchLimit
	if _, err := b.Engine.OrderBatch(ctx, who, in); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("limits by an operator: got %v, want FORBIDDEN", err)
	}
	if n := b.Count(t, `SELECT count(*) FROM batches`); n != 0 {
		t.Errorf("got %d batches, want none", n)
	}
}

// 20 callers move the workflows of a batch while two workers work on it. Every item has one result, and it agrees with
// the journal.
func TestBatch_EveryItemHasOneResultWhileOthersMove(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	const items = 60
	flows := make([]workflow.Workflow, items)
	for i := range flows {
		flows[i] = b.Flow(t, workflow.ICPCompleted)
	}
	batch := b.order(t, b.Who, engine.BatchInput{Kind: workflow.BatchStart, Filter: &engine.Filter{}})
	errs := testdb.Together(22, func(i int) error {
		if i >= 20 {
			work, err := b.Engine.ClaimBatch(ctx, batch.OrganizationID, batch.ID)
			for err == nil && work.Mine {
				work, err = b.Engine.RunBatch(ctx, work.Batch)
			}
			return err
		}
		for n := i; n < items; n += 20 {
			_, _ = b.Engine.Cancel(ctx, b.As(fmt.Sprintf("caller %d", i)), engine.CancelInput{WorkflowID: flows[n].ID})
		}
		return nil
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	results := b.items(t, batch)
	if len(results) != items {
		t.Fatalf("got %d items, want %d", len(results), items)
	}
	for _, r := range results {
		started := b.Count(t, `SELECT count(*) FROM workflow_transitions
			WHERE workflow_id = $1 AND to_state = 'COMPETITOR_PENDING' AND actor = $2`, r.WorkflowID, b.Who.Actor)
		if (r.Outcome == workflow.BatchDone) != (started == 1) || r.Outcome == "" {
			t.Errorf("workflow %s: got %s %s and %d starts in the journal", r.WorkflowID, r.Outcome, r.Code, started)
		}
	}
	b.Sound(t)
}

// A worker dies after it has made the changes of a portion and before it has written their results. After its lease
// another worker makes the portion again, which changes nothing twice. The dead worker cannot write any more.
func TestBatch_GoesOnElsewhere(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	for range 30 {
		b.Flow(t, workflow.Created)
	}
	batch := b.order(t, b.Who, engine.BatchInput{Kind: workflow.BatchCancel, Filter: &engine.Filter{}})
	dead, err := b.Engine.ClaimBatch(ctx, batch.OrganizationID, batch.ID)
	if err != nil || !dead.Mine {
		t.Fatalf("claim: got %+v, %v", dead, err)
	}
	lost := dead.Batch
	lost.Attempt = -1 // Its results are not written.
	if work, err := b.Engine.RunBatch(ctx, lost); err != nil || work.Mine {
		t.Fatalf("a lost worker: got %+v, %v", work, err)
	}
	if n := b.Count(t, `SELECT count(*) FROM intent_workflows WHERE state = 'CANCELLED'`); n != 20 {
		t.Fatalf("got %d cancelled workflows, want a portion", n)
	}
	if work, err := b.Engine.ClaimBatch(ctx, batch.OrganizationID, batch.ID); err != nil || work.Mine || work.Wait <= 0 {
		t.Errorf("a claim within the lease: got %+v, %v, want to wait", work, err)
	}
	b.Clock.Advance(time.Minute)
	jobs := len(b.Jobs.All())
	if n, err := b.Engine.SweepBatches(ctx); err != nil || n != 1 || len(b.Jobs.All()) != jobs+1 {
		t.Errorf("sweep: got %d, %v, want one job", n, err)
	}
	for _, item := range b.work(t, batch) {
		if item.Outcome != workflow.BatchDone || item.Version == nil {
			t.Errorf("workflow %s: got %+v, want it done", item.WorkflowID, item.BatchResult)
		}
	}
	if n := b.Count(t, `SELECT count(*) FROM workflow_transitions WHERE to_state = 'CANCELLED'`); n != 30 {
		t.Errorf("got %d cancels in the journal, want 30", n)
	}
	if work, err := b.Engine.RunBatch(ctx, dead.Batch); err != nil || work.Mine {
		t.Errorf("the dead worker: got %+v, %v, want that it has lost the batch", work, err)
	}
	b.Sound(t)
}

// A key that is revoked after the order makes no further change.
func TestBatch_StopsWithItsKey(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	for range 25 {
		b.Flow(t, workflow.Created)
	}
	key, err := b.Engine.CreateAPIKey(ctx, b.Who, engine.CreateAPIKeyInput{
		Name: "ci", Role: caller.Operator, ExpiresAt: b.Clock.Now().Add(time.Hour), IdempotencyKey: "k",
	})
	if err != nil {
		t.Fatal(err)
	}
	who := b.As("key:ci")
	who.KeyID = key.Key.ID
	batch := b.order(t, who, engine.BatchInput{Kind: workflow.BatchCancel, Filter: &engine.Filter{}})
	work, err := b.Engine.ClaimBatch(ctx, batch.OrganizationID, batch.ID)
	if err == nil {
		work, err = b.Engine.RunBatch(ctx, work.Batch)
	}
	if err != nil || work.Batch.Succeeded != 20 {
		t.Fatalf("the first portion: got %+v, %v", work, err)
	}
	if _, err := b.Engine.RevokeAPIKey(ctx, b.Who, engine.RevokeAPIKeyInput{KeyID: key.Key.ID}); err != nil {
		t.Fatal(err)
	}
	if work, err = b.Engine.RunBatch(ctx, work.Batch); err != nil || work.Batch.EndedAt == nil {
		t.Fatalf("the second portion: got %+v, %v", work, err)
	}
	got := outcomes(b.items(t, batch))[20:]
	want := slices.Repeat([]string{"REFUSEDUNAUTHENTICATED"}, 5)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("after the revocation (-want +got):\n%s", diff)
	}
	b.Sound(t)
}
