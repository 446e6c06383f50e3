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
	return withOwner(p, func(pool *pgxpool.Pool) error {
		names, err := migrate(p, pool)
		if !p.JSON {
			for _, name := range names {
				fmt.Fprintln(p.stdout, "applied", name)
			}
		}
		if err != nil {
			return err
		}
		return p.done(map[string]any{"applied": names}, "The database is up to date: %d migrations applied now.",
			len(names))
	})
}

// migrate brings the engine's schema up to date, and then River's. It returns the names of the applied migrations.
func migrate(p *program, pool *pgxpool.Pool) ([]string, error) {
	line := p.begin("Bringing the database up to date")
	defer line.end()
	names := []string{}
	applied, err := postgres.Migrate(p.ctx, pool, migrations.Files, time.Now)
	for _, m := range applied {
		names = append(names, m.Name)
	}
	if err != nil {
		return names, err
	}
	return names, jobs.Migrate(p.ctx, pool)
}

type migrateStatusCommand struct{}

// Run lists the migrations. It fails if some are pending.
func (*migrateStatusCommand) Run(p *program) error {
	return withOwner(p, func(pool *pgxpool.Pool) error {
		all, err := postgres.Migrations(p.ctx, pool, migrations.Files)
		if err != nil {
			return err
		}
		list := table{columns: []string{"name", "state", "appliedAt"}}
		pending := 0
		for _, m := range all {
			state := "applied"
			if m.AppliedAt == nil {
				pending++
				state = "pending"
			}
			list.add(m.Name, state, m.AppliedAt)
		}
		if err := p.list(list); err != nil {
			return err
		}
		if pending > 0 {
			return fmt.Errorf("%d migrations are pending: run `engine migrate up`", pending)
		}
		return jobs.Check(p.ctx, pool)
	})
}
