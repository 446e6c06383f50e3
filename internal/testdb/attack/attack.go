// Package attack lists what a role may try against the database by SQL, with the outcome: the database refuses it,
// `verify` names it, or docs/attacks.md says why neither can be. Only tests import it. The tests of package postgres
// show the refusals, and the tests of package audit show the findings.
package attack

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/infin8content/engine/internal/postgres"
)

// Role is who attacks.
type Role string

// The roles. The owner of the schema is no superuser.
const (
	Server  Role = "server"
	Sweeper Role = "sweeper"
	Booker  Role = "booker"
	Owner   Role = "owner"
)

// Roles returns the roles with outcomes of their own. The booker may do less than the server.
func Roles() []Role { return []Role{Server, Sweeper, Owner} }

// NoRight is the refusal for want of a right, by its SQLSTATE.
const NoRight = "42501"

// Outcome is what comes of an attack. Exactly one field is set.
type Outcome struct {
	// Refused is the name of the constraint or trigger that refuses the attack, else the SQLSTATE.
	Refused string
	// Named is a part of what verify prints after the attack.
	Named string
	// Unseen is the heading in docs/attacks.md that says why the attack is neither refused nor named.
	Unseen string
}

func refused(by string) Outcome    { return Outcome{Refused: by} }
func named(finding string) Outcome { return Outcome{Named: finding} }
func unseen(why string) Outcome    { return Outcome{Unseen: why} }

// Attack is a transaction that must not go unnoticed.
type Attack struct {
	Name string
	// SQL may hold several statements; they are one transaction. {words} are the target's keys.
	SQL     string
	Server  Outcome
	Sweeper Outcome // the zero value: refused for want of a right
	Owner   Outcome
}

// Outcome returns what comes of the attack by a role.
func (a Attack) Outcome(by Role) Outcome {
	switch by {
	case Server:
		return a.Server
	case Owner:
		return a.Owner
	default:
		if a.Sweeper == (Outcome{}) {
			return refused(NoRight)
		}
		return a.Sweeper
	}
}

// List returns all attacks.
func List() []Attack {
	var all []Attack
	for _, part := range [][]Attack{
		months(), calls(), ledgers(), prices(), workflows(), settings(), records(), reviews(), gates(), plans(), units(),
		publications(), written(), batches(), verifications(),
		catalog(),
		behindTriggers(), reviewsBehindTriggers(), names(),
	} {
		all = append(all, part...)
	}
	return all
}

// Try makes an attack as one transaction. With keep it is committed, else it is rolled back with all deferred checks
// done. The error is what refuses it.
func (g *Target) Try(t testing.TB, a Attack, by Role, keep bool) error {
	t.Helper()
	ctx := context.Background()
	tx, err := g.pool(t, by).Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(ctx) }()
	roles := map[Role]string{Sweeper: postgres.SweeperRole, Booker: postgres.BookerRole}
	if role, enters := roles[by]; enters {
		_, err := tx.Exec(ctx, `SELECT set_config('role', $1, true), set_config('infin8.organizations', $2, true)`,
			role, g.Who.OrganizationID.String())
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := tx.Exec(ctx, g.keys.Replace(a.SQL), pgx.QueryExecModeSimpleProtocol); err != nil {
		return err
	}
	if keep {
		return tx.Commit(ctx)
	}
	_, err = tx.Exec(ctx, `SET CONSTRAINTS ALL IMMEDIATE`)
	return err
}

func (g *Target) pool(t testing.TB, by Role) *pgxpool.Pool {
	t.Helper()
	if by == Owner {
		return g.DB.Owner
	}
	if g.server == nil {
		g.server = g.DB.PoolOf(t, g.Who.OrganizationID)
	}
	return g.server
}

// Refusal is what has stopped a statement: the name of the constraint or trigger, else the SQLSTATE; "" for success.
func Refusal(err error) string {
	var stopped *pgconn.PgError
	switch {
	case err == nil:
		return ""
	case !errors.As(err, &stopped):
		return err.Error()
	case stopped.ConstraintName != "":
		return stopped.ConstraintName
	}
	return stopped.Code
}

// onlyGrows are the three ways to take something back from a table that only grows.
func onlyGrows(table, column, trigger string) []Attack {
	return []Attack{
		{
			Name:   table + " is edited",
			SQL:    fmt.Sprintf("UPDATE %s SET %s = %s", table, column, column),
			Server: refused(NoRight), Owner: refused(trigger),
		},
		{
			Name:   table + " is deleted from",
			SQL:    "DELETE FROM " + table,
			Server: refused(NoRight), Owner: refused(trigger),
		},
		{
			Name:   table + " is truncated",
			SQL:    fmt.Sprintf("TRUNCATE %s CASCADE", table),
			Server: refused(NoRight), Owner: refused(trigger),
		},
	}
}

// byOwner is an attack that only the owner has a right to.
func byOwner(name, sql string, o Outcome) Attack {
	return Attack{Name: name, SQL: sql, Server: refused(NoRight), Owner: o}
}

// byBoth is an attack with one outcome for the server and the owner.
func byBoth(name, sql string, o Outcome) Attack {
	return Attack{Name: name, SQL: sql, Server: o, Owner: o}
}
