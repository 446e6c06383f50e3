package engine

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// PublishTarget is a site that articles are published to. Its secret is sealed.
type PublishTarget = postgres.PublishTarget

// SandboxSite is the title of every site of the sandbox.
const SandboxSite = "Sandbox (no real site)"

const (
	maxTargets     = 10  // that are not retired
	maxTargetsEver = 100 // names are never given away, so all are listed
)

// Targets holds the checks of publish targets and the sealing of their secrets on a server.
type Targets struct {
	// Check returns an INVALID_INPUT fault about the field baseUrl for an address that the server does not publish to.
	Check func(url string) error
	// Seal encrypts the secret of a target. Without it, only targets without a secret can be made.
	Seal func(organization, target uuid.UUID, secret string) []byte
	// Digest returns what recognises the secret of a repeated request. It must not help to guess the secret.
	Digest func(organization uuid.UUID, secret string) string
}

// digest returns the digest of a secret; "" for none.
func (t Targets) digest(who caller.Caller, secret string) string {
	if secret == "" || t.Digest == nil {
		return ""
	}
	return t.Digest(who.OrganizationID, secret)
}

// ChangedTarget is a target after a change.
type ChangedTarget struct {
	Target PublishTarget
	// Secret signs the messages to a webhook: only in the answer of the request that made it.
	Secret   string
	Replayed bool
}

// PublishTargets returns all targets of the caller's organization, the newest first. There are at most 100.
func (e *Engine) PublishTargets(ctx context.Context, who caller.Caller) ([]PublishTarget, error) {
	targets, err := e.store.PublishTargets(ctx, who, maxTargetsEver)
	if err != nil {
		return nil, fmt.Errorf("list the publish targets: %w", err)
	}
	return targets, nil
}

// PublishTarget returns one target of the caller's organization, or NOT_FOUND.
func (e *Engine) PublishTarget(ctx context.Context, who caller.Caller, id uuid.UUID) (PublishTarget, error) {
	target, there, err := e.store.PublishTarget(ctx, who, id)
	return found(target, there, err, "publish target")
}

// targetChange is a new version of a target.
type targetChange struct {
	request
	target uuid.UUID
	// apply changes the newest version, or refuses to. It may run a second time, after another request was faster.
	apply func(tx *postgres.Store, target *PublishTarget) error
}

// changeTarget adds a version to a target that is not retired.
func (e *Engine) changeTarget(ctx context.Context, who caller.Caller, c targetChange) (ChangedTarget, error) {
	replay, err := e.once(ctx, who, c.request, func(tx *postgres.Store) error {
		target, there, err := tx.PublishTarget(ctx, who, c.target)
		if target, err = found(target, there, err, "publish target"); err != nil {
			return err
		}
		if target.State == workflow.TargetRetired {
			return fault.New(fault.Conflict, "The target is retired, which is final. Create a new one.")
		}
		target.Version, target.At = target.Version+1, c.at
		target.Failure, target.Message, target.Reason = nil, "", ""
		if err := c.apply(tx, &target); err != nil {
			return err
		}
		added, err := tx.AddTargetVersion(ctx, who, target.ID, target.TargetVersion)
		if err == nil && !added {
			return fault.New(fault.Conflict, "Another request has just changed the target. Read it again.")
		}
		return err
	})
	if err != nil {
		return ChangedTarget{}, err
	}
	target, err := e.PublishTarget(ctx, who, c.target)
	return ChangedTarget{Target: target, Replayed: replay != nil}, err
}
