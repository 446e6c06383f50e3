package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/graph"
	"github.com/infin8content/engine/internal/gqlhttp"
	"github.com/infin8content/engine/internal/metrics"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/rate"
	"github.com/infin8content/engine/internal/web"
)

func (s OperationSettings) limits() gqlhttp.Limits {
	return gqlhttp.Limits{
		Tokens:       s.MaxTokens,
		Depth:        s.MaxDepth,
		Aliases:      s.MaxAliases,
		RootFields:   s.MaxRootFields,
		Complexity:   s.MaxComplexity,
		Errors:       s.MaxErrors,
		Page:         s.MaxPage,
		QueryTime:    s.QueryTime,
		MutationTime: s.MutationTime,
	}
}

// documents reads the operations that clients may name. It returns nil when there is no folder.
func (s OperationSettings) documents() (*gqlhttp.Documents, error) {
	if s.Documents == "" {
		if s.OnlyDocuments {
			return nil, errors.New("--only-documents needs the folder: --documents")
		}
		return nil, nil
	}
	if _, err := os.ReadDir(s.Documents); err != nil {
		return nil, fmt.Errorf("--documents: %w", err)
	}
	documents, err := gqlhttp.ReadDocuments(graph.NewSchema(nil), os.DirFS(s.Documents), s.limits(), s.OnlyDocuments)
	if err != nil {
		return nil, fmt.Errorf("--documents: %w", err)
	}
	return documents, nil
}

// allDocuments adds the operations of the console, if the server has one.
func (s Settings) allDocuments() (*gqlhttp.Documents, error) {
	documents, err := s.documents()
	if err != nil || s.Console == accessOff {
		return documents, err
	}
	return documents.With(graph.NewSchema(nil), web.ConsoleDocuments())
}

func (s OperationSettings) complexityBucket() rate.Limit {
	return rate.Limit{Capacity: s.ComplexityBurst, MicroPerSecond: rate.PerSecond(s.ComplexityPerSecond)}
}

func (s OperationSettings) loginBucket() rate.Limit {
	return rate.Limit{Capacity: s.FailedLogins, MicroPerSecond: rate.PerMinute(s.FailedLogins)}
}

// spend returns the function that takes the complexity of operations from the buckets of organizations. It returns nil
// when there is no limit.
func (s *Server) spend(store *postgres.Store) func(context.Context, uuid.UUID, int64) error {
	if s.settings.ComplexityPerSecond == 0 {
		return nil
	}
	limiter := rate.New(s.settings.complexityBucket(), store.TakeCost, time.Now)
	return func(ctx context.Context, organization uuid.UUID, asked int64) error {
		// It is spent before the server distinguishes mutations of money, so it must not wait behind slow queries.
		ctx = within(ctx, place{key: organization, urgent: true})
		return s.observers.limited(metrics.Cost, limiter.Spend(ctx, organization, asked))
	}
}

// loginThrottle limits failed sign-ins per client address. It returns nil when there is no limit.
func (s *Server) loginThrottle(store *postgres.Store) *web.LoginThrottle {
	if s.settings.FailedLogins == 0 {
		return nil
	}
	limiter := rate.New(s.settings.loginBucket(), store.TakeAddress, time.Now)
	return &web.LoginThrottle{
		Empty: func(address string) error {
			return s.observers.limited(metrics.Logins, limiter.Empty(rate.SlotOf(address)))
		},
		Failed: func(ctx context.Context, address string) error {
			return limiter.Spend(ctx, rate.SlotOf(address), 1)
		},
	}
}
