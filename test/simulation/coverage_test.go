package simulation_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
)

// coverage counts the events of all simulations together. A simulation that exercises nothing proves nothing.
type coverage struct {
	mu     sync.Mutex
	counts map[string]int
}

func (c *coverage) add(more map[string]int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for what, n := range more {
		c.counts[what] += n
	}
}

// mustHappen are the events that must occur when there are enough steps. In addition every writing statement that is
// sent often must have been broken before and after.
var mustHappen = []string{
	"blocked", "time passes",
	"the connection breaks before a statement", "the connection breaks after a statement",
	"the server dies before a statement", "the server dies after a statement",
	"reserve", "reserve BUDGET_EXHAUSTED", "reserve replayed", "reserve without an answer",
	"reserve LOST_RUN", "mismatch IDEMPOTENCY_MISMATCH",
	"dispatch", "identify", "settle", "settle replayed", "settle late", "release",
	"release replayed", "mark unknown", "sweep calls", "sweep runs",
	"a run is taken", "a run is swept or woken", "renew", "finish", "fail",
	"fail LOST_RUN", "cancel", "record", "record replayed",
	"set a workflow's limit", "set the monthly limit", "a limit is lowered", "a limit replayed",
	"the lookup has an answer", "the lookup has no answer yet", "a charge above its hold",
	string(priced), string(unpriced), string(refused), string(cutOff), string(lost),
	"a call becomes DISPATCHED", "a call becomes SETTLED", "a call becomes RELEASED", "a call becomes UNKNOWN",
	"a call becomes ASSUMED", "a late answer corrects an assumption",
	"a call is settled after its month has ended",
	"an entry OPEN", "an entry RESERVE", "an entry SETTLE", "an entry RELEASE", "an entry ASSUME", "an entry ADJUST",
	"keep a part",
	"set gates", "retry",
	"a unit: PLAN", "a unit: CLAIM", "a unit: PROGRESS", "a unit: FINISH", "a unit: RETRY", "a unit: FAIL",
	"a unit is swept or woken",
	"a unit fails with LEASE_EXPIRED", "a unit fails with BUDGET",
	"a kept part of an article is not asked for again", "the engine writes a text",
	"the step ARTICLE is completed", "the work rests", "approve a plan STALE_STATE",
	"a decision at the gate SEEDS: APPROVED", "a decision at the gate PLAN: APPROVED",
	"a decision at the gate PUBLISH: APPROVED", "a post is live at rest", "a person changes a post",
	"a publication: PLAN", "a publication: SEND", "a publication: DRAFT",
	"a publication: MAKE_PUBLIC",
	"a publication: PUBLISH", "the step PUBLISH is completed", "publish",
	"an entry LIMIT", "an entry RECORD", "an overage of SETTLE",
}

// rare must happen when there are very many steps. In the usual number of seeds each occurs fewer than ten times. Any
// change of the statements changes what a seed does, and then one of them may not occur there.
var rare = []string{
	"withdraw", "a publication: UNPUBLISH", "a publication: REMOVE", "a publication: UPDATE", "a publication: OVERWRITE",
	"a publication: REPLAN", "a publication: ORPHAN", "a person lets an edit be replaced",
	"an edit comes between a look and an update", "reserve TERMINAL_STATE", "adjust replayed",
	"a wrong correction is corrected", "approve", "all places of units are taken", "a lost attempt at a unit is fenced",
	"a person writes a text", "a draft comes late",
	"reserve BUDGET_HELD", "sweep calls with a failed lookup", "a lost run is fenced and its cost is booked",
	"create", "generate", "adjust", "the gate stays closed", "a unit: SKIP", "a unit: REOPEN",
	"a publication: ABSENT",
	"dispatch LOST_RUN", "set the time zone", "a client dies before its report",
	"a kept part is not asked for again", "the step COMPETITOR is finished", "decide",
	"a unit fails with CANCELLED", "a decision at the gate PLAN: REJECTED",
	"a publication: LOSE", "a publication: ADOPT", "a publication: REFUSE", "a publication: CONFLICT",
	"an overage of RECORD", "an overage of an article",
}

// With enough steps of all seeds each event of mustHappen must have occurred, and with veryMany each of rare.
const enough, veryMany = 15_000, 300_000

// often is the number of times that a statement must be sent before it must have been broken in every way. Each way
// breaks about one statement in sixty, so fewer could miss one by chance.
const often = 600

// check prints the counts, and fails if an event has never occurred.
func (c *coverage) check(t *testing.T) {
	t.Helper()
	var all strings.Builder
	for _, what := range slices.Sorted(maps.Keys(c.counts)) {
		fmt.Fprintf(&all, "\n%8d  %s", c.counts[what], what)
	}
	t.Logf("in %d seeds of %d steps:%s", *seeds, *length, all.String())
	if int(*seeds)**length < enough {
		return
	}
	must := slices.Clone(mustHappen)
	if int(*seeds)**length >= veryMany {
		must = append(must, rare...)
	}
	for what, n := range c.counts {
		if statement, sent := strings.CutPrefix(what, "sent "); sent && n >= often && mayWrite(statement) {
			must = append(must, "broken before "+statement, "broken after "+statement)
		}
	}
	for _, what := range must {
		if c.counts[what] == 0 {
			t.Errorf("this event has never occurred: %s", what)
		}
	}
}

// mayWrite reports whether a statement can write.
func mayWrite(statement string) bool {
	switch statement {
	case "begin", "rollback":
		return false
	case "CallListDue", "RunListExpired":
		return true
	}
	if strings.Contains(statement, "savepoint") {
		return false
	}
	for _, reads := range []string{"Get", "List", "Lock", "BookedFor", "Count"} {
		if strings.Contains(statement, reads) {
			return false
		}
	}
	return true
}
