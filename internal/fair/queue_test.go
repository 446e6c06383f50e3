package fair_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/infin8content/engine/internal/fair"
	"github.com/infin8content/engine/internal/fault"
)

type (
	queue = fair.Queue[string]
	entry = fair.Entry[string]
)

// enter takes a place that must be free.
func enter(t *testing.T, q *queue, e entry) (leave func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	leave, err := q.Enter(ctx, e)
	if err != nil {
		t.Fatalf("enter %+v: %v", e, err)
	}
	return leave
}

// wait lets entries wait one after the other. The name of each arrives in order when it has its place.
func wait(t *testing.T, q *queue, order chan<- string, leave chan struct{}, entries ...entry) {
	t.Helper()
	for _, e := range entries {
		go func() {
			left, err := q.Enter(t.Context(), e)
			if err != nil {
				return // The test has ended.
			}
			order <- e.Key
			<-leave
			left()
		}()
		synctest.Wait()
	}
}

func next(t *testing.T, order <-chan string) string {
	t.Helper()
	select {
	case key := <-order:
		return key
	case <-time.After(time.Minute):
		t.Fatal("no entry was admitted")
		return ""
	}
}

func TestQueue_OneEntryComesBeforeTheSixtiethOfAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, testOneEntryComesBeforeTheSixtiethOfAnother)
}

func testOneEntryComesBeforeTheSixtiethOfAnother(t *testing.T) {
	q := fair.New[string](fair.Limits{Places: 2, PerKey: 2})
	first, second := enter(t, q, entry{Key: "busy"}), enter(t, q, entry{Key: "busy"})
	order, leave := make(chan string, 100), make(chan struct{})
	for range 60 {
		wait(t, q, order, leave, entry{Key: "busy"})
	}
	wait(t, q, order, leave, entry{Key: "quiet"})
	first()
	if got := next(t, order); got != "quiet" {
		t.Errorf("the first place went to %s", got)
	}
	second()
	if got := next(t, order); got != "busy" {
		t.Errorf("the second place went to %s", got)
	}
	close(leave)
	for range 59 {
		next(t, order)
	}
}

func TestQueue_KeepsPlacesForUrgentEntries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, testKeepsPlacesForUrgentEntries)
}

func testKeepsPlacesForUrgentEntries(t *testing.T) {
	q := fair.New[string](fair.Limits{Places: 3, Reserved: 1, PerKey: 3})
	for range 2 {
		defer enter(t, q, entry{Key: "busy"})()
	}
	order, leave := make(chan string, 10), make(chan struct{})
	wait(t, q, order, leave, entry{Key: "other"})
	urgent := enter(t, q, entry{Key: "busy", Urgent: true})
	wait(t, q, order, leave, entry{Key: "busy", Urgent: true})
	urgent()
	if got := next(t, order); got != "busy" {
		t.Errorf("the reserved place went to %s", got)
	}
	close(leave)
}

func TestQueue_LimitsTheEntriesOfAKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, testLimitsTheEntriesOfAKey)
}

func testLimitsTheEntriesOfAKey(t *testing.T) {
	q := fair.New[string](fair.Limits{Places: 4, PerKey: 1, Waiting: 1})
	leave := enter(t, q, entry{Key: "a"})
	defer enter(t, q, entry{Key: "b"})()
	defer enter(t, q, entry{Key: "b", Unlimited: true})()
	order, end := make(chan string, 10), make(chan struct{})
	wait(t, q, order, end, entry{Key: "a"})
	_, err := q.Enter(t.Context(), entry{Key: "a"})
	if fault.KindOf(err) != fault.RateLimited {
		t.Errorf("beyond the limit of waiting entries: got %v, want RATE_LIMITED", err)
	}
	leave()
	leave() // A second call gives nothing back.
	close(end)
	next(t, order)
	synctest.Wait()
	if got := q.Figures(); got.Refused != 1 || got.Waited != 1 || got.Waiting != 0 {
		t.Errorf("got %+v, want 1 refused, 1 waited", got)
	}
}

func TestQueue_LimitsHeavyEntries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, testLimitsHeavyEntries)
}

func testLimitsHeavyEntries(t *testing.T) {
	q := fair.New[string](fair.Limits{Places: 4, PerKey: 3, Heavy: 1})
	heavy := enter(t, q, entry{Key: "a", Heavy: true})
	order, leave := make(chan string, 10), make(chan struct{})
	wait(t, q, order, leave, entry{Key: "a", Heavy: true})
	defer enter(t, q, entry{Key: "a"})() // It comes before the heavy one that waits.
	if got := q.Figures(); got.Running != 2 || got.Waiting != 1 {
		t.Errorf("got %+v, want 2 entries that run and 1 that waits", got)
	}
	heavy()
	next(t, order)
	close(leave)
}

func TestQueue_DoesNotLimitAKeyThatIsAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, testDoesNotLimitAKeyThatIsAlone)
}

func testDoesNotLimitAKeyThatIsAlone(t *testing.T) {
	q := fair.New[string](fair.Limits{Places: 6, Reserved: 2, PerKey: 1, Heavy: 1, Quiet: time.Second})
	for range 3 {
		defer enter(t, q, entry{Key: "a"})()
	}
	enter(t, q, entry{Key: "probe", Urgent: true, Internal: true})()
	if q.Shares("a") {
		t.Error("a key shares its places with an internal entry")
	}
	enter(t, q, entry{Key: "b"})()
	order, leave := make(chan string, 10), make(chan struct{})
	wait(t, q, order, leave, entry{Key: "a"})
	if got := q.Figures(); !q.Shares("a") || got.Waiting != 1 {
		t.Errorf("after an entry of another key: got %+v, want 1 that waits", got)
	}
	time.Sleep(time.Second)
	if q.Shares("a") {
		t.Error("a key shares its places with one that is gone")
	}
	enter(t, q, entry{Key: "a", Urgent: true})() // As it leaves, the entry that waits gets the last place.
	next(t, order)
	close(leave)
}

func TestQueue_AKeyIsNotAloneWhileAnotherRunsOrWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, testAKeyIsNotAloneWhileAnotherRunsOrWaits)
}

func testAKeyIsNotAloneWhileAnotherRunsOrWaits(t *testing.T) {
	q := fair.New[string](fair.Limits{Places: 3, PerKey: 1, Heavy: 1, Quiet: time.Second})
	slow := enter(t, q, entry{Key: "slow", Heavy: true})
	order, leave := make(chan string, 10), make(chan struct{})
	wait(t, q, order, leave, entry{Key: "slow", Heavy: true})
	time.Sleep(time.Minute)
	defer enter(t, q, entry{Key: "busy"})()
	for range 10 { // Entries of busy alone arrive from now on.
		wait(t, q, order, leave, entry{Key: "busy"})
		time.Sleep(time.Second)
	}
	if got := q.Figures(); got.Running != 2 || got.Waiting != 11 {
		t.Errorf("got %+v, want one of each key that runs, and 11 that wait", got)
	}
	slow()
	if got := next(t, order); got != "slow" {
		t.Errorf("the place went to %s", got)
	}
	leave <- struct{}{} // The other key is gone, so busy gets all places.
	next(t, order)
	next(t, order)
	close(leave)
}

func TestQueue_AKeyRestsFromHeavyEntries(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		heavy, other bool // whether the entry is heavy, and whether another key has one
		held, want   time.Duration
	}{
		"as long as one took":     {true, true, 100 * time.Millisecond, 100 * time.Millisecond},
		"for a second at most":    {true, true, time.Minute, time.Second},
		"not when it is alone":    {true, false, 100 * time.Millisecond, 0},
		"not after ordinary ones": {false, true, 100 * time.Millisecond, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				q := fair.New[string](fair.Limits{Places: 4, PerKey: 1, Heavy: 1, Quiet: time.Millisecond})
				if c.other {
					defer enter(t, q, entry{Key: "b"})()
				}
				leave := enter(t, q, entry{Key: "a", Heavy: c.heavy})
				time.Sleep(c.held)
				leave()
				began := time.Now()
				enter(t, q, entry{Key: "a"})()
				enter(t, q, entry{Key: "a", Heavy: true})()
				if got := time.Since(began); got != c.want {
					t.Errorf("the next heavy entry waited %v, want %v", got, c.want)
				}
			})
		})
	}
}

func TestQueue_EndsAWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, testEndsAWait)
}

func testEndsAWait(t *testing.T) {
	q := fair.New[string](fair.Limits{Places: 1, PerKey: 1, Longest: 20 * time.Millisecond})
	leave := enter(t, q, entry{Key: "a"})
	if _, err := q.Enter(t.Context(), entry{Key: "b"}); fault.KindOf(err) != fault.RateLimited {
		t.Errorf("a long wait: got %v, want RATE_LIMITED", err)
	}
	gone := errors.New("the client is gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(gone)
	if _, err := q.Enter(ctx, entry{Key: "b"}); !errors.Is(err, gone) {
		t.Errorf("an ended context: got %v, want its cause", err)
	}
	leave()
	enter(t, q, entry{Key: "b"})()
	if got := q.Figures(); got.Running != 0 || got.Waiting != 0 {
		t.Errorf("at the end: got %+v, want none", got)
	}
}

func TestCount_LimitsEachKey(t *testing.T) {
	t.Parallel()
	c := fair.NewCount[string](2)
	done, _ := c.Add("a")
	if _, ok := c.Add("a"); !ok {
		t.Error("the second of two was refused")
	}
	if _, ok := c.Add("a"); ok {
		t.Error("the third of two was admitted")
	}
	if _, ok := c.AddMany("b", 2); !ok {
		t.Error("another key was refused")
	}
	done()
	done()
	if _, ok := c.Add("a"); !ok {
		t.Error("the place of one that has ended was refused")
	}
	if got := c.Figures(); got.Running != 4 || got.Refused != 1 {
		t.Errorf("got %+v, want 4 open and 1 refused", got)
	}
}
