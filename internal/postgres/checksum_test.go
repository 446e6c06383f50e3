package postgres_test

import (
	"context"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/migrations"
)

// Comments of an applied migration may be corrected, and nothing else may.
func TestChecksum(t *testing.T) {
	t.Parallel()
	const applied = `-- One purpose.
CREATE TABLE notes ( -- with a comment
    id integer, /* and /* another */ one */
    text text DEFAULT '-- no comment' -- quoted
);
CREATE FUNCTION answer() RETURNS integer LANGUAGE plpgsql AS $body$
BEGIN
    RETURN 42; -- part of the function
END
$body$;`
	for name, c := range map[string]struct {
		old, new string
		refused  bool
	}{
		"TheSameText":       {old: "x", new: "x"},
		"AComment":          {old: "-- One purpose.", new: "-- Another purpose,\n-- in two lines."},
		"ACommentRemoved":   {old: "-- with a comment", new: ""},
		"ABlockComment":     {old: "/* and /* another */ one */", new: "-- one\n"},
		"WhiteSpace":        {old: "    id integer", new: "\tid\n\n  integer"},
		"AName":             {old: "notes", new: "note", refused: true},
		"WhatIsQuoted":      {old: "'-- no comment'", new: "'-- a comment'", refused: true},
		"ABody":             {old: "42", new: "43", refused: true},
		"ACommentOfABody":   {old: "-- part of the function", new: "-- a part", refused: true},
		"AWordCommentedOut": {old: "    id integer,", new: "    -- id integer,", refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, ctx := testdb.New(t), context.Background()
			if _, err := db.Super.Exec(ctx, `DROP SCHEMA public CASCADE; CREATE SCHEMA public;
				ALTER SCHEMA public OWNER TO `+testdb.OwnerRole); err != nil {
				t.Fatal(err)
			}
			migrate := func(text string) error {
				_, err := postgres.Migrate(ctx, db.Owner, fstest.MapFS{"0001_notes.sql": {Data: []byte(text)}}, time.Now)
				return err
			}
			if err := migrate(applied); err != nil {
				t.Fatal(err)
			}
			err := migrate(strings.Replace(applied, c.old, c.new, 1))
			if refused := err != nil; refused != c.refused {
				t.Errorf("got %v, want it to be refused: %t", err, c.refused)
			}
		})
	}
}

// A database that an earlier program has migrated has the checksums of whole files, comments included.
func TestChecksumOfAnEarlierProgram(t *testing.T) {
	t.Parallel()
	const whole = `\x2317e2387e59189a09a6d2b90df666a8f4df01ba7f81fd94c8980e0b02182b9c`
	db, ctx := testdb.New(t), context.Background()
	store := func(checksum string) {
		if _, err := db.Owner.Exec(ctx, `UPDATE schema_migrations SET checksum = $1::text::bytea WHERE number = 2`,
			checksum); err != nil {
			t.Fatal(err)
		}
	}
	stored := func() (checksum []byte) {
		err := db.Owner.QueryRow(ctx, `SELECT checksum FROM schema_migrations WHERE number = 2`).Scan(&checksum)
		if err != nil {
			t.Fatal(err)
		}
		return checksum
	}
	want := stored()
	store(whole)
	if waiting, err := postgres.Waiting(ctx, db.Pool, migrations.Files); err != nil || len(waiting) > 0 {
		t.Errorf("a server: got %v, %v, want it to start", waiting, err)
	}
	if _, err := postgres.Migrate(ctx, db.Owner, migrations.Files, time.Now); err != nil {
		t.Fatal(err)
	}
	if got := stored(); string(got) != string(want) {
		t.Errorf("after migrate up: got the checksum %x, want %x", got, want)
	}
	store(`\x00` + strings.TrimPrefix(whole, `\x`)[2:])
	if _, err := postgres.Migrations(ctx, db.Owner, migrations.Files); err == nil {
		t.Error("another checksum: got no error")
	}
}
