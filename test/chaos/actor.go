//go:build unix

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/workflow"
	"github.com/infin8content/engine/test/chaos/history"
)

// actor is a client: one goroutine that sends one operation after the other. Some of its attempts have a short timeout.
type actor struct {
	round   *round
	name    string
	random  *rand.Rand
	browser *http.Client

	ops        []*history.Op
	reads      []history.Read
	unanswered []*pending // operations that must get an answer before quiescence
	known      map[uuid.UUID]history.Position
	refusal    problem // reason of the last refused attempt
}

// pending is an operation without an answer.
type pending struct {
	op    *history.Op
	input map[string]any
}

func (r *round) newActor(number int) *actor {
	return &actor{
		round:   r,
		name:    fmt.Sprintf("r%d.c%d", r.number, number),
		browser: newBrowser(),
		random:  rand.New(rand.NewPCG(r.seed, uint64(r.number*1000+number))), //nolint:gosec // Repeatable on purpose.
		known:   map[uuid.UUID]history.Position{},
	}
}

func (a *actor) chance(percent int) bool { return a.random.IntN(100) < percent }

func (a *actor) between(least, most time.Duration) time.Duration {
	return least + time.Duration(a.random.Int64N(int64(most-least)))
}

// id returns an id in the form of the API.
func id(prefix string, plain uuid.UUID) string { return prefix + "_" + plain.String() }

// begin names an operation, and gives it an idempotency key if it must be repeatable.
func (a *actor) begin(op history.Op, input map[string]any, keyed bool) *pending {
	op.Actor = fmt.Sprintf("%s.%d", a.name, len(a.ops))
	a.ops = append(a.ops, &op)
	if keyed {
		input["idempotencyKey"] = op.Actor
	}
	return &pending{op: &op, input: input}
}

// send makes one attempt. Its timeout is random.
func (a *actor) send(ctx context.Context, p *pending) history.Attempt {
	timeout := 4 * time.Second
	if a.chance(12) && !a.round.injectionsOver.Load() {
		timeout = a.between(2*time.Millisecond, 150*time.Millisecond)
	}
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	attempt := a.attempt(limited, p.op, p.input)
	p.op.Attempts = append(p.op.Attempts, attempt)
	if attempt.Now != nil {
		a.known[p.op.Flow] = *attempt.Now
	}
	return attempt
}

// try sends an operation. An operation with a key is sent again if there is no answer, and sometimes if there is one.
func (a *actor) try(ctx context.Context, p *pending) history.Attempt {
	_, keyed := p.input["idempotencyKey"]
	attempt := a.send(ctx, p)
	for again := 0; keyed && again < 4 && ctx.Err() == nil; again++ {
		switch {
		case attempt.Outcome == history.Unknown && a.chance(80):
			pause(ctx, a.between(10*time.Millisecond, 300*time.Millisecond))
		case attempt.Outcome == history.Done && a.chance(10):
		default:
			return attempt
		}
		repeated := a.send(ctx, p)
		if attempt.Outcome != history.Done {
			attempt = repeated
		}
	}
	return attempt
}

// create creates a workflow, and returns it if the creation is acknowledged.
func (a *actor) create(ctx context.Context, limit string) (uuid.UUID, bool) {
	input := map[string]any{"name": fmt.Sprintf("%s.%d", a.name, len(a.ops))}
	input["company"] = map[string]any{
		"name": fmt.Sprintf("%s%s.%d!", companyPrefix, a.name, len(a.ops)), "url": "https://example.com",
	}
	if limit != "" {
		input["spendLimit"] = limit
	}
	p := a.begin(history.Op{Verb: history.Create}, input, a.chance(80))
	got := a.try(ctx, p)
	if got.Outcome != history.Done {
		return uuid.UUID{}, false
	}
	p.op.Flow = got.Flow
	return got.Flow, true
}

// start gives the engine work: it creates a workflow and starts its first step.
func (a *actor) start(ctx context.Context) {
	flow, there := a.create(ctx, "")
	if there {
		input := map[string]any{"workflowId": id("wf", flow)}
		a.try(ctx, a.begin(history.Op{Verb: history.Generate, Flow: flow}, input, a.chance(70)))
		if a.chance(15) {
			pause(ctx, a.between(0, time.Second))
			a.cancel(ctx, flow)
		}
	}
	pause(ctx, a.between(50*time.Millisecond, 400*time.Millisecond))
}

func (a *actor) cancel(ctx context.Context, flow uuid.UUID) {
	input := map[string]any{"workflowId": id("wf", flow)}
	a.try(ctx, a.begin(history.Op{Verb: history.Cancel, Flow: flow}, input, a.chance(60)))
}

// moveShared moves one of the workflows that several actors move at once.
func (a *actor) moveShared(ctx context.Context) {
	flow, there := a.round.sharedFlows.pick(a.random)
	if !there {
		if flow, there = a.create(ctx, ""); !there {
			pause(ctx, 100*time.Millisecond)
			return
		}
		a.round.sharedFlows.add(flow)
		a.round.follow(flow, false)
	}
	at, known := a.known[flow]
	if !known || a.chance(60) {
		if at, known = a.read(ctx, flow); !known {
			pause(ctx, a.between(20*time.Millisecond, 200*time.Millisecond))
			return
		}
		a.known[flow] = at
	}
	if at.State.IsTerminal() {
		a.round.sharedFlows.drop(flow)
		return
	}
	step := at.State.Step()
	busy := step != nil && at.State == step.Processing
	if busy && !a.chance(10) { // Another actor drives it.
		delete(a.known, flow)
		pause(ctx, a.between(20*time.Millisecond, 200*time.Millisecond))
		return
	}
	to := a.next(at.State)
	op := history.Op{
		Verb: history.Move,
		Flow: flow,
		From: at.State,
		To:   to,
	}
	if a.chance(20) {
		op.Version = &at.Version
	}
	got := a.move(ctx, op)
	if target := to.Step(); got.Outcome == history.Done && !got.Replayed && target != nil && to == target.Processing {
		a.drive(ctx, run{
			flow:   flow,
			step:   *target,
			token:  *got.Version,
			worker: a.ops[len(a.ops)-1].Actor,
		})
	}
	pause(ctx, a.between(0, 60*time.Millisecond))
}

// next chooses the next state, mostly forward.
func (a *actor) next(from workflow.State) workflow.State {
	choices := from.NextStates()
	if a.chance(80) {
		return choices[0]
	}
	if to := choices[a.random.IntN(len(choices))]; to != workflow.Cancelled || a.chance(10) {
		return to
	}
	return choices[0]
}

func (a *actor) move(ctx context.Context, op history.Op) history.Attempt {
	input := map[string]any{"workflowId": id("wf", op.Flow), "from": op.From, "to": op.To}
	if op.Version != nil {
		input["version"] = *op.Version
	}
	return a.try(ctx, a.begin(op, input, a.chance(60)))
}

// run is a run that a client drives.
type run struct {
	flow   uuid.UUID
	step   workflow.Step
	token  int
	worker string // the name of its worker
}

// drive drives a run like an external program: it may spend, renew its lease, or stay silent for longer than the lease.
// Then it ends the run with its fencing token.
func (a *actor) drive(ctx context.Context, r run) {
	if a.chance(40) {
		a.spend(ctx, r.flow, cost.Dollar/100)
	}
	away := a.between(0, 200*time.Millisecond)
	if a.chance(25) {
		away = a.between(3*time.Second, 5*time.Second)
	}
	a.stayAway(ctx, r, away)
	op := history.Op{
		Verb:    history.Move,
		Flow:    r.flow,
		From:    r.step.Processing,
		To:      r.step.Completed,
		Version: &r.token,
	}
	if a.chance(15) {
		op.To = r.step.Failed
	}
	a.move(ctx, op)
}

// stayAway waits. Half of the programs that wait for long renew their leases meanwhile.
func (a *actor) stayAway(ctx context.Context, r run, away time.Duration) {
	for renews := a.chance(50); renews && away > time.Second; away -= time.Second {
		if !pause(ctx, time.Second) {
			return
		}
		a.renew(ctx, r)
	}
	pause(ctx, away)
}

// spendShared spends from one of the shared workflows, whose limits admit three such amounts.
func (a *actor) spendShared(ctx context.Context) {
	purse, there := a.round.sharedBudgets.pick(a.random)
	if !there {
		if purse, there = a.create(ctx, "0.10"); !there {
			pause(ctx, 100*time.Millisecond)
			return
		}
		a.round.sharedBudgets.add(purse)
		a.round.follow(purse, true)
	}
	a.spend(ctx, purse, cost.Dollar*3/100)
	if a.refusal.Code == "BUDGET_EXHAUSTED" {
		a.round.sharedBudgets.drop(purse)
		a.refusal = problem{}
	}
	pause(ctx, a.between(10*time.Millisecond, 80*time.Millisecond))
}

// spend reserves money for a call and books its cost. An operation without an answer becomes pending.
func (a *actor) spend(ctx context.Context, flow uuid.UUID, amount cost.Pico) {
	reserve := a.begin(history.Op{Verb: history.Reserve, Flow: flow, Amount: amount}, map[string]any{
		"workflowId": id("wf", flow), "amount": amount.String(), "step": workflow.StepCompetitor,
	}, true)
	got := a.try(ctx, reserve)
	switch got.Outcome {
	case history.Unknown:
		a.unanswered = append(a.unanswered, reserve)
	case history.Done:
		pause(ctx, a.between(0, 100*time.Millisecond))
		a.book(ctx, flow, got.Call, amount)
	}
}

// book settles a call with a cost, mostly below its hold, or releases it.
func (a *actor) book(ctx context.Context, flow, call uuid.UUID, hold cost.Pico) {
	p := a.begin(history.Op{Verb: history.Release, Flow: flow, Call: call}, map[string]any{
		"callId": id("call", call), "reason": "the call was not made",
	}, a.chance(50))
	if a.chance(70) {
		amount := cost.Pico(a.random.Int64N(int64(hold) / 10))
		if a.chance(3) {
			amount = hold + 1
		}
		p.op.Verb, p.op.Amount = history.Settle, amount
		delete(p.input, "reason")
		p.input["model"], p.input["cost"] = "openai/gpt-4o-mini", amount.String()
		p.input["promptTokens"], p.input["completionTokens"] = 10, 10
	}
	if a.try(ctx, p).Outcome == history.Unknown {
		a.unanswered = append(a.unanswered, p)
	}
}

// resolvePending repeats pending operations until they have an answer. It runs after all injections.
func (a *actor) resolvePending(ctx context.Context) {
	for len(a.unanswered) > 0 && ctx.Err() == nil {
		p := a.unanswered[0]
		a.unanswered = a.unanswered[1:]
		got := a.send(ctx, p)
		switch {
		case got.Outcome == history.Unknown:
			a.unanswered = append(a.unanswered, p)
			pause(ctx, 50*time.Millisecond)
		case got.Outcome == history.Done && p.op.Verb == history.Reserve:
			a.book(ctx, p.op.Flow, got.Call, p.op.Amount)
		}
	}
}
