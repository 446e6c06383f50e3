// Package fault names the kinds of error that a client may see. An error with a Kind is public: its text is written
// for the client. Every other error is internal; its text stays in the log.
package fault

import (
	"errors"
	"fmt"
)

// Kind is the code of an error for clients, in a user error or a GraphQL error.
type Kind string

// The kinds, and what the client should do.
const (
	InvalidInput        Kind = "INVALID_INPUT"        // correct the request
	Unauthenticated     Kind = "UNAUTHENTICATED"      // sign in
	TokenExpired        Kind = "TOKEN_EXPIRED"        // get a new token
	Forbidden           Kind = "FORBIDDEN"            // ask for access
	NotFound            Kind = "NOT_FOUND"            // believe it
	Conflict            Kind = "CONFLICT"             // read again, then decide
	StaleState          Kind = "STALE_STATE"          // the same: the workflow has moved on
	RevisionConflict    Kind = "REVISION_CONFLICT"    // the same: another text is the last one
	LostRun             Kind = "LOST_RUN"             // stop working on the run: it is over, or another worker has it
	IllegalTransition   Kind = "ILLEGAL_TRANSITION"   // the graph has no such edge
	TerminalState       Kind = "TERMINAL_STATE"       // nothing leaves this state
	DuplicateName       Kind = "DUPLICATE_NAME"       // choose another name, or use the workflow that has it
	DuplicateGeneration Kind = "DUPLICATE_GENERATION" // the answer was charged to another call: book nothing
	IdempotencyMismatch Kind = "IDEMPOTENCY_MISMATCH" // the key was used for something else
	GateClosed          Kind = "GATE_CLOSED"          // decide at the gate: the edge needs an approval
	FourEyes            Kind = "FOUR_EYES"            // another person must approve
	NothingApproved     Kind = "NOTHING_APPROVED"     // approve at least one
	SelectionTooSmall   Kind = "SELECTION_TOO_SMALL"  // select more
	SelectionTooLarge   Kind = "SELECTION_TOO_LARGE"  // select fewer
	TargetUnusable      Kind = "TARGET_UNUSABLE"      // test the target, or choose another one
	BudgetExhausted     Kind = "BUDGET_EXHAUSTED"     // stop spending
	BudgetHeld          Kind = "BUDGET_HELD"          // wait for calls in flight
	PriceUnknown        Kind = "PRICE_UNKNOWN"        // add a price
	BodyTooLarge        Kind = "BODY_TOO_LARGE"       // send less at once
	TooManyTokens       Kind = "TOO_MANY_TOKENS"      // the same: the text of the operation is too long
	TooDeep             Kind = "TOO_DEEP"             // ask for fewer fields inside each other
	TooManyAliases      Kind = "TOO_MANY_ALIASES"     // ask for a list, not for each item
	TooManyRootFields   Kind = "TOO_MANY_ROOT_FIELDS" // send several operations
	TooCostly           Kind = "TOO_COSTLY"           // ask for smaller pages
	TooManyErrors       Kind = "TOO_MANY_ERRORS"      // correct the errors before this one first
	TimedOut            Kind = "TIMED_OUT"            // ask for less; of a mutation, read whether it was done
	RateLimited         Kind = "RATE_LIMITED"         // try again later
	Unavailable         Kind = "UNAVAILABLE"          // try again later
	Internal            Kind = "INTERNAL"             // quote the request id

	// PersistedQueryNotFound is the word of the protocol of automatic persisted queries: send the query with its hash.
	PersistedQueryNotFound Kind = "PERSISTED_QUERY_NOT_FOUND"
)

// Kinds returns every kind.
func Kinds() []Kind {
	return []Kind{
		InvalidInput,
		Unauthenticated,
		TokenExpired,
		Forbidden,
		NotFound,
		Conflict,
		StaleState,
		RevisionConflict,
		LostRun,
		IllegalTransition,
		TerminalState,
		DuplicateName,
		DuplicateGeneration,
		IdempotencyMismatch,
		GateClosed,
		FourEyes,
		NothingApproved,
		SelectionTooSmall,
		SelectionTooLarge,
		TargetUnusable,
		BudgetExhausted,
		BudgetHeld,
		PriceUnknown,
		BodyTooLarge,
		TooManyTokens,
		TooDeep,
		TooManyAliases,
		TooManyRootFields,
		TooCostly,
		TooManyErrors,
		TimedOut,
		RateLimited,
		Unavailable,
		Internal,
		PersistedQueryNotFound,
	}
}

// Error is a public error without data of its own. Errors that carry data are types of the package that has it;
// they have a Kind method too.
type Error struct {
	kind    Kind
	message string
	field   []string
}

// New makes a public error. The message is for the client: a sentence that says what to do.
func New(kind Kind, format string, args ...any) *Error {
	return &Error{kind: kind, message: fmt.Sprintf(format, args...)}
}

// Invalid makes an INVALID_INPUT error about one field of the input, named from the outside in, as
// "company.url".
func Invalid(field []string, format string, args ...any) *Error {
	return &Error{kind: InvalidInput, message: fmt.Sprintf(format, args...), field: field}
}

// Missing makes a NOT_FOUND error about one field of the input.
func Missing(field []string, thing string) *Error {
	return &Error{kind: NotFound, message: fmt.Sprintf("There is no such %s.", thing), field: field}
}

// Error is the sentence for the client.
func (e *Error) Error() string { return e.message }

// Kind is the code for the client.
func (e *Error) Kind() Kind { return e.kind }

// Field is the path of the input field at fault, or nil.
func (e *Error) Field() []string { return e.field }

// At returns the error with a path of the input field at fault.
func (e *Error) At(field ...string) *Error {
	at := *e
	at.field = field
	return &at
}

// KindOf returns the kind of the first public error in err's chain, INTERNAL when there is none, and "" for nil.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	var public interface{ Kind() Kind }
	if errors.As(err, &public) {
		return public.Kind()
	}
	return Internal
}

// FieldOf returns the path of the input field that err is about, or nil.
func FieldOf(err error) []string {
	var about interface{ Field() []string }
	if errors.As(err, &about) {
		return about.Field()
	}
	return nil
}
