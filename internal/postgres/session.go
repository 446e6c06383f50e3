package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// A session inherits settings from the server, the database, the user and the URL. Every connection of the engine pins
// the settings it depends on when it begins: pools, River, the listener, migrations and audits. Other settings are
// read, and a wrong value refuses the connection with a SettingError.

// pinned are the settings of every session. A setting of the database, of the user or of the URL does not count.
var pinned = map[string]string{
	"application_name":                    "infin8",
	"client_encoding":                     "UTF8",
	"search_path":                         "public, pg_temp",
	"default_transaction_isolation":       "read committed",
	"default_transaction_deferrable":      "off",
	"timezone":                            "UTC",
	"datestyle":                           "ISO, MDY",
	"intervalstyle":                       "postgres",
	"bytea_output":                        "hex",
	"extra_float_digits":                  "1",
	"standard_conforming_strings":         "on",
	"array_nulls":                         "on",
	"transform_null_equals":               "off",
	"quote_all_identifiers":               "off",
	"row_security":                        "on",
	"plan_cache_mode":                     "auto",
	"jit":                                 "off", // Compiling takes longer than the statements do.
	"statement_timeout":                   "0",   // Requests have deadlines of their own, and an audit may take long.
	"lock_timeout":                        "0",
	"idle_in_transaction_session_timeout": "0",
	"idle_session_timeout":                "0", // The listener waits for as long as it takes.
}

// tracked are the settings that a pooler keeps for each of its clients. It refuses or ignores others.
var tracked = []string{
	"application_name", "client_encoding", "timezone", "datestyle", "standard_conforming_strings",
}

// pin sets the settings of a connection that is about to be made. A name in the URL counts in any case of its letters.
func pin(config *pgx.ConnConfig, pooled bool) {
	wanted := pinned
	if pooled {
		wanted = make(map[string]string, len(tracked))
		for _, name := range tracked {
			wanted[name] = pinned[name]
		}
	}
	maps.DeleteFunc(config.RuntimeParams, func(name, _ string) bool {
		_, ours := wanted[strings.ToLower(name)]
		return ours
	})
	maps.Copy(config.RuntimeParams, wanted)
}

// SettingError says in one sentence which setting of the database or of the URL the engine cannot work with.
type SettingError struct{ Sentence string }

func (e *SettingError) Error() string { return e.Sentence }

// readSession reads the settings that a session cannot pin, in one round trip. A superuser may have switched off
// foreign keys and triggers for a user; transaction_timeout is new in PostgreSQL 17.
const readSession = `SELECT current_setting('server_encoding'), current_setting('session_replication_role'),
	current_setting('transaction_read_only'), coalesce(current_setting('transaction_timeout', true), '0'),
	current_setting('server_version_num')`

// endless switches off the time limit of transactions, in PostgreSQL 17 and later.
const endless = `SET transaction_timeout = 0`

// readPooled reads the settings that a pooler does not pass on. A time limit of ten seconds and more leaves room to
// work.
const readPooled = `SELECT name || ' = ' || CASE name WHEN 'search_path' THEN 'public' ELSE boot_val END,
	name || ' is ' || coalesce(nullif(setting, ''), 'empty')
FROM pg_settings
WHERE CASE
	WHEN name = 'search_path' THEN current_schemas(false)::text <> '{public}'
	WHEN name IN ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')
		THEN setting::bigint BETWEEN 1 AND 9999
	WHEN name IN ('default_transaction_isolation', 'default_transaction_deferrable', 'intervalstyle', 'bytea_output',
		'array_nulls', 'transform_null_equals', 'quote_all_identifiers', 'row_security', 'plan_cache_mode')
		THEN setting <> boot_val
END
ORDER BY 1 LIMIT 1`

// checkSession refuses a session with a setting that the engine cannot work with.
func checkSession(ctx context.Context, conn *pgconn.PgConn, c Connection) error {
	rows, err := query(ctx, conn, readSession)
	if err != nil {
		return err
	}
	encoding, role, readOnly, timeout := rows[0][0], rows[0][1], rows[0][2], rows[0][3]
	switch {
	case encoding != "UTF8":
		return &SettingError{fmt.Sprintf("the database has the encoding %s, and the engine needs UTF8: "+
			"create it with ENCODING 'UTF8'", encoding)}
	case role != "origin":
		return &SettingError{fmt.Sprintf("session_replication_role is %s for this user or database, which switches "+
			"foreign keys off: RESET it with ALTER ROLE or ALTER DATABASE", role)}
	case readOnly != "off" && !c.ReadOnly:
		return errReadOnly
	case !c.Pooled && timeout != "0":
		_, err = query(ctx, conn, endless)
		return err
	case !c.Pooled:
		return nil
	}
	if rows, err = query(ctx, conn, readPooled); err != nil || len(rows) == 0 {
		return err
	}
	return &SettingError{fmt.Sprintf("behind the pooler %s, and the engine needs %s: set it with ALTER ROLE … SET for "+
		"the user of the URL", rows[0][1], rows[0][0])}
}

var errReadOnly = &SettingError{"the database is read-only: it is a standby, or default_transaction_read_only is on"}

// query runs a statement by the simple protocol and returns its rows as text.
func query(ctx context.Context, conn *pgconn.PgConn, sql string) ([][]string, error) {
	results, err := conn.Exec(ctx, sql).ReadAll()
	var stopped *pgconn.PgError
	if errors.As(err, &stopped) && stopped.Code == "57014" {
		return nil, &SettingError{"statement_timeout is too short for any statement: set it with ALTER ROLE … SET for the " +
			"user of the URL"}
	}
	if err != nil {
		return nil, err
	}
	var rows [][]string
	for _, result := range results {
		for _, values := range result.Rows {
			row := make([]string, len(values))
			for i, value := range values {
				row[i] = string(value)
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// ends reports whether a connection is of no use after an error: the server has ended it, or it leads to a server that
// has become read-only, as after a failover, while a new connection may lead to the new primary. The severity is the
// one that is not translated.
func ends(refused *pgconn.PgError) bool {
	return refused.SeverityUnlocalized == "FATAL" || refused.SeverityUnlocalized == "PANIC" ||
		refused.Code == readOnlyTransaction
}
