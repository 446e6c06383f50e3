package engine_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/testengine"
	"github.com/infin8content/engine/internal/workflow"
)

// startVerification starts a verification with an idempotency key.
func startVerification(t *testing.T, b testengine.Fixture, key string) engine.StartedVerification {
	t.Helper()
	s, err := b.Engine.StartVerification(context.Background(), b.Who, engine.StartVerificationInput{IdempotencyKey: key})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStartVerification_OneAtATime(t *testing.T) {
	t.Parallel()
	b, ctx := testengine.New(t), context.Background()
	started := make([]engine.StartedVerification, 20)
	for _, err := range testdb.Together(20, func(i int) (err error) {
		started[i], err = b.Engine.StartVerification(ctx, b.Who, engine.StartVerificationInput{})
		return err
	}) {
		if err != nil {
			t.Fatal(err)
		}
	}
	first := started[0].Verification
	for _, s := range started {
		if s.Verification.ID != first.ID || s.Verification.State != workflow.VerificationPending {
			t.Errorf("got %+v, want %s for all callers", s, first.ID)
		}
	}
	if jobs := len(b.Jobs.All()); jobs != 1 {
		t.Errorf("got %d jobs, want 1", jobs)
	}
	keyed := startVerification(t, b, "key")
	work, err := b.Engine.ClaimVerification(ctx, first.OrganizationID, first.ID)
	if err != nil || !work.Mine {
		t.Fatalf("claim: got %+v, %v", work, err)
	}
	work.Verification.Checkpoint = "org\n0\nroot\n"
	if mine, err := b.Engine.EndVerification(ctx, work.Verification); err != nil || !mine {
		t.Fatalf("end: got %t, %v", mine, err)
	}
	again := startVerification(t, b, "key")
	if !again.Replayed || again.Verification.ID != keyed.Verification.ID ||
		again.Verification.State != workflow.VerificationClean {
		t.Errorf("the key again: got %+v, want a replay of %s", again, keyed.Verification.ID)
	}
	if next := startVerification(t, b, "another"); next.Replayed || next.Verification.ID == first.ID {
		t.Errorf("after the end: got %+v, want another run", next)
	}
}

func TestStartVerification_NeedsItsPermission(t *testing.T) {
	t.Parallel()
	b := testengine.New(t)
	for _, role := range caller.Roles() {
		who := b.Who
		who.Role = role
		_, err := b.Engine.StartVerification(context.Background(), who, engine.StartVerificationInput{})
		if allowed := role == caller.Auditor || role == caller.Admin; allowed != (err == nil) ||
			!allowed && fault.KindOf(err) != fault.Forbidden {
			t.Errorf("%s: got %v", role, err)
		}
	}
}

// After the lease of a dead worker another one begins the run again. The dead one writes nothing any more.
func TestClaimVerification_GoesOnElsewhere(t *testing.T) {
	t.Parallel()
	b, ctx := testengine.New(t), context.Background()
	v := startVerification(t, b, "").Verification
	claim := func() engine.VerificationWork {
		t.Helper()
		work, err := b.Engine.ClaimVerification(ctx, v.OrganizationID, v.ID)
		if err != nil {
			t.Fatal(err)
		}
		return work
	}
	dead := claim()
	dead.Verification.RowsRead = 17
	if mine, err := b.Engine.RenewVerification(ctx, dead.Verification); err != nil || !mine {
		t.Fatalf("renew: got %t, %v", mine, err)
	}
	if other := claim(); other.Mine || other.Wait <= 0 || other.Verification.RowsRead != 17 {
		t.Errorf("a claim within the lease: got %+v, want to wait", other)
	}
	b.Clock.Advance(time.Minute)
	jobs := len(b.Jobs.All())
	if n, err := b.Engine.SweepVerifications(ctx); err != nil || n != 1 || len(b.Jobs.All()) != jobs+1 {
		t.Errorf("sweep: got %d, %v, want one job", n, err)
	}
	alive := claim()
	if !alive.Mine || alive.Verification.Attempt != 2 || alive.Verification.RowsRead != 0 {
		t.Fatalf("a claim after the lease: got %+v", alive)
	}
	if mine, err := b.Engine.RenewVerification(ctx, dead.Verification); err != nil || mine {
		t.Errorf("renew by the dead worker: got %t, %v", mine, err)
	}
	if mine, err := b.Engine.EndVerification(ctx, dead.Verification); err != nil || mine {
		t.Errorf("end by the dead worker: got %t, %v", mine, err)
	}
	alive.Verification.Found = 1
	alive.Verification.Findings = []postgres.VerificationFinding{{Sentence: strings.Repeat("ü", 5000) + "\x00"}}
	if mine, err := b.Engine.EndVerification(ctx, alive.Verification); err != nil || !mine {
		t.Errorf("end: got %t, %v", mine, err)
	}
	over, err := b.Engine.Verification(ctx, b.Who, v.ID)
	if err != nil || over.State != workflow.VerificationFindings || len(over.Findings) != 1 {
		t.Errorf("got %+v, %v, want one finding", over, err)
	}
	if late := claim(); late.Mine || late.Wait != 0 {
		t.Errorf("a claim after the end: got %+v", late)
	}
	b.Sound(t)
}

func TestClaimVerification_GivesUp(t *testing.T) {
	t.Parallel()
	b, ctx := testengine.New(t), context.Background()
	v := startVerification(t, b, "").Verification
	for i := range 6 {
		work, err := b.Engine.ClaimVerification(ctx, v.OrganizationID, v.ID)
		if err != nil || work.Mine != (i < 5) {
			t.Fatalf("claim %d: got %+v, %v", i, work, err)
		}
		b.Clock.Advance(time.Minute)
	}
	over, err := b.Engine.Verification(ctx, b.Who, v.ID)
	if err != nil || over.State != workflow.VerificationFailed || !strings.HasPrefix(over.Failure, "5 workers") {
		t.Errorf("got %+v, %v, want a failure", over, err)
	}
}
