// Package caller describes the caller of a request or a worker: actor, organization and role. It carries the caller in
// a context and defines the permissions of each role. It reads no tokens; package web does.
package caller

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Role is a named set of permissions. A caller has one role in its organization.
type Role string

// The roles. The table in permission.go has their permissions.
const (
	Viewer   Role = "VIEWER"   // reads workflows, results and sums
	Worker   Role = "WORKER"   // a program that works on steps from outside
	Auditor  Role = "AUDITOR"  // reads everything and changes nothing
	Operator Role = "OPERATOR" // changes workflows
	Finance  Role = "FINANCE"  // reads and corrects money, and sets limits and prices
	Admin    Role = "ADMIN"    // has all permissions
)

// Valid reports whether r is one of the roles.
func (r Role) Valid() bool { return len(r.permissions()) > 0 }

// Permissions returns the permissions of r, in a fixed order. An unknown role has none.
func (r Role) Permissions() []Permission { return slices.Clone(r.permissions()) }

// permissions is Permissions without a copy: every protected field of an answer asks for it.
func (r Role) permissions() []Permission {
	for _, row := range table {
		if row.role == r {
			return row.permissions
		}
	}
	return nil
}

// Has reports whether r has the permission. An unknown role has none.
func (r Role) Has(p Permission) bool { return slices.Contains(r.permissions(), p) }

// Covers reports whether r has all permissions of other. It is false when one of the two roles is unknown.
func (r Role) Covers(other Role) bool {
	return other.Valid() && !slices.ContainsFunc(other.Permissions(), func(p Permission) bool { return !r.Has(p) })
}

// Caller is the caller of a request. The zero Caller is not authenticated: it has no organization and no role.
type Caller struct {
	// Actor is the name in the journals: the token's subject, "key:" and the name of an API key, or "worker:…".
	Actor          string
	OrganizationID uuid.UUID
	Role           Role
	// KeyID is the caller's API key; the nil UUID when the caller has signed in otherwise.
	KeyID uuid.UUID
	// WorkflowID is the only workflow that the caller reaches; the nil UUID when its key or token is bound to none.
	WorkflowID uuid.UUID
}

// Known reports whether the caller is authenticated.
func (c Caller) Known() bool { return c.Actor != "" && c.OrganizationID != uuid.Nil && c.Role.Valid() }

// Permissions returns the permissions of the caller: those of its role, and without those for the whole organization
// when the caller is bound to a workflow.
func (c Caller) Permissions() []Permission {
	return slices.DeleteFunc(c.Role.Permissions(), func(p Permission) bool { return !c.Has(p) })
}

// Has reports whether the caller has the permission.
func (c Caller) Has(p Permission) bool {
	return c.Role.Has(p) && (c.WorkflowID == uuid.Nil || !slices.Contains(ofOrganization, p))
}

// Denied returns the message for a caller that lacks the permission.
func (c Caller) Denied(p Permission) string {
	if c.Role.Has(p) {
		return fmt.Sprintf("This needs the permission %s, which a key or token for one workflow never has.", p)
	}
	return p.Denied(c.Role)
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
