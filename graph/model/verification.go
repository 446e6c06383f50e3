package model

import (
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/publicid"
)

// Verification is a verification in an answer.
type Verification struct{ engine.Verification }

// NewVerification returns a verification as a Node.
func NewVerification(v engine.Verification) *Verification { return &Verification{Verification: v} }

// IsNode marks Verification as a Node.
func (Verification) IsNode() {}

// ID is the public id.
func (v Verification) ID() publicid.ID { return publicid.New(publicid.Verification, v.Verification.ID) }

// CreatedBy is the actor who ordered it.
func (v Verification) CreatedBy() string { return v.Actor }

// FindingCount counts all findings.
func (v Verification) FindingCount() int { return v.Found }

// VerificationFinding is a finding in an answer.
type VerificationFinding struct{ engine.VerificationFinding }

// Findings are the first findings.
func (v Verification) Findings() []VerificationFinding {
	findings := make([]VerificationFinding, len(v.Verification.Findings))
	for i, f := range v.Verification.Findings {
		findings[i] = VerificationFinding{f}
	}
	return findings
}

// Checkpoint is nil without a clean result.
func (v Verification) Checkpoint() *string { return given(v.Verification.Checkpoint) }

// Failure is nil unless the run ended without a result.
func (v Verification) Failure() *string { return given(v.Verification.Failure) }

// The list of verifications.
type (
	VerificationConnection = Connection[*Verification]
	VerificationEdge       = Edge[*Verification]
)
