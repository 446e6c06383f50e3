package cli

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// demoOperations are the operations of the demo, in the form in which a client sends them.
//
//go:embed demo.graphql
var demoOperations string

// demoClient sends GraphQL over HTTP, like any client.
type demoClient struct{ url, token string }

func (d *demoClient) ask(ctx context.Context, operation string, variables map[string]any, answer any) error {
	body, err := json.Marshal(map[string]any{
		"query": demoOperations, "operationName": operation, "variables": variables,
	})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, d.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+d.token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	var envelope struct {
		Data   json.RawMessage
		Errors []struct{ Message string }
	}
	if err := json.NewDecoder(response.Body).Decode(&envelope); err != nil {
		return fmt.Errorf("read the answer to %s (%s): %w", operation, response.Status, err)
	}
	if len(envelope.Errors) > 0 {
		return fmt.Errorf("%s: %s", operation, envelope.Errors[0].Message)
	}
	return json.Unmarshal(envelope.Data, answer)
}

func (d *demoClient) follow(ctx context.Context, id string, version, entries string) (demoWorkflow, error) {
	var answer struct{ Workflow *demoWorkflow }
	variables := map[string]any{"id": id}
	if version != "" {
		variables["transitions"] = version
	}
	if entries != "" {
		variables["entries"] = entries
	}
	if err := d.ask(ctx, "Follow", variables, &answer); err != nil {
		return demoWorkflow{}, err
	}
	if answer.Workflow == nil {
		return demoWorkflow{}, errors.New("the workflow does not exist any more")
	}
	return *answer.Workflow, nil
}
