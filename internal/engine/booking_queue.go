package engine

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
)

// bookingQueue lets calls of one organization that are reserved or settled at the same time share a statement. All of
// them update the account of the month, so they would otherwise wait for each other's commit. A call is booked at once
// unless this program is booking others of its organization. Then it shares the next statement with all that wait, in
// the order of their arrival. The database admits each on its own.
type bookingQueue struct {
	store *postgres.Store
	most  int // calls of one statement

	mu      sync.Mutex
	waiting map[uuid.UUID][]*booking // by organizations that are being booked
}

// bookingTime limits the statements of several callers, since they do not end with the request of one of them.
const bookingTime = 30 * time.Second

// errNotBooked is the outcome of a booking until it has one. It stays when the caller that books it panics.
var errNotBooked = errors.New("the caller that booked for others has failed")

// booking is a reservation or a settlement. Its fields below turn are the outcome.
type booking struct {
	reserve *postgres.NewCall
	settle  *postgres.NewSettlement
	// turn receives false when the booking is done, and true when its caller shall book for all that wait.
	turn chan bool

	reserved postgres.Reserved
	settled  postgres.Settled
	err      error
}

// reserve is Store.ReserveCalls for one call.
func (q *bookingQueue) reserve(
	ctx context.Context, organization uuid.UUID, c postgres.NewCall,
) (postgres.Reserved, error) {
	b := &booking{reserve: &c, turn: make(chan bool, 1), err: errNotBooked}
	err := q.book(ctx, organization, b)
	return b.reserved, err
}

// settle is Store.SettleCalls for one settlement.
func (q *bookingQueue) settle(
	ctx context.Context, organization uuid.UUID, n postgres.NewSettlement,
) (postgres.Settled, error) {
	b := &booking{settle: &n, turn: make(chan bool, 1), err: errNotBooked}
	err := q.book(ctx, organization, b)
	return b.settled, err
}

// book waits for the turn of a booking and books it, or lets another caller book it.
func (q *bookingQueue) book(ctx context.Context, organization uuid.UUID, b *booking) error {
	if q.most == 1 {
		q.write(ctx, organization, []*booking{b})
		return b.err
	}
	if q.joins(organization, b) {
		leads := false
		select {
		case leads = <-b.turn:
		case <-ctx.Done():
			if q.leaves(organization, b) {
				return ctx.Err()
			}
			leads = <-b.turn // Another caller has it, or has just passed the turn.
		}
		if !leads {
			return b.err
		}
	}
	defer q.pass(organization)
	all := append([]*booking{b}, q.take(organization)...)
	defer func() { // Also after a panic, which ends the request of this caller alone.
		for _, other := range all[1:] {
			other.turn <- false
		}
	}()
	shared := ctx
	if len(all) > 1 {
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), bookingTime)
		defer cancel()
		shared = limited
	}
	q.write(shared, organization, all)
	return b.err
}

// joins adds a booking to those that wait, and returns false when its organization is not being booked.
func (q *bookingQueue) joins(organization uuid.UUID, b *booking) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	waiting, busy := q.waiting[organization]
	switch {
	case busy:
		q.waiting[organization] = append(waiting, b)
	case q.waiting == nil:
		q.waiting = map[uuid.UUID][]*booking{organization: nil}
	default:
		q.waiting[organization] = nil
	}
	return busy
}

// leaves removes a booking from those that wait, and reports whether it was one of them.
func (q *bookingQueue) leaves(organization uuid.UUID, b *booking) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, other := range q.waiting[organization] {
		if other == b {
			q.waiting[organization] = append(q.waiting[organization][:i:i], q.waiting[organization][i+1:]...)
			return true
		}
	}
	return false
}

// take returns the bookings that wait, as many as still fit beside the caller's.
func (q *bookingQueue) take(organization uuid.UUID) []*booking {
	q.mu.Lock()
	defer q.mu.Unlock()
	waiting := q.waiting[organization]
	n := min(len(waiting), q.most-1)
	q.waiting[organization] = waiting[n:]
	return waiting[:n:n]
}

// pass lets the first caller that waits book next.
func (q *bookingQueue) pass(organization uuid.UUID) {
	q.mu.Lock()
	defer q.mu.Unlock()
	waiting := q.waiting[organization]
	if len(waiting) == 0 {
		delete(q.waiting, organization)
		return
	}
	q.waiting[organization] = waiting[1:]
	waiting[0].turn <- true
}

// write books the reservations by one statement and the settlements by another one.
func (q *bookingQueue) write(ctx context.Context, organization uuid.UUID, all []*booking) {
	var reserves, settles []*booking
	for _, b := range all {
		if b.reserve != nil {
			reserves = append(reserves, b)
		} else {
			settles = append(settles, b)
		}
	}
	// A reservation that was left out may fit without those before it, so the rest is tried again while some are held.
	for rest := reserves; len(rest) > 0; {
		together(rest, func(some []*booking) error { return q.writeReserves(ctx, organization, some) })
		left := slices.DeleteFunc(slices.Clone(rest), func(b *booking) bool { return b.err != nil || b.reserved.Held })
		if len(left) == len(rest) {
			break
		}
		rest = left
	}
	together(settles, func(some []*booking) error { return q.writeSettles(ctx, organization, some) })
}

// together calls write for all bookings at once. When that fails for a reason that one booking may have, it calls write
// for each alone.
func together(all []*booking, write func([]*booking) error) {
	if len(all) == 0 {
		return
	}
	err := write(all)
	if err != nil && len(all) > 1 && fault.KindOf(err) != fault.Unavailable && !errors.Is(err, context.DeadlineExceeded) {
		for _, b := range all {
			b.err = write([]*booking{b})
		}
		return
	}
	for _, b := range all {
		b.err = err
	}
}

func (q *bookingQueue) writeReserves(ctx context.Context, organization uuid.UUID, some []*booking) error {
	calls := make([]postgres.NewCall, len(some))
	for i, b := range some {
		calls[i] = *b.reserve
	}
	made, err := q.store.ReserveCalls(ctx, organization, calls)
	for i := range made {
		some[i].reserved = made[i]
	}
	return err
}

func (q *bookingQueue) writeSettles(ctx context.Context, organization uuid.UUID, some []*booking) error {
	all := make([]postgres.NewSettlement, len(some))
	for i, b := range some {
		all[i] = *b.settle
	}
	made, err := q.store.SettleCalls(ctx, organization, all)
	for i := range made {
		some[i].settled = made[i]
	}
	return err
}
