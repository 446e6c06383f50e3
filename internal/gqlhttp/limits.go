package gqlhttp

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/infin8content/engine/internal/fault"
)

// largestPage is the greatest page that resolvers allow.
const largestPage = 100

// Limits are how much one request may ask for. A field that is 0 has its default. What is counted is what is written,
// each fragment as often as it is spread; what is inside of introspection has no depth, since the schema bounds it.
type Limits struct {
	// Tokens is the length of the text in words and signs of GraphQL, comments included: 2 000, three times the longest
	// operation that a person would write.
	Tokens int
	// Depth is how many fields may stand inside each other: 12.
	Depth int
	// Aliases is how many fields may have a name of the client's choice: 30.
	Aliases int
	// RootFields is how many fields of Query or Mutation one operation may have: 20.
	RootFields int
	// Cost is how many objects the answer may have, roughly; see costOf: 1 000.
	Cost int
	// Errors is how many errors an answer has at most: 20.
	Errors int
	// Page is the greatest page of a list: 100, and never more.
	Page int
	// QueryTime is how long a query may take: 5 s.
	QueryTime time.Duration
	// MutationTime is how long a mutation may take: 15 s. What it has not committed by then is undone.
	MutationTime time.Duration
}

func (l Limits) withDefaults() Limits {
	return Limits{
		Tokens: cmp.Or(l.Tokens, 2000), Depth: cmp.Or(l.Depth, 12), Aliases: cmp.Or(l.Aliases, 30),
		RootFields: cmp.Or(l.RootFields, 20), Cost: cmp.Or(l.Cost, 1000), Errors: cmp.Or(l.Errors, 20),
		Page:      cmp.Or(l.Page, largestPage),
		QueryTime: cmp.Or(l.QueryTime, 5*time.Second), MutationTime: cmp.Or(l.MutationTime, 15*time.Second),
	}
}

// Check returns nil when each limit is given and can be worked with.
func (l Limits) Check() error {
	for _, value := range []int{l.Tokens, l.Depth, l.Aliases, l.RootFields, l.Cost, l.Errors, l.Page} {
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

// excessError is what an operation is refused with that asks for more than a limit allows. Nothing was executed.
type excessError struct {
	kind    fault.Kind
	message string
	// found is what was counted, or one more than the limit where counting stopped there.
	found, limit int
}

func (e *excessError) Error() string    { return e.message }
func (e *excessError) Kind() fault.Kind { return e.kind }

// exceeds returns an error when found is more than limit. The format has a place for both.
func exceeds(kind fault.Kind, found, limit int, format string) error {
	if found <= limit {
		return nil
	}
	return &excessError{kind: kind, message: fmt.Sprintf(format, found, limit), found: found, limit: limit}
}
