package cli

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/jobs"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/web"
	"github.com/infin8content/engine/internal/workflow"
	"github.com/infin8content/engine/migrations"
)

type migrateCommand struct {
	Up     migrateUpCommand     `cmd:"" help:"Apply the migrations that wait, as the owner of the database."`
	Status migrateStatusCommand `cmd:"" help:"List the migrations; exit status 1 when some wait."`
}

type migrateUpCommand struct{}

// Run applies what waits and prints it.
func (*migrateUpCommand) Run(p *program) error {
	return withOwner(p, func(pool *pgxpool.Pool) error { return migrate(p, pool) })
}

// migrate brings the engine's schema and then River's up to date.
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

// Run lists the migrations.
func (*migrateStatusCommand) Run(p *program) error {
	return withOwner(p, func(pool *pgxpool.Pool) error {
		all, err := postgres.Migrations(p.ctx, pool, migrations.Files)
		if err != nil {
			return err
		}
		waiting := 0
		for _, m := range all {
			at := "waits"
			if m.AppliedAt == nil {
				waiting++
			} else {
				at = m.AppliedAt.UTC().Format(time.RFC3339)
			}
			fmt.Fprintf(p.stdout, "%-28s %s\n", m.Name, at)
		}
		if waiting > 0 {
			return fmt.Errorf("%d migrations wait: run `engine migrate up`", waiting)
		}
		return jobs.Check(p.ctx, pool)
	})
}

// withOwner opens the database as the user of DATABASE_DIRECT_URL, else of DATABASE_URL.
func withOwner(p *program, do func(*pgxpool.Pool) error) error {
	url := cmp.Or(p.secrets.directURL, p.secrets.databaseURL)
	if url == "" {
		return errors.New("DATABASE_URL is not set")
	}
	pool, err := postgres.Connect(p.ctx, url, "", 4)
	if err != nil {
		return err
	}
	defer pool.Close()
	return do(pool)
}

type verifyCommand struct{}

// Run prints nothing when everything fits, and each row that does not.
func (*verifyCommand) Run(p *program) error {
	return withOwner(p, func(pool *pgxpool.Pool) error {
		e, err := newEngine(settings{WorkflowLimit: "0", MonthLimit: "0"}, postgres.New(pool), p.logger, engineParts{})
		if err != nil {
			return err
		}
		findings, err := e.Verify(p.ctx)
		if err != nil {
			return err
		}
		for _, f := range findings {
			fmt.Fprintln(p.stdout, f)
		}
		if len(findings) > 0 {
			return fmt.Errorf("%d findings: the journals and the current values do not agree", len(findings))
		}
		return nil
	})
}

type graphCommand struct {
	Format string `enum:"mermaid,dot" default:"mermaid" help:"mermaid or dot."`
}

// Run prints the picture.
func (c *graphCommand) Run(p *program) error {
	picture := workflow.Mermaid()
	if c.Format == "dot" {
		picture = workflow.DOT()
	}
	_, err := fmt.Fprint(p.stdout, picture)
	return err
}

type tokenCommand struct {
	Organization string        `required:"" help:"The organization's UUID."`
	Role         string        `default:"ADMIN" enum:"VIEWER,OPERATOR,ADMIN" help:"VIEWER, OPERATOR or ADMIN."`
	Actor        string        `default:"developer" help:"Who the journals will name."`
	TTL          time.Duration `name:"ttl" default:"1h" help:"How long the token is valid."`
}

// Run prints only the token.
func (c *tokenCommand) Run(p *program) error {
	organization, err := uuid.Parse(c.Organization)
	if err != nil {
		return fmt.Errorf("--organization: %q is no UUID", c.Organization)
	}
	auth, err := web.NewAuthenticator([]byte(p.secrets.authSecret), time.Now)
	if err != nil {
		return fmt.Errorf("AUTH_SECRET: %w", err)
	}
	token, err := auth.Token(caller.Caller{
		Actor: c.Actor, OrganizationID: organization, Role: caller.Role(c.Role),
	}, c.TTL)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.stdout, token)
	return err
}
