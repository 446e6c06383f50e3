// Package simulation runs the engine's money against everything that goes wrong at once: several servers and clients
// whose statements are interleaved by a seed, a clock that jumps over the ends of months, a provider that charges what
// nobody hears of, and connections and servers that break before and after any statement. After every step the books
// are held against the invariants. A seed that fails is printed with its trace and can be replayed:
//
//	go test ./test/simulation -run Simulation -seed 42
//
// It holds only tests. It mocks neither the engine nor PostgreSQL: what is simulated is the order of events and the
// world around.
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
	oneSeed = flag.Uint64("seed", 0, "simulate this seed alone, and print its trace")
	seeds   = flag.Uint64("seeds", 0, "how many seeds to simulate; 200 when 0, and 90 under the race detector")
	steps   = flag.Int("steps", 300, "how many decisions each seed makes before it comes to rest")
)

// usualSeeds are the seeds of the ordinary tests.
var usualSeeds uint64 = 200

func TestMain(m *testing.M) {
	flag.Parse()
	if *seeds == 0 {
		*seeds = usualSeeds
	}
	// A simulation waits for PostgreSQL half of its time: more of them than processors keep those busy.
	if err := flag.Set("test.parallel", "4"); err != nil {
		panic(err)
	}
	os.Exit(testdb.Run(m))
}

// seedsOfACluster is how many seeds share a database: making one costs as much as some seeds, and auditing one that
// holds many costs more with each.
const seedsOfACluster = 16

func TestSimulation(t *testing.T) {
	t.Parallel()
	if *oneSeed != 0 {
		if got := simulate(newCluster(t), *oneSeed, *steps); !failed(t, *oneSeed, got) {
			t.Logf("the trace of seed %d:\n%s", *oneSeed, strings.Join(got.trace, "\n"))
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
					got := simulate(c, seed, *steps)
					all.add(got.coverage)
					if failed(t, seed, got) {
						return // What it leaves behind is not at rest.
					}
				}
			})
		}
	})
	all.judge(t)
}

// failed reports a simulation that has failed, with what is needed to see it again.
func failed(t *testing.T, seed uint64, got outcome) bool {
	t.Helper()
	if got.failure == "" {
		return false
	}
	last := got.trace[max(0, len(got.trace)-60):]
	if *oneSeed != 0 {
		last = got.trace
	}
	t.Errorf("seed %d: %s\n%s\nSee it again:\n\tgo test ./test/simulation -run Simulation -seed %d -steps %d",
		seed, got.failure, strings.Join(last, "\n"), seed, *steps)
	return true
}

func TestSchedule_SeedIsOneOrderOfEvents(t *testing.T) {
	t.Parallel()
	// In a database of its own and after others, the same seed must give the same trace, down to the hashes at its end
	// unless two actors wait for locks at once.
	first, second := newCluster(t), newCluster(t)
	simulate(second, 1001, *steps)
	compared, ends := 0, 0
	for _, seed := range []uint64{1002, 1003, 1004} {
		one, other := simulate(first, seed, *steps), simulate(second, seed, *steps)
		if failed(t, seed, one) || failed(t, seed, other) {
			return
		}
		got, want := other.ordered(), one.ordered()
		both := min(len(got), len(want)) // One of them may have been seen to wait, and the other not.
		if diff := cmp.Diff(want[:both], got[:both]); diff != "" {
			t.Fatalf("seed %d goes another way the second time (-first +second):\n%s", seed, diff)
		}
		compared += both
		if both == len(one.trace) {
			ends++
		}
	}
	t.Logf("%d events are the same, and %d ends", compared, ends)
	if compared < *steps {
		t.Errorf("got %d events to compare, want more of them: choose other seeds", compared)
	}
}
