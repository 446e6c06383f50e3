// Package caller describes the caller of a request or a worker: actor, organization and role. It carries the caller in
// a context and compares roles. It reads no tokens; package web does.
package caller

import (
	"context"
	"time"
	"unicode"

	"github.com/google/uuid"
)

// Role is what a caller may do in its organization. Each role may do all that the one below it may.
type Role string

// The roles, from the least to the most.
const (
	Viewer   Role = "VIEWER"   // reads
	Operator Role = "OPERATOR" // changes workflows
	Admin    Role = "ADMIN"    // changes workflows, money and limits
)

var rank = map[Role]int{Viewer: 1, Operator: 2, Admin: 3}

// Valid reports whether r is one of the roles.
func (r Role) Valid() bool { return rank[r] > 0 }

// Includes reports whether r may do what needs the role needed. An unknown role includes nothing.
func (r Role) Includes(needed Role) bool { return r.Valid() && rank[r] >= rank[needed] }

// Caller is the caller of a request. The zero Caller is not authenticated: it has no organization and no role.
type Caller struct {
	// Actor is the name in the journals: the token's subject, "key:" and the name of an API key, or "worker:…".
	Actor          string
	OrganizationID uuid.UUID
	Role           Role
	// KeyID is the caller's API key; the nil UUID when the caller has signed in otherwise.
	KeyID uuid.UUID
}

// Known reports whether the caller is authenticated.
func (c Caller) Known() bool { return c.Actor != "" && c.OrganizationID != uuid.Nil && c.Role.Valid() }

// Misleads reports a character that changes the look of an actor in a journal and is invisible: a control or a format
// character. The two joiners are allowed, since scripts and emoji need them. A token's subject and the name of an API
// key must not have one.
func Misleads(r rune) bool {
	const nonJoiner, joiner = '\u200c', '\u200d'
	return unicode.In(r, unicode.Cc, unicode.Cf) && r != nonJoiner && r != joiner
}

type contextKey struct{}

// With returns a context that carries the caller.
func With(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, contextKey{}, c)
}

// From returns the caller that the context carries, or the zero Caller.
func From(ctx context.Context) Caller {
	c, _ := ctx.Value(contextKey{}).(Caller)
	return c
}

type endKey struct{}

// WithEnd returns a context with the end of the caller's authority, which is the end of its token.
func WithEnd(ctx context.Context, at time.Time) context.Context {
	return context.WithValue(ctx, endKey{}, at)
}

// End returns the end of the caller's authority. ends is false when it has none.
func End(ctx context.Context) (at time.Time, ends bool) {
	at, ends = ctx.Value(endKey{}).(time.Time)
	return at, ends
}
