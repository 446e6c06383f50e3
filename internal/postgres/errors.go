package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/infin8content/engine/internal/fault"
)

// readOnlyTransaction is the SQLSTATE of a write that a read-only server refuses.
const readOnlyTransaction = "25006"

// lockTimeout is the SQLSTATE of a statement that has waited for a lock for too long.
const lockTimeout = "55P03"

// outcome is what an error of the database means for a client.
type outcome int

const (
	internal outcome = iota // a fault of the program, or damage that only a person can repair
	away                    // the server is gone or going: whether it has done what it was asked for is not known
	busy                    // the server has undone the transaction, and the same request may succeed later
	readOnly                // the server cannot write, and another one may
	text                    // a text of the request cannot be kept
	amount                  // an amount of the request cannot be kept
	moment                  // a time of the request cannot be kept
)

// outcomes are the errors of PostgreSQL that are not internal, by SQLSTATE or by its class, the first two characters.
// testdata/sqlstate.txt has the decision for every code of PostgreSQL 15 to 18.
var outcomes = map[string]outcome{
	"08":        away,     // connection exception
	"28":        away,     // invalid authorization: a password that was changed while the server runs
	"3D":        away,     // the database is not there, as while it is restored
	"40003":     away,     // statement completion unknown
	"53":        busy,     // insufficient resources: memory, disk, connections
	"53300":     away,     // too many connections: none was made
	"57":        away,     // operator intervention: shutdown, crash, a database that was dropped
	"57014":     busy,     // query canceled, by statement_timeout or an operator
	"58":        away,     // error of the system below PostgreSQL
	"25P03":     away,     // idle_in_transaction_session_timeout
	"25P04":     away,     // transaction_timeout
	"40001":     busy,     // serialization failure
	"40P01":     busy,     // deadlock
	"55":        busy,     // object not in the state that is needed, as during recovery
	"55P02":     internal, // a setting that cannot be changed
	lockTimeout: busy,
	"55P04":     internal, // an unsafe use of a new enum value
	"72000":     busy,     // snapshot too old
	"22003":     amount,   // numeric value out of range
	"22007":     moment,   // invalid datetime format
	"22008":     moment,   // datetime field overflow
	"22021":     text,     // character not in repertoire
	"22P05":     text,     // untranslatable character
	"25006":     readOnly, // read-only transaction
}

// outcomeOf returns what an error of the database means. A SQLSTATE wins over its class.
func outcomeOf(refused *pgconn.PgError) outcome {
	if one, listed := outcomes[refused.Code]; listed {
		return one
	}
	// A statement that was prepared before a migration is planned anew when it is sent again.
	if refused.Code == "0A000" && refused.Routine == "RevalidateCachedQuery" {
		return busy
	}
	return outcomes[refused.Code[:min(2, len(refused.Code))]]
}

// faults are the public errors by outcome.
var faults = map[outcome]*fault.Error{
	away: fault.New(fault.Unavailable,
		"The database does not answer at the moment. Try again: with an idempotency key a change is made once."),
	busy:     fault.New(fault.Unavailable, "The database is busy. Try again."),
	readOnly: fault.New(fault.Unavailable, "The database accepts no changes at the moment. Try again."),
	text:     fault.New(fault.InvalidInput, "A text has a character that cannot be kept."),
	amount:   fault.New(fault.InvalidInput, "An amount is larger than the books can hold."),
	moment:   fault.New(fault.InvalidInput, "A time is outside of what the database can hold."),
}

// refusals are the constraints whose violation a client can act on.
var refusals = map[string]*fault.Error{
	"model_prices_no_overlap":  fault.New(fault.Conflict, "Another price covers the same time."),
	"model_prices_pkey":        fault.New(fault.Conflict, "Another price covers the same time."),
	"publications_post":        fault.New(fault.Conflict, "Another publication has this post."),
	"ai_calls_generation_once": fault.New(fault.DuplicateGeneration, "Another call has this generation."),
	"ai_calls_article":         fault.New(fault.NotFound, "The workflow has no budget for this article."),
	"gate_decisions_agree": fault.New(fault.Conflict,
		"The gates or the selection changed at the same moment. Read them again."),
	"gate_decisions_four_eyes":   fault.New(fault.FourEyes, "Another person must approve this selection."),
	"workflow_transitions_gated": fault.New(fault.GateClosed, "A gate is closed: a decision opens this edge."),
	// The clock of this server is off by minutes: another server may do it.
	"usage_accounts_month_is_now": fault.New(fault.Unavailable, "This server's clock is wrong. Try again later."),
	"ai_calls_now":                fault.New(fault.Unavailable, "This server's clock is wrong. Try again later."),
	"model_prices_now":            fault.New(fault.Unavailable, "This server's clock is wrong. Try again later."),
	"model_prices_notice":         fault.New(fault.Unavailable, "This server's clock is wrong. Try again later."),
}

// ErrLocked says that a booking has done nothing, because it has waited for a lock for as long as it may.
var ErrLocked = fault.New(fault.Unavailable, "The database is busy. Try again.")

// translateBooking is translate for a booking, with ErrLocked for a lock that it has not got in time.
func translateBooking(err error) error {
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == lockTimeout {
		return fmt.Errorf("%w (%w)", ErrLocked, err)
	}
	return translate(err)
}

// translate turns what the database refused into a fault where a client can act on it, by code and constraint name.
// Everything else goes on as it is, for the log. Only this file reads a PgError.
func translate(err error) error {
	public := faultOf(err)
	if public == nil {
		return err
	}
	return fmt.Errorf("%w (%w)", public, err)
}

// faultOf returns the fault of an error; nil when it is internal, or when the caller has given up.
func faultOf(err error) *fault.Error {
	var (
		refused *pgconn.PgError
		never   *pgconn.ConnectError
	)
	if errors.As(err, &never) || !errors.As(err, &refused) {
		if isAway(err) {
			return faults[away]
		}
		return nil
	}
	if public, named := refusals[refused.ConstraintName]; named {
		return public
	}
	if refused.Code == "57014" && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		return nil
	}
	return faults[outcomeOf(refused)]
}

// isAway reports that the database could not be reached, or went away while it was asked, without an error of its own.
func isAway(err error) bool {
	if pgconn.SafeToRetry(err) { // Nothing was sent: the caller has given up, or the connection was found closed.
		return !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
	}
	var never *pgconn.ConnectError
	return errors.As(err, &never) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)
}
