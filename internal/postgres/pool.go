package postgres

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Connect opens a pool that works as role, or as the user of the URL when role is empty. The role is part of the
// connection's start, so RESET ROLE and RESET ALL return to it and not to the user of the URL. It is no protection: SET
// ROLE NONE returns to that user, so an injected statement has the user's rights. A URL whose user has no right but
// membership in the role removes this risk.
func Connect(ctx context.Context, url, role string, connections int32) (*pgxpool.Pool, error) {
	return Open(ctx, Connection{URL: url, Role: role, Connections: connections})
}

// Connection has the settings of a pool.
type Connection struct {
	URL, Role   string
	Connections int32
	// Pooled says that the URL leads through a pooler that lends its connections by transaction, as PgBouncer does.
	// Nothing stays on a connection there: no statement is prepared by name, and the role cannot be asked for when the
	// connection begins, so the user of the URL must have it from the beginning, by ALTER ROLE … SET role. CheckRole
	// checks this.
	Pooled bool
	// ReadOnly forbids writes, so that the database may be a standby.
	ReadOnly bool
	// Variable is the environment variable with the URL, for errors; DATABASE_URL when empty.
	Variable string
	// Tracer traces each statement; nil traces none.
	Tracer pgx.QueryTracer
}

func (c Connection) variable() string { return cmp.Or(c.Variable, "DATABASE_URL") }

// Check refuses a URL that cannot be read. It makes no connection.
func (c Connection) Check() error {
	_, err := configure(c)
	return err
}

// Open is Connect with all settings. It makes no connection yet: a SettingError comes from the first use.
func Open(ctx context.Context, c Connection) (*pgxpool.Pool, error) {
	config, err := configure(c)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the pool: %w", err)
	}
	return pool, nil
}

// connectTime is how long an address may take to accept a connection, when the URL has no connect_timeout. The driver
// would wait for two minutes.
const connectTime = 10 * time.Second

// Reach makes a connection and gives it back: the first use of a pool, of which the error is the one to show.
func Reach(ctx context.Context, pool *pgxpool.Pool) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return reached(err)
	}
	conn.Release()
	return nil
}

// configure returns how a pool connects.
func configure(c Connection) (*pgxpool.Config, error) {
	config, err := c.read()
	if err != nil {
		return nil, err
	}
	if c.Connections > 0 {
		config.MaxConns = c.Connections
	}
	conn := config.ConnConfig
	if err := execMode(conn, c.Pooled); err != nil {
		return nil, err
	}
	pin(conn, c.Pooled)
	if conn.ConnectTimeout <= 0 {
		conn.ConnectTimeout = connectTime
	}
	if !c.Pooled && c.Role != "" && conn.User != c.Role {
		conn.RuntimeParams["role"] = c.Role
	}
	conn.Tracer = c.Tracer
	next := conn.ValidateConnect // target_session_attrs of the URL
	conn.ValidateConnect = func(ctx context.Context, conn *pgconn.PgConn) error {
		if err := checkSession(ctx, conn, c); err != nil || next == nil {
			return err
		}
		return next(ctx, conn)
	}
	conn.OnPgError = func(_ *pgconn.PgConn, refused *pgconn.PgError) bool { return !ends(refused) }
	config.AfterConnect = func(_ context.Context, conn *pgx.Conn) error {
		registerUUID(conn.TypeMap())
		return nil
	}
	return config, nil
}

// execMode checks in which way the URL asks for statements to be sent. The server reports the types of parameters for a
// prepared or described statement only. Without them, a value may be stored as another type.
func execMode(config *pgx.ConnConfig, pooled bool) error {
	switch config.DefaultQueryExecMode {
	case pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol:
		return &SettingError{"the database URL asks for a default_query_exec_mode without the types of parameters: " +
			"leave it out, and set DATABASE_DIRECT_URL when DATABASE_URL leads through a pooler"}
	case pgx.QueryExecModeCacheStatement:
		if pooled {
			config.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
		}
	}
	const statements = 512 // as pgx has it when the URL does not say
	if config.StatementCacheCapacity <= 0 {
		config.StatementCacheCapacity = statements
	}
	if config.DescriptionCacheCapacity <= 0 {
		config.DescriptionCacheCapacity = statements
	}
	return nil
}
