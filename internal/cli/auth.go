package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/infin8content/engine/internal/issuer"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/web"
)

// tokenSettings are the knobs for who is let in. The secret of AUTH_SECRET is none of them.
type tokenSettings struct {
	Issuer            string            `help:"Identity provider whose tokens count: its address, as in their iss."`
	Audience          []string          `help:"Names of this API in aud; a token of the issuer must have one of them."`
	IssuerAlgorithms  []string          `default:"RS256,ES256,EdDSA" help:"RS256, PS256, ES256, ES384 or EdDSA."`
	ClaimOrganization string            `default:"org" help:"Claim of the issuer with the organization; or /a/path to it."`
	ClaimRole         string            `default:"role" help:"Claim of the issuer with the role, or roles; or /a/path to it."`
	RoleNames         map[string]string `help:"What the issuer calls our roles: editors=OPERATOR;owners=ADMIN."`
	KeysRefresh       time.Duration     `default:"5m" help:"How often the issuer's keys are fetched."`
	MaxTokenLife      time.Duration     `default:"0s" help:"Longest that a token may still be valid; 0 is no end."`
	TrustedProxies    []string          `help:"Networks of the proxies whose X-Forwarded-For and -Proto count."`
}

// entrance returns what it takes to come in, with the issuer's keys if there is an issuer.
func (s *server) entrance(p *program, store *postgres.Store) (web.Entrance, error) {
	o := s.settings.tokenSettings
	roles, err := web.CheckRoles(o.RoleNames)
	if err != nil {
		return web.Entrance{}, fmt.Errorf("--role-names: %w", err)
	}
	in := web.Authentication{
		Secret: []byte(p.secrets.authSecret), Audience: o.Audience, MaxLife: o.MaxTokenLife, Now: time.Now,
		Names: web.ClaimNames{Organization: o.ClaimOrganization, Role: o.ClaimRole, Roles: roles},
	}
	if o.Issuer != "" {
		in.Issuer, err = issuer.New(issuer.Options{
			URL: o.Issuer, Algorithms: o.IssuerAlgorithms, Refresh: o.KeysRefresh, Now: time.Now, Logger: s.logger,
		})
		if err != nil {
			return web.Entrance{}, fmt.Errorf("--issuer: %w", err)
		}
	}
	if s.auth, err = in.Authenticator(); err != nil {
		return web.Entrance{}, fmt.Errorf("AUTH_SECRET, --issuer and --audience: %w", err)
	}
	if err := s.ask(p.ctx, in.Issuer); err != nil {
		return web.Entrance{}, err
	}
	return web.Entrance{
		Auth: s.auth, Keys: s.engine.KeyCaller, Admit: s.engine.Admit, Knocks: s.knocks(store),
	}, nil
}

// ask asks an issuer for its keys, now and from now on. One that answers nonsense stops the start. One that is away
// does not: its tokens are UNAVAILABLE until it is there.
func (s *server) ask(ctx context.Context, provider *issuer.Issuer) error {
	if provider == nil {
		return nil
	}
	if err := provider.Load(ctx); err != nil && !issuer.IsUnavailable(err) {
		return fmt.Errorf("--issuer: %w", err)
	}
	s.parts = append(s.parts, provider.Run)
	return nil
}
