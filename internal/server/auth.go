package server

import (
	"context"
	"fmt"
	"time"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/issuer"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/web"
)

// Token signs a token that this server accepts. A server with an issuer signs none.
func (s *Server) Token(who caller.Caller, ttl time.Duration) (string, error) {
	return s.auth.Token(who, ttl)
}

// signIn returns the checks of a caller's token. With an issuer they use its signing keys.
func (s *Server) signIn(ctx context.Context, store *postgres.Store) (web.SignIn, error) {
	o := s.settings.TokenSettings
	roles, err := web.CheckRoles(o.RoleNames)
	if err != nil {
		return web.SignIn{}, fmt.Errorf("--role-names: %w", err)
	}
	in := web.Authentication{
		Secret:   []byte(s.secrets.AuthSecret),
		Audience: o.Audience,
		MaxLife:  o.MaxTokenLife,
		Now:      time.Now,
		Names: web.ClaimNames{
			Organization: o.ClaimOrganization,
			Role:         o.ClaimRole,
			Workflow:     o.ClaimWorkflow,
			Roles:        roles,
		},
	}
	if o.Issuer != "" {
		in.Issuer, err = issuer.New(issuer.Options{
			URL:        o.Issuer,
			Algorithms: o.IssuerAlgorithms,
			Refresh:    o.SigningKeysRefresh,
			Now:        time.Now,
			Logger:     s.logger,
		})
		if err != nil {
			return web.SignIn{}, fmt.Errorf("--issuer: %w", err)
		}
	}
	if s.auth, err = in.Authenticator(); err != nil {
		return web.SignIn{}, fmt.Errorf("AUTH_SECRET, --issuer and --audience: %w", err)
	}
	if err := s.loadSigningKeys(ctx, in.Issuer); err != nil {
		return web.SignIn{}, err
	}
	return web.SignIn{
		Auth: s.auth,
		APIKeys: func(ctx context.Context, key string) (caller.Caller, time.Time, error) {
			own := place{key: signInKey(web.ClientAddress(ctx)), urgent: true, internal: true}
			return s.engine.APIKeyCaller(within(ctx, own), key)
		},
		Admit: func(ctx context.Context, who caller.Caller) error {
			return s.engine.Admit(within(ctx, place{key: who.OrganizationID, urgent: true}), who)
		},
		Enter:    s.fairness.enter,
		Throttle: s.loginThrottle(store),
	}, nil
}

// loadSigningKeys fetches an issuer's signing keys now, and regularly from then on. A wrong answer stops the start. An
// issuer that does not answer does not stop it: its tokens are UNAVAILABLE until it answers.
func (s *Server) loadSigningKeys(ctx context.Context, provider *issuer.Issuer) error {
	if provider == nil {
		return nil
	}
	if err := provider.Load(ctx); err != nil && !issuer.IsUnavailable(err) {
		return fmt.Errorf("--issuer: %w", err)
	}
	s.parts = append(s.parts, provider.Run)
	return nil
}
