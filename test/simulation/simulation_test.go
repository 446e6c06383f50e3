// Package simulation tests the engine under many failures at once: its bookkeeping of money, units, gates and posts. A
// seed orders the statements of several servers and clients. The clock jumps over ends of months. The provider charges
// answers that get lost. Websites lose requests and answers, and people change posts there. Connections and servers
// break before and after any statement. After every step the rows are compared with the invariants. A failed seed is
// printed with its trace and can be replayed:
//
//	go test ./test/simulation -run Simulation -seed 42
//
// The package has only tests. It mocks neither the engine nor PostgreSQL. It simulates the order of events, the clock,
// the network and the provider.
package simulation_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/testdb"
)

var (
	oneSeed = flag.Uint64("seed", 0, "simulate only this seed and print its trace")
	seeds   = flag.Uint64("seeds", 60, "number of seeds")
	length  = flag.Int("steps", 300, "number of decisions of each seed before quiescence")
)

func TestMain(m *testing.M) {
	flag.Parse()
	// A simulation waits for PostgreSQL half of its time, so more simulations than processors run at once.
	if err := flag.Set("test.parallel", "4"); err != nil {
		panic(err)
	}
	os.Exit(testdb.Run(m))
}

// seedsOfACluster is the number of seeds that share a database, which is verified once, after all of them. A new
// database costs as much as some seeds, but each seed in a database makes its statements slower.
const seedsOfACluster = 20

func TestSimulation(t *testing.T) {
	t.Parallel()
	if *oneSeed != 0 {
		c := newCluster(t)
		if got := simulate(c, *oneSeed, *length); !failed(t, *oneSeed, got) {
			t.Logf("the trace of seed %d:\n%s", *oneSeed, strings.Join(got.trace, "\n"))
			verified(t, c)
		}
		return
	}
	all := coverage{counts: map[string]int{}}
	t.Run("Seeds", func(t *testing.T) {
		for first := uint64(1); first <= *seeds; first += seedsOfACluster {
			t.Run(fmt.Sprintf("From%d", first), func(t *testing.T) {
				t.Parallel()
				c := newCluster(t)
				for seed := first; seed < first+seedsOfACluster && seed <= *seeds; seed++ {
					got := simulate(c, seed, *length)
					all.add(got.coverage)
					if failed(t, seed, got) {
						return // A failed simulation is not quiescent, so the database cannot be used again.
					}
				}
				verified(t, c)
			})
		}
	})
	all.check(t)
}

// verified reports what the engine's own verification finds.
func verified(t *testing.T, c *cluster) {
	t.Helper()
	if err := c.verify(); err != nil {
		t.Error(err)
	}
}

// failed reports a failed simulation with the command that repeats it.
func failed(t *testing.T, seed uint64, got outcome) bool {
	t.Helper()
	if got.failure == "" {
		return false
	}
	last := got.trace[max(0, len(got.trace)-60):]
	if *oneSeed != 0 {
		last = got.trace
	}
	t.Errorf("seed %d: %s\n%s\nRepeat it with:\n\tgo test ./test/simulation -run Simulation -seed %d -steps %d",
		seed, got.failure, strings.Join(last, "\n"), seed, *length)
	return true
}

func TestSchedule_SeedIsOneOrderOfEvents(t *testing.T) {
	t.Parallel()
	// The same seed must give the same trace in a new database and in a used one, including the final hashes, unless two
	// actors wait for locks at once.
	first, second := newCluster(t), newCluster(t)
	simulate(second, 1001, *length)
	compared, ends := 0, 0
	for _, seed := range []uint64{1002, 1003, 1004} {
		one, other := simulate(first, seed, *length), simulate(second, seed, *length)
		if failed(t, seed, one) || failed(t, seed, other) {
			return
		}
		got, want := other.ordered(), one.ordered()
		both := min(len(got), len(want)) // Only one of the two runs may have detected the wait.
		if diff := cmp.Diff(want[:both], got[:both]); diff != "" {
			t.Fatalf("seed %d differs in the second run (-first +second):\n%s", seed, diff)
		}
		compared += both
		if both == len(one.trace) {
			ends++
		}
	}
	t.Logf("%d events are equal, and %d ends", compared, ends)
	if compared < *length {
		t.Errorf("got %d events to compare, want more of them: choose other seeds", compared)
	}
}
