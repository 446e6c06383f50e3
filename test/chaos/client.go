//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/workflow"
	"github.com/infin8content/engine/test/chaos/history"
)

// The parts of answers that the suite reads.
type (
	seenWorkflow struct {
		ID      string
		State   workflow.State
		Version int
	}
	seenTransition struct {
		Version  int
		From, To workflow.State
	}
	problem struct {
		Code     string
		Current  *seenWorkflow
		Ended    *seenWorkflow
		Existing *seenWorkflow
	}
	payload struct {
		Workflow   *seenWorkflow
		Transition *seenTransition
		Call       *struct{ ID string }
		Replayed   bool
		UserErrors []problem
	}
)

// inputs has the input type of each mutation, and selections has its selected fields.
var (
	inputs = map[history.Verb]string{
		history.Create: "CreateWorkflowInput", history.Generate: "GenerateIcpInput",
		history.Move: "TransitionWorkflowInput", history.Cancel: "CancelWorkflowInput",
		history.Reserve: "ReserveUsageInput", history.Settle: "SettleUsageInput", history.Release: "ReleaseUsageInput",
	}
	selections = map[history.Verb]string{
		history.Reserve: "call { id } ", history.Settle: "call { id } ", history.Release: "call { id } ",
	}
)

const (
	selectMoved    = "transition { version from to } "
	selectProblems = `userErrors { code
		... on StaleState { current { id state version } }
		... on TerminalState { ended: current { id state version } }
		... on DuplicateName { existing { id state version } } }`
)

// mutation returns the text of an operation.
func mutation(verb history.Verb) string {
	fields, ofMoney := selections[verb]
	if !ofMoney {
		fields = selectMoved
	}
	return fmt.Sprintf(`mutation ($input: %s!) { result: %s(input: $input) {
		workflow { id state version } %s replayed %s } }`, inputs[verb], verb, fields, selectProblems)
}

// errUnexpected is an answer that no injection explains.
var errUnexpected = errors.New("unexpected answer")

// newBrowser returns an HTTP client that keeps the connections of many callers open.
func newBrowser() *http.Client {
	return &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: 10 * time.Second}}
}

// token returns a token for an actor.
func (c *cluster) token(actor string, organization uuid.UUID) string {
	text, err := c.auth.Token(caller.Caller{Actor: actor, OrganizationID: organization, Role: caller.Admin}, time.Hour)
	if err != nil {
		panic(err) // The suite makes all names itself.
	}
	return text
}

// post sends one operation to a server and reads the field "result" of the answer.
func (c *cluster) post(
	ctx context.Context, browser *http.Client, address, token, query string, variables map[string]any, result any,
) error {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address+"/graphql", bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := browser.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	var answer struct {
		Data   struct{ Result json.RawMessage }
		Errors []struct{ Extensions struct{ Code string } }
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return fmt.Errorf("%d %.200s: %w", response.StatusCode, text, err)
	}
	if len(answer.Errors) > 0 {
		switch code := answer.Errors[0].Extensions.Code; code {
		case "INTERNAL":
			c.internal.Add(1)
			return errors.New(code)
		case "UNAVAILABLE", "TIMED_OUT", "RATE_LIMITED":
			return errors.New(code)
		default:
			return fmt.Errorf("%w: %.500s", errUnexpected, text)
		}
	}
	if len(answer.Data.Result) == 0 || string(answer.Data.Result) == "null" {
		return fmt.Errorf("%w: %d %.500s", errUnexpected, response.StatusCode, text)
	}
	return json.Unmarshal(answer.Data.Result, result)
}

// attempt sends a mutation once and returns the outcome.
func (a *actor) attempt(ctx context.Context, op *history.Op, input map[string]any) history.Attempt {
	address := a.round.anyServer(ctx, a.random)
	sent := a.round.since()
	attempt := history.Attempt{Sent: sent, Answered: sent, Outcome: history.Unknown}
	if address == "" {
		return attempt
	}
	var got payload
	err := a.round.post(ctx, a.browser, address, a.round.token(op.Actor, a.round.organization), mutation(op.Verb),
		map[string]any{"input": input}, &got)
	attempt.Answered = a.round.since()
	if errors.Is(err, errUnexpected) {
		a.round.unexpected("%s was answered with %v", op, err)
	}
	if err != nil {
		return attempt
	}
	return a.evaluate(op, attempt, got)
}

// evaluate turns an answer into an outcome.
func (a *actor) evaluate(op *history.Op, attempt history.Attempt, got payload) history.Attempt {
	if len(got.UserErrors) > 0 {
		p := got.UserErrors[0]
		a.refusal = p
		switch p.Code {
		case "UNAVAILABLE":
			return attempt
		case "STALE_STATE", "TERMINAL_STATE", "ILLEGAL_TRANSITION", "DUPLICATE_NAME", "CONFLICT",
			"BUDGET_EXHAUSTED", "BUDGET_HELD":
		default:
			a.round.unexpected("%s was refused with %s", op, p.Code)
		}
		attempt.Outcome = history.Refused
		for _, w := range []*seenWorkflow{p.Current, p.Ended} {
			if w != nil {
				attempt.Now = &history.Position{State: w.State, Version: w.Version}
			}
		}
		return attempt
	}
	attempt.Outcome, attempt.Replayed = history.Done, got.Replayed
	if got.Workflow != nil {
		attempt.Flow = plain(got.Workflow.ID)
		attempt.Now = &history.Position{State: got.Workflow.State, Version: got.Workflow.Version}
	}
	if got.Transition != nil {
		attempt.Version = &got.Transition.Version
	}
	if got.Call != nil {
		attempt.Call = plain(got.Call.ID)
	}
	return attempt
}

// renew renews the lease of a run.
func (a *actor) renew(ctx context.Context, r run) {
	var got struct{ UserErrors []problem }
	err := a.round.post(ctx, a.browser, a.round.anyServer(ctx, a.random), a.round.token(r.worker, a.round.organization),
		`mutation ($input: RenewLeaseInput!) { result: renewLease(input: $input) { userErrors { code } } }`,
		map[string]any{"input": map[string]any{"workflowId": id("wf", r.flow), "token": r.token}}, &got)
	if errors.Is(err, errUnexpected) {
		a.round.unexpected("the lease of %s was renewed with %v", r.flow, err)
	}
}

// plain returns the UUID in an id of the API, or the zero UUID.
func plain(id string) uuid.UUID {
	_, text, _ := strings.Cut(id, "_")
	read, err := uuid.Parse(text)
	if err != nil {
		return uuid.UUID{}
	}
	return read
}

// read returns the position of a workflow.
func (a *actor) read(ctx context.Context, flow uuid.UUID) (at history.Position, known bool) {
	address := a.round.anyServer(ctx, a.random)
	if address == "" {
		return at, false
	}
	var got seenWorkflow
	r := history.Read{Flow: flow, Sent: a.round.since()}
	err := a.round.post(ctx, a.browser, address, a.round.token(a.name, a.round.organization),
		`query ($id: ID!) { result: workflow(id: $id) { id state version } }`,
		map[string]any{"id": "wf_" + flow.String()}, &got)
	if errors.Is(err, errUnexpected) {
		a.round.unexpected("a read of %s was answered with %v", flow, err)
	}
	if err != nil {
		return at, false
	}
	r.Answered, r.Position = a.round.since(), history.Position{State: got.State, Version: got.Version}
	a.reads = append(a.reads, r)
	return r.Position, true
}
