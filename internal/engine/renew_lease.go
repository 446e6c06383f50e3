package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// Renewed is a run with its lease.
type Renewed struct {
	Run      workflow.Run
	Replayed bool
}

// RenewLeaseInput renews the lease of a run of an external program.
type RenewLeaseInput struct {
	WorkflowID uuid.UUID
	Token      int
	// LeaseSeconds is the engine's lease when zero. Without it the fingerprint is that of earlier programs.
	LeaseSeconds   int `json:",omitempty"`
	IdempotencyKey string
}

// RenewLease is Heartbeat for an external program, which must have begun the run itself. The error is *LostRunError
// when the run is over, and NOT_FOUND for another organization's workflow. A replay renews nothing and returns the
// present run.
func (e *Engine) RenewLease(ctx context.Context, who caller.Caller, in RenewLeaseInput) (_ Renewed, err error) {
	ctx, end := e.begin(ctx, "RenewLease")
	defer end(&err)
	at, key := e.now(), in.IdempotencyKey
	in.IdempotencyKey = ""
	lease, err := e.leaseOf(in.LeaseSeconds)
	if err != nil {
		return Renewed{}, err
	}
	var run workflow.Run
	replay, err := e.once(ctx, who, request{
		key:       key,
		operation: "renewLease",
		content:   in,
		flow:      in.WorkflowID,
		at:        at,
		perCaller: true,
	}, func(tx *postgres.Store) error {
		var (
			won bool
			err error
		)
		run, won, err = tx.RenewRun(ctx, who, workflow.Run{WorkflowID: in.WorkflowID, Token: in.Token}, at.Add(lease))
		if err == nil && !won {
			err = errLost
		}
		return err
	})
	switch {
	case errors.Is(err, errLost):
		return Renewed{}, e.lost(ctx, who, workflow.Run{WorkflowID: in.WorkflowID})
	case err != nil:
		return Renewed{}, fmt.Errorf("renew a lease: %w", err)
	case replay != nil:
		run, there, err := e.store.Run(ctx, who, in.WorkflowID, in.Token)
		run, err = found(run, there, err, "run")
		return Renewed{Run: run, Replayed: true}, err
	}
	return Renewed{Run: run}, nil
}
