package server

import (
	"context"
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
)

// urgent are the mutations that may take the reserved places: a program that has called a model must be able to say
// what it cost, however busy the others are.
var urgent = []string{"reserveUsage", "settleUsage", "releaseUsage", "recordUsage"}

// signingIn and probing are the keys of statements without an organization: those of callers who sign in, and of
// health checks. The engine's own work has the zero key.
var (
	signingIn = uuid.MustParse("00000000-0000-0000-0000-000000000001")
	probing   = uuid.MustParse("00000000-0000-0000-0000-000000000002")
)

// fairness has the queues and counts that share the server between organizations.
type fairness struct {
	requests, connections *fair.Queue[uuid.UUID]
	subscriptions         *fair.Count[uuid.UUID]
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
	if s.MaxSubscriptions < 0 {
		faults = append(faults, errors.New("--organization-subscriptions must not be negative"))
	}
	return errors.Join(faults...)
}

func (s Settings) fairness() fairness {
	return fairness{
		requests:      fair.New[uuid.UUID](s.requestLimits()),
		connections:   fair.New[uuid.UUID](s.connectionLimits()),
		subscriptions: fair.NewCount[uuid.UUID](s.MaxSubscriptions),
	}
}

// observe adds the figures of the queues and counts to the metrics.
func (f fairness) observe(m *metrics.Metrics) {
	m.Places(map[string]func() fair.Figures{
		"requests":      f.requests.Figures,
		"connections":   f.connections.Figures,
		"subscriptions": f.subscriptions.Figures,
	})
}

type placeKey struct{}

// place is the part of an operation in the sharing of database connections.
type place struct {
	key    uuid.UUID
	urgent bool
}

// within returns a context whose statements take connections as an entry of the key.
func within(ctx context.Context, p place) context.Context {
	return context.WithValue(ctx, placeKey{}, p)
}

// gate lets statements through to the database: those of an organization in its share, those of health checks, sign-ins
// and money also in the reserve.
func (f fairness) gate(ctx context.Context) (leave func(time.Duration), err error) {
	p, given := ctx.Value(placeKey{}).(place)
	if !given {
		p.key = caller.From(ctx).OrganizationID
	}
	left, err := f.connections.Enter(ctx, fair.Entry[uuid.UUID]{
		Key:       p.key,
		Urgent:    p.urgent,
		Unlimited: p.key == uuid.Nil,
	})
	if err != nil {
		return nil, err
	}
	return func(time.Duration) { left() }, nil
}

// store returns a store whose statements pass the gate.
func (s *Server) store(pool *pgxpool.Pool) *postgres.Store {
	return postgres.New(pool).Through(s.fairness.gate)
}

// admit waits until an operation may run. A subscription does not wait, but an organization has a limited number.
func (f fairness) admit(ctx context.Context, o gqlhttp.Admission) (context.Context, func(), error) {
	organization := caller.From(ctx).OrganizationID
	if o.Type == "subscription" {
		done, ok := f.subscriptions.Add(organization)
		if !ok {
			return nil, nil, &fair.CrowdedError{}
		}
		return ctx, done, nil
	}
	isUrgent := o.Type == "mutation" && !slices.ContainsFunc(o.Fields, func(name string) bool {
		return !slices.Contains(urgent, name)
	})
	if isUrgent {
		ctx = within(ctx, place{key: organization, urgent: true})
	}
	done, err := f.requests.Enter(ctx, fair.Entry[uuid.UUID]{Key: organization, Urgent: isUrgent})
	return ctx, done, err
}
