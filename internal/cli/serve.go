package cli

import (
	"errors"

	"github.com/infin8content/engine/internal/server"
)

type serveCommand struct {
	server.Settings `embed:""`
}

// Run serves until the context ends.
func (c *serveCommand) Run(p *program) error {
	if p.JSON {
		return errors.New("--json: serve logs JSON always, and has no other result")
	}
	s, err := server.New(p.ctx, server.Options{
		Settings: c.Settings,
		Secrets:  p.secrets,
		Logger:   p.logger,
		Version:  version,
	})
	if err != nil {
		return err
	}
	defer s.Close()
	server.LimitMemory(c.GCPercent)
	return s.Run(p.ctx)
}
