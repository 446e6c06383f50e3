package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// Attachment puts a keyword that fits no topic on a page.
type Attachment struct {
	WorkflowID        uuid.UUID
	Visit             int
	KeywordID, PageID uuid.UUID
	At                time.Time
}

// AttachKeyword writes an attachment. The transaction holds the workflow's row: see LockWorkflow.
func (s *Store) AttachKeyword(ctx context.Context, who caller.Caller, in Attachment) error {
	return translate(s.forTenant(who.OrganizationID).KeywordAttachmentInsert(ctx, dbsqlc.KeywordAttachmentInsertParams{
		OrganizationID: who.OrganizationID,
		WorkflowID:     in.WorkflowID,
		Visit:          in.Visit,
		KeywordID:      in.KeywordID,
		PageID:         in.PageID,
		Actor:          who.Actor,
		At:             in.At,
	}))
}
