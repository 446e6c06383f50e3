package simulation_test

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
)

// role is what an actor does with its life, and how often one comes.
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
}

// temper is what a seed is like: who comes how often, how fast time passes, how much breaks. Seeds that differ in kind
// find more than seeds that are all a bit of everything.
type temper struct {
	roles       []role // each as often as it comes
	crowd       int    // how many live at a time
	passesOneIn int    // steps, until time passes
	fragility   int    // 0: nothing breaks
}

// sweeper is there from the beginning, and comes again when its server has died.
var sweeper = role{"sweeper", 0, true, sweepCalls}

func (w *world) newTemper() temper {
	t := temper{
		crowd: 2 + w.chance.IntN(mostActors-1), passesOneIn: pick(w, []int{6, 15, 40}), fragility: pick(w, []int{0, 1, 1, 3}),
	}
	for len(t.roles) == 0 {
		for _, r := range roles {
			t.roles = append(t.roles, slices.Repeat([]role{r}, r.often*pick(w, []int{0, 1, 1, 4}))...)
		}
	}
	return t
}

// answers are the refusals that a verb may answer with. Any other error, unless a connection has broken, is a fault of
// the engine.
var answers = map[string][]fault.Kind{
	"reserve":  {fault.BudgetExhausted, fault.BudgetHeld, fault.TerminalState, fault.StaleState},
	"dispatch": {fault.StaleState, fault.Conflict},
	"release":  {fault.Conflict, fault.IdempotencyMismatch}, // A sweeper may have released it for another reason.
	"settle":   {fault.Conflict},
	"finish":   {fault.StaleState},
	"fail":     {fault.StaleState},
	"renew":    {fault.StaleState},
	"cancel":   {fault.TerminalState},
	"generate": {fault.TerminalState, fault.StaleState},
	"mismatch": {fault.IdempotencyMismatch},
	"adjust":   {fault.Conflict},
}

// judge ends the simulation when a verb answers with what it must not.
func (w *world) judge(a *actor, verb string, err error) {
	if verb == "sweep calls" && errors.Is(err, errLookup) || slices.Contains(answers[verb], fault.KindOf(err)) {
		return
	}
	if a.broken && !expected(err) {
		return
	}
	w.failf("%s: %s answers %s: %v", a.name, verb, fault.KindOf(err), err)
}

// note counts how a verb has ended.
func (w *world) note(a *actor, verb string, err error) {
	what := verb
	switch kind := fault.KindOf(err); {
	case errors.Is(err, errLookup):
		what += " with a look-up that fails"
	case err != nil && !expected(err):
		what += " without an answer"
	case err != nil:
		what += " " + string(kind)
	}
	w.saw(what)
	w.tracef("%s: %s", a.name, what)
}

// expected reports an answer, be it a refusal, after which the caller knows what has happened.
func expected(err error) bool {
	kind := fault.KindOf(err)
	return kind != fault.Internal && kind != fault.Unavailable
}

// amount is a hold: a few cents, and an odd number of picodollars.
func (w *world) amount() cost.Pico { return cent + cost.Pico(w.chance.Int64N(int64(30*cent))) }

// client is a program outside: it reserves, asks the provider, and tells what came of it, if it lives so long.
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
		a.w.saw("a client that is never heard of again")
		return
	}
	a.twice(func(a *actor) { a.report(request) })
	a.report(request)
}

// twice lets somebody else at times ask for the same at the same moment, as a client does that has lost patience.
func (a *actor) twice(script func(*actor)) {
	if a.w.oneIn(3) {
		a.w.coming = append(a.w.coming, role{name: "twin of " + a.name, script: script})
	}
}

// report tells the engine what the client knows of its request.
func (a *actor) report(request *charge) {
	switch request.fate {
	case told, listed:
		a.settle(request)
	case refused:
		a.release(request.call, "refused by the provider")
	}
}

// reserve asks for money until there is an answer; admitted calls may be asked for again, and then again with another
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

// refused asks for something else under a key, or for a call, that was used before.
func (a *actor) refused(what string, do func(context.Context, *engine.Engine) error) {
	if a.persist("mismatch", do) == nil {
		a.w.failf("%s: %s was not refused", a.name, what)
	}
}

// settle says what a call has cost.
func (a *actor) settle(request *charge) {
	in, who, got := request.settlement(), a.as(), engine.Charged{}
	if in.IdempotencyKey = a.key(); request.fate == listed {
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
			in.IdempotencyKey = "" // The call itself is the key then.
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

// sweepCalls looks after the calls that nobody has ended, one after the other, as every server does all the time.
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

// author makes work: a new workflow, or a first step of an old one.
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

// canceller ends a workflow, which costs whoever works on it the run.
func canceller(a *actor) {
	if a.w.cancelled*2 < len(a.w.flows) { // Somebody has to go on.
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

// mover takes the organization to another time zone.
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

// request names what an actor asks for, so that the ledger shows who asked and how often it was done.
func (a *actor) request() string { return fmt.Sprintf(" request of %s/%d", a.name, a.asked) }
