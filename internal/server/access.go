package server

import (
	"cmp"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/web"
)

// SyntheticNotice says wherever answers of the sandbox are shown that they are synthetic.
const SyntheticNotice = "Answers are SYNTHETIC: the sandbox stands in for the model provider (no OPENROUTER_API_KEY)."

// The values of AccessSettings.
const (
	accessAll    = "all"
	accessAdmins = "admins"
	accessNone   = "none"
	accessOff    = "off"
	// accessMembers is for callers with a token; of the console, for people who sign in at the issuer.
	accessMembers = "members"
)

// homePlayground is the value of AccessSettings.Home that makes / show the playground.
const homePlayground = "playground"

// deprecatedAccess has the former names of the values. Deployments may still use them.
var deprecatedAccess = map[string]string{"everybody": accessAll, "nobody": accessNone}

// OpenToAll gives all callers access where the settings say nothing.
func (s *AccessSettings) OpenToAll() { s.fill(accessAll) }

// fill sets the values where the settings say nothing, and replaces the former names of values. Every caller of the API
// has signed in, so all of them may read the schema.
func (s *AccessSettings) fill(playground string) {
	s.Playground, s.Introspection = cmp.Or(s.Playground, playground), cmp.Or(s.Introspection, accessAll)
	for _, value := range []*string{&s.Playground, &s.Introspection} {
		*value = cmp.Or(deprecatedAccess[*value], *value)
	}
	s.Console = cmp.Or(deprecatedAccess[s.Console], s.Console, accessAll)
}

// mayReadSchema reports whether a caller may read the schema.
func (s AccessSettings) mayReadSchema(who caller.Caller) bool {
	switch s.Introspection {
	case accessAll:
		return true
	case accessAdmins:
		return who.Has(caller.Explore)
	default:
		return false
	}
}

// page returns the playground, or nil when there is none.
func (s AccessSettings) page(synthetic bool) *web.Playground {
	if s.Playground == accessOff {
		return nil
	}
	page := &web.Playground{AdminsOnly: s.Playground == accessAdmins, MembersOnly: s.Playground == accessMembers}
	if synthetic {
		page.Notice = SyntheticNotice
	}
	return page
}

// console returns the web app, or nil when there is none.
func (s Settings) console() *web.Console {
	if s.Console == accessOff {
		return nil
	}
	console := &web.Console{
		Scopes:        s.ConsoleScopes,
		MembersOnly:   s.Console == accessMembers,
		HasPlayground: s.Playground != accessOff,
	}
	if s.ConsoleClientID != "" {
		console.Issuer, console.ClientID = s.Issuer, s.ConsoleClientID
	}
	if s.Sandbox {
		console.Notice = SyntheticNotice
	}
	return console
}
