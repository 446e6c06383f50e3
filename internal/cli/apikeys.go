package cli

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/server"
)

// apikeysCommand manages the API keys of any organization, as the owner of the database. An operator needs it for the
// first key of an organization, and for a key that must end while the API is down.
type apikeysCommand struct {
	Create apikeysCreateCommand `cmd:"" help:"Create a key and print it once."`
	List   apikeysListCommand   `cmd:"" help:"List the keys of an organization, the newest first."`
	Revoke apikeysRevokeCommand `cmd:"" help:"End a key immediately, on every server."`
}

// keyFlags name the organization and the operator.
type keyFlags struct {
	Organization uuid.UUID `required:"" help:"The organization's UUID."`
	Actor        string    `default:"operator" help:"Name of the operator in the journal."`
}

// with opens the database as its owner and makes an engine on it that acts for the organization.
func (f keyFlags) with(p *program, limits server.Limits, do func(*engine.Engine, caller.Caller) error) error {
	if err := checkActor(f.Actor); err != nil {
		return err
	}
	return withOperatorEngine(p, limits, func(e *engine.Engine) error {
		return do(e, caller.Caller{Actor: f.Actor, OrganizationID: f.Organization, Role: caller.Admin})
	})
}

type apikeysCreateCommand struct {
	keyFlags      `embed:""`
	Name          string        `required:"" help:"Name of the key; the journals call it key:NAME."`
	Role          string        `default:"OPERATOR" enum:"${roles}" help:"One of ${roles}."`
	TTL           time.Duration `name:"ttl" default:"2160h" help:"Life of the key, at most 366 days."`
	Workflow      *uuid.UUID    `help:"The only workflow that the key reaches, as a UUID; all when absent."`
	WorkflowLimit string        `default:"1.00" help:"USD that a workflow of a new organization may spend, as in serve."`
	MonthLimit    string        `default:"25.00" help:"USD that a new organization may spend in a month, as in serve."`
}

// Run creates a key and prints nothing else.
func (c *apikeysCreateCommand) Run(p *program) error {
	limits, err := server.ParseLimits(c.WorkflowLimit, c.MonthLimit)
	if err != nil {
		return err
	}
	return c.with(p, limits, func(e *engine.Engine, who caller.Caller) error {
		if err := e.Admit(p.ctx, who); err != nil {
			return err
		}
		made, err := e.CreateAPIKey(p.ctx, who, engine.CreateAPIKeyInput{
			Name:      c.Name,
			Role:      caller.Role(c.Role),
			ExpiresAt: time.Now().Add(c.TTL),
			Workflow:  c.Workflow,
		})
		if err != nil {
			return err
		}
		return p.result(made.Text, map[string]any{
			"key": made.Text, "id": made.Key.ID, "name": made.Key.Name, "role": made.Key.Role,
			"expiresAt": plain(made.Key.ExpiresAt),
		})
	})
}

type apikeysListCommand struct {
	keyFlags `embed:""`
}

// Run prints a line for each key.
func (c *apikeysListCommand) Run(p *program) error {
	return c.with(p, server.Limits{}, func(e *engine.Engine, who caller.Caller) error {
		list := table{
			columns: []string{"id", "prefix", "role", "state", "expiresAt", "lastUsedAt", "name"},
			empty:   "The organization has no API keys.",
		}
		for in := (engine.APIKeysInput{First: engine.MaxPage}); ; {
			keys, err := e.APIKeys(p.ctx, who, in)
			if err != nil {
				return err
			}
			for _, k := range keys {
				list.add(k.ID, k.Prefix+"…", k.Role, k.State, k.ExpiresAt, k.LastUsedAt, k.Name)
				in.After = &engine.Cursor{At: k.CreatedAt, ID: k.ID}
			}
			if len(keys) < in.First {
				return p.list(list)
			}
		}
	})
}

type apikeysRevokeCommand struct {
	keyFlags `embed:""`
	ID       uuid.UUID `arg:"" help:"The key's UUID, as in the list."`
	Reason   string    `required:"" help:"Reason for the journal, up to 2000 characters."`
}

// Run revokes a key and prints the time of its end.
func (c *apikeysRevokeCommand) Run(p *program) error {
	return c.with(p, server.Limits{}, func(e *engine.Engine, who caller.Caller) error {
		done, err := e.RevokeAPIKey(p.ctx, who, engine.RevokeAPIKeyInput{KeyID: c.ID, Reason: c.Reason})
		if err != nil {
			return err
		}
		at := plain(done.Key.RevokedAt)
		return p.result(fmt.Sprintf("%s was revoked %s by %s", done.Key.Name, at, done.Key.RevokedBy), map[string]any{
			"id": done.Key.ID, "name": done.Key.Name, "revokedAt": at, "revokedBy": done.Key.RevokedBy,
		})
	})
}
