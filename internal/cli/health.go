package cli

import (
	"fmt"
	"net/http"
	"time"
)

// healthTimeout is longer than the server's own check of its database, which ends after two seconds.
const healthTimeout = 4 * time.Second

type healthCommand struct {
	URL string `name:"url" default:"http://127.0.0.1:8080/readyz" help:"The address to ask."`
}

// Run asks a server whether it accepts requests. Container images without a shell use it as their probe.
func (c *healthCommand) Run(p *program) error {
	request, err := http.NewRequestWithContext(p.ctx, http.MethodGet, c.URL, nil)
	if err != nil {
		return fmt.Errorf("--url: %w", err)
	}
	client := &http.Client{Timeout: healthTimeout}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("the server does not answer: %w", err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", c.URL, response.Status)
	}
	return nil
}
