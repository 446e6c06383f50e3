package simulation_test

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
)

// role is the script of an actor and its frequency.
type role struct {
	name   string
	often  int
	mortal bool
	script func(*actor)
}

var roles = []role{
	{"client", 5, false, client},
	{"worker", 14, true, worker},
	{"run sweeper", 3, true, sweepRuns},
	{"author", 3, false, author},
	{"treasurer", 2, false, treasurer},
	{"accountant", 1, false, accountant},
	{"recorder", 2, false, recorder},
	{"canceller", 4, false, canceller},
	{"mover", 1, false, mover},
	{"reviewer", 2, false, reviewer},
	{"approver", 6, false, approver},
	{"gatekeeper", 1, false, gatekeeper},
	{"guide", 5, false, guide},
	{"writer", 2, false, writer},
}

// profile is the character of a seed: its roles, the speed of time and the frequency of failures. Different profiles
// find more than one mixed profile.
type profile struct {
	// begin creates the workflows of the organization.
	begin       func(*world, *engine.Engine, caller.Caller) error
	roles       []role    // each as often as its frequency
	crowd       int       // actors at the same time
	passesOneIn int       // average number of steps between two moves of the clock
	fragility   int       // frequency of failures; 0 for none
	patience    int       // divides the frequency of failures, so that work goes on; 0 for 1
	slowness    int       // of 12 answers that are late, so many take longer still; 0 for 4
	overcharge  cost.Pico // the most that a provider bills above a hold; 0 for many holds
	rests       bool      // the work must come to rest by itself
	acts        int       // how often people work until the work rests; 0 for 1
	length      int       // multiplies the number of steps; 0 for 1
}

// busy are the roles of the steps that follow the first one.
var busy = []role{
	{"worker", 0, true, worker},
	{"worker", 0, true, worker},
	{"approver", 0, false, approver},
	{"guide", 0, false, guide},
	{"reviewer", 0, false, reviewer},
	{"run sweeper", 0, true, sweepRuns},
	{"treasurer", 0, false, treasurer},
	{"gatekeeper", 0, false, gatekeeper},
	{"writer", 0, false, writer},
}

// sweeper exists from the beginning, and is replaced when its server dies.
var sweeper = role{"sweeper", 0, true, sweepCalls}

func (w *world) newProfile() profile {
	t := profile{
		begin:       beginWithSix,
		crowd:       2 + w.chance.IntN(mostActors-1),
		passesOneIn: pick(w, []int{6, 15, 40}),
		fragility:   pick(w, []int{0, 1, 1, 3}),
	}
	switch w.chance.IntN(8) {
	case 0: // An organization whose people and workers are busy with later steps.
		return profile{
			begin:       beginWithSix,
			roles:       busy,
			crowd:       mostActors,
			passesOneIn: 60,
			fragility:   t.fragility,
			patience:    8,
			length:      3,
		}
	case 1, 2:
		return writingArticles(t.fragility)
	case 3, 4:
		return publishing(t.fragility)
	}
	for len(t.roles) == 0 {
		for _, r := range roles {
			t.roles = append(t.roles, slices.Repeat([]role{r}, r.often*pick(w, []int{0, 1, 1, 4}))...)
		}
	}
	return t
}

// amount returns a hold of a few cents and some picodollars.
func (w *world) amount() cost.Pico { return cent + cost.Pico(w.chance.Int64N(int64(30*cent))) }

// client is an external program: it reserves money, asks the provider and reports the result. It may die before that.
func client(a *actor) {
	in := engine.ReserveInput{WorkflowID: pick(a.w, a.w.flows), IdempotencyKey: a.key()}
	if a.w.oneIn(4) {
		in.Estimate = &cost.Estimate{
			Models: []string{model}, PromptBytes: 1000, MaxCompletionTokens: 1 + a.w.chance.Int64N(90_000),
		}
	} else {
		amount := a.w.amount()
		in.Amount = &amount
	}
	a.twice(func(a *actor) { a.reserve(in) })
	call, admitted := a.reserve(in)
	if !admitted {
		return
	}
	a.pause()
	request := a.w.provider.send(a, call)
	for a.w.oneIn(3) {
		a.pause()
	}
	if a.w.oneIn(6) {
		a.w.saw("a client dies before its report")
		return
	}
	a.twice(func(a *actor) { a.report(request) })
	a.report(request)
}

// writer is a client that makes a call for an article.
func writer(a *actor) {
	amount := a.w.amount() / 4
	call, admitted := a.reserve(engine.ReserveInput{
		WorkflowID:     a.w.flows[0],
		ArticleID:      &a.w.articles[a.w.chance.IntN(len(a.w.articles))],
		Amount:         &amount,
		IdempotencyKey: a.key(),
	})
	if !admitted {
		return
	}
	a.pause()
	a.report(a.w.provider.send(a, call))
}

// twice sometimes adds an actor with the same request at the same time, like a client after a timeout.
func (a *actor) twice(script func(*actor)) {
	if a.w.oneIn(3) {
		a.w.coming = append(a.w.coming, role{name: "twin of " + a.name, script: script})
	}
}

// report settles or releases the call by the result of its request.
func (a *actor) report(request *charge) {
	switch request.fate {
	case priced, unpriced:
		a.settle(request)
	case refused:
		a.release(request.call, "refused by the provider")
	}
}

// reserve repeats a reservation until there is an answer. It may repeat an admitted one, with the same and with another
// content.
func (a *actor) reserve(in engine.ReserveInput) (call cost.Call, admitted bool) {
	who, got := a.as(), engine.Charged{}
	do := func(ctx context.Context, e *engine.Engine) (err error) {
		got, err = e.Reserve(ctx, who, in)
		return err
	}
	if err := a.persist("reserve", do); err != nil {
		a.w.books.refused[who.Actor] = !ambiguous(err)
		return call, false
	}
	if call = got.Call; a.w.oneIn(5) {
		if a.persist("reserve", do) == nil && (!got.Replayed || got.Call.ID != call.ID) {
			a.w.failf("the same reservation of %s gives %s first and then %s", who.Actor, call.ID, got.Call.ID)
		}
		a.w.saw("reserve replayed")
	}
	if a.w.oneIn(8) {
		other := call.Hold + 1
		in.Amount, in.Estimate = &other, nil
		a.refused("reserve with another amount", func(ctx context.Context, e *engine.Engine) error {
			_, err := e.Reserve(ctx, who, in)
			return err
		})
	}
	return call, true
}

// refused sends other content for a used key or call. The engine must refuse it.
func (a *actor) refused(what string, do func(context.Context, *engine.Engine) error) {
	if a.persist("mismatch", do) == nil {
		a.w.failf("%s: %s was accepted", a.name, what)
	}
}

// settle settles a call with its cost.
func (a *actor) settle(request *charge) {
	in, who, got := request.settlement(), a.as(), engine.Charged{}
	if in.IdempotencyKey = a.key(); request.fate == unpriced {
		in.Cost = nil
	}
	do := func(ctx context.Context, e *engine.Engine) (err error) {
		got, err = e.Settle(ctx, who, in)
		return err
	}
	if a.persist("settle", do) != nil {
		return
	}
	if a.w.oneIn(4) {
		if a.w.oneIn(2) {
			in.IdempotencyKey = "" // Without a key the call itself identifies the request.
		}
		if a.persist("settle", do) == nil && !got.Replayed && !a.w.corrected[request.call] {
			a.w.failf("the same settlement of call %s is carried out twice", request.call)
		}
		a.w.saw("settle replayed")
	}
	if got.Call.State == cost.CallSettled && a.w.oneIn(5) {
		other := request.cost + 1
		in.Cost, in.IdempotencyKey = &other, ""
		a.refused("settle with another cost", do)
	}
}

func (a *actor) release(call uuid.UUID, reason string) {
	who, got, key := a.as(), engine.Charged{}, a.key()
	do := func(ctx context.Context, e *engine.Engine) (err error) {
		got, err = e.Release(ctx, who, engine.ReleaseInput{CallID: call, Reason: reason, IdempotencyKey: key})
		return err
	}
	if a.persist("release", do) == nil && a.w.oneIn(3) {
		if a.persist("release", do) == nil && !got.Replayed {
			a.w.failf("the same release of call %s is carried out twice", call)
		}
		a.w.saw("release replayed")
	}
}

// sweepCalls sweeps open calls one after the other, like the sweeper of a server.
func sweepCalls(a *actor) {
	for !a.w.calm {
		swept := 0
		_ = a.call("sweep calls", func(ctx context.Context, e *engine.Engine) (err error) {
			swept, err = e.SweepCalls(ctx, a.w.provider.ask)
			return err
		})
		a.pause()
		if swept == 0 {
			a.pause()
		}
		if a.w.oneIn(6) {
			sweepRuns(a)
		}
	}
}

func sweepRuns(a *actor) {
	_ = a.call("sweep runs", func(ctx context.Context, e *engine.Engine) error {
		swept, err := e.SweepRuns(ctx)
		if swept > 0 {
			a.w.saw("a run is swept or woken")
		}
		return err
	})
}

// author creates a workflow, or starts the first step of an existing one.
func author(a *actor) {
	flow, who := pick(a.w, a.w.flows), a.as()
	if a.w.oneIn(2) && len(a.w.flows) < 8 {
		in := a.w.newFlow()
		in.IdempotencyKey = a.key()
		var made engine.Moved
		err := a.persist("create", func(ctx context.Context, e *engine.Engine) (err error) {
			made, err = e.Create(ctx, who, in)
			return err
		})
		if err != nil {
			return
		}
		flow = made.Workflow.ID
		a.w.flows = append(a.w.flows, flow)
	}
	key := a.key()
	_ = a.persist("generate", func(ctx context.Context, e *engine.Engine) error {
		_, err := e.GenerateICP(ctx, who, engine.GenerateICPInput{WorkflowID: flow, IdempotencyKey: "generate " + key})
		return err
	})
}

// canceller cancels a workflow. Its worker loses the run.
func canceller(a *actor) {
	if a.w.cancelled*2 < len(a.w.flows) { // At least half of the workflows must remain.
		a.w.cancelled++
		a.cancelFlow(pick(a.w, a.w.flows))
	}
}

func (a *actor) cancelFlow(flow uuid.UUID) {
	who := a.as()
	_ = a.persist("cancel", func(ctx context.Context, e *engine.Engine) error {
		_, err := e.Cancel(ctx, who, engine.CancelInput{WorkflowID: flow, Reason: "enough"})
		return err
	})
}

// mover changes the organization's time zone.
func mover(a *actor) {
	zone, who := pick(a.w, []string{"UTC", "Europe/Berlin", "Pacific/Kiritimati", "America/Los_Angeles"}), a.as()
	err := a.persist("set the time zone", func(ctx context.Context, e *engine.Engine) error {
		_, err := e.SetTimeZone(ctx, who, engine.SetTimeZoneInput{TimeZone: zone, Reason: "moving"})
		return err
	})
	if err == nil {
		a.w.timeZone = zone
	}
}

// request returns a unique name of a request, so that the ledger shows its actor and each execution.
func (a *actor) request() string { return fmt.Sprintf(" request of %s/%d", a.name, a.asked) }
