package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/web"
)

// syntheticNotice is what is said wherever answers of the sandbox are shown.
const syntheticNotice = "Answers are SYNTHETIC: the sandbox stands in for the model provider (no OPENROUTER_API_KEY)."

// The audiences.
const (
	everybody = "everybody"
	admins    = "admins"
	nobody    = "nobody"
	off       = "off"
)

// audienceSettings are the knobs for who is shown what the API is like. It is not secret, and whoever attacks would
// like to know it.
type audienceSettings struct {
	Playground    string `placeholder:"admins" help:"Who may use the playground at /: everybody (the demo), admins, or off."`
	Introspection string `placeholder:"admins" help:"Who may read the schema: everybody (the demo), admins, or nobody."`
}

// orElse fills in what was not set.
func (a *audienceSettings) orElse(audience string) {
	a.Playground, a.Introspection = cmp.Or(a.Playground, audience), cmp.Or(a.Introspection, audience)
}

// check returns nil when the audiences are known ones.
func (a audienceSettings) check() error {
	if err := oneOf("playground", a.Playground, everybody, admins, off); err != nil {
		return err
	}
	return oneOf("introspection", a.Introspection, everybody, admins, nobody)
}

func oneOf(flag, value string, words ...string) error {
	if slices.Contains(words, value) {
		return nil
	}
	return fmt.Errorf("--%s must be one of %s", flag, strings.Join(words, ", "))
}

// describe reports whether a caller may read the schema.
func (a audienceSettings) describe(who caller.Caller) bool {
	switch a.Introspection {
	case everybody:
		return true
	case admins:
		return who.Role.Includes(caller.Admin)
	default:
		return false
	}
}

// page is the playground, or nil when there is none.
func (a audienceSettings) page(synthetic bool) *web.Playground {
	if a.Playground == off {
		return nil
	}
	page := &web.Playground{AdminsOnly: a.Playground != everybody}
	if synthetic {
		page.Notice = syntheticNotice
	}
	return page
}
