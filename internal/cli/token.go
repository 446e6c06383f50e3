package cli

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/web"
)

type tokenCommand struct {
	Organization string        `required:"" help:"The organization's UUID."`
	Role         string        `default:"ADMIN" enum:"${roles}" help:"One of ${roles}."`
	Actor        string        `default:"developer" help:"Name of the caller in the journals."`
	TTL          time.Duration `name:"ttl" default:"1h" help:"Life of the token."`
	Workflow     uuid.UUID     `help:"The only workflow that the token reaches, as a UUID; all when absent."`
}

// Run prints the token and nothing else.
func (c *tokenCommand) Run(p *program) error {
	organization, err := uuid.Parse(c.Organization)
	if err != nil {
		return fmt.Errorf("--organization: %q is no UUID", c.Organization)
	}
	if err := p.secrets.CheckAuthSecret(); err != nil {
		return err
	}
	auth, err := web.NewAuthenticator([]byte(p.secrets.AuthSecret), time.Now)
	if err != nil {
		return fmt.Errorf("AUTH_SECRET: %w", err)
	}
	token, err := auth.Token(caller.Caller{
		Actor:          c.Actor,
		OrganizationID: organization,
		Role:           caller.Role(c.Role),
		WorkflowID:     c.Workflow,
	}, c.TTL)
	if err != nil {
		return err
	}
	return p.result(token, map[string]any{
		"token": token, "expiresAt": plain(time.Now().Add(c.TTL).Truncate(time.Second)),
	})
}
