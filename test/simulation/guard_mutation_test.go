package simulation_test

import (
	"context"
	"strings"
	"testing"
)

// These tests take a guard out of the program's own statements, and with it what stands behind it in the database, and
// see the simulation fail: that it finds nothing is worth something only if it would.

func TestGuardMutation_WithoutTheLimitAnAccountIsOverspent(t *testing.T) {
	t.Parallel()
	limit := &weakening{
		query: "AccountHold", guard: "AND a.limit_pico - a.settled_pico - a.held_pico >= ", instead: "AND 0 <= ",
	}
	c := newCluster(t, limit)
	c.alter(t, `ALTER TABLE ai_usage_ledger DROP CONSTRAINT ai_usage_ledger_cap`)
	finds(t, c, "at this admission settled + held is", limit)
}

func TestGuardMutation_WithoutTheFenceThereIsASecondOutcome(t *testing.T) {
	t.Parallel()
	// Two settlements of one call exclude each other three times over: the call is locked before it is looked at, its
	// state is asked for again by the statement that ends it, and the database lets no outcome follow another one.
	lock := &weakening{query: "CallLock", guard: "FOR NO KEY UPDATE"}
	state := &weakening{query: "CallSettle", guard: "AND c.state = ANY(", instead: "AND '' <> ALL("}
	c := newCluster(t, lock, state)
	c.alter(t, `DROP TRIGGER ai_calls_only_move_forward ON ai_calls`)
	c.alter(t, `ALTER TABLE ai_usage_ledger DROP CONSTRAINT ai_usage_ledger_one_hold_one_outcome CASCADE`)
	c.alter(t, `ALTER DOMAIN amount_pico DROP CONSTRAINT amount_pico_not_negative`)
	finds(t, c, "has a second outcome", lock, state)
}

func TestGuardMutation_WithAllGuardsTheSameSeedsFindNothing(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	for seed := uint64(1); seed <= 8; seed++ {
		if failed(t, seed, simulateWith(c, seed, *steps, crowded)) {
			return
		}
	}
}

// alter changes the cluster's database as its owner.
func (c *cluster) alter(t *testing.T, statement string) {
	t.Helper()
	if _, err := c.db.Owner.Exec(context.Background(), statement); err != nil {
		t.Fatal(err)
	}
}

// crowded is a temper in which the guards are needed often: many clients at once, and nothing else that could go wrong.
func crowded(*world) temper {
	return temper{
		roles: []role{{"client", 1, false, client}, {"client", 1, false, client}, {"treasurer", 1, false, treasurer}},
		crowd: mostActors, passesOneIn: 100,
	}
}

// finds simulates seeds until one fails, and checks that it fails by the invariant that the guard is for.
func finds(t *testing.T, c *cluster, invariant string, guards ...*weakening) {
	t.Helper()
	var failures []string
	for seed := uint64(1); seed <= 60; seed++ {
		got := simulateWith(c, seed, *steps, crowded)
		if strings.Contains(got.failure, invariant) {
			t.Logf("seed %d: %s", seed, got.failure)
			break
		}
		if failures = append(failures, got.failure); seed == 60 {
			t.Errorf("the simulation does not notice that the guard is gone; it says %q", failures)
		}
	}
	for _, g := range guards {
		if g.found.Load() == 0 {
			t.Errorf("the statement %s has no guard %q: this test proves nothing any more", g.query, g.guard)
		}
	}
}
