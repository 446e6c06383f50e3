package engine

import (
	"errors"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/postgres"
)

// A caller that panics while it books for others fails alone: the others have an error, and the queue goes on.
func TestBookingQueue_APanicLetsNoOtherCallerWait(t *testing.T) {
	t.Parallel()
	q, organization := &bookingQueue{most: 2}, uuid.New() // Without a store each statement panics.
	first := q.join(&booking{organization: organization})
	outcomes := make(chan any, 2)
	for i := range 2 {
		go func() {
			var outcome any
			defer func() {
				if panicked := recover(); panicked != nil {
					outcome = panicked
				}
				outcomes <- outcome
			}()
			_, outcome = q.reserve(t.Context(), postgres.NewCall{OrganizationID: organization})
		}()
		for waiting := 0; waiting != i+1; runtime.Gosched() {
			q.mu.Lock()
			waiting = len(q.waiting)
			q.mu.Unlock()
		}
	}
	q.end(first, nil)
	failed := 0
	for range 2 {
		select {
		case outcome := <-outcomes:
			if err, _ := outcome.(error); errors.Is(err, errNotBooked) {
				failed++
			}
		case <-time.After(time.Minute):
			t.Fatal("a caller waits for ever")
		}
	}
	if failed != 1 || len(q.busy) != 0 || q.slots != 0 {
		t.Errorf("got %d callers with an error, %d organizations that are booked and %d slots, want 1, 0 and 0",
			failed, len(q.busy), q.slots)
	}
}

// The next statement has a call of each organization before it has a second one of any, and calls of one kind.
func TestBookingQueue_TakesACallOfEachOrganizationFirst(t *testing.T) {
	t.Parallel()
	greedy, other, busy := uuid.New(), uuid.New(), uuid.New()
	reserves := func(organization uuid.UUID) *booking {
		return &booking{organization: organization, reserve: &postgres.NewCall{}}
	}
	settles := &booking{organization: other, settle: &postgres.NewSettlement{}}
	many := []*booking{reserves(greedy), reserves(greedy), reserves(greedy)}
	late, taken := reserves(other), reserves(busy)
	q := &bookingQueue{
		most: 3, busy: map[uuid.UUID]bool{busy: true},
		waiting: []*booking{taken, many[0], settles, many[1], many[2], late},
	}
	all := func(*booking) bool { return true }
	if got, want := q.take(all), []*booking{many[0], late, many[1]}; !slices.Equal(got, want) {
		t.Errorf("got %v, want the first call of both organizations and a second one", got)
	}
	if want := []*booking{taken, settles, many[2]}; !slices.Equal(q.waiting, want) {
		t.Errorf("waiting: got %v, want the other calls in their order", q.waiting)
	}
}

// A divided group leaves each organization a group that the caller of its first call books.
func TestBookingQueue_DividesAGroupByOrganization(t *testing.T) {
	t.Parallel()
	q, one, two, three := &bookingQueue{most: 64}, uuid.New(), uuid.New(), uuid.New()
	var all []*booking
	for _, organization := range []uuid.UUID{one, two, one, three, two} {
		all = append(all, &booking{organization: organization, turn: make(chan *bookingGroup, 1)})
	}
	group := q.start(all)
	next := q.end(group, []*booking{all[4], all[2], all[1], all[0]}) // all but that of the third organization
	if next == nil || !next.alone || !slices.Equal(next.all, []*booking{all[0], all[2]}) {
		t.Errorf("the first organization: got %+v, want its two calls", next)
	}
	if own := <-all[1].turn; own == nil || !own.alone || !slices.Equal(own.all, []*booking{all[1], all[4]}) {
		t.Errorf("the second organization: got %+v, want its two calls", own)
	}
	if done := <-all[3].turn; done != nil {
		t.Errorf("the third organization: got %+v, want nothing to do", done)
	}
	if len(all[0].turn)+len(all[2].turn)+len(all[4].turn) > 0 {
		t.Error("a caller has a turn that others book for")
	}
	if q.slots != 0 || !q.busy[one] || !q.busy[two] || q.busy[three] {
		t.Errorf("got %d slots and %v busy, want none and the divided organizations", q.slots, q.busy)
	}
}

// An organization that has delayed others books alone for some time, without a slot.
func TestBookingQueue_AnOrganizationThatIsApartTakesNoSlot(t *testing.T) {
	t.Parallel()
	of := func(organization uuid.UUID) *booking {
		return &booking{organization: organization, reserve: &postgres.NewCall{}, turn: make(chan *bookingGroup, 1)}
	}
	q, locked, other := &bookingQueue{most: 64, slots: bookingSlots}, uuid.New(), uuid.New()
	q.setApart(locked)
	first := q.join(of(locked))
	if first == nil || !first.alone || !first.unlimited || q.slots != bookingSlots {
		t.Fatalf("got %+v and %d slots, want a group without a slot", first, q.slots)
	}
	own, more, theirs := of(locked), of(locked), of(other)
	for _, b := range []*booking{own, theirs, more} {
		if group := q.join(b); group != nil {
			t.Fatalf("got %+v, want it to wait", group)
		}
	}
	q.end(first, nil)
	if next := <-own.turn; next == nil || !next.alone || !slices.Equal(next.all, []*booking{own, more}) {
		t.Errorf("got %+v, want its two calls in a group without a slot", next)
	}
	if len(theirs.turn) > 0 || len(q.waiting) != 1 {
		t.Error("the other organization has not waited for a slot")
	}
	q.apart[locked] = time.Now().Add(-1)
	if q.isApart(locked, time.Now()) {
		t.Error("the organization stays apart for ever")
	}
	q.setApart(other)
	if _, kept := q.apart[locked]; kept {
		t.Error("an organization that is no longer apart is not forgotten")
	}
}

// When a statement fails for a reason of one booking, each is booked alone, but only where a lock may be waited for.
func TestBookingQueue_OneFaultIsFoundWithoutALimitForLocks(t *testing.T) {
	t.Parallel()
	organization, wrong := uuid.New(), errors.New("one is wrong")
	for _, unlimited := range []bool{false, true} {
		q, all := &bookingQueue{}, []*booking{{organization: organization}, {organization: organization}}
		group, statements := &bookingGroup{all: all, alone: unlimited, unlimited: unlimited}, 0
		divided := q.together(group, all, func(some []*booking) error {
			statements++
			if slices.Contains(some, all[1]) {
				return wrong
			}
			return nil
		})
		if !q.isApart(organization, time.Now()) {
			t.Errorf("unlimited %t: the organization is not apart", unlimited)
		}
		switch {
		case !unlimited && (statements != 1 || len(divided) != 2):
			t.Errorf("got %d statements and %d bookings to be booked again, want 1 and both", statements, len(divided))
		case unlimited && (statements != 3 || len(divided) > 0 || all[0].err != nil || !errors.Is(all[1].err, wrong)):
			t.Errorf("got %d statements, %v and %v, want the second to have failed alone", statements, all[0].err, all[1].err)
		}
	}
}
