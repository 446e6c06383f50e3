package jobs

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// A sweep asks for a job again and again: a publication has one that is alive, and another one after that has ended.
func TestUnpublish_OneLiveJobOfAPublication(t *testing.T) {
	t.Parallel()
	db := migrated(t)
	queue, err := NewEnqueuer(nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	organization, publication := uuid.New(), uuid.New()
	ask := func(id uuid.UUID) {
		t.Helper()
		err := pgx.BeginFunc(t.Context(), db.Pool, func(tx pgx.Tx) error {
			return queue.Unpublish(t.Context(), tx, organization, id, time.Now())
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	count := func() (n int) {
		t.Helper()
		err := db.Super.QueryRow(t.Context(), `SELECT count(*) FROM river.river_job WHERE kind = 'unpublish'`).Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	ask(publication)
	ask(publication)
	ask(uuid.New())
	if got := count(); got != 2 {
		t.Errorf("got %d jobs, want one for each publication", got)
	}
	_, err = db.Super.Exec(t.Context(), `UPDATE river.river_job SET state = 'discarded', finalized_at = now()
		WHERE args->>'publication_id' = $1`, publication)
	if err != nil {
		t.Fatal(err)
	}
	ask(publication)
	if got := count(); got != 3 {
		t.Errorf("got %d jobs, want another one after the end of the first", got)
	}
}
