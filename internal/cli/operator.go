package cli

import (
	"cmp"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/infin8content/engine/internal/audit"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/server"
)

// withOwner opens the database as the user of DATABASE_DIRECT_URL, or else of DATABASE_URL, and closes it afterwards.
func withOwner(p *program, do func(*pgxpool.Pool) error) error {
	return withDatabase(p, postgres.Connection{}, do)
}

// withDatabase is withOwner with a connection of which all but the URL is given.
func withDatabase(p *program, c postgres.Connection, do func(*pgxpool.Pool) error) error {
	url := cmp.Or(p.secrets.DirectURL, p.secrets.DatabaseURL)
	if url == "" {
		return errors.New("DATABASE_URL is not set")
	}
	c.URL, c.Connections = url, 4
	pool, err := postgres.Open(p.ctx, c)
	if err != nil {
		return err
	}
	defer pool.Close()
	if err := postgres.Reach(p.ctx, pool); err != nil {
		return err
	}
	return do(pool)
}

// withOperatorEngine runs a function with an engine on the database, opened as its owner. The limits are those of
// organizations that the engine has not seen before.
func withOperatorEngine(p *program, limits server.Limits, do func(*engine.Engine) error) error {
	return withOwner(p, func(pool *pgxpool.Pool) error {
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
		return do(audit.New(postgres.New(pool), time.Now))
	})
}
