package simulation_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// books are the ledger of the simulation's organization after the last step. Each check reads the new rows and compares
// them with the invariants. The engine computes nothing here.
type books struct {
	w        *world
	accounts map[uuid.UUID]*account
	calls    map[uuid.UUID]*call
	// refused are the requests that got a refusal of money.
	refused map[string]bool
	// limits are the limits that administrators have requested, by account.
	limits map[cost.Limit]bool
	// ended are the entries that an adjustment may correct, in the order of the ledger.
	ended []cost.Entry
	// due is the time of the sweepers' next check of a call, or nil.
	due *time.Time
	// budgets are the budgets of articles after the last step.
	budgets map[uuid.UUID]dbsqlc.ArticleBudget
}

type account struct {
	dbsqlc.UsageAccount
	last    cost.Entry // before the first entry: a zero entry with sequence −1
	reasons map[string]bool
}

type call struct {
	id, flow, month uuid.UUID
	actor           string
	state           cost.CallState
	recorded        bool
	article         *uuid.UUID
	hold            cost.Pico
	cost            *cost.Pico
	generation      *string
	// By account: the open hold, the booked cost, and the kind of entry that ended the call.
	held, booked map[uuid.UUID]cost.Pico
	outcome      map[uuid.UUID]cost.EntryKind
}

func newBooks(w *world) *books {
	return &books{
		w:        w,
		accounts: map[uuid.UUID]*account{},
		budgets:  map[uuid.UUID]dbsqlc.ArticleBudget{},
		calls:    map[uuid.UUID]*call{},
		refused:  map[string]bool{},
		limits:   map[cost.Limit]bool{cost.Limit(workflowLimit): true, cost.Limit(monthLimit): true},
	}
}

const (
	readAccounts = `SELECT a.* FROM usage_accounts AS a WHERE a.organization_id = $1 ORDER BY a.id`
	readCalls    = `SELECT c.* FROM ai_calls AS c WHERE c.organization_id = $1 ORDER BY c.reserved_at, c.id`
	readBudgets  = `SELECT b.* FROM article_budgets AS b WHERE b.organization_id = $1 ORDER BY b.article_id`
	readEntries  = `SELECT l.* FROM usage_accounts AS a
		LEFT JOIN unnest($2::uuid[], $3::bigint[]) AS seen (id, sequence) ON seen.id = a.id
		JOIN ai_usage_ledger AS l ON l.organization_id = a.organization_id AND l.account_id = a.id
			AND l.sequence > coalesce(seen.sequence, -1)
		WHERE a.organization_id = $1 AND a.sequence > coalesce(seen.sequence, -1)
		ORDER BY l.account_id, l.sequence`
)

// check reads what was committed and fails the simulation at the first broken invariant.
func (b *books) check(committed changes) {
	if b.w.failure != "" || committed == 0 {
		return
	}
	batch := &pgx.Batch{}
	if committed&ofWork != 0 {
		b.w.units.ask(batch)
	}
	if committed&ofMoney != 0 {
		b.ask(batch)
	}
	results := b.w.cluster.judge.SendBatch(context.Background(), batch)
	defer func() { _ = results.Close() }()
	var err error
	if committed&ofWork != 0 {
		err = b.w.units.read(results)
	}
	if committed&ofMoney != 0 {
		err = errors.Join(err, b.read(results))
	}
	if err != nil {
		b.w.failf("read the books: %v", err)
	}
}

func (b *books) ask(batch *pgx.Batch) {
	seen, sequences := []uuid.UUID{}, []int64{}
	for id, a := range b.accounts {
		seen, sequences = append(seen, id), append(sequences, a.last.Sequence)
	}
	batch.Queue(readAccounts, b.w.organization)
	batch.Queue(readCalls, b.w.organization)
	batch.Queue(readBudgets, b.w.organization)
	batch.Queue(readEntries, b.w.organization, seen, sequences)
}

func (b *books) read(results pgx.BatchResults) error {
	accounts, err := rowsOf[dbsqlc.UsageAccount](results)
	calls, failed := rowsOf[dbsqlc.AiCall](results)
	budgets, lost := rowsOf[dbsqlc.ArticleBudget](results)
	entries, broken := rowsOf[dbsqlc.AiUsageLedger](results)
	if err := errors.Join(err, failed, lost, broken); err != nil {
		return err
	}
	for _, row := range accounts {
		if b.accounts[row.ID] == nil {
			b.accounts[row.ID] = &account{last: cost.Entry{Sequence: -1}, reasons: map[string]bool{}}
		}
		b.accounts[row.ID].UsageAccount = row
	}
	b.due = nil
	for _, row := range calls {
		if row.CheckAt != nil && (b.due == nil || row.CheckAt.Before(*b.due)) {
			b.due = row.CheckAt
		}
		b.call(row)
	}
	for _, row := range entries {
		b.entry(toEntry(row))
	}
	b.balances()
	b.articles(budgets)
	return nil
}

// articles checks that the budget of every article is the sum of its calls, and that it admits nothing beyond its cap.
func (b *books) articles(budgets []dbsqlc.ArticleBudget) {
	held, settled := map[uuid.UUID]cost.Pico{}, map[uuid.UUID]cost.Pico{}
	for _, c := range b.calls {
		if c.article == nil {
			continue
		}
		settled[*c.article] += c.booked[c.flow]
		if c.state.Open() {
			held[*c.article] += c.hold
		}
	}
	for _, is := range budgets {
		was, used := b.budgets[is.ArticleID], is.HeldPico+is.SettledPico
		switch {
		case is.HeldPico != held[is.ArticleID] || is.SettledPico != settled[is.ArticleID]:
			b.w.failf("article %s holds $%s and has settled $%s, its calls $%s and $%s", is.ArticleID, is.HeldPico,
				is.SettledPico, held[is.ArticleID], settled[is.ArticleID])
		case used > is.CapPico && (!is.Overage || is.HeldPico > was.HeldPico && is.SettledPico == was.SettledPico):
			b.w.failf("article %s has admitted $%s, its cap is $%s", is.ArticleID, used, is.CapPico)
		}
		if is.Overage {
			b.w.saw("an overage of an article")
		}
		b.budgets[is.ArticleID] = is
	}
}

func rowsOf[Row any](results pgx.BatchResults) ([]Row, error) {
	rows, err := results.Query()
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[Row])
}

// call checks the change of a call since the last check.
func (b *books) call(row dbsqlc.AiCall) {
	c := b.calls[row.ID]
	if c == nil {
		c = &call{
			id:       row.ID,
			flow:     row.WorkflowID,
			month:    row.MonthID,
			actor:    row.Actor,
			hold:     row.HoldPico,
			article:  row.ArticleID,
			recorded: row.Recorded,
			state:    row.State,
			held:     map[uuid.UUID]cost.Pico{},
			booked:   map[uuid.UUID]cost.Pico{},
			outcome:  map[uuid.UUID]cost.EntryKind{},
		}
		b.calls[row.ID] = c
		b.w.units.call(row)
		if b.refused[row.Actor] {
			b.w.failf("the refused request %s has the call %s in the books", row.Actor, row.ID)
		}
		for _, other := range b.calls {
			if other != c && other.actor == c.actor {
				b.w.failf("the request %s has made two calls: %s and %s", row.Actor, other.id, row.ID)
			}
		}
	}
	switch {
	case c.state == row.State && c.cost != nil && (row.CostPico == nil || *row.CostPico != *c.cost):
		b.w.failf("the outcome of call %s has changed: its cost was $%s", row.ID, c.cost)
	case c.state != row.State && !mayReach(c.state, row.State):
		b.w.failf("call %s has gone from %s to %s", row.ID, c.state, row.State)
	case c.generation != nil && (row.GenerationID == nil || *row.GenerationID != *c.generation):
		b.w.failf("call %s has lost its generation %s", row.ID, *c.generation)
	case row.MonthID != c.month || row.WorkflowID != c.flow || row.HoldPico != c.hold:
		b.w.failf("call %s has changed its accounts or its hold since its admission", row.ID)
	}
	if c.state != row.State {
		b.w.saw("a call becomes " + string(row.State))
	}
	c.state, c.cost, c.generation = row.State, row.CostPico, row.GenerationID
}

// mayReach reports whether a call may reach a state from another one, in one or several transitions.
func mayReach(from, to cost.CallState) bool {
	for _, next := range cost.CallStates() {
		if from.MayBecome(next) && (next == to || mayReach(next, to)) {
			return true
		}
	}
	return false
}

// entry compares a new entry of the ledger with the previous entry, its account and its call.
func (b *books) entry(e cost.Entry) {
	a := b.accounts[e.AccountID]
	fail := func(format string, args ...any) {
		b.w.failf("entry %d (%s) of account %s: %s", e.Sequence, e.Kind, e.AccountID, fmt.Sprintf(format, args...))
	}
	if e.CallID != nil {
		b.charge(e, fail) // First, because a second outcome can also make a hold negative.
	}
	used := e.Before.Settled + e.Before.Held + e.Delta.Held
	switch {
	case e.Sequence != a.last.Sequence+1 || e.Before != a.last.After:
		fail("it does not follow entry %d", a.last.Sequence)
	case !bytes.Equal(e.PreviousHash, a.last.Hash) || !bytes.Equal(e.Hash, e.ComputeHash()):
		fail("the chain is broken")
	case e.Delta.Held > 0 && (!e.Before.Limit.Allows(used) || e.Before.Stopped):
		fail("at this admission settled + held is $%s, and the limit is $%s (stopped: %t)", used, e.Before.Limit,
			e.Before.Stopped)
	case e.Check() != nil:
		fail("%v", e.Check())
	case e.Delta.Limit != 0 && !b.limits[e.After.Limit]:
		fail("no request has set the limit $%s", e.After.Limit)
	case e.Kind == cost.EntryReserve && a.Kind == cost.AccountMonth && !inMonth(a, e):
		fail("the call is admitted at %s to another month", e.At)
	}
	// A request of a person has a unique reason: a second row means a second execution.
	if reason := e.Reason[strings.LastIndex(e.Reason, ":")+1:]; strings.Contains(reason, "request") {
		if a.reasons[reason] {
			fail("the request %q is carried out a second time", reason)
		}
		a.reasons[reason] = true
	}
	if e.CallID != nil && e.Kind != cost.EntryReserve {
		b.ended = append(b.ended, e)
	}
	a.last = e
	b.w.saw("an entry " + string(e.Kind))
	if e.Overage {
		b.w.saw("an overage of " + string(e.Kind))
	}
	if a.Kind == cost.AccountMonth && e.Kind == cost.EntrySettle && !inMonth(a, e) {
		b.w.saw("a call is settled after its month has ended")
	}
}

func inMonth(a *account, e cost.Entry) bool {
	return a.PeriodStart != nil && !e.At.Before(*a.PeriodStart) && e.At.Before(*a.PeriodEnd)
}

// charge adds an entry to its call, and checks that the call has one hold and one outcome on the account.
func (b *books) charge(e cost.Entry, fail func(string, ...any)) {
	c := b.calls[*e.CallID]
	if c == nil {
		fail("its call does not exist")
		return
	}
	_, held := c.held[e.AccountID]
	switch e.Kind {
	case cost.EntryReserve:
		if held || e.Delta.Held != c.hold {
			fail("call %s is held twice, or with another amount than its own", c.id)
		}
	case cost.EntrySettle, cost.EntryRelease, cost.EntryAssume, cost.EntryRecord:
		if c.outcome[e.AccountID] != "" {
			fail("call %s has a second outcome; it was %s", c.id, c.outcome[e.AccountID])
		}
		c.outcome[e.AccountID] = e.Kind
	case cost.EntryAdjust:
		if c.outcome[e.AccountID] == "" {
			fail("call %s is adjusted before it has ended", c.id)
		}
	}
	c.held[e.AccountID] += e.Delta.Held
	c.booked[e.AccountID] += e.Delta.Settled
}

// balances checks that every account is the sum of its entries and of its open calls, and that both accounts of a call
// agree about it.
func (b *books) balances() {
	held, booked := map[uuid.UUID]cost.Pico{}, map[uuid.UUID]cost.Pico{}
	for _, c := range b.calls {
		for _, id := range []uuid.UUID{c.flow, c.month} {
			if c.state.Open() {
				held[id] += c.hold
			}
			booked[id] += c.booked[id]
		}
		switch {
		case c.booked[c.flow] != c.booked[c.month] || c.held[c.flow] != c.held[c.month] ||
			c.outcome[c.flow] != c.outcome[c.month]:
			b.w.failf("call %s differs between its workflow's account and its month's", c.id)
		case c.outcome[c.flow] != outcomes[c.state] && !c.recorded:
			b.w.failf("call %s is %s, the ledger ended it by %q", c.id, c.state, c.outcome[c.flow])
		case c.held[c.flow] != 0 && !c.state.Open():
			b.w.failf("call %s is %s and still holds $%s", c.id, c.state, c.held[c.flow])
		}
	}
	for id, a := range b.accounts {
		last := a.last.After
		switch {
		case a.HeldPico != held[id]:
			b.w.failf("account %s holds $%s, its open calls hold $%s", id, a.HeldPico, held[id])
		case a.SettledPico != booked[id]:
			b.w.failf("account %s has settled $%s, its ledger has booked $%s", id, a.SettledPico, booked[id])
		case a.SettledPico != last.Settled || a.HeldPico != last.Held || a.LimitPico != last.Limit ||
			a.Stopped != last.Stopped || a.Sequence != a.last.Sequence:
			b.w.failf("account %s differs from its last entry, %d", id, a.last.Sequence)
		}
	}
}

// outcomes has the kind of entry that ends a call, for each state.
var outcomes = map[cost.CallState]cost.EntryKind{
	cost.CallSettled: cost.EntrySettle, cost.CallReleased: cost.EntryRelease, cost.CallAssumed: cost.EntryAssume,
}

func toEntry(r dbsqlc.AiUsageLedger) cost.Entry {
	return cost.Entry{
		OrganizationID: r.OrganizationID,
		AccountID:      r.AccountID,
		Sequence:       r.Sequence,
		Kind:           r.Kind,
		CallID:         r.CallID,
		Before: cost.Balance{
			Settled: r.SettledBefore,
			Held:    r.HeldBefore,
			Limit:   r.LimitBefore,
			Stopped: r.StoppedBefore,
		},
		After: cost.Balance{
			Settled: r.SettledAfter,
			Held:    r.HeldAfter,
			Limit:   r.LimitAfter,
			Stopped: r.StoppedAfter,
		},
		Delta:        cost.Delta{Settled: r.SettledDelta, Held: r.HeldDelta, Limit: r.LimitDelta},
		Overage:      r.Overage,
		Actor:        r.Actor,
		Reason:       r.Reason,
		At:           r.OccurredAt,
		PreviousHash: r.PreviousHash,
		Hash:         r.Hash,
		Corrects:     r.CorrectsSequence,
	}
}
