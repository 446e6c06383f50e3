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
// has bookingSlots statements under way. Then it shares the next statement with all that wait, also with those of other
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
	// slots counts the groups under way, without those that are alone.
	slots int
	// apart are the organizations that book alone until a time: a statement of theirs has waited for a lock for too long,
	// or has failed. So they do not delay the others again and again.
	apart map[uuid.UUID]time.Time
}

const (
	// bookingSlots is the number of statements under way at which calls wait and share the next one.
	bookingSlots = 2
	// bookingLockWait is the longest wait for a lock of a statement that has a slot: a transaction of one organization
	// must not delay the others. An organization that exceeds it books alone for the time of bookingApart.
	bookingLockWait = 10 * time.Millisecond
	bookingApart    = time.Second
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

func (b *booking) reserves() bool { return b.reserve != nil }

// bookingGroup are the bookings of one statement, reservations or settlements. The caller of the first one sends it.
type bookingGroup struct {
	all []*booking
	// alone groups are of one organization and have no slot. Only they may wait for locks without limit.
	alone, unlimited bool
}

// isShared reports whether a group is of several organizations.
func (g *bookingGroup) isShared() bool {
	return slices.ContainsFunc(g.all, func(b *booking) bool { return b.organization != g.all[0].organization })
}

// reserve is Store.ReserveCalls for one call. A text that cannot be kept is refused before the call can meet others.
func (q *bookingQueue) reserve(ctx context.Context, c postgres.NewCall) (postgres.Reserved, error) {
	if err := c.CheckTexts(); err != nil {
		return postgres.Reserved{}, err
	}
	b := &booking{organization: c.OrganizationID, reserve: &c}
	err := q.book(ctx, b)
	return b.reserved, err
}

// settle is Store.SettleCalls for one settlement.
func (q *bookingQueue) settle(ctx context.Context, n postgres.NewSettlement) (postgres.Settled, error) {
	if err := n.CheckTexts(); err != nil {
		return postgres.Settled{}, err
	}
	b := &booking{organization: n.Call.OrganizationID, settle: &n}
	err := q.book(ctx, b)
	return b.settled, err
}

// book waits for the turn of a booking and books it, or lets another caller book it.
func (q *bookingQueue) book(ctx context.Context, b *booking) error {
	b.turn, b.err = make(chan *bookingGroup, 1), errNotBooked
	if q.most == 1 {
		q.write(ctx, &bookingGroup{all: []*booking{b}, alone: true, unlimited: true})
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
	switch {
	case q.busy[b.organization]:
	case q.isApart(b.organization, time.Now()):
		return q.startAlone([]*booking{b})
	case q.slots < bookingSlots:
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

// start returns a group that takes a slot. The lock is held.
func (q *bookingQueue) start(all []*booking) *bookingGroup {
	q.slots++
	q.occupy(all)
	return &bookingGroup{all: all}
}

// startAlone returns a group of an organization that is apart. The lock is held.
func (q *bookingQueue) startAlone(all []*booking) *bookingGroup {
	q.occupy(all)
	return &bookingGroup{all: all, alone: true, unlimited: true}
}

func (q *bookingQueue) occupy(all []*booking) {
	if q.busy == nil {
		q.busy = map[uuid.UUID]bool{}
	}
	for _, b := range all {
		q.busy[b.organization] = true
	}
}

// isApart reports whether an organization books alone. The lock is held.
func (q *bookingQueue) isApart(organization uuid.UUID, now time.Time) bool {
	return now.Before(q.apart[organization])
}

// setApart lets an organization book alone for some time.
func (q *bookingQueue) setApart(organization uuid.UUID) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	for other, until := range q.apart {
		if !now.Before(until) {
			delete(q.apart, other)
		}
	}
	if q.apart == nil {
		q.apart = map[uuid.UUID]time.Time{}
	}
	q.apart[organization] = now.Add(bookingApart)
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
	if !group.alone {
		ctx = postgres.WithoutPlace(ctx)
	}
	divided = q.write(ctx, group)
	return nil
}

// end ends the bookings of a group. Each organization of divided books its calls again by a statement of its own. Then
// it starts the next groups. It returns the group of the caller when that is divided.
func (q *bookingQueue) end(group *bookingGroup, divided []*booking) (next *bookingGroup) {
	q.mu.Lock()
	defer q.mu.Unlock()
	alone := map[uuid.UUID]*bookingGroup{}
	for _, b := range group.all {
		if !slices.Contains(divided, b) {
			continue
		}
		if alone[b.organization] == nil {
			alone[b.organization] = &bookingGroup{alone: true, unlimited: !group.isShared()}
		}
		alone[b.organization].all = append(alone[b.organization].all, b)
	}
	for i, b := range group.all {
		own := alone[b.organization]
		if own == nil {
			delete(q.busy, b.organization)
		}
		switch leads := own != nil && own.all[0] == b; {
		case i == 0 && leads:
			next = own
		case leads:
			b.turn <- own
		case i > 0 && !slices.Contains(divided, b):
			b.turn <- nil
		}
	}
	if !group.alone {
		q.slots--
	}
	q.startNext(time.Now())
	return next
}

// startNext starts the groups that can start now. The lock is held.
func (q *bookingQueue) startNext(now time.Time) {
	for _, b := range slices.Clone(q.waiting) {
		if q.isApart(b.organization, now) && !q.busy[b.organization] {
			all := q.take(func(other *booking) bool { return other.organization == b.organization })
			all[0].turn <- q.startAlone(all)
		}
	}
	for q.slots < bookingSlots {
		all := q.take(func(b *booking) bool { return !q.isApart(b.organization, now) })
		if len(all) == 0 {
			break
		}
		all[0].turn <- q.start(all)
	}
}

// take returns those of some bookings that share the next statement. They are reservations, or settlements, as the
// first one that waits. It takes at first one of each organization that is not being booked, then a second one, and so
// on. The lock is held.
func (q *bookingQueue) take(may func(*booking) bool) []*booking {
	type ranked struct {
		*booking
		rank int
	}
	var able []ranked
	before := map[uuid.UUID]int{}
	for _, b := range q.waiting {
		if !q.busy[b.organization] && may(b) && (len(able) == 0 || b.reserves() == able[0].reserves()) {
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

// write books a group. It returns the bookings that each organization shall book alone. These are all when the
// statement has waited for a lock for too long, or when one of several organizations may be the reason that it failed.
func (q *bookingQueue) write(ctx context.Context, group *bookingGroup) (divided []*booking) {
	wait := bookingLockWait
	if group.unlimited {
		wait = 0
	}
	if !group.all[0].reserves() {
		return q.together(group, group.all, func(some []*booking) error { return q.writeSettles(ctx, some, wait) })
	}
	for all := group.all; len(all) > 0; {
		divided = q.together(group, all, func(some []*booking) error { return q.writeReserves(ctx, some, wait) })
		if len(divided) > 0 {
			return divided
		}
		// A reservation that was left out may fit without those of its organization before it, so it is tried again when
		// one of them was held.
		held := map[uuid.UUID]bool{}
		for _, b := range all {
			held[b.organization] = held[b.organization] || b.reserved.Held
		}
		all = slices.DeleteFunc(slices.Clone(all), func(b *booking) bool {
			return b.err != nil || b.reserved.Held || !held[b.organization]
		})
		if group.isShared() {
			return all
		}
	}
	return nil
}

// together calls write for all bookings at once. When that fails for a reason that one of them may have, it calls write
// for each alone, if locks may be waited for without limit. Otherwise it returns them: a statement of their
// organization shall book them. An organization whose statement fails or waits for a lock for too long is apart for
// some time.
func (q *bookingQueue) together(
	group *bookingGroup, all []*booking, write func([]*booking) error,
) (divided []*booking) {
	err := write(all)
	locked := !group.unlimited && errors.Is(err, postgres.ErrLocked)
	own := err != nil && fault.KindOf(err) != fault.Unavailable &&
		!errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled)
	if (locked || own) && !group.isShared() {
		q.setApart(all[0].organization)
	}
	switch {
	case locked, own && len(all) > 1 && !group.unlimited:
		return all
	case own && len(all) > 1:
		for _, b := range all {
			b.err = write([]*booking{b})
		}
	default:
		for _, b := range all {
			b.err = err
		}
	}
	return nil
}

func (q *bookingQueue) writeReserves(ctx context.Context, some []*booking, wait time.Duration) error {
	calls := make([]postgres.NewCall, len(some))
	for i, b := range some {
		calls[i] = *b.reserve
	}
	made, err := q.store.ReserveCalls(ctx, calls, wait)
	for i := range made {
		some[i].reserved = made[i]
	}
	return err
}

func (q *bookingQueue) writeSettles(ctx context.Context, some []*booking, wait time.Duration) error {
	all := make([]postgres.NewSettlement, len(some))
	for i, b := range some {
		all[i] = *b.settle
	}
	made, err := q.store.SettleCalls(ctx, all, wait)
	for i := range made {
		some[i].settled = made[i]
	}
	return err
}
