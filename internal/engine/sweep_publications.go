package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/infin8content/engine/internal/postgres"
)

const (
	// unpublishLate is the time after which a post that is to be taken from its readers needs another job. A job of its
	// own takes at most a few minutes over all its attempts.
	unpublishLate = 10 * time.Minute
	// unpublishingSwept limits one round of SweepPublications.
	unpublishingSwept = 100
)

// SweepPublications inserts jobs for posts that are still to be taken from their readers, because a worker died in its
// last attempt. A publication whose job is alive gets no second one. It may run on any number of servers at once. It
// returns the number of posts.
func (e *Engine) SweepPublications(ctx context.Context) (late int, err error) {
	ctx, end := e.begin(ctx, "SweepPublications")
	defer end(&err)
	at := e.now()
	err = e.store.InTx(ctx, func(tx *postgres.Store) error {
		found, err := tx.Unpublishing(ctx, at.Add(-unpublishLate), unpublishingSwept)
		if err != nil {
			return err
		}
		for _, p := range found {
			if err := e.jobs.Unpublish(ctx, tx.Tx(), p.OrganizationID, p.ID, at); err != nil {
				return err
			}
		}
		late = len(found)
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("sweep the posts to be taken from their readers: %w", err)
	}
	return late, nil
}
