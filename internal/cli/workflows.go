package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/server"
	"github.com/infin8content/engine/internal/workflow"
)

// workflowsCommand reads the workflows of any organization, as the owner of the database.
type workflowsCommand struct {
	List workflowsListCommand `cmd:"" help:"List the workflows of an organization, the newest first."`
	Show workflowsShowCommand `cmd:"" help:"Show a workflow, its present work, and its journal."`
}

type workflowsListCommand struct {
	keyFlags `embed:""`
	State    []string `help:"List only workflows in these states."`
	First    int      `default:"100" help:"Most workflows to list, 1 to 10000."`
}

// Run prints a line for each workflow.
func (c *workflowsListCommand) Run(p *program) error {
	if c.First < 1 || c.First > 10_000 {
		return errors.New("--first: 1 to 10000")
	}
	var states []workflow.State
	for _, state := range c.State {
		states = append(states, workflow.State(strings.ToUpper(state)))
	}
	list := table{
		columns: []string{"id", "state", "version", "updatedAt", "name"}, empty: "The organization has no such workflows.",
	}
	return c.with(p, server.Limits{}, func(e *engine.Engine, who caller.Caller) error {
		in := engine.ListInput{Filter: engine.Filter{States: states}, OrderBy: engine.ByCreated, Descending: true}
		for len(list.rows) < c.First {
			in.First = min(engine.MaxPage, c.First-len(list.rows))
			flows, err := e.Workflows(p.ctx, who, in)
			if err != nil {
				return err
			}
			for _, flow := range flows {
				list.add(flow.ID, flow.State, flow.Version, flow.UpdatedAt, flow.Name)
				in.After = &engine.WorkflowCursor{At: flow.CreatedAt, ID: flow.ID}
			}
			if len(flows) < in.First {
				break
			}
		}
		return p.list(list)
	})
}

type workflowsShowCommand struct {
	keyFlags `embed:""`
	ID       string `arg:"" help:"The workflow's id: wf_… or its UUID."`
}

// Run prints a workflow and its journal.
func (c *workflowsShowCommand) Run(p *program) error {
	id, err := uuid.Parse(strings.TrimPrefix(c.ID, "wf_"))
	if err != nil {
		return fmt.Errorf("%q is no id of a workflow", c.ID)
	}
	return c.with(p, server.Limits{}, func(e *engine.Engine, who caller.Caller) error {
		flow, err := e.Workflow(p.ctx, who, id)
		if err != nil {
			return err
		}
		activities, err := e.Activities(p.ctx, who, []workflow.Workflow{flow})
		if err != nil {
			return err
		}
		journal := table{columns: []string{"version", "at", "kind", "from", "to", "actor", "reason"}}
		for after := -1; after < flow.Version; {
			page, err := e.Transitions(p.ctx, who, engine.TransitionsInput{
				Workflows: []uuid.UUID{id},
				After:     after,
				First:     engine.MaxPage,
			})
			if err != nil {
				return err
			}
			if len(page[id]) == 0 {
				break
			}
			for _, t := range page[id] {
				journal.add(t.Version, t.At, t.Kind, t.From, t.To, t.Actor, t.Reason)
				after = t.Version
			}
		}
		sentence := activities[id].Sentence
		if p.JSON {
			return p.value(map[string]any{
				"id": flow.ID, "name": flow.Name, "state": flow.State, "version": flow.Version, "activity": sentence,
				"createdAt": plain(flow.CreatedAt), "updatedAt": plain(flow.UpdatedAt), "journal": journal.records(),
			})
		}
		fmt.Fprintf(p.stdout, "%s\n%s, version %d. %s\n\n", flow.Name, flow.State, flow.Version, sentence)
		return p.text(journal)
	})
}
