package simulation_test

import (
	"context"
	"slices"
	"strings"
	"testing"
)

// These tests remove a guard from the program's statements, and the constraints behind it in the database. The
// simulation must fail then. Otherwise a simulation without findings would prove nothing.

func TestGuardMutation_WithoutTheLimitAnAccountIsOverspent(t *testing.T) {
	t.Parallel()
	limit := &mutation{
		query: "CallHoldCreate", guard: "a.limit_pico::numeric - a.settled_pico - a.held_pico AS", instead: "9e18 AS",
	}
	c := newCluster(t, limit)
	c.alter(t, `ALTER TABLE ai_usage_ledger DROP CONSTRAINT ai_usage_ledger_cap`)
	finds(t, c, crowded, "at this admission settled + held is", limit)
}

func TestGuardMutation_WithoutTheFenceThereIsASecondOutcome(t *testing.T) {
	t.Parallel()
	// Three guards exclude a second settlement of a call: the lock before the read, the condition on the state in the
	// statement that ends the call, and a constraint on outcomes.
	lock := &mutation{query: "CallLock", guard: "FOR NO KEY UPDATE"}
	state := &mutation{query: "CallSettle", guard: "AND c.state = ANY(", instead: "AND '' <> ALL("}
	c := newCluster(t, lock, state)
	c.alter(t, `DROP TRIGGER ai_calls_only_move_forward ON ai_calls`)
	c.alter(t, `ALTER TABLE ai_usage_ledger DROP CONSTRAINT ai_usage_ledger_one_hold_one_outcome CASCADE`)
	c.alter(t, `ALTER DOMAIN amount_pico DROP CONSTRAINT amount_pico_not_negative`)
	finds(t, c, crowded, "has a second outcome", lock, state)
}

// A profile of writers alone, because other clients leave too little of the workflow's limit to reach an article's cap.
func TestGuardMutation_WithoutTheCapAnArticleIsOverspent(t *testing.T) {
	t.Parallel()
	limit := &mutation{
		query: "CallHoldCreate", guard: "b.cap_pico::numeric - b.settled_pico - b.held_pico AS", instead: "9e18 AS",
	}
	c := newCluster(t, limit)
	c.alter(t, `ALTER TABLE article_budgets DROP CONSTRAINT article_budgets_cap`)
	c.alter(t, `DROP TRIGGER article_budgets_hold ON article_budgets`)
	finds(t, c, writing, "has admitted", limit)
}

// Attempts often outlive their leases here, and no failure ends them.
func TestGuardMutation_WithoutTheFenceAnOldAttemptSpends(t *testing.T) {
	t.Parallel()
	call := &mutation{query: "CallHoldCreate", guard: "u.attempt = c.unit_attempt", instead: "0 <> c.unit_attempt"}
	c := newCluster(t, call)
	finds(t, c, hurried, "is admitted to attempt", call)
}

// Every look finds nothing, as if a site were not asked for a post whose answer was lost.
func TestGuardMutation_WithoutTheLookUpAPostIsMadeTwice(t *testing.T) {
	t.Parallel()
	finds(t, newCluster(t), blindly, "the site has")
}

func TestGuardMutation_WithAllGuardsTheSameSeedsFindNothing(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	for seed := uint64(1); seed <= 4; seed++ {
		if failed(t, seed, simulateWith(c, seed, *length, crowded)) {
			return
		}
		if failed(t, seed+100, simulateWith(c, seed+100, *length, hurried)) {
			return
		}
		if failed(t, seed+200, simulateWith(c, seed+200, *length, seeing)) {
			return
		}
	}
	verified(t, c)
}

// alter changes the database as its owner.
func (c *cluster) alter(t *testing.T, statement string) {
	t.Helper()
	if _, err := c.db.Owner.Exec(context.Background(), statement); err != nil {
		t.Fatal(err)
	}
}

// crowded is a profile that needs the guards often: many clients at once, and no failures.
func crowded(*world) profile {
	return profile{
		begin: beginWithSix,
		roles: []role{
			{"client", 1, false, client},
			{"client", 1, false, client},
			{"treasurer", 1, false, treasurer},
			{"writer", 1, false, writer},
		},
		crowd: mostActors, passesOneIn: 100,
	}
}

// writing is a profile of calls for articles alone.
func writing(*world) profile {
	return profile{
		begin: beginWithSix, roles: []role{{"writer", 1, false, writer}}, crowd: mostActors, passesOneIn: 100,
	}
}

// hurried is a profile of one article whose attempts are often late.
func hurried(*world) profile {
	p := writingArticles(0)
	p.begin = beginWithOneArticle
	p.roles = slices.Concat(slices.Repeat([]role{{"unit worker", 0, true, unitWorker}}, 4), []role{
		{"unit sweeper", 0, true, sweepUnits},
		{"editor", 0, false, editor},
	})
	p.passesOneIn, p.length, p.slowness, p.rests = 30, 2, 10, false
	return p
}

// seeing is a profile of an organization that publishes, without failures of servers.
func seeing(*world) profile {
	p := publishing(0)
	p.acts = 1
	return p
}

// blindly is seeing without the look for a post.
func blindly(w *world) profile {
	w.sites.blind = true
	return seeing(w)
}

// finds simulates seeds until one fails. It must fail by the invariant of the guard.
func finds(t *testing.T, c *cluster, among func(*world) profile, invariant string, guards ...*mutation) {
	t.Helper()
	var failures []string
	for seed := uint64(1); seed <= 60; seed++ {
		got := simulateWith(c, seed, *length, among)
		if strings.Contains(got.failure, invariant) {
			t.Logf("seed %d: %s", seed, got.failure)
			break
		}
		if failures = append(failures, got.failure); seed == 60 {
			t.Errorf("the simulation does not find the missing guard; it reports %q", failures)
		}
	}
	for _, g := range guards {
		if g.found.Load() == 0 {
			t.Errorf("the statement %s has no guard %q: this test proves nothing", g.query, g.guard)
		}
	}
}
