package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/infin8content/engine/internal/embedded"
	"github.com/infin8content/engine/internal/postgres"
)

// durable are the settings of the measured PostgreSQL: acknowledged changes are on the disk.
var durable = map[string]string{
	"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "shared_buffers": "1GB",
	"max_wal_size": "8GB", "checkpoint_timeout": "15min", "max_connections": "300", "track_commit_timestamp": "on",
	"autovacuum_naptime": "10s",
}

// large are more settings for a large database: a quarter of its size in memory, as on a server that is set up for it.
var large = map[string]string{"shared_buffers": "4GB"}

// counting adds pg_stat_statements, if this PostgreSQL has it.
var counting = map[string]string{
	"shared_preload_libraries": "pg_stat_statements", "pg_stat_statements.track": "top",
	"pg_stat_statements.track_utility": "on", "pg_stat_statements.track_planning": "on",
}

// bench is one run: a database, the programs and the results.
type bench struct {
	options
	ctx    context.Context
	random *rand.Rand

	folder     string
	server     string // path of the engine's binary
	name       string // name of the database
	pgbench    string
	database   *embedded.Server
	owner      *pgxpool.Pool
	postmaster int
	counts     bool // true if statements can be counted
	hasPayers  bool // true if the paying organizations are written
	began      time.Time
	load       string // load average at the start
	models     string // address of the provider of models that servers ask; "" for none

	table table
}

// open starts the database, builds the program and fills the database.
func open(ctx context.Context, o options) (*bench, error) {
	b := &bench{
		options: o,
		ctx:     ctx,
		name:    "bench",
		random:  rand.New(rand.NewPCG(o.seed, 0)),
		began:   time.Now(),
		load:    loadAverage(),
	}
	if err := b.prepare(); err != nil {
		return nil, errors.Join(err, b.close())
	}
	return b, nil
}

func (b *bench) prepare() error {
	var err error
	if b.folder, err = os.MkdirTemp("", "infin8-bench-"); err != nil {
		return err
	}
	if b.pgbench, err = findProgram(b.programs, "pgbench"); err != nil {
		return err
	}
	if b.server = b.options.server; b.server == "" {
		if b.server, err = b.build(); err != nil {
			return err
		}
	}
	if err := b.startDatabase(); err != nil {
		return err
	}
	began := time.Now()
	if err := b.fill(); err != nil {
		return fmt.Errorf("fill the database: %w", err)
	}
	b.say("%d workflows with %d journal rows each, written in %.0f s", b.workflows, journalRows,
		time.Since(began).Seconds())
	return nil
}

// build builds the program with the profiler, which no released program has.
func (b *bench) build() (string, error) {
	binary := filepath.Join(b.folder, "engine")
	cmd := exec.CommandContext(b.ctx, "go", "build", "-tags", "profile", "-o", binary, "github.com/infin8content/engine")
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("build the program: %w", err)
	}
	return binary, nil
}

func (b *bench) startDatabase() error {
	settings := maps.Clone(durable)
	if b.options.growth {
		maps.Copy(settings, large)
	}
	counted := maps.Clone(settings)
	maps.Copy(counted, counting)
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	var err error
	b.database, err = embedded.Start(b.ctx, embedded.Options{Ephemeral: true, Settings: counted, Logger: logger})
	if err != nil { // This installation may have no pg_stat_statements.
		b.say("statements are not counted: %v", err)
		b.database, err = embedded.Start(b.ctx, embedded.Options{Ephemeral: true, Settings: settings, Logger: logger})
	} else {
		b.counts = true
	}
	if err != nil {
		return err
	}
	return b.prepareDatabase()
}

// prepareDatabase migrates with the program and opens the owner's connections.
func (b *bench) prepareDatabase() error {
	admin, err := pgxpool.New(b.ctx, b.database.URL("postgres"))
	if err != nil {
		return err
	}
	defer admin.Close()
	if _, err := admin.Exec(b.ctx, "CREATE DATABASE "+b.name); err != nil {
		return err
	}
	if err := b.command("migrate", "up"); err != nil {
		return err
	}
	if b.owner, err = postgres.Connect(b.ctx, b.url(), "", 4); err != nil {
		return err
	}
	if b.counts {
		if _, err := b.owner.Exec(b.ctx, "CREATE EXTENSION pg_stat_statements"); err != nil {
			return err
		}
	}
	return b.findPostmaster()
}

func (b *bench) url() string { return b.database.URL(b.name) }

// command runs a command of the program to its end.
func (b *bench) command(arguments ...string) error {
	cmd := exec.CommandContext(b.ctx, b.server, arguments...)
	cmd.Env, cmd.Stdout, cmd.Stderr = b.environment(), io.Discard, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("engine %v: %w", arguments, err)
	}
	return nil
}

func (b *bench) environment() []string {
	variables := append(os.Environ(), "DATABASE_URL="+b.url(), "AUTH_SECRET="+secret)
	if b.models != "" {
		variables = append(variables, "OPENROUTER_API_KEY=bench", "OPENROUTER_BASE_URL="+b.models)
	}
	return variables
}

// close ends the database, which removes its folder, and removes the run's folder.
func (b *bench) close() error {
	var faults []error
	if b.owner != nil {
		b.owner.Close()
	}
	if b.database != nil {
		faults = append(faults, b.database.Stop())
	}
	if b.folder != "" {
		faults = append(faults, os.RemoveAll(b.folder))
	}
	return errors.Join(faults...)
}

// findProgram returns the path of a program of PostgreSQL.
func findProgram(folder, name string) (string, error) {
	if folder != "" {
		return exec.LookPath(filepath.Join(folder, name))
	}
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	usual, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if len(usual) == 0 {
		return "", fmt.Errorf("there is no %s: install PostgreSQL's programs or name their folder with -programs", name)
	}
	return usual[len(usual)-1], nil
}

// statements returns the number of executed statements, without BEGIN, COMMIT, ROLLBACK and the session's settings. It
// returns 0 if PostgreSQL does not count them.
func (b *bench) statements() (n int64, err error) {
	if !b.counts {
		return 0, nil
	}
	const count = `SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements AS s
JOIN pg_database AS d ON d.oid = s.dbid
WHERE d.datname = current_database()
	AND s.query !~* '^(begin|commit|rollback|select set_config|-- ?ping|;)' AND s.query NOT LIKE '%pg_stat_statements%'`
	return n, b.owner.QueryRow(b.ctx, count).Scan(&n)
}
