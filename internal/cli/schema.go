package cli

import (
	"fmt"

	"github.com/infin8content/engine/graph"
)

type schemaCommand struct{}

// Run prints the schema of the API as SDL, for compilers that read a file.
func (c *schemaCommand) Run(p *program) error {
	_, err := fmt.Fprint(p.stdout, graph.SDL())
	return err
}
