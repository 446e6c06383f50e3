package postgres_test

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"testing"

	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// Eight writers create and move workflows of two organizations. The kept counts are right at any time, and their rows
// are added up.
func TestWorkflowCounts_AreRightUnderWriters(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), testdb.New(t)
	alice, bob := testdb.Caller(t, db), testdb.Caller(t, db)
	checkCounts := func(when string) {
		// One statement has one snapshot.
		rows, err := db.Super.Query(ctx, `SELECT coalesce(c.organization_id, w.organization_id)::text FROM (
				SELECT c.organization_id, s.state, sum(s.n) AS n FROM workflow_counts AS c
				CROSS JOIN LATERAL (VALUES (c.to_state, c.workflows), (c.from_state, -c.workflows)) AS s (state, n)
				WHERE s.state IS NOT NULL GROUP BY 1, 2 HAVING sum(s.n) <> 0) AS c
			FULL JOIN (SELECT organization_id, state, count(*) AS n FROM intent_workflows GROUP BY 1, 2) AS w
				USING (organization_id, state)
			WHERE c.n IS DISTINCT FROM w.n`)
		if err != nil {
			t.Error(err)
			return
		}
		defer rows.Close()
		if rows.Next() {
			t.Errorf("%s: the counts differ from the workflows", when)
		}
	}
	const writers, each = 8, 60
	var group sync.WaitGroup
	for writer := range writers {
		group.Go(func() {
			who := alice
			if writer == 0 {
				who = bob
			}
			for n := range each {
				state := workflow.ICPPending
				if n%3 == 0 {
					state = workflow.Cancelled
				}
				testdb.Workflow(t, db, who, testdb.WorkflowOpts{State: state})
				if n%20 == 0 {
					checkCounts(fmt.Sprintf("writer %d, workflow %d", writer, n))
				}
			}
		})
	}
	group.Wait()
	checkCounts("at rest")
	for _, c := range []struct {
		states []workflow.State
		want   map[workflow.State]int
	}{
		{nil, map[workflow.State]int{workflow.ICPPending: 7 * 40, workflow.Cancelled: 7 * 20}},
		{[]workflow.State{workflow.Cancelled, workflow.Created}, map[workflow.State]int{workflow.Cancelled: 7 * 20}},
	} {
		filter := postgres.WorkflowFilter{States: c.states, CreatedTo: distant, UpdatedBefore: distant}
		got, err := db.Store().CountByState(ctx, alice, filter)
		if err != nil || !maps.Equal(got, c.want) {
			t.Errorf("of %v: got %v, %v, want %v", c.states, got, err, c.want)
		}
		total := 0
		for _, n := range c.want {
			total += n
		}
		if n, err := db.Store().CountWorkflows(ctx, alice, filter); err != nil || n != total {
			t.Errorf("of %v: got %d, %v, want %d", c.states, n, err, total)
		}
	}
	// The chance that none of the 960 changes adds the rows up is one in a hundred million.
	const written = writers * each * 2
	var left int
	if err := db.Super.QueryRow(ctx, `SELECT count(*) FROM workflow_counts`).Scan(&left); err != nil || left >= written {
		t.Errorf("got %d rows, %v, want them to be added up", left, err)
	}
}
