package server

import (
	"context"
	"fmt"
	"time"

	"github.com/infin8content/engine/graph"
	"github.com/infin8content/engine/internal/audit"
	"github.com/infin8content/engine/internal/gqlhttp"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/report"
	"github.com/infin8content/engine/internal/web"
)

// wireAPI adds the API. It takes the port now, so that a port in use stops the start.
func (s *Server) wireAPI(ctx context.Context, store *postgres.Store) error {
	signIn, err := s.signIn(ctx, store)
	if err != nil {
		return err
	}
	proxies, err := web.ParseProxies(s.settings.TrustedProxies)
	if err != nil {
		return fmt.Errorf("--trusted-proxies: %w", err)
	}
	documents, err := s.settings.allDocuments()
	if err != nil {
		return err
	}
	s.handler = web.New(web.Options{
		GraphQL: gqlhttp.NewHandler(gqlhttp.Options{
			Schema: graph.NewSchema(&graph.Resolver{
				Engine:   s.engine,
				Reporter: report.New(store, time.Now),
				Live:     s.live,
				Report:   web.Annotate,
			}),
			Stopped:       s.live.Stopped(),
			Revoked:       s.engine.APIKeyRevoked,
			Logger:        s.logger,
			RequestID:     web.RequestID,
			Report:        web.Annotate,
			SignIn:        s.observers.signIn(signIn.Authenticate),
			Spend:         s.spend(store),
			Weights:       graph.Weights(),
			Arrive:        s.fairness.arrive,
			Admit:         s.fairness.admit,
			Open:          s.fairness.socket,
			Sockets:       gqlhttp.SocketLimits{InitTime: s.settings.SocketInitTime},
			Observe:       s.observers.answers(),
			Limits:        s.settings.limits(),
			Documents:     documents,
			FinerStatus:   s.settings.FinerStatus,
			MayIntrospect: s.settings.mayReadSchema,
		}),
		SignIn:       signIn,
		Proxies:      proxies,
		Export:       Exporter{Auditor: audit.New(store, time.Now)}.Export,
		Revoked:      s.engine.APIKeyRevoked,
		Publication:  s.engine.PublishedFile,
		Observe:      s.observers.requests(),
		Origins:      s.settings.Origins,
		Logger:       s.logger,
		MaxBodyBytes: s.settings.MaxBodyBytes,
		Playground:   s.settings.page(s.settings.Sandbox),
		Console:      s.settings.console(),

		PlaygroundIsHome: s.settings.Home == homePlayground,
		Ready:            s.ready(store),
	})
	return s.listen(proxies)
}
