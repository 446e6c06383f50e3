package simulation_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/audit"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/publicid"
	"github.com/infin8content/engine/internal/testdb"
)

func (w *world) stopIfFailed() {
	if w.failure != "" {
		panic(died{})
	}
}

// quiesce lets all actors end without failures, ends every call, and compares the ledger with the provider's charges.
func (w *world) quiesce() {
	w.comeToRest()
	who := (&actor{w: w, name: "auditor"}).as()
	for _, flow := range w.flows {
		w.quietly("cancel", func(ctx context.Context, e *engine.Engine) error {
			_, err := e.Cancel(ctx, who, engine.CancelInput{WorkflowID: flow, Reason: "the end"})
			if fault.KindOf(err) == fault.TerminalState {
				return nil
			}
			return err
		})
	}
	// A reserved call is due after an hour, and an unknown one is assumed after a day.
	for _, later := range []time.Duration{62 * time.Minute, 25 * time.Hour} {
		w.clock = w.clock.Add(later)
		w.sweep()
		w.quietly("sweep units", sweepUnitsOnce)
	}
	for _, c := range w.books.calls {
		if c.state.Open() {
			w.failf("call %s is still %s after all sweeps", c.id, c.state)
		}
	}
	w.stopIfFailed()
	w.compare()
	w.audit()
}

// comeToRest lets all actors end without failures, and the work come to rest.
func (w *world) comeToRest() {
	w.calm = true
	w.drain()
	if w.profile.rests {
		w.rest()
	}
}

// drain lets all actors end.
func (w *world) drain() {
	for len(w.actors) > 0 {
		ready := w.ready()
		if len(ready) == 0 {
			w.failf("all actors wait for locks: %s", w.actorStates())
		} else {
			w.send(pick(w, ready))
		}
		w.stopIfFailed()
	}
}

// quietly calls the engine without other actors and without failures.
func (w *world) quietly(what string, do func(context.Context, *engine.Engine) error) {
	if err := do(context.Background(), w.servers[0].engine); err != nil {
		w.failf("%s after quiescence: %v", what, err)
	}
	if what != "cancel" { // It books nothing.
		w.books.check(ofAll)
	}
	w.stopIfFailed()
}

// sweep sweeps calls until none is due. The workflows are cancelled, so no run is open.
func (w *world) sweep() {
	for swept, rounds := 1, 0; swept > 0; rounds++ {
		if rounds > 200 {
			w.failf("the sweep does not end")
		}
		w.quietly("sweep calls", func(ctx context.Context, e *engine.Engine) (err error) {
			swept, err = e.SweepCalls(ctx, w.provider.ask)
			return err
		})
	}
}

// compare compares the ledger with the provider's charges. Before the late answers only assumed calls and calls that a
// person has corrected may differ. After them none may differ.
func (w *world) compare() {
	auditor := caller.Caller{Actor: "auditor", OrganizationID: w.organization, Role: caller.Admin}
	for actor, in := range w.provider.outside {
		if !slices.ContainsFunc(w.inOrder(), func(c *call) bool { return c.actor == actor }) {
			auditor.Actor = actor // The record had no answer and was not executed, so its actor retries it.
			w.quietly("record", func(ctx context.Context, e *engine.Engine) error {
				_, err := e.Record(ctx, auditor, in)
				return err
			})
		}
	}
	for _, c := range w.inOrder() {
		booked, charged := c.booked[c.flow], w.provider.charged(c)
		assumed := c.state == cost.CallAssumed && booked == c.hold
		switch {
		case booked == charged:
		case !assumed && !w.corrected[c.id]:
			w.failf("the provider has charged $%s for call %s, which is %s; the ledger has $%s", charged, c.id, c.state,
				booked)
		case w.corrected[c.id]:
			w.saw("a wrong correction is corrected")
			w.correct(auditor, c, charged)
		default:
			w.saw("a late answer corrects an assumption")
			w.answerLate(auditor, c, charged)
		}
		if booked = c.booked[c.flow]; booked != charged {
			w.failf("call %s is booked with $%s after its last correction to $%s", c.id, booked, charged)
		}
	}
}

// inOrder returns the calls in an order that the seed determines.
func (w *world) inOrder() []*call {
	calls := make([]*call, 0, len(w.books.calls))
	for _, c := range w.books.calls {
		calls = append(calls, c)
	}
	slices.SortFunc(calls, func(a, b *call) int { return bytes.Compare(a.id[:], b.id[:]) })
	return calls
}

func (w *world) correct(who caller.Caller, c *call, to cost.Pico) {
	i := slices.IndexFunc(w.books.ended, func(e cost.Entry) bool { return *e.CallID == c.id })
	w.quietly("adjust", func(ctx context.Context, e *engine.Engine) error {
		_, err := e.Adjust(ctx, who, engine.AdjustInput{
			AccountID: w.books.ended[i].AccountID,
			Sequence:  w.books.ended[i].Sequence,
			Cost:      to,
			Reason:    "the provider's figure",
		})
		return err
	})
}

func (w *world) answerLate(who caller.Caller, c *call, charged cost.Pico) {
	in := engine.SettleInput{CallID: c.id, Model: model, Cost: &charged}
	if request := w.provider.charges[c.id]; request != nil {
		in = request.settlement()
	}
	w.quietly("settle late", func(ctx context.Context, e *engine.Engine) error {
		_, err := e.SettleLate(ctx, who, in)
		return err
	})
}

// audit writes the heads of all chains into the trace, which two runs of one seed share. The cluster verifies the
// database after all its seeds.
func (w *world) audit() {
	for _, flow := range w.flows {
		w.cluster.seeds[string(publicid.New(publicid.Workflow, flow))] = w.seed
	}
	ids := make([]uuid.UUID, 0, len(w.books.accounts))
	for id := range w.books.accounts {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	for _, id := range ids {
		a := w.books.accounts[id]
		w.tracef("account %s ends with entry %d: $%s settled, hash %s", id, a.Sequence, a.SettledPico,
			hex.EncodeToString(a.Hash))
	}
}

// verify runs the engine's own verification of a database whose seeds have ended. It names the seed of a workflow that
// a finding is about.
func (c *cluster) verify() error {
	books := c.db.Books() // It does not have the server's role.
	findings, err := audit.New(books, time.Now).Verify(context.Background())
	errs := []error{err}
	for _, f := range findings {
		// A transaction takes less than the minutes that verify allows, but not by the simulated clock.
		if testdb.SimulatesTime(f.What) || strings.Contains(f.String(), "other settings were in force") {
			continue
		}
		of := ""
		for id, seed := range c.seeds {
			if strings.Contains(f.String(), id) {
				of = fmt.Sprintf("seed %d: ", seed)
			}
		}
		errs = append(errs, fmt.Errorf("verify: %s%s", of, f))
	}
	return errors.Join(errs...)
}
