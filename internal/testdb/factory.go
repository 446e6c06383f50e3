package testdb

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// Caller returns an administrator of a new organization with the usual limits: $1 for a workflow, $25 for a month.
func Caller(t testing.TB, db *DB) caller.Caller {
	t.Helper()
	who := caller.Caller{Actor: "alice", OrganizationID: uuid.New(), Role: caller.Admin}
	err := db.Store().CreateOrganization(context.Background(), who, postgres.Organization{
		ID:            who.OrganizationID,
		TimeZone:      "UTC",
		WorkflowLimit: cost.Limit(cost.Dollar),
		MonthLimit:    cost.Limit(25 * cost.Dollar),
		CreatedAt:     Now(),
	})
	if err != nil {
		t.Fatalf("create an organization: %v", err)
	}
	return who
}

// Now returns the time as the database keeps it: in whole microseconds, UTC.
func Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// WorkflowOpts says how a workflow differs from the usual one: a new name, $1, CREATED.
type WorkflowOpts struct {
	Name  string
	Limit cost.Pico
	State workflow.State
}

// Workflow returns a workflow of the caller's organization that has gone the shortest legal way to its state.
func Workflow(t testing.TB, db *DB, who caller.Caller, o WorkflowOpts) workflow.Workflow {
	t.Helper()
	ctx, store := context.Background(), db.Store()
	if o.Name == "" {
		o.Name = "Workflow " + uuid.NewString()
	}
	if o.Limit == 0 {
		o.Limit = cost.Dollar
	}
	id, err := uuid.NewV7()
	if err != nil {
		t.Fatal(err)
	}
	flow, _, err := store.CreateWorkflow(ctx, who, postgres.NewWorkflow{
		ID:      id,
		Name:    o.Name,
		Company: workflow.Company{Name: "Example", URL: "https://example.com"},
		Limit:   cost.Limit(o.Limit),
		At:      Now(),
	})
	if err != nil {
		t.Fatalf("create a workflow: %v", err)
	}
	for _, to := range Path(o.State) {
		flow = Move(t, store, who, flow, to)
	}
	return flow
}

// Move takes one edge, with a run where the edge leads into a processing state.
func Move(
	t testing.TB, store *postgres.Store, who caller.Caller, flow workflow.Workflow, to workflow.State,
) workflow.Workflow {
	t.Helper()
	kind, err := workflow.CheckEdge(flow.State, to)
	if err != nil {
		t.Fatal(err)
	}
	move := postgres.Move{
		WorkflowID: flow.ID,
		From:       flow.State,
		To:         to,
		Kind:       kind,
		At:         Now(),
	}
	if step := to.Step(); step != nil && to == step.Processing {
		move.Run = &postgres.NewRun{
			Step:           step.Key,
			Worker:         "worker:test",
			Attempt:        1,
			LeaseExpiresAt: Now().Add(time.Minute),
		}
	}
	moved, _, won, err := store.Transition(context.Background(), who, move)
	if err != nil || !won {
		t.Fatalf("move from %s to %s: won %t, %v", flow.State, to, won, err)
	}
	return moved
}

// Article opens the budget of a new article of a workflow and returns the article's id.
func Article(t testing.TB, db *DB, who caller.Caller, flow uuid.UUID, cap cost.Pico) uuid.UUID {
	t.Helper()
	id := uuid.Must(uuid.NewV7())
	err := db.Store().OpenArticleBudgets(context.Background(), who, postgres.NewArticleBudgets{
		WorkflowID: flow,
		ArticleIDs: []uuid.UUID{id},
		Cap:        cap,
		At:         Now(),
	})
	if err != nil {
		t.Fatalf("open the budget of an article: %v", err)
	}
	return id
}

// Path returns the states on the shortest legal way from CREATED to a state, without CREATED.
func Path(to workflow.State) []workflow.State {
	if to == "" || to == workflow.Created {
		return nil
	}
	from := map[workflow.State]workflow.State{workflow.Created: ""}
	for queue := []workflow.State{workflow.Created}; len(queue) > 0; queue = queue[1:] {
		for _, next := range queue[0].NextStates() {
			if _, seen := from[next]; !seen {
				from[next] = queue[0]
				queue = append(queue, next)
			}
		}
	}
	var path []workflow.State
	for s := to; s != workflow.Created; s = from[s] {
		path = append([]workflow.State{s}, path...)
	}
	return path
}
