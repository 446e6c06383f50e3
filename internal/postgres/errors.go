package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/infin8content/engine/internal/fault"
)

// translate turns what the database refused into a fault where a client can act on it, by code and constraint name.
// Everything else goes on as it is, for the log. Nobody else reads a PgError.
func translate(err error) error {
	if isAway(err) {
		return fmt.Errorf("%w (%w)", fault.New(fault.Unavailable,
			"The database does not answer at the moment. Try again: with an idempotency key a change is made once."), err)
	}
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		return err
	}
	switch refused.ConstraintName {
	case "model_prices_no_overlap", "model_prices_pkey":
		return fmt.Errorf("%w (%w)", fault.New(fault.Conflict, "Another price covers the same time."), err)
	case "ai_calls_generation_once":
		return fmt.Errorf("%w (%w)", fault.New(fault.DuplicateGeneration, "Another call has this generation."), err)
	}
	switch refused.Code {
	case "40001", "40P01": // serialization_failure, deadlock_detected
		return fmt.Errorf("%w (%w)", fault.New(fault.Unavailable, "The database is busy. Try again."), err)
	case "22021": // character_not_in_repertoire
		return fmt.Errorf("%w (%w)", fault.New(fault.InvalidInput, "A text has a character that cannot be kept."), err)
	case "22003": // numeric_value_out_of_range
		return fmt.Errorf("%w (%w)", fault.New(fault.InvalidInput, "An amount is larger than the books can hold."), err)
	}
	return err
}

// isAway reports that the database could not be reached, or went away while it was asked. Whether it has done what it
// was asked for is then not known.
func isAway(err error) bool {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		switch refused.Code {
		case "57P01", "57P02", "57P03", // admin_shutdown, crash_shutdown, cannot_connect_now
			"53300": // too_many_connections
			return true
		}
		return strings.HasPrefix(refused.Code, "08") // connection_exception
	}
	if pgconn.SafeToRetry(err) { // Nothing was sent: who asked has given up, or the connection was found closed.
		return !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
	}
	var never *pgconn.ConnectError
	return errors.As(err, &never) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)
}
