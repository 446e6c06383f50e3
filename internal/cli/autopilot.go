package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// autopilot decides at the gates of the demo. It is a client of the API with a name of its own, like a person.
type autopilot struct {
	client *demoClient
	out    io.Writer
	// articles is how many articles of the plan it approves at most.
	articles int
}

// approveSeeds selects the keywords that it is shown and approves the selection.
func (a autopilot) approveSeeds(ctx context.Context, id string, flow demoWorkflow) error {
	var ids []string
	for _, k := range flow.Keywords.Nodes {
		ids = append(ids, k.ID)
	}
	var selected struct {
		DecideKeywords struct {
			demoPayload
			Selection *struct {
				Count    int
				Digest   string
				Forecast *struct{ Sentence string }
			}
		}
	}
	input := map[string]any{"workflowId": id, "ids": ids, "choice": "SELECTED"}
	if err := a.client.ask(ctx, "Select", map[string]any{"input": input}, &selected); err != nil {
		return err
	}
	if err := selected.DecideKeywords.err(); err != nil {
		return err
	}
	if selected.DecideKeywords.Selection == nil {
		return errors.New("the selection has no digest")
	}
	var approved struct{ ApproveSeeds demoPayload }
	input = map[string]any{
		"workflowId":      id,
		"expectedVersion": flow.Version,
		"selectionDigest": selected.DecideKeywords.Selection.Digest,
	}
	if err := a.client.ask(ctx, "Approve", map[string]any{"input": input}, &approved); err != nil {
		return err
	}
	if err := approved.ApproveSeeds.err(); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "              autopilot selected and approved %d keywords\n",
		selected.DecideKeywords.Selection.Count)
	if forecast := selected.DecideKeywords.Selection.Forecast; forecast != nil {
		fmt.Fprintf(a.out, "              The next steps: %s\n", forecast.Sentence)
	}
	return nil
}
