package engine

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
)

// bookingQueue lets calls that are reserved or settled at the same time share a statement. To start one takes most of
// the time of a single call. A call is booked at once unless this program is booking others of its organization, or
// has bookingLanes statements under way. Then it shares the next statement with all that wait, also with those of other
// organizations. The database admits each on its own.
type bookingQueue struct {
	store *postgres.Store
	most  int // calls of one statement

	mu sync.Mutex
	// waiting are the bookings that no statement has yet, in the order of their arrival.
	waiting []*booking
	// busy are the organizations that are being booked. Their calls update the account of one month, so a second
	// statement would wait for the first.
	busy map[uuid.UUID]bool
	// lanes counts the groups under way, without those of one organization that wait for a lock.
	lanes int
}

const (
	// bookingLanes is the number of statements under way at which calls wait and share the next one.
	bookingLanes = 2
	// bookingTime limits the statements of several callers, since they do not end with the request of one of them.
	bookingTime = 30 * time.Second
)

// errNotBooked is the outcome of a booking until it has one. It stays when the caller that books it panics.
var errNotBooked = errors.New("the caller that booked for others has failed")

// booking is a reservation or a settlement. Its fields below turn are the outcome.
type booking struct {
	organization uuid.UUID
	reserve      *postgres.NewCall
	settle       *postgres.NewSettlement
	// turn receives nil when the booking is done, and a group when its caller shall book that.
	turn chan *bookingGroup

	reserved postgres.Reserved
	settled  postgres.Settled
	err      error
}

// bookingGroup are the bookings of one statement. The caller of the first one sends it.
type bookingGroup struct {
	all []*booking
	// patient groups have one organization and wait for its locks. They take no lane.
	patient bool
}

// reserve is Store.ReserveCalls for one call.
func (q *bookingQueue) reserve(ctx context.Context, c postgres.NewCall) (postgres.Reserved, error) {
	b := &booking{organization: c.OrganizationID, reserve: &c}
	err := q.book(ctx, b)
	return b.reserved, err
}

// settle is Store.SettleCalls for one settlement.
func (q *bookingQueue) settle(ctx context.Context, n postgres.NewSettlement) (postgres.Settled, error) {
	b := &booking{organization: n.Call.OrganizationID, settle: &n}
	err := q.book(ctx, b)
	return b.settled, err
}

// book waits for the turn of a booking and books it, or lets another caller book it.
func (q *bookingQueue) book(ctx context.Context, b *booking) error {
	b.turn, b.err = make(chan *bookingGroup, 1), errNotBooked
	if q.most == 1 {
		q.write(ctx, []*booking{b})
		return b.err
	}
	group := q.join(b)
	if group == nil {
		select {
		case group = <-b.turn:
		case <-ctx.Done():
			if q.leave(b) {
				return ctx.Err()
			}
			group = <-b.turn // Another caller has it, or has just passed the turn.
		}
	}
	for group != nil {
		group = q.run(ctx, group)
	}
	return b.err
}

// join starts a group with one booking, or adds it to those that wait and returns nil.
func (q *bookingQueue) join(b *booking) *bookingGroup {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.lanes < bookingLanes && !q.busy[b.organization] {
		return q.start([]*booking{b})
	}
	q.waiting = append(q.waiting, b)
	return nil
}

// leave removes a booking from those that wait, and reports whether it was one of them.
func (q *bookingQueue) leave(b *booking) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	at := slices.Index(q.waiting, b)
	if at < 0 {
		return false
	}
	q.waiting = slices.Delete(q.waiting, at, at+1)
	return true
}

// start returns a group that takes a lane. The lock is held.
func (q *bookingQueue) start(all []*booking) *bookingGroup {
	if q.busy == nil {
		q.busy = map[uuid.UUID]bool{}
	}
	for _, b := range all {
		q.busy[b.organization] = true
	}
	q.lanes++
	return &bookingGroup{all: all}
}

// run books a group. It returns the group that its caller shall book next, if any.
func (q *bookingQueue) run(ctx context.Context, group *bookingGroup) (next *bookingGroup) {
	var divided []*booking
	defer func() { next = q.end(group, divided) }() // Also after a panic, which ends the request of this caller alone.
	if len(group.all) > 1 {
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), bookingTime)
		defer cancel()
		ctx = limited
	}
	divided = q.write(ctx, group.all)
	return nil
}

// end tells the callers of a group that they are done. Those of divided bookings book again, each organization alone.
// Then it starts the next groups. It returns the group of the caller's organization when that is divided.
func (q *bookingQueue) end(group *bookingGroup, divided []*booking) (next *bookingGroup) {
	q.mu.Lock()
	defer q.mu.Unlock()
	patient := map[uuid.UUID]*bookingGroup{}
	for _, b := range divided {
		if patient[b.organization] == nil {
			patient[b.organization] = &bookingGroup{patient: true}
		}
		patient[b.organization].all = append(patient[b.organization].all, b)
	}
	for i, b := range group.all {
		alone := patient[b.organization]
		if alone == nil {
			delete(q.busy, b.organization)
		}
		switch {
		case i == 0 && alone != nil && alone.all[0] == b:
			next = alone
		case i == 0:
		case alone != nil && alone.all[0] == b:
			b.turn <- alone
		case alone == nil || !slices.Contains(alone.all, b):
			b.turn <- nil
		}
	}
	if !group.patient {
		q.lanes--
	}
	for q.lanes < bookingLanes {
		all := q.take()
		if len(all) == 0 {
			break
		}
		all[0].turn <- q.start(all)
	}
	return next
}

// take returns the bookings that share the next statement: at first one of each organization that is not being booked,
// then a second one, and so on. The lock is held.
func (q *bookingQueue) take() []*booking {
	type ranked struct {
		*booking
		rank int
	}
	var able []ranked
	before := map[uuid.UUID]int{}
	for _, b := range q.waiting {
		if !q.busy[b.organization] {
			able = append(able, ranked{b, before[b.organization]})
			before[b.organization]++
		}
	}
	slices.SortStableFunc(able, func(a, b ranked) int { return cmp.Compare(a.rank, b.rank) })
	var all []*booking
	for _, one := range able[:min(len(able), q.most)] {
		all = append(all, one.booking)
	}
	q.waiting = slices.DeleteFunc(q.waiting, func(b *booking) bool { return slices.Contains(all, b) })
	return all
}

// write books the reservations by one statement and the settlements by another one. It returns the bookings that each
// organization shall book alone: a statement for several has failed.
func (q *bookingQueue) write(ctx context.Context, all []*booking) (divided []*booking) {
	var reserves, settles []*booking
	for _, b := range all {
		if b.reserve != nil {
			reserves = append(reserves, b)
		} else {
			settles = append(settles, b)
		}
	}
	for len(reserves) > 0 {
		if !together(reserves, func(some []*booking) error { return q.writeReserves(ctx, some) }) {
			divided = reserves
			break
		}
		// A reservation that was left out may fit without those of its organization before it, so it is tried again when
		// one of them was held.
		held := map[uuid.UUID]bool{}
		for _, b := range reserves {
			held[b.organization] = held[b.organization] || b.reserved.Held
		}
		reserves = slices.DeleteFunc(slices.Clone(reserves), func(b *booking) bool {
			return b.err != nil || b.reserved.Held || !held[b.organization]
		})
	}
	if !together(settles, func(some []*booking) error { return q.writeSettles(ctx, some) }) {
		divided = append(divided, settles...)
	}
	return divided
}

// together calls write for all bookings at once. When that fails for a reason that one booking may have, it calls write
// for each alone. It returns false, and calls none, when they are of several organizations.
func together(all []*booking, write func([]*booking) error) bool {
	if len(all) == 0 {
		return true
	}
	err := write(all)
	own := err != nil && fault.KindOf(err) != fault.Unavailable && !errors.Is(err, context.DeadlineExceeded)
	several := slices.ContainsFunc(all, func(b *booking) bool { return b.organization != all[0].organization })
	if several && (own || errors.Is(err, postgres.ErrLocked)) {
		return false
	}
	if own && len(all) > 1 {
		for _, b := range all {
			b.err = write([]*booking{b})
		}
		return true
	}
	for _, b := range all {
		b.err = err
	}
	return true
}

func (q *bookingQueue) writeReserves(ctx context.Context, some []*booking) error {
	calls := make([]postgres.NewCall, len(some))
	for i, b := range some {
		calls[i] = *b.reserve
	}
	made, err := q.store.ReserveCalls(ctx, calls)
	for i := range made {
		some[i].reserved = made[i]
	}
	return err
}

func (q *bookingQueue) writeSettles(ctx context.Context, some []*booking) error {
	all := make([]postgres.NewSettlement, len(some))
	for i, b := range some {
		all[i] = *b.settle
	}
	made, err := q.store.SettleCalls(ctx, all)
	for i := range made {
		some[i].settled = made[i]
	}
	return err
}
