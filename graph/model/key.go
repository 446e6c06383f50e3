package model

import (
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/publicid"
)

// APIKey is a key in an answer.
type APIKey struct{ engine.APIKey }

// IsNode says that node can find it.
func (APIKey) IsNode() {}

// ID is the typed id.
func (k APIKey) ID() publicid.ID { return publicid.New(publicid.APIKey, k.APIKey.ID) }

// RevokedBy is nil while nobody has revoked it.
func (k APIKey) RevokedBy() *string { return given(k.APIKey.RevokedBy) }

// The lists of keys.
type (
	APIKeyConnection = Connection[*APIKey]
	APIKeyEdge       = Edge[*APIKey]
)
