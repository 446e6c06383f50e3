package cli

import (
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

type organizationsCommand struct {
	List organizationsListCommand `cmd:"" help:"List the organizations, the newest first."`
}

type organizationsListCommand struct {
	First int `default:"100" help:"Most organizations to list, 1 to 10000."`
}

// listOrganizations concerns all organizations, so only the owner of the tables may run it. It is no query of a tenant.
const listOrganizations = `SELECT o.id, coalesce((SELECT n.name FROM organization_names AS n
	WHERE n.organization_id = o.id ORDER BY n.version DESC LIMIT 1), ''), o.time_zone, o.created_at,
	(SELECT count(*) FROM intent_workflows AS w WHERE w.organization_id = o.id)
FROM organizations AS o ORDER BY o.created_at DESC, o.id LIMIT $1`

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
		var (
			id             uuid.UUID
			name, timeZone string
			at             time.Time
			workflows      int64
		)
		rows, _ := pool.Query(p.ctx, listOrganizations, c.First) // Its error comes back from the rows.
		_, err := pgx.ForEachRow(rows, []any{&id, &name, &timeZone, &at, &workflows}, func() error {
			list.add(id, name, timeZone, at, workflows)
			return nil
		})
		if err != nil {
			return fmt.Errorf("list the organizations: %w", err)
		}
		return p.list(list)
	})
}
