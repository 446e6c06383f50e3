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

	"github.com/infin8content/engine/internal/postgres"
)

// New returns an empty, migrated database that only this test has. It is dropped or given to another test when the test
// succeeds, and kept and named when it fails on a server that outlives the tests.
func New(t testing.TB) *DB {
	t.Helper()
	return plain.New(t)
}

// NewSimulated is New without the rules that compare a time with the clock of the database: a test with a clock of its
// own writes times of the past and of the future. The other rules stay.
func NewSimulated(t testing.TB) *DB {
	t.Helper()
	return simulated.New(t)
}

var (
	plain     = NewKind(func(testing.TB, *DB) {})
	simulated = NewKind(simulateTime)
)

// Kind makes databases that are the same in the beginning: the schema, with what prepare has changed in it.
type Kind struct {
	prepare func(testing.TB, *DB)

	mu       sync.Mutex
	template string // "" before the first database
	made     mark   // of every copy of the template
	idle     []*clone
}

// kinds are all kinds of a test binary.
type kinds struct {
	mu  sync.Mutex
	all []*Kind
	// copies serializes the copies, since a template must have no other session while it is copied.
	copies sync.Mutex
}

var kindsMade = &kinds{}

// NewKind returns a kind. It calls prepare with a migrated database, for the first test that needs one. Nothing may be
// connected to the database afterwards.
func NewKind(prepare func(testing.TB, *DB)) *Kind {
	k := &Kind{prepare: prepare}
	kindsMade.mu.Lock()
	defer kindsMade.mu.Unlock()
	kindsMade.all = append(kindsMade.all, k)
	return k
}

// clone is a database that tests have one after another.
type clone struct {
	*DB
	name string
	made mark
	// eraser is nil before the first use of erase.
	eraser *pgx.Conn
}

// New is like the function New, with a database of this kind.
func (k *Kind) New(t testing.TB) *DB {
	t.Helper()
	s, err := running()
	if err != nil {
		t.Fatalf("no PostgreSQL for the tests: %v\nInstall PostgreSQL 15 or later, or set TEST_DATABASE_URL to a "+
			"superuser's address of one.", err)
	}
	c, err := k.take(t, s)
	if err != nil {
		t.Fatalf("clone the template: %v", err)
	}
	t.Cleanup(func() {
		if t.Failed() && s.child == nil {
			c.close()
			t.Logf("the database is kept as %s", c.name)
			return
		}
		if !t.Failed() && c.empty() == nil && k.keep(c) {
			return
		}
		if err := c.drop(s); err != nil {
			t.Logf("drop the test's database: %v", err)
		}
	})
	return c.DB
}

// take returns an idle database, or a new one.
func (k *Kind) take(t testing.TB, s *server) (*clone, error) {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	if last := len(k.idle) - 1; last >= 0 {
		c := k.idle[last]
		k.idle = k.idle[:last]
		return c, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := k.makeTemplate(ctx, t, s); err != nil {
		return nil, fmt.Errorf("make the template: %w", err)
	}
	c, err := s.copy(ctx, k.template, "test_"+strings.ReplaceAll(uuid.NewString(), "-", ""))
	if err != nil {
		return nil, err
	}
	if k.made.since == "" { // Transactions are counted for the whole server, so later copies have the same mark.
		k.made, err = readMark(ctx, c.Super)
	}
	c.made = k.made
	return c, err
}

// mostIdle bounds the databases of a kind that wait with their connections.
const mostIdle = 4

// keep makes an empty database idle. It returns false when enough wait.
func (k *Kind) keep(c *clone) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.idle) >= mostIdle {
		return false
	}
	k.idle = append(k.idle, c)
	return true
}

// makeTemplate makes the template of a kind, unless it is there.
func (k *Kind) makeTemplate(ctx context.Context, t testing.TB, s *server) error {
	t.Helper()
	if k.template != "" {
		return nil
	}
	if k == plain {
		name := fmt.Sprintf("infin8_template_%d", os.Getpid())
		err := s.migrate(ctx, name)
		if err == nil {
			k.template = name
		}
		return err
	}
	plain.mu.Lock()
	err := plain.makeTemplate(ctx, t, s)
	plain.mu.Unlock()
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%s_%s", plain.template, uuid.NewString()[:8])
	c, err := s.copy(ctx, plain.template, name)
	if err != nil {
		return err
	}
	prepared := false
	defer func() { // prepare may end the test.
		c.close()
		if !prepared {
			_ = c.drop(s)
		}
	}()
	k.prepare(t, c.DB)
	prepared = !t.Failed()
	k.template = name
	return nil
}

// copy copies a template.
func (s *server) copy(ctx context.Context, template, name string) (*clone, error) {
	kindsMade.copies.Lock()
	err := s.execute(
		// A copy of files takes a third of the time of one that is written to the log.
		"CREATE DATABASE "+name+" TEMPLATE "+template+" STRATEGY FILE_COPY",
		"REVOKE TEMPORARY ON DATABASE "+name+" FROM PUBLIC", // The template's rights are not copied.
	)
	kindsMade.copies.Unlock()
	if err != nil {
		return nil, err
	}
	db := &DB{URL: s.url(name)}
	for _, p := range []struct {
		pool **pgxpool.Pool
		role string
		size int32
	}{
		{&db.Pool, postgres.AppRole, 24},
		{&db.Second, postgres.AppRole, 24},
		{&db.Owner, OwnerRole, 4},
		{&db.Super, "", 4},
	} {
		if *p.pool, err = postgres.Connect(ctx, db.URL, p.role, p.size); err != nil {
			return nil, fmt.Errorf("connect to the test's database: %w", err)
		}
	}
	return &clone{DB: db, name: name}, nil
}

func (c *clone) close() {
	for _, pool := range c.pools() {
		pool.Close()
	}
	if c.eraser != nil {
		_ = c.eraser.Close(context.Background())
	}
}

func (c *clone) pools() []*pgxpool.Pool { return []*pgxpool.Pool{c.Pool, c.Second, c.Owner, c.Super} }

func (c *clone) drop(s *server) error {
	c.close()
	return s.execute("DROP DATABASE IF EXISTS " + c.name + " WITH (FORCE)")
}

// drop drops the idle databases and the templates. A server that stops with the tests needs none of it.
func (k *kinds) drop(s *server) {
	for _, kind := range k.all {
		for _, c := range kind.idle {
			c.close()
			if s.child == nil {
				_ = c.drop(s)
			}
		}
		if s.child == nil && kind.template != "" {
			_ = s.execute("DROP DATABASE IF EXISTS " + kind.template + " WITH (FORCE)")
		}
	}
}
