package server

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fair"
	"github.com/infin8content/engine/internal/gqlhttp"
	"github.com/infin8content/engine/internal/metrics"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/rate"
	"github.com/infin8content/engine/internal/web"
)

// urgent are the mutations that may take the reserved places: a program that has called a model must be able to say
// what it cost, however busy the others are.
var urgent = []string{"reserveUsage", "settleUsage", "releaseUsage", "recordUsage"}

// signingIn and probing are the keys of statements without an organization: those of callers who sign in, which
// begin with the slot of their address, and of health checks. The engine's own work has the zero key.
var (
	signingIn = uuid.MustParse("00000000-0000-0000-0000-000000000001")
	probing   = uuid.MustParse("00000000-0000-0000-0000-000000000002")
)

// An operation is heavy from this complexity on, five pages of sixty, or from this weight on, that of an argument that
// reads all workflows.
const heavyComplexity, heavyWeight = 300, 100

// maxRate is the greatest rate of requests that can be set.
const maxRate = 1_000_000

// fairness has the queues and counts that share the server between organizations.
type fairness struct {
	// arrivals are the requests, the new sockets, and the messages of open sockets.
	arrivals              *fair.Pace[uuid.UUID]
	requests, connections *fair.Queue[uuid.UUID]
	databaseTime          *fair.Budget[uuid.UUID]
	// The counts are by organization, by slot of the client's address, and of all sockets.
	open, sockets, subscriptions *fair.Count[uuid.UUID]
	// tooMany are the requests beyond the count of open ones that wait for their refusal.
	tooMany                             *fair.Count[uuid.UUID]
	addressSockets, addressSubscription *fair.Count[int]
	allSockets                          *fair.Count[struct{}]
}

func (s Settings) requestLimits() fair.Limits {
	return fair.Limits{
		Places:   s.Requests,
		Reserved: s.ReservedRequests,
		PerKey:   s.OrganizationRequests,
		Waiting:  s.OrganizationWaiting,
		Longest:  s.RequestWait,
	}
}

// connectionLimits shares the pool. A small pool has fewer reserved connections.
func (s Settings) connectionLimits() fair.Limits {
	places := int(s.Connections)
	reserved := min(s.ReservedConnections, places/4)
	return fair.Limits{
		Places:   places,
		Reserved: reserved,
		PerKey:   min(s.OrganizationConnections, places-reserved),
		Heavy:    s.HeavyConnections,
		Quiet:    s.AloneAfter,
	}
}

// checkFairness refuses limits under which requests would wait for ever.
func (s Settings) checkFairness() error {
	var faults []error
	if err := s.requestLimits().Check(); err != nil {
		faults = append(faults, fmt.Errorf("--requests, --reserved-requests, --organization-requests: %w", err))
	}
	if err := s.connectionLimits().Check(); err != nil {
		faults = append(faults, fmt.Errorf("--connections, --reserved-connections, --organization-connections: %w", err))
	}
	if min(s.HeavyConnections, s.OpenRequests, s.Sockets, s.OrganizationSockets, s.AddressSockets, s.MaxSubscriptions,
		s.AddressSubscriptions) < 0 {
		faults = append(faults, errors.New("--organization-heavy-connections, --organization-open-requests, --max-sockets, "+
			"--organization-sockets, --address-sockets, --organization-subscriptions and --address-subscriptions must "+
			"not be negative"))
	}
	if s.OrganizationRate < 0 || s.OrganizationRate > maxRate {
		faults = append(faults, fmt.Errorf("--organization-rate must be between 0 and %d", maxRate))
	}
	if s.AloneAfter < 0 {
		faults = append(faults, errors.New("--organization-alone-after must not be negative"))
	}
	if s.DatabaseTime < 0 || s.DatabaseTime > 0 && s.DatabaseBurst <= 0 {
		faults = append(faults, errors.New("--database-time must not be negative, and needs a --database-burst"))
	}
	if s.SocketInitTime <= 0 {
		faults = append(faults, errors.New("--socket-init-time must be greater than zero"))
	}
	return errors.Join(faults...)
}

func (s Settings) fairness() fairness {
	return fairness{
		arrivals:      fair.NewPace[uuid.UUID](s.OrganizationRate, s.RequestWait, time.Now),
		requests:      fair.New[uuid.UUID](s.requestLimits()),
		connections:   fair.New[uuid.UUID](s.connectionLimits()),
		databaseTime:  fair.NewBudget[uuid.UUID](s.DatabaseTime, s.DatabaseBurst, time.Now),
		open:          fair.NewCount[uuid.UUID](s.OpenRequests),
		tooMany:       fair.NewCount[uuid.UUID](s.OpenRequests),
		sockets:       fair.NewCount[uuid.UUID](s.OrganizationSockets),
		subscriptions: fair.NewCount[uuid.UUID](s.MaxSubscriptions),

		addressSockets:      fair.NewCount[int](s.AddressSockets),
		addressSubscription: fair.NewCount[int](s.AddressSubscriptions),
		allSockets:          fair.NewCount[struct{}](s.Sockets),
	}
}

// observe adds the figures of the queues, the counts and the listener to the metrics.
func (f fairness) observe(m *metrics.Metrics, clients *web.Connections) {
	kinds := map[string]func() fair.Figures{
		"arrivals":      f.arrivals.Figures,
		"requests":      f.requests.Figures,
		"database":      f.connections.Figures,
		"database_time": f.databaseTime.Figures,
		"open_requests": f.open.Figures,
		"sockets":       both(f.sockets.Figures, f.addressSockets.Figures, f.allSockets.Figures),
		"subscriptions": both(f.subscriptions.Figures, f.addressSubscription.Figures),
	}
	if clients != nil {
		kinds["clients"] = func() fair.Figures { all, _ := clients.Figures(); return all }
		kinds["unknown_clients"] = func() fair.Figures { _, unknown := clients.Figures(); return unknown }
	}
	m.Places(kinds)
}

// both returns the figures of things that several counts limit.
func both(of func() fair.Figures, others ...func() fair.Figures) func() fair.Figures {
	return func() fair.Figures {
		figures := of()
		for _, other := range others {
			figures.Refused += other().Refused
		}
		return figures
	}
}

// signInKey is the key of the statements of callers who sign in from an address.
func signInKey(address string) uuid.UUID {
	key := signingIn
	binary.BigEndian.PutUint64(key[:8], uint64(rate.SlotOf(address)))
	return key
}

type placeKey struct{}

// place is the part of an operation in the sharing of database connections.
type place struct {
	key              uuid.UUID
	urgent, internal bool
	heavy            bool
}

// within returns a context whose statements take connections as an entry of the key.
func within(ctx context.Context, p place) context.Context {
	return context.WithValue(ctx, placeKey{}, p)
}

// gate lets statements through to the database: those of an organization in its share, those of health checks, sign-ins
// and money also in the reserve. A booking for which several organizations may wait belongs to none. The time of other
// statements is charged to their organization, while others use the database too.
func (f fairness) gate(ctx context.Context) (leave func(time.Duration), err error) {
	p, given := ctx.Value(placeKey{}).(place)
	switch {
	case postgres.IsWithoutPlace(ctx):
		p = place{urgent: true, internal: true}
	case !given:
		p.key = caller.From(ctx).OrganizationID
	}
	left, err := f.connections.Enter(ctx, fair.Entry[uuid.UUID]{
		Key:       p.key,
		Urgent:    p.urgent,
		Heavy:     p.heavy,
		Unlimited: p.key == uuid.Nil,
		Internal:  p.internal,
	})
	if err != nil {
		return nil, err
	}
	return func(held time.Duration) {
		left()
		if !p.urgent && p.key != uuid.Nil && f.connections.Shares(p.key) {
			f.databaseTime.Charge(p.key, held)
		}
	}, nil
}

// store returns a store whose statements pass the gate.
func (s *Server) store(pool *pgxpool.Pool) *postgres.Store {
	return postgres.New(pool).Through(s.fairness.gate)
}

// admit waits until an operation may run. It refuses an organization that has used its time in the database while
// others need it, except for mutations of money. A subscription does not wait, but an organization has a limited
// number.
func (f fairness) admit(ctx context.Context, o gqlhttp.Admission) (context.Context, func(), error) {
	organization := caller.From(ctx).OrganizationID
	isUrgent := o.Type == "mutation" && !slices.ContainsFunc(o.Fields, func(name string) bool {
		return !slices.Contains(urgent, name)
	})
	isHeavy := o.Complexity >= heavyComplexity || o.Weight >= heavyWeight
	isUrgent = isUrgent && !isHeavy
	if isUrgent || isHeavy {
		ctx = within(ctx, place{key: organization, urgent: isUrgent, heavy: isHeavy})
	}
	if !isUrgent && f.connections.Shares(organization) {
		if err := f.databaseTime.Check(organization); err != nil {
			return nil, nil, err
		}
	}
	if o.Type == "subscription" {
		done, err := all(
			func() (func(), bool) { return f.subscriptions.Add(organization) },
			func() (func(), bool) { return f.addressSubscription.Add(rate.SlotOf(web.ClientAddress(ctx))) },
		)
		return ctx, done, err
	}
	done, err := f.requests.Enter(ctx, fair.Entry[uuid.UUID]{Key: organization, Urgent: isUrgent})
	return ctx, done, err
}

// all counts one thing in several counts, or in none when one of them is full.
func all(counts ...func() (func(), bool)) (done func(), err error) {
	var counted []func()
	done = func() {
		for _, one := range counted {
			one()
		}
	}
	for _, count := range counts {
		one, ok := count()
		if !ok {
			done()
			return nil, &fair.CrowdedError{}
		}
		counted = append(counted, one)
	}
	return done, nil
}

// arrive lets the requests of an organization, and the messages of its sockets, go on at a pace while others send some.
// Each costs the processor, also one that is refused.
func (f fairness) arrive(ctx context.Context) error {
	return f.arrivals.Wait(ctx, caller.From(ctx).OrganizationID)
}

type openKey struct{}

// enter counts a request of an organization until it is answered or becomes a stream, and waits until it may go on.
func (f fairness) enter(ctx context.Context) (entered context.Context, leave func(), err error) {
	leave, counted := f.open.Add(caller.From(ctx).OrganizationID)
	if !counted {
		f.delay(ctx)
		return ctx, nil, &fair.CrowdedError{}
	}
	if err := f.arrive(ctx); err != nil {
		leave()
		return ctx, nil, err
	}
	return context.WithValue(ctx, openKey{}, leave), leave, nil
}

// refusalPause is how long a client waits for the refusal of a request beyond the count of open ones.
const refusalPause = time.Second

// delay waits before a refusal, so that clients that ask again at once do so once in a second. As many requests may
// wait as may be open, since they keep connections.
func (f fairness) delay(ctx context.Context) {
	done, counted := f.tooMany.Add(caller.From(ctx).OrganizationID)
	if !counted {
		return
	}
	defer done()
	ctx, cancel := context.WithTimeout(ctx, refusalPause)
	defer cancel()
	<-ctx.Done()
}

// socket counts a websocket or a stream of an organization and a client address. A stream is no longer an open request:
// streams have a limit of their own, and must not keep mutations of money out.
func (f fairness) socket(ctx context.Context) (closed func(), err error) {
	leave, entered := ctx.Value(openKey{}).(func())
	if !entered { // A websocket is an open request until it is counted here.
		if _, leave, err = f.enter(ctx); err != nil {
			return nil, err
		}
	}
	closed, err = all(
		func() (func(), bool) { return f.sockets.Add(caller.From(ctx).OrganizationID) },
		func() (func(), bool) { return f.addressSockets.Add(rate.SlotOf(web.ClientAddress(ctx))) },
		func() (func(), bool) { return f.allSockets.Add(struct{}{}) },
	)
	if err == nil || !entered {
		leave()
	}
	return closed, err
}
