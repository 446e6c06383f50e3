package gqlhttp

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// introspects reports whether the root of a valid operation asks about the schema. __typename does not count: it is the
// name of a type that every answer shows.
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

// ruleSet is the validation rules of the specification: for documents whose strings are short, and for the others. The
// rules with suggestions compare a string that stands for an enum value with all values, which takes time for a long
// one.
type ruleSet struct{ short, long []validator.Rule }

var (
	suggesting = ruleSet{
		short: sorted(rules.NewDefaultRules()),
		long:  sorted(replace(rules.ValuesOfCorrectTypeRule, rules.ValuesOfCorrectTypeRuleWithoutSuggestions)),
	}
	// withoutSuggestions has no rule that suggests a name of the schema.
	withoutSuggestions = func() ruleSet {
		all := sorted(replace(
			rules.FieldsOnCorrectTypeRule, rules.FieldsOnCorrectTypeRuleWithoutSuggestions,
			rules.KnownArgumentNamesRule, rules.KnownArgumentNamesRuleWithoutSuggestions,
			rules.KnownTypeNamesRule, rules.KnownTypeNamesRuleWithoutSuggestions,
			rules.ScalarLeafsRule, rules.ScalarLeafsRuleWithoutSuggestions,
			rules.ValuesOfCorrectTypeRule, rules.ValuesOfCorrectTypeRuleWithoutSuggestions,
		))
		return ruleSet{short: all, long: all}
	}()
)

// replace returns the default rules with the second rule of each pair in the place of the first.
func replace(pairs ...validator.Rule) *rules.Rules {
	set := rules.NewDefaultRules()
	for i := 0; i < len(pairs); i += 2 {
		set.ReplaceRule(pairs[i].Name, pairs[i+1].RuleFunc)
	}
	return set
}

// sorted returns the rules by name, so that errors come in the same order each time.
func sorted(set *rules.Rules) []validator.Rule {
	var all []validator.Rule
	for name, function := range set.GetInner() {
		all = append(all, validator.Rule{Name: name, RuleFunc: function})
	}
	slices.SortFunc(all, func(a, b validator.Rule) int { return strings.Compare(a.Name, b.Name) })
	return all
}
