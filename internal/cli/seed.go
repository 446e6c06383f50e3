package cli

import (
	"errors"
	"fmt"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/server"
	"github.com/infin8content/engine/internal/workflow"
)

// maxSeeded is the largest number of workflows of one run.
const maxSeeded = 100_000

// seedCommand fills a database for trials. Every tenth workflow is cancelled. It starts no step, so nothing is paid.
type seedCommand struct {
	keyFlags      `embed:""`
	Workflows     int    `default:"100" help:"Workflows to create, 1 to 100000."`
	WorkflowLimit string `default:"1.00" help:"USD that a workflow of a new organization may spend, as in serve."`
	MonthLimit    string `default:"25.00" help:"USD that a new organization may spend in a month, as in serve."`
}

// Run creates the workflows through the verbs of the engine, so that they have journals like any other. A name that is
// taken is left as it is.
func (c *seedCommand) Run(p *program) error {
	if c.Workflows < 1 || c.Workflows > maxSeeded {
		return fmt.Errorf("--workflows: 1 to %d", maxSeeded)
	}
	limits, err := server.ParseLimits(c.WorkflowLimit, c.MonthLimit)
	if err != nil {
		return err
	}
	line := p.begin("Creating workflows")
	made, err := c.fill(p, limits, line)
	line.end()
	if err != nil {
		return err
	}
	return p.done(map[string]any{"created": made, "existing": c.Workflows - made},
		"Created %d workflows with SYNTHETIC names; %d existed already.", made, c.Workflows-made)
}

func (c *seedCommand) fill(p *program, limits server.Limits, line *progress) (made int, err error) {
	err = c.with(p, limits, func(e *engine.Engine, who caller.Caller) error {
		if err := e.Admit(p.ctx, who); err != nil {
			return err
		}
		for i := range c.Workflows {
			line.set("Creating workflows", int64(i), int64(c.Workflows))
			new, err := e.Create(p.ctx, who, engine.CreateInput{
				Name:    fmt.Sprintf("SYNTHETIC workflow %06d", i+1),
				Company: workflow.Company{Name: fmt.Sprintf("Company %06d", i+1), URL: "https://seed.example"},
			})
			if taken := (*engine.DuplicateNameError)(nil); errors.As(err, &taken) {
				continue
			}
			if err != nil {
				return err
			}
			made++
			if i%10 != 9 {
				continue
			}
			_, err = e.Cancel(p.ctx, who, engine.CancelInput{WorkflowID: new.Workflow.ID, Reason: "SYNTHETIC"})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return made, err
}
