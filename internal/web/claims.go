package web

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/publicid"
	"github.com/infin8content/engine/internal/spelling"
)

const (
	maxActorRunes   = 200
	reservedActor   = "worker:" // begins the names of the engine's own workers in the journals
	reservedKey     = "key:"    // begins the names of API keys in the journals
	canonicalLength = len("00000000-0000-0000-0000-000000000000")
	maxRoleNames    = 1000 // in a token
)

// ClaimNames has the names of the claims with the organization and the role. A name is that of a claim, such as
// "https://example.com/org", or a JSON pointer (RFC 6901) to a claim inside another one, such as "/realm_access/roles".
// The zero value is org and role.
type ClaimNames struct {
	Organization, Role string
	// Workflow is the claim with the only workflow that the caller reaches; "" when tokens have none.
	Workflow string
	// Roles maps the issuer's names of roles to ours. Empty maps each of our names to itself. Of several roles in a token
	// the last one in the order of caller.Roles counts: never one with fewer permissions than another.
	Roles map[string]caller.Role
	// lists permits a list of roles.
	lists bool
}

// secretNames has the claims of the tokens that are signed with our secret.
var secretNames = ClaimNames{Organization: "org", Role: "role", Workflow: "workflow"}

func (n ClaimNames) withDefaults() ClaimNames {
	n.Organization = cmp.Or(n.Organization, secretNames.Organization)
	n.Role = cmp.Or(n.Role, secretNames.Role)
	n.lists = true
	return n
}

// caller reads the caller from the claims. Its errors repeat nothing of the token.
func (n ClaimNames) caller(claims map[string]any) (caller.Caller, error) {
	actor, _ := claims["sub"].(string)
	if err := checkActor(actor); err != nil {
		return caller.Caller{}, err
	}
	// uuid.Parse accepts four spellings; an organization has one.
	text, _ := claimAt(claims, n.Organization).(string)
	organization, err := uuid.Parse(text)
	if err != nil || len(text) != canonicalLength || organization == uuid.Nil {
		return caller.Caller{}, refused("the organization (" + n.Organization + ") is not a uuid")
	}
	role, found := n.role(claimAt(claims, n.Role))
	if !found {
		return caller.Caller{}, refused(
			fmt.Sprintf("the role (%s) is none of %s, and no name for one", n.Role, caller.RoleNames()))
	}
	flow, err := n.workflow(claims)
	if err != nil {
		return caller.Caller{}, err
	}
	return caller.Caller{
		Actor:          actor,
		OrganizationID: organization,
		Role:           role,
		WorkflowID:     flow,
	}, nil
}

// workflow returns the workflow that a token is bound to; the nil UUID for none. It refuses a claim that names none, so
// that a mistake never widens a token.
func (n ClaimNames) workflow(claims map[string]any) (uuid.UUID, error) {
	value := claimAt(claims, n.Workflow)
	if n.Workflow == "" || value == nil {
		return uuid.Nil, nil
	}
	text, _ := value.(string)
	flow, err := publicid.ID(text).As(publicid.Workflow)
	if err != nil {
		return uuid.Nil, refused("the workflow (" + n.Workflow + ") is no id of a workflow: wf_…")
	}
	return flow, nil
}

// role returns our role for the value of a claim.
func (n ClaimNames) role(value any) (last caller.Role, found bool) {
	order := caller.Roles()
	names, isList := value.([]any)
	if !isList || !n.lists {
		names = []any{value}
	}
	for _, name := range names[:min(len(names), maxRoleNames)] {
		text, _ := name.(string)
		role, known := n.Roles[text]
		if len(n.Roles) == 0 {
			role, known = caller.Role(text), caller.Role(text).Valid()
		}
		if known && (!found || slices.Index(order, role) > slices.Index(order, last)) {
			last, found = role, true
		}
	}
	return last, found
}

// claimAt returns the claim with a name, or the one that a pointer selects; nil when there is none.
func claimAt(claims map[string]any, name string) any {
	if !strings.HasPrefix(name, "/") {
		return claims[name]
	}
	var at any = claims
	unescape := strings.NewReplacer("~1", "/", "~0", "~")
	for part := range strings.SplitSeq(name[1:], "/") {
		switch within := at.(type) {
		case map[string]any:
			at = within[unescape.Replace(part)]
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(within) || part != strconv.Itoa(i) {
				return nil
			}
			at = within[i]
		default:
			return nil
		}
	}
	return at
}

// reservedNames are the actors that the engine and its commands write into the journals.
var reservedNames = []string{"sweeper", "operator"}

func checkActor(actor string) error {
	switch {
	case strings.TrimSpace(actor) == "":
		return refused("the actor (sub) is empty")
	case !spelling.IsClean(actor): // It is not cleaned: two subjects of an issuer would become one actor.
		return refused("the actor (sub) has a control, direction or invisible character, a space around it, or is not " +
			"composed (NFC)")
	case utf8.RuneCountInString(actor) > maxActorRunes:
		return refused(fmt.Sprintf("the actor (sub) has more than %d characters", maxActorRunes))
	case strings.HasPrefix(actor, reservedActor), strings.HasPrefix(actor, reservedKey):
		return refused(fmt.Sprintf("the actor (sub) begins with %q or %q, which are reserved for the engine",
			reservedActor, reservedKey))
	case slices.Contains(reservedNames, actor):
		return refused(fmt.Sprintf("the actor (sub) is %q, which is reserved for the engine", actor))
	}
	return nil
}

// CheckRoles returns the roles of an issuer for ClaimNames, or an error for a wrong one.
func CheckRoles(names map[string]string) (map[string]caller.Role, error) {
	roles := map[string]caller.Role{}
	for name, text := range names {
		role := caller.Role(text)
		if !role.Valid() || name == "" {
			return nil, fmt.Errorf("%q stands for %q, which is none of %s", name, text, caller.RoleNames())
		}
		roles[name] = role
	}
	return roles, nil
}
