package graph_test

import (
	"testing"

	"github.com/infin8content/engine/graph/graphtest"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/gqlhttp"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// A subscriber gets each result of a batch once and in order, the last one when it is written, and then the end.
func TestSubscription_OfABatchHasEachResult(t *testing.T) {
	t.Parallel()
	b := graphtest.NewLive(t, gqlhttp.SocketLimits{})
	batch := testdb.Batch(t, b.DB, b.Who)
	c := b.Open(t, "alice")
	c.Subscribe("b", `subscription($id: ID!) {
		batchChanged(batchId: $id, afterPosition: -1) {
			batch { done succeeded total endedAt }
			item { position outcome code version workflow { state } }
		}
	}`, message{"id": "batch_" + batch.ID.String()})
	expect := func(progress, item message) {
		t.Helper()
		progress["total"], progress["endedAt"] = 3, nil
		c.Expect(message{"id": "b", "type": "next", "payload": message{"data": message{"batchChanged": message{
			"batch": progress, "item": item,
		}}}})
	}
	expect(message{"done": 1, "succeeded": 1}, message{
		"position": 0, "outcome": "DONE", "code": nil, "version": 1, "workflow": message{"state": "CANCELLED"},
	})
	expect(message{"done": 2, "succeeded": 1}, message{
		"position": 1, "outcome": "REFUSED", "code": "STALE_STATE", "version": nil, "workflow": message{"state": "CREATED"},
	})
	items, err := b.Engine.BatchItems(t.Context(), b.Who, engine.BatchItemsInput{BatchID: batch.ID, First: 3})
	if err != nil {
		t.Fatal(err)
	}
	at := testdb.Now()
	_, mine, err := b.DB.Store().AdvanceBatch(t.Context(), b.Who, batch, []postgres.BatchResult{{
		WorkflowID: items[2].WorkflowID, Outcome: workflow.BatchRefused, Code: "CONFLICT",
	}}, at, at)
	if err != nil || !mine {
		t.Fatalf("advance: %t, %v", mine, err)
	}
	got := c.Next()
	if got["type"] != "next" {
		t.Errorf("got %v, want the last result", got)
	}
	c.Expect(message{"id": "b", "type": "complete"})
}
