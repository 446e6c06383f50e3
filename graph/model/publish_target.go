package model

import (
	"time"

	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/publicid"
)

// PublishTarget is a publish target in an answer.
type PublishTarget struct{ engine.PublishTarget }

// IsNode marks a type that the field node finds.
func (PublishTarget) IsNode() {}

// ID returns the public id.
func (t PublishTarget) ID() publicid.ID {
	return publicid.New(publicid.PublishTarget, t.PublishTarget.ID)
}

// SiteName is nil before the first successful test.
func (t PublishTarget) SiteName() *string { return given(t.PublishTarget.SiteName) }

// Account is nil before the first successful test.
func (t PublishTarget) Account() *string { return given(t.PublishTarget.Account) }

// Message is nil when the last test did not fail.
func (t PublishTarget) Message() *string { return given(t.PublishTarget.Message) }

// ChangedAt is the time of the newest version.
func (t PublishTarget) ChangedAt() time.Time { return t.At }

// IsSynthetic reports whether the site is the sandbox, which says so in its title.
func (t PublishTarget) IsSynthetic() bool { return t.PublishTarget.SiteName == engine.SandboxSite }
