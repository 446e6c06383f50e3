package gqlhttp

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/infin8content/engine/internal/fault"
)

// largestPage is the greatest page that the resolvers allow.
const largestPage = 100

// Limits says how much one request may ask for. A field that is 0 has its default. A fragment counts as often as it is
// spread. Introspection has no depth: the schema bounds it.
type Limits struct {
	// Tokens is the number of GraphQL tokens in the text, comments included. Default 2 000, three times the longest
	// operation that a person writes.
	Tokens int
	// Depth is the number of fields inside each other. Default 12.
	Depth int
	// Aliases is the number of fields with an alias. Default 30.
	Aliases int
	// RootFields is the number of fields of Query or Mutation in one operation. Default 20.
	RootFields int
	// Complexity is roughly the number of objects in the answer; complexityCounter.count defines it. Default 1 000.
	Complexity int
	// Errors is the number of errors in an answer. Default 20.
	Errors int
	// Page is the greatest page of a list. Default 100, which is also the most.
	Page int
	// QueryTime ends a query. Default 5 s.
	QueryTime time.Duration
	// MutationTime ends a mutation and rolls back what it has not committed. Default 15 s.
	MutationTime time.Duration
}

func (l Limits) withDefaults() Limits {
	return Limits{
		Tokens:       cmp.Or(l.Tokens, 2000),
		Depth:        cmp.Or(l.Depth, 12),
		Aliases:      cmp.Or(l.Aliases, 30),
		RootFields:   cmp.Or(l.RootFields, 20),
		Complexity:   cmp.Or(l.Complexity, 1000),
		Errors:       cmp.Or(l.Errors, 20),
		Page:         cmp.Or(l.Page, largestPage),
		QueryTime:    cmp.Or(l.QueryTime, 5*time.Second),
		MutationTime: cmp.Or(l.MutationTime, 15*time.Second),
	}
}

// Check returns an error if a limit is missing or makes no sense.
func (l Limits) Check() error {
	for _, value := range []int{l.Tokens, l.Depth, l.Aliases, l.RootFields, l.Complexity, l.Errors, l.Page} {
		if value <= 0 {
			return fmt.Errorf("a limit of operations is %d: it must be 1 or more", value)
		}
	}
	if l.Page > largestPage {
		return fmt.Errorf("a page of %d items is more than the %d that the schema allows", l.Page, largestPage)
	}
	if l.QueryTime <= 0 || l.MutationTime <= 0 {
		return errors.New("a query and a mutation need some time")
	}
	return nil
}

// limitError refuses an operation that asks for more than a limit allows. No part of the operation was executed.
type limitError struct {
	kind    fault.Kind
	message string
	// found is the number that was counted, or one more than the limit where counting stopped.
	found, limit int
}

func (e *limitError) Error() string    { return e.message }
func (e *limitError) Kind() fault.Kind { return e.kind }

// checkLimit returns an error if found is more than limit. The format has a verb for each.
func checkLimit(kind fault.Kind, found, limit int, format string) error {
	if found <= limit {
		return nil
	}
	return &limitError{
		kind:    kind,
		message: fmt.Sprintf(format, found, limit),
		found:   found,
		limit:   limit,
	}
}
