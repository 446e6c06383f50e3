package caller

import (
	"fmt"
	"slices"
	"strings"
)

// Permission is one thing that a role allows. The schema, the HTTP routes and the engine ask for permissions, never for
// a role.
type Permission string

// The permissions.
const (
	Read     Permission = "READ"      // reads workflows, results and their money, of all or of those in reach
	ReadAll  Permission = "READ_ALL"  // reads all workflows, and the sums, prices and settings of the organization
	Actors   Permission = "ACTORS"    // reads the names of actors, and their reasons
	Calls    Permission = "CALLS"     // reads all calls, ledgers and proposed prices
	OwnCalls Permission = "OWN_CALLS" // reads the calls that the caller itself reserved
	Alerts   Permission = "ALERTS"    // reads alerts
	Oversee  Permission = "OVERSEE"   // reads API keys, the webhook and its deliveries
	Verify   Permission = "VERIFY"    // has the books of the organization verified, and reads the results
	Export   Permission = "EXPORT"    // exports journal, ledger and all other records
	Explore  Permission = "EXPLORE"   // reads the schema and the examples of the playground, where they are closed
	Operate  Permission = "OPERATE"   // creates, starts, retries, cancels, moves, edits and reviews workflows
	Drive    Permission = "DRIVE"     // takes runs, renews their leases and ends them
	Spend    Permission = "SPEND"     // reserves, settles and releases calls
	Book     Permission = "BOOK"      // records calls and corrects their cost
	Limits   Permission = "LIMITS"    // sets limits
	Prices   Permission = "PRICES"    // imports, accepts and rejects prices
	Keys     Permission = "KEYS"      // creates and revokes API keys
	Settings Permission = "SETTINGS"  // sets the name, gates, the time zone and the webhook
)

// all has every permission, in the order above.
var all = []Permission{
	Read, ReadAll, Actors, Calls, OwnCalls, Alerts, Oversee, Verify, Export, Explore,
	Operate, Drive, Spend, Book, Limits, Prices, Keys, Settings,
}

// ofOrganization has the permissions that a caller with one workflow never has: they are about more than a workflow.
var ofOrganization = []Permission{ReadAll, Alerts, Oversee, Verify, Export, Prices, Keys, Settings}

// table defines the roles. A role with all permissions of another one comes after it. Of several roles in a token the
// last one counts.
var table = []struct {
	role        Role
	permissions []Permission
}{
	{Viewer, []Permission{Read, ReadAll}},
	{Worker, []Permission{Read, OwnCalls, Drive, Spend}},
	{Auditor, []Permission{Read, ReadAll, Actors, Calls, OwnCalls, Alerts, Oversee, Verify, Export}},
	{Operator, []Permission{Read, ReadAll, Actors, Calls, OwnCalls, Alerts, Operate, Drive}},
	{Finance, []Permission{Read, ReadAll, Actors, Calls, OwnCalls, Alerts, Export, Book, Limits, Prices}},
	{Admin, all},
}

// Permissions returns all permissions, in a fixed order.
func Permissions() []Permission { return slices.Clone(all) }

// Roles returns all roles. A role with all permissions of another one comes after it.
func Roles() []Role {
	roles := make([]Role, 0, len(table))
	for _, row := range table {
		roles = append(roles, row.role)
	}
	return roles
}

// Roles returns the roles that have the permission.
func (p Permission) Roles() []Role {
	return slices.DeleteFunc(Roles(), func(r Role) bool { return !r.Has(p) })
}

// Denied returns the message for a caller whose role lacks the permission. It names the roles that have it.
func (p Permission) Denied(role Role) string {
	return fmt.Sprintf("This needs the permission %s. Roles with it: %s. Yours is %s.", p, join(p.Roles()), role)
}

// join returns the names of roles, separated by commas.
func join(roles []Role) string {
	names := make([]string, 0, len(roles))
	for _, r := range roles {
		names = append(names, string(r))
	}
	return strings.Join(names, ", ")
}

// RoleNames returns the names of all roles, separated by commas.
func RoleNames() string { return join(Roles()) }
