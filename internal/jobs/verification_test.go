package jobs

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/steps"
	"github.com/infin8content/engine/internal/workflow"
)

// checked starts a verification, has one job work on it, and returns it afterwards.
func checked(t *testing.T, verify VerifyFunc, change func(*verifier)) (engine.Verification, error) {
	t.Helper()
	b, ctx := setup(t), context.Background()
	who := b.who
	who.Role = caller.Auditor
	started, err := b.engine.StartVerification(ctx, who, engine.StartVerificationInput{})
	if err != nil {
		t.Fatal(err)
	}
	w := newVerifier(withDefaults(Options{Engine: b.engine, Verify: verify}), ctx)
	change(w)
	v := started.Verification
	job := &river.Job[verificationArgs]{Args: verificationArgs{v.OrganizationID, v.ID}}
	worked := w.Work(ctx, job)
	v, err = b.engine.Verification(ctx, who, v.ID)
	if err != nil {
		t.Fatal(err)
	}
	return v, worked
}

func TestVerifier_WritesTheResult(t *testing.T) {
	t.Parallel()
	v, err := checked(t, func(_ context.Context, _ uuid.UUID, rows *atomic.Int64) (engine.Verification, error) {
		rows.Add(12)
		return engine.Verification{Checkpoint: "org_1"}, nil
	}, func(*verifier) {})
	if err != nil || v.State != workflow.VerificationClean || v.RowsRead != 12 || v.Checkpoint != "org_1" {
		t.Errorf("got %+v, %v", v, err)
	}
}

// block waits until the attempt ends.
func block(ctx context.Context, _ uuid.UUID, _ *atomic.Int64) (engine.Verification, error) {
	<-ctx.Done()
	return engine.Verification{}, ctx.Err()
}

func TestVerifier_EndsAfterItsLimit(t *testing.T) {
	t.Parallel()
	v, err := checked(t, block, func(w *verifier) { w.limit = time.Millisecond })
	if err != nil || v.State != workflow.VerificationFailed || !strings.Contains(v.Failure, "within 1ms") {
		t.Errorf("got %+v, %v", v, err)
	}
}

func TestVerifier_GivesTheRunBack(t *testing.T) {
	t.Parallel()
	stopping, stop := context.WithCancel(context.Background())
	stop()
	for name, change := range map[string]func(*verifier){
		"at a shutdown": func(w *verifier) { w.stopping = stopping },
		"after an error": func(w *verifier) {
			w.verify = func(context.Context, uuid.UUID, *atomic.Int64) (engine.Verification, error) {
				return engine.Verification{}, errors.New("no answer")
			}
		},
	} {
		v, err := checked(t, block, change)
		if err == nil || v.State != workflow.VerificationRunning || v.LeaseExpiresAt != nil || v.Attempt != 1 {
			t.Errorf("%s: got %+v, %v, want it without a lease", name, v, err)
		}
	}
}

func TestVerifier_StopsWhenAnotherWorkerHasTheRun(t *testing.T) {
	t.Parallel()
	steal := func(w *verifier) {
		w.heartbeat = time.Millisecond
		w.verify = func(ctx context.Context, organization uuid.UUID, _ *atomic.Int64) (engine.Verification, error) {
			who := caller.Caller{Actor: "thief", OrganizationID: organization, Role: caller.Admin}
			all, err := w.engine.Verifications(ctx, who, engine.VerificationsInput{First: 1})
			if err != nil {
				return engine.Verification{}, err
			}
			if err := w.engine.ReleaseVerification(ctx, all[0]); err != nil {
				return engine.Verification{}, err
			}
			if _, err := w.engine.ClaimVerification(ctx, organization, all[0].ID); err != nil {
				return engine.Verification{}, err
			}
			<-ctx.Done()
			if !errors.Is(context.Cause(ctx), errLost) || errors.Is(context.Cause(ctx), steps.ErrShutdown) {
				t.Errorf("got the cause %v, want %v", context.Cause(ctx), errLost)
			}
			return engine.Verification{}, ctx.Err()
		}
	}
	v, err := checked(t, block, steal)
	if err != nil || v.State != workflow.VerificationRunning || v.Attempt != 2 {
		t.Errorf("got %+v, %v, want the run of the other worker", v, err)
	}
}
