package postgres

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Each reason why an address cannot be reached has a sentence, in the time that was allowed.
func TestReach_SaysWhyThereIsNoConnection(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // It accepts and never answers.
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	lookup := func(err *net.DNSError) func(context.Context, string) ([]string, error) {
		return func(context.Context, string) ([]string, error) { return nil, err }
	}
	for name, c := range map[string]struct {
		host     string
		lookup   func(context.Context, string) ([]string, error)
		limit    time.Duration
		sentence string
		comes    bool
	}{
		"unknown name": {
			"db.example", lookup(&net.DNSError{Err: "no such host", Name: "db.example", IsNotFound: true}), time.Minute,
			"the host db.example of DATABASE_URL is not known: correct its name", false,
		},
		"DNS server that refuses": {
			"db.example", lookup(&net.DNSError{Err: "server misbehaving", Name: "db.example", IsTemporary: true}), time.Minute,
			"the name of the host db.example of DATABASE_URL cannot be looked up: check the network", true,
		},
		"DNS server that is silent": {
			"db.example", lookup(&net.DNSError{Err: "i/o timeout", Name: "db.example", IsTimeout: true}), time.Minute,
			"the name of the host db.example of DATABASE_URL cannot be looked up: check the network", true,
		},
		"silent server": {
			silent.Addr().String(), nil, 50 * time.Millisecond,
			"PostgreSQL at " + silent.Addr().String() + " has not answered in time: check host, port and firewall", true,
		},
		"port without a server": {
			"127.0.0.1:1", nil, time.Minute, "no PostgreSQL answers at 127.0.0.1:1: start it, or correct DATABASE_URL", true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config, err := configure(Connection{URL: "postgres://me:hunter2@" + c.host + "/infin8?sslmode=disable"})
			if err != nil {
				t.Fatal(err)
			}
			if got := config.ConnConfig.ConnectTimeout; got != connectTime {
				t.Errorf("a connection may take %s, want %s", got, connectTime)
			}
			config.ConnConfig.ConnectTimeout = c.limit
			if c.lookup != nil {
				config.ConnConfig.LookupFunc = c.lookup
			}
			pool, err := pgxpool.NewWithConfig(t.Context(), config)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(pool.Close)
			err = Reach(t.Context(), pool)
			if err == nil || !strings.HasPrefix(err.Error(), c.sentence) {
				t.Errorf("got %v, want %q", err, c.sentence)
			}
			if got := MayComeBack(err); got != c.comes {
				t.Errorf("may come back: got %t, want %t", got, c.comes)
			}
		})
	}
}
