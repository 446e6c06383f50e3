package server

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/outbound"
	"github.com/infin8content/engine/internal/publish"
	"github.com/infin8content/engine/internal/publish/sandbox"
	"github.com/infin8content/engine/internal/sealed"
	"github.com/infin8content/engine/internal/steps"
	"github.com/infin8content/engine/internal/webhook"
)

// SiteSettings are about the sites that articles are published to.
type SiteSettings struct {
	PublishPrivate bool            `help:"Publish by http and to addresses that are not public too. Tenants choose the addresses."`
	PublishLooks   []time.Duration `help:"When a site is asked for a post whose answer was lost, after the loss." default:"0s,2s,10s,1m,5m"`
}

// box returns what seals the secrets of publish targets; nil without a key.
func (s Secrets) box() (*sealed.Box, error) {
	if s.SecretsKey == "" {
		return nil, nil
	}
	box, err := sealed.NewBox(s.SecretsKey, "publish targets")
	if err != nil {
		return nil, fmt.Errorf("SECRETS_KEY: %w", err)
	}
	return box, nil
}

// sealedFor is the context that the secret of a target is bound to.
func sealedFor(organization, target uuid.UUID) string {
	return organization.String() + " " + target.String()
}

// targets returns the checks and the sealing of publish targets. site is the address of the sandbox's site, which may
// always be published to; "" without one.
func (s SiteSettings) targets(box *sealed.Box, site string) engine.Targets {
	t := engine.Targets{Check: func(url string) error {
		if site != "" && strings.TrimRight(url, "/") == site {
			return nil
		}
		return publish.CheckURL(url, s.PublishPrivate)
	}}
	if box != nil {
		t.Seal = func(organization, target uuid.UUID, secret string) []byte {
			return box.Seal(sealedFor(organization, target), secret)
		}
		t.Digest = func(organization uuid.UUID, secret string) string {
			return box.Digest(organization.String(), secret)
		}
	}
	return t
}

// sites returns the way to the sites. Without a key it reaches only those without a secret.
func (s SiteSettings) sites(box *sealed.Box, e *engine.Engine, site string) *steps.Sites {
	return &steps.Sites{
		Engine: e,
		Client: publish.NewHTTP(s.PublishPrivate, sandboxDialer(site)),
		Sender: webhook.NewSender(s.PublishPrivate),
		Open: func(organization, target uuid.UUID, text []byte) (string, error) {
			if box == nil {
				return "", steps.ErrNoKey
			}
			return box.Open(sealedFor(organization, target), text)
		},
		Now: time.Now,
	}
}

// sandboxDialer lets a client connect to the site of the sandbox, whose address is not public; nil without one.
func sandboxDialer(site string) outbound.Override {
	at, there := strings.CutPrefix(site, "http://")
	if !there {
		return nil
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if address != at {
			return nil, nil
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
}

// serveSite serves the site of the publishing sandbox.
func (s *Server) serveSite() (err error) {
	if !s.settings.Sandbox {
		return nil
	}
	s.books.site = sandbox.NewWordPress(sandbox.Options{Control: true})
	s.sandboxSite, err = s.serveSynthetic(s.books.site)
	return err
}

// SandboxSite is the sandbox's WordPress site and its login.
type SandboxSite struct{ URL, Username, Password string }

// SandboxSite returns the sandbox's WordPress site; its URL is empty on a server without the sandbox.
func (s *Server) SandboxSite() SandboxSite {
	return SandboxSite{URL: s.sandboxSite, Username: sandbox.Login, Password: sandbox.Password}
}
