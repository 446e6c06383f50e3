package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"regexp"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// ConnectError says in one sentence why there is no connection, and what to do. It repeats no password.
type ConnectError struct {
	Sentence string
	cause    error
}

func (e *ConnectError) Error() string { return e.Sentence }

// Unwrap returns the cause, whose text is not for a person.
func (e *ConnectError) Unwrap() error { return e.cause }

// example is an address as the engine reads it.
const example = "postgres://USER:PASSWORD@HOST:5432/DATABASE"

var (
	java   = regexp.MustCompile(`^(?i:jdbc):`)
	scheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://`)
)

// read parses the URL. An error does not have the parser's as its cause, which quotes the URL and its password.
func (c Connection) read() (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(c.URL)
	found := scheme.FindString(c.URL)
	switch {
	case java.MatchString(c.URL): // The parser takes it for a list of settings.
		return nil, &ConnectError{Sentence: fmt.Sprintf("%s is an address for Java: leave out jdbc: and write it as %s",
			c.variable(), example)}
	case found != "" && found != "postgres://" && found != "postgresql://":
		return nil, &ConnectError{Sentence: fmt.Sprintf("%s is not an address of PostgreSQL: write it as %s",
			c.variable(), example)}
	case err != nil:
		return nil, &ConnectError{Sentence: fmt.Sprintf("%s cannot be read: write it as %s, and letters such as @ : / in "+
			"the password as %%40 %%3A %%2F", c.variable(), example)}
	}
	return config, nil
}

// reached explains an error of a connection. A SettingError is one sentence and stays so.
func reached(err error) error {
	var setting *SettingError
	var connect *pgconn.ConnectError
	switch {
	case errors.As(err, &setting):
		return setting
	case !errors.As(err, &connect):
		return fmt.Errorf("reach the database: %w", err)
	}
	place := placeOf(connect.Config)
	var refused *pgconn.PgError
	var unknown *net.DNSError
	switch {
	case errors.As(err, &refused):
		return &ConnectError{refusal(connect.Config, refused), err}
	case errors.As(err, &unknown) && unknown.IsNotFound:
		return &ConnectError{fmt.Sprintf("the host %s of DATABASE_URL is not known: correct its name", unknown.Name), err}
	case errors.As(err, &unknown):
		return &ConnectError{fmt.Sprintf("the name of the host %s of DATABASE_URL cannot be looked up: check the network "+
			"and the DNS servers of this machine", connect.Config.Host), err}
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, fs.ErrNotExist):
		return &ConnectError{fmt.Sprintf("no PostgreSQL answers at %s: start it, or correct DATABASE_URL", place), err}
	case pgconn.Timeout(err), errors.Is(err, context.DeadlineExceeded):
		return &ConnectError{fmt.Sprintf("PostgreSQL at %s has not answered in time: check host, port and firewall, or "+
			"correct DATABASE_URL", place), err}
	}
	return fmt.Errorf("reach PostgreSQL at %s: %w", place, errors.Unwrap(connect))
}

// MayComeBack reports whether an error of Reach may end by itself: PostgreSQL is down, starts or stops, or has no
// connection left, or its name cannot be looked up now. A wrong address, role, password or database does not.
func MayComeBack(err error) bool {
	var setting *SettingError
	var refused *pgconn.PgError
	var unknown *net.DNSError
	switch {
	case errors.As(err, &setting):
		return false
	case errors.As(err, &unknown):
		return !unknown.IsNotFound
	case errors.As(err, &refused):
		return refused.Code == "53300" || refused.Code == "57P03"
	}
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.ENETUNREACH) ||
		errors.Is(err, fs.ErrNotExist) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) ||
		pgconn.Timeout(err) || errors.Is(err, context.DeadlineExceeded)
}

// refusal explains why PostgreSQL refused a connection.
func refusal(config *pgconn.Config, refused *pgconn.PgError) string {
	place := placeOf(config)
	switch refused.Code {
	case "3D000": // invalid_catalog_name
		return fmt.Sprintf("PostgreSQL at %s has no database %s: create it with `createdb %s`, or correct DATABASE_URL",
			place, config.Database, config.Database)
	case "28P01", "28000": // invalid_password, invalid_authorization_specification
		return fmt.Sprintf("PostgreSQL at %s does not let the user %s in: correct the user and the password in "+
			"DATABASE_URL, or the server's pg_hba.conf", place, config.User)
	case "57P03": // cannot_connect_now
		return fmt.Sprintf("PostgreSQL at %s is starting or stopping: try again in a moment", place)
	case "53300": // too_many_connections
		return fmt.Sprintf("PostgreSQL at %s has no free connection: end other programs, or raise its max_connections",
			place)
	case "22023", "42704": // The role that a connection asks for does not exist.
		if _, ours := config.RuntimeParams["role"]; ours {
			return fmt.Sprintf("the database %s is not migrated: run `engine migrate up` as its owner", config.Database)
		}
	case insufficientPrivilege:
		if role, ours := config.RuntimeParams["role"]; ours {
			return fmt.Sprintf("the user %s may not work as %s: the owner of the database must run "+
				"`GRANT %s, %s TO %s`", config.User, role, AppRole, SweeperRole, config.User)
		}
	}
	return fmt.Sprintf("PostgreSQL at %s refuses the connection: %s", place, refused.Message)
}

// placeOf returns where a connection leads: host and port, or the folder of a socket.
func placeOf(config *pgconn.Config) string {
	network, address := pgconn.NetworkAddress(config.Host, config.Port)
	if network == "unix" {
		return "the socket " + address
	}
	return address
}

// insufficientPrivilege is the SQLSTATE of a right that is missing.
const insufficientPrivilege = "42501"

// Explain returns an error for the person at a command line: without SQLSTATE, and with what to do where the user of
// the address is the wrong one.
func Explain(err error) error {
	var refused *pgconn.PgError
	var known *ConnectError
	if !errors.As(err, &refused) || errors.As(err, &known) {
		return err
	}
	if refused.Code == insufficientPrivilege {
		return &ConnectError{fmt.Sprintf("%s: this command needs the owner of the database as the user of DATABASE_URL",
			refused.Message), err}
	}
	return &ConnectError{strings.ReplaceAll(err.Error(), " (SQLSTATE "+refused.Code+")", ""), err}
}
