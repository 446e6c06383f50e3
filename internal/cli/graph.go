package cli

import (
	"fmt"

	"github.com/infin8content/engine/internal/workflow"
)

type graphCommand struct {
	Format string `enum:"mermaid,dot" default:"mermaid" help:"mermaid or dot."`
}

// Run prints the state machine.
func (c *graphCommand) Run(p *program) error {
	picture := workflow.Mermaid()
	if c.Format == "dot" {
		picture = workflow.DOT()
	}
	_, err := fmt.Fprint(p.stdout, picture)
	return err
}
