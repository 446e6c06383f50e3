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
	if p.JSON {
		edges := table{columns: []string{"from", "to", "kind"}}
		for _, e := range workflow.Edges() {
			edges.add(e.From, e.To, e.Kind)
		}
		return p.list(edges)
	}
	picture := workflow.Mermaid()
	if c.Format == "dot" {
		picture = workflow.DOT()
	}
	_, err := fmt.Fprint(p.stdout, picture)
	return err
}
