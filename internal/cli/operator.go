package cli

import (
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/infin8content/engine/internal/audit"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/server"
	"github.com/infin8content/engine/internal/spelling"
	"github.com/infin8content/engine/migrations"
)

// withOwner opens the database as the user of DATABASE_DIRECT_URL, or else of DATABASE_URL, and closes it afterwards.
func withOwner(p *program, do func(*pgxpool.Pool) error) error {
	return withDatabase(p, postgres.Connection{}, do)
}

// withDatabase is withOwner with a connection of which all but the URL is given.
func withDatabase(p *program, c postgres.Connection, do func(*pgxpool.Pool) error) error {
	c.URL, c.Variable, c.Connections = p.secrets.DatabaseURL, "DATABASE_URL", 4
	if p.secrets.DirectURL != "" {
		c.URL, c.Variable = p.secrets.DirectURL, "DATABASE_DIRECT_URL"
	}
	if c.URL == "" {
		return errors.New("DATABASE_URL is not set: export DATABASE_URL=postgres://USER:PASSWORD@HOST:5432/DATABASE")
	}
	pool, err := postgres.Open(p.ctx, c)
	if err != nil {
		return err
	}
	defer pool.Close()
	if err := postgres.Reach(p.ctx, pool); err != nil {
		return err
	}
	return postgres.Explain(do(pool))
}

// checkMigrated refuses a database without migrations, and one that lacks some if all are needed.
func checkMigrated(p *program, pool *pgxpool.Pool, all bool) error {
	known, err := postgres.Migrations(p.ctx, pool, migrations.Files)
	if err != nil && !all {
		return nil // An auditor names what is wrong.
	}
	if err != nil {
		return err
	}
	pending := slices.DeleteFunc(slices.Clone(known), func(m postgres.Migration) bool { return m.AppliedAt != nil })
	name := pool.Config().ConnConfig.Database
	switch {
	case len(pending) == len(known):
		return fmt.Errorf("the database %s is not migrated: run `engine migrate up`", name)
	case len(pending) > 0 && all:
		return fmt.Errorf("the database %s lacks %d migrations, from %s on: run `engine migrate up`", name, len(pending),
			pending[0].Name)
	}
	return nil
}

// withOperatorEngine runs a function with an engine on the database, opened as its owner. The limits are those of
// organizations that the engine has not seen before.
func withOperatorEngine(p *program, limits server.Limits, do func(*engine.Engine) error) error {
	return withOwner(p, func(pool *pgxpool.Pool) error {
		if err := checkMigrated(p, pool, true); err != nil {
			return err
		}
		e, err := server.NewEngine(server.EngineOptions{Store: postgres.New(pool), Logger: p.logger, Limits: limits})
		if err != nil {
			return err
		}
		return do(e)
	})
}

// withAuditor runs a function with an auditor on the database, opened as its owner. The database may be a standby.
func withAuditor(p *program, do func(*audit.Auditor) error) error {
	return withDatabase(p, postgres.Connection{ReadOnly: true}, func(pool *pgxpool.Pool) error {
		if err := checkMigrated(p, pool, false); err != nil {
			return err
		}
		return do(audit.New(postgres.New(pool), time.Now))
	})
}

// maxActor is the longest name of an operator, in characters.
const maxActor = 200

// checkActor refuses a name that the journals would not take from a token either.
func checkActor(actor string) error {
	if n := utf8.RuneCountInString(actor); n < 1 || n > maxActor || !spelling.IsClean(actor) {
		return fmt.Errorf("--actor: a name has 1 to %d characters, composed (NFC), none of them a control, direction or "+
			"invisible character, and no space around it", maxActor)
	}
	return nil
}
