package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/infin8content/engine/internal/testdb"
)

func TestEnqueuer_JobIsPartOfTheTransaction(t *testing.T) {
	t.Parallel()
	type bundle struct {
		db    *testdb.DB
		queue *Enqueuer
	}
	setup := func(t *testing.T) bundle {
		t.Helper()
		queue, err := NewEnqueuer(nil, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		return bundle{db: migrated(t), queue: queue}
	}
	// enqueue puts a job into a transaction that ends with the given error.
	enqueue := func(t *testing.T, b bundle, end error, args driveArgs, at time.Time) {
		t.Helper()
		ctx := context.Background()
		err := pgx.BeginFunc(ctx, b.db.Pool, func(tx pgx.Tx) error {
			if err := b.queue.Drive(ctx, tx, args.OrganizationID, args.WorkflowID, at); err != nil {
				t.Fatal(err)
			}
			return end
		})
		if !errors.Is(err, end) {
			t.Fatalf("got %v, want %v", err, end)
		}
	}
	type job struct {
		State, Kind string
		Args        driveArgs
	}
	stored := func(t *testing.T, b bundle) []job {
		t.Helper()
		rows, err := b.db.Pool.Query(
			context.Background(), `SELECT state::text, kind, args FROM river.river_job ORDER BY id`)
		if err != nil {
			t.Fatal(err)
		}
		jobs, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (j job, err error) {
			var args json.RawMessage
			if err = row.Scan(&j.State, &j.Kind, &args); err == nil {
				err = json.Unmarshal(args, &j.Args)
			}
			return j, err
		})
		if err != nil {
			t.Fatal(err)
		}
		return jobs
	}

	t.Run("RolledBack", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		enqueue(t, b, errors.New("no"), driveArgs{uuid.New(), uuid.New()}, time.Now())
		if got := stored(t, b); len(got) != 0 {
			t.Errorf("got the jobs %+v, want none", got)
		}
	})
	t.Run("Committed", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		past := driveArgs{uuid.New(), uuid.New()}
		now := driveArgs{uuid.New(), uuid.New()}
		later := driveArgs{uuid.New(), uuid.New()}
		enqueue(t, b, nil, past, time.Now().Add(-time.Hour))
		enqueue(t, b, nil, now, time.Now())
		enqueue(t, b, nil, later, time.Now().Add(time.Minute))
		want := []job{{"available", "drive", past}, {"available", "drive", now}, {"scheduled", "drive", later}}
		if diff := cmp.Diff(want, stored(t, b)); diff != "" {
			t.Errorf("the jobs (-want +got):\n%s", diff)
		}
	})
}
