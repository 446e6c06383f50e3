package cli

import (
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/infin8content/engine/internal/postgres"
)

type organizationsCommand struct {
	List organizationsListCommand `cmd:"" help:"List the organizations, the newest first."`
}

type organizationsListCommand struct {
	First int `default:"100" help:"Most organizations to list, 1 to 10000."`
}

// Run prints a line for each organization.
func (c *organizationsListCommand) Run(p *program) error {
	if c.First < 1 || c.First > 10_000 {
		return fmt.Errorf("--first: 1 to 10000")
	}
	return withOwner(p, func(pool *pgxpool.Pool) error {
		if err := checkMigrated(p, pool, true); err != nil {
			return err
		}
		list := table{
			columns: []string{"id", "name", "timeZone", "createdAt", "workflows"},
			empty:   "There are no organizations yet: the first token that names one creates it.",
		}
		organizations, err := postgres.New(pool).Organizations(p.ctx, int32(c.First))
		if err != nil {
			return fmt.Errorf("list the organizations: %w", err)
		}
		for _, o := range organizations {
			list.add(o.ID, o.Name, o.TimeZone, o.CreatedAt, o.Workflows)
		}
		return p.list(list)
	})
}
