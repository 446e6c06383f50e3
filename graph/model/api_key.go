package model

import (
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/publicid"
)

// APIKey is an API key in an answer.
type APIKey struct{ engine.APIKey }

// IsNode marks a type that the field node finds.
func (APIKey) IsNode() {}

// ID returns the public id.
func (k APIKey) ID() publicid.ID { return publicid.New(publicid.APIKey, k.APIKey.ID) }

// RevokedBy is nil for a key that is not revoked.
func (k APIKey) RevokedBy() *string { return given(k.APIKey.RevokedBy) }

// WorkflowID is nil for a key that is bound to no workflow.
func (k APIKey) WorkflowID() *publicid.ID {
	if k.APIKey.WorkflowID == uuid.Nil {
		return nil
	}
	id := publicid.New(publicid.Workflow, k.APIKey.WorkflowID)
	return &id
}

// The lists of API keys.
type (
	APIKeyConnection = Connection[*APIKey]
	APIKeyEdge       = Edge[*APIKey]
)
