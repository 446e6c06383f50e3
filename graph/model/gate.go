package model

import (
	"encoding/hex"

	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/workflow"
)

// Gate is a gate of a workflow in an answer.
type Gate struct {
	Key       workflow.Gate
	Mode      workflow.GateMode
	IsOpen    bool
	FourEyes  bool
	Decisions []GateDecision
}

// GateDecision is a decision at a gate in an answer.
type GateDecision struct{ engine.GateDecision }

// Feedback is nil when none was given.
func (d GateDecision) Feedback() *string { return given(d.GateDecision.Feedback) }

// SelectionDigest is hexadecimal.
func (d GateDecision) SelectionDigest() string {
	return hex.EncodeToString(d.GateDecision.SelectionDigest)
}

// GateSettings are the gates of an organization in an answer.
type GateSettings struct{ engine.GateSettings }
