// Package caller says who is asking: the actor, the organization and the role of one request or one worker.
// It carries the answer in a context and decides nothing else; tokens are read in web, rights are asked here.
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

// Caller is who asks. The zero Caller is nobody: it has no organization and includes no role.
type Caller struct {
	// Actor names the person or the program as the journals will: the token's subject, "key:" and the name of an API key,
	// or "worker:…".
	Actor          string
	OrganizationID uuid.UUID
	Role           Role
	// KeyID is the API key that the caller has signed in with; the nil UUID for all others.
	KeyID uuid.UUID
}

// Known reports whether somebody was authenticated.
func (c Caller) Known() bool { return c.Actor != "" && c.OrganizationID != uuid.Nil && c.Role.Valid() }

// Misleads reports a character that changes how an actor reads in a journal without being seen: a control or a format
// character, but for the two joiners, which scripts and emoji are written with. Neither a token's subject nor the name
// of an API key may have one.
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

// WithEnd returns a context that says when the caller's authority ends: when its token does.
func WithEnd(ctx context.Context, at time.Time) context.Context {
	return context.WithValue(ctx, endKey{}, at)
}

// End returns when the caller's authority ends. ends is false when nobody has said that it does.
func End(ctx context.Context) (at time.Time, ends bool) {
	at, ends = ctx.Value(endKey{}).(time.Time)
	return at, ends
}
