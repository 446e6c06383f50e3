// Package testdb gives every test a database of its own on a real PostgreSQL: TEST_DATABASE_URL, or a server that it
// starts itself. When a test has changed rows only, its database is emptied for another test. Only tests import
// it. It skips nothing: without PostgreSQL a test fails and says how to get one.
package testdb

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/infin8content/engine/internal/embedded"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/migrations"
)

// OwnerRole is the role that owns the schema in tests: no superuser, as in production.
const OwnerRole = "infin8_test_owner"

// DB is a migrated database of one test.
type DB struct {
	// Pool works as the server's role, Owner as the owner of the schema, Super as a superuser.
	Pool, Owner, Super *pgxpool.Pool
	// Second works as the server's role too, for tests of two servers.
	Second *pgxpool.Pool
	// URL is the superuser's address of the database.
	URL string
}

// Store returns a store on the server's pool.
func (d *DB) Store() *postgres.Store { return postgres.New(d.Pool) }

// Books returns a store that sees all organizations: on the owner's pool, as audits have it.
func (d *DB) Books() *postgres.Store { return postgres.New(d.Owner) }

// PoolOf returns a pool that works as the server's role and has named an organization for good, for statements that are
// written down in a test. A store's name it themselves.
func (d *DB) PoolOf(t testing.TB, organization uuid.UUID) *pgxpool.Pool {
	t.Helper()
	config := d.Pool.Config()
	config.ConnConfig.RuntimeParams["infin8.organization_id"] = organization.String()
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// server is the one PostgreSQL of a test binary.
type server struct {
	child *embedded.Server // nil when TEST_DATABASE_URL names one
	url   func(database string) string
}

var theServer = struct {
	sync.Mutex
	started *server
	err     error
}{}

// Run runs the tests of a package and stops the server after them. Every package that uses New has a TestMain with
// os.Exit(testdb.Run(m)).
func Run(m *testing.M) int {
	code := m.Run()
	theServer.Lock()
	defer theServer.Unlock()
	if s := theServer.started; s != nil {
		kindsMade.drop(s)
		if s.child != nil {
			if err := s.child.Stop(); err != nil {
				fmt.Fprintln(os.Stderr, "stop PostgreSQL:", err)
			}
		}
	}
	return code
}

func running() (*server, error) {
	theServer.Lock()
	defer theServer.Unlock()
	if theServer.started == nil && theServer.err == nil {
		theServer.started, theServer.err = start()
	}
	return theServer.started, theServer.err
}

func start() (*server, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	s := &server{}
	if url := os.Getenv("TEST_DATABASE_URL"); url != "" {
		config, err := pgx.ParseConfig(url)
		if err != nil {
			return nil, fmt.Errorf("TEST_DATABASE_URL cannot be read")
		}
		s.url = func(database string) string {
			end := strings.LastIndex(url, "/"+config.Database)
			return url[:end] + strings.Replace(url[end:], config.Database, database, 1)
		}
	} else {
		child, err := embedded.Start(ctx, embedded.Options{Ephemeral: true})
		if err != nil {
			return nil, err
		}
		s.child, s.url = child, child.URL
	}
	return s, nil
}

// migrate creates a database with the schema.
func (s *server) migrate(ctx context.Context, name string) error {
	err := s.execute(
		`DO $$ BEGIN CREATE ROLE `+OwnerRole+` NOLOGIN CREATEROLE;
			EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$`,
		`DROP DATABASE IF EXISTS `+name,
		`CREATE DATABASE `+name+` OWNER `+OwnerRole,
	)
	if err != nil {
		return err
	}
	pool, err := postgres.Connect(ctx, s.url(name), "", 2)
	if err != nil {
		return err
	}
	defer pool.Close()
	if _, err := pool.Exec(ctx, `ALTER SCHEMA public OWNER TO `+OwnerRole); err != nil {
		return err
	}
	owner, err := postgres.Connect(ctx, s.url(name), OwnerRole, 2)
	if err != nil {
		return err
	}
	defer owner.Close()
	_, err = postgres.Migrate(ctx, owner, migrations.Files, time.Now)
	return err
}

// execute runs statements on the server's maintenance database.
func (s *server) execute(statements ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.url("postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}
