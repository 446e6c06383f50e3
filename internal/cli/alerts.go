package cli

import (
	"errors"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/server"
)

// alertsCommand lists the alerts of the operator. It works as the owner of the database, since the server's role may
// not read them.
type alertsCommand struct {
	List alertsListCommand `cmd:"" help:"List the operator's alerts, the newest first."`
}

type alertsListCommand struct {
	First int `default:"100" help:"Most alerts to list, 1 to 1000."`
}

// Run prints a line for each alert.
func (c *alertsListCommand) Run(p *program) error {
	if c.First < 1 || c.First > 1000 {
		return errors.New("--first: 1 to 1000")
	}
	return withOperatorEngine(p, server.Limits{}, func(e *engine.Engine) error {
		alerts, err := e.OperatorAlerts(p.ctx, c.First)
		if err != nil {
			return err
		}
		list := table{columns: []string{"at", "kind", "about"}, empty: "There are no alerts."}
		for _, a := range alerts {
			about := a.Sentence()
			if a.Kind == cost.AlertQuarantined {
				about += " It is the proposal " + a.ProposalID.String() + "."
			}
			list.add(a.At, a.Kind, about)
		}
		return p.list(list)
	})
}
