package server

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/publish"
	"github.com/infin8content/engine/internal/sealed"
	"github.com/infin8content/engine/internal/steps"
	"github.com/infin8content/engine/internal/webhook"
)

// SiteSettings are about the sites that articles are published to.
type SiteSettings struct {
	PublishPrivate bool `help:"Publish by http and to addresses that are not public too. Tenants choose the addresses."`
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

// targets returns the checks and the sealing of publish targets.
func (s SiteSettings) targets(box *sealed.Box) engine.Targets {
	t := engine.Targets{Check: func(url string) error { return publish.CheckURL(url, s.PublishPrivate) }}
	if box != nil {
		t.Seal = func(organization, target uuid.UUID, secret string) []byte {
			return box.Seal(sealedFor(organization, target), secret)
		}
	}
	return t
}

// sites returns the way to the sites; nil without a key.
func (s SiteSettings) sites(box *sealed.Box, e *engine.Engine) *steps.Sites {
	if box == nil {
		return nil
	}
	return &steps.Sites{
		Engine: e,
		Client: publish.NewHTTP(s.PublishPrivate),
		Sender: webhook.NewSender(s.PublishPrivate),
		Open: func(organization, target uuid.UUID, text []byte) (string, error) {
			return box.Open(sealedFor(organization, target), text)
		},
		Now: time.Now,
	}
}
