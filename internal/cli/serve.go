package cli

type serveCommand struct {
	Settings `embed:""`
}

// Run serves until the context ends.
func (c *serveCommand) Run(p *program) error {
	s, err := New(p.ctx, Options{Settings: c.Settings, Secrets: p.secrets, Logger: p.logger})
	if err != nil {
		return err
	}
	defer s.Close()
	LimitMemory(c.GCPercent)
	return s.Run(p.ctx)
}
