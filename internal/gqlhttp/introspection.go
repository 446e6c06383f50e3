package gqlhttp

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// introspects reports whether a selection at the root of a valid operation asks about the schema. The name of a type,
// __typename, is no secret: every answer shows it.
func introspects(selections ast.SelectionSet) bool {
	seen := map[string]bool{}
	var walk func(ast.SelectionSet) bool
	walk = func(selections ast.SelectionSet) bool {
		return slices.ContainsFunc(selections, func(selection ast.Selection) bool {
			switch selection := selection.(type) {
			case *ast.Field:
				return isIntrospection(selection)
			case *ast.InlineFragment:
				return walk(selection.SelectionSet)
			case *ast.FragmentSpread:
				if seen[selection.Name] {
					return false
				}
				seen[selection.Name] = true
				return walk(selection.Definition.SelectionSet)
			}
			return false
		})
	}
	return walk(selections)
}

// wording is the rules of the specification and a limit for the depth of introspection, by how much they say of what is
// wrong: one set for texts that are short, and one for the others. Where a text stands that is no value of an enum, the
// helpful rules look for the value that it resembles, and the longer it is, the longer that takes.
type wording struct{ short, long []validator.Rule }

var (
	helpful = wording{
		short: inOrder(rules.NewDefaultRules()),
		long:  inOrder(without(rules.ValuesOfCorrectTypeRule, rules.ValuesOfCorrectTypeRuleWithoutSuggestions)),
	}
	// silent suggests nothing: what a wrong name resembles is a name of the schema.
	silent = func() wording {
		all := inOrder(without(
			rules.FieldsOnCorrectTypeRule, rules.FieldsOnCorrectTypeRuleWithoutSuggestions,
			rules.KnownArgumentNamesRule, rules.KnownArgumentNamesRuleWithoutSuggestions,
			rules.KnownTypeNamesRule, rules.KnownTypeNamesRuleWithoutSuggestions,
			rules.ScalarLeafsRule, rules.ScalarLeafsRuleWithoutSuggestions,
			rules.ValuesOfCorrectTypeRule, rules.ValuesOfCorrectTypeRuleWithoutSuggestions,
		))
		return wording{short: all, long: all}
	}()
)

// without is the default rules with the first of each pair replaced by the second.
func without(pairs ...validator.Rule) *rules.Rules {
	set := rules.NewDefaultRules()
	for i := 0; i < len(pairs); i += 2 {
		set.ReplaceRule(pairs[i].Name, pairs[i+1].RuleFunc)
	}
	return set
}

func inOrder(set *rules.Rules) []validator.Rule {
	var all []validator.Rule
	for name, function := range set.GetInner() {
		all = append(all, validator.Rule{Name: name, RuleFunc: function})
	}
	slices.SortFunc(all, func(a, b validator.Rule) int { return strings.Compare(a.Name, b.Name) })
	return all
}
