package cli

import (
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/infin8content/engine/internal/jobs"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/migrations"
)

type migrateCommand struct {
	Up     migrateUpCommand     `cmd:"" help:"Apply the pending migrations, as the owner of the database."`
	Status migrateStatusCommand `cmd:"" help:"List the migrations; exit status 1 when some are pending."`
}

type migrateUpCommand struct{}

// Run applies the pending migrations and prints their names.
func (*migrateUpCommand) Run(p *program) error {
	return withOwner(p, func(pool *pgxpool.Pool) error { return migrate(p, pool) })
}

// migrate brings the engine's schema up to date, and then River's.
func migrate(p *program, pool *pgxpool.Pool) error {
	applied, err := postgres.Migrate(p.ctx, pool, migrations.Files, time.Now)
	for _, m := range applied {
		fmt.Fprintf(p.stdout, "applied %s\n", m.Name)
	}
	if err != nil {
		return err
	}
	return jobs.Migrate(p.ctx, pool)
}

type migrateStatusCommand struct{}

// Run lists the migrations. It fails if some are pending.
func (*migrateStatusCommand) Run(p *program) error {
	return withOwner(p, func(pool *pgxpool.Pool) error {
		all, err := postgres.Migrations(p.ctx, pool, migrations.Files)
		if err != nil {
			return err
		}
		pending := 0
		for _, m := range all {
			at := "pending"
			if m.AppliedAt == nil {
				pending++
			} else {
				at = m.AppliedAt.UTC().Format(time.RFC3339)
			}
			fmt.Fprintf(p.stdout, "%-28s %s\n", m.Name, at)
		}
		if pending > 0 {
			return fmt.Errorf("%d migrations are pending: run `engine migrate up`", pending)
		}
		return jobs.Check(p.ctx, pool)
	})
}
