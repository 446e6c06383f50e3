package gqlhttp

import (
	"encoding/json"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/infin8content/engine/internal/fault"
)

const (
	// mutationCost is what a mutation costs beside its answer: about ten rows are read or written.
	mutationCost = 10
	// unsizedList is how many items a list is expected to have that is no page.
	unsizedList = 10
	// introspectionShare is how many objects of the schema cost as much as one that is read from the database.
	introspectionShare = 10
)

// Cost is what an answer says in extensions.cost about its operation.
type Cost struct {
	// Requested is what the operation costs.
	Requested int `json:"requested"`
	// Limit is what an operation may cost.
	Limit int `json:"limit"`
	// Remaining is how much more this operation could have asked for.
	Remaining int `json:"remaining"`
}

// costs are what a selection amounts to: what is there once, and what is there for each item of the list that it is
// selected from.
type costs struct{ once, each int }

func (c *costs) add(other costs) {
	c.once = min(c.once+other.once, countless)
	c.each = min(c.each+other.each, countless)
}

// counter computes the cost of one operation. Like survey it looks at each selection once.
type counter struct {
	schema    *ast.Schema
	sizes     map[string]int
	variables map[string]any
	page      int
	fragments map[*ast.FragmentDefinition]costs
	tooLarge  int // the first page that is greater than page, 0 when there is none
}

// costOf returns what an operation costs: 1 for each object of the answer, at most. A list counts as many as its first
// says, one that has none as 10; a list inside a list multiplies. A mutation costs 10 more. Leaves cost nothing, and a
// tenth of an object is counted for each object of the schema. All branches of an abstract type are counted.
func (c *counter) costOf(operation *ast.OperationDefinition) int {
	all := c.set(operation.SelectionSet)
	return max(1, min(all.once+times(unsizedList, all.each), countless))
}

func (c *counter) set(selections ast.SelectionSet) costs {
	var sum costs
	for _, selection := range selections {
		switch selection := selection.(type) {
		case *ast.Field:
			if len(selection.SelectionSet) > 0 {
				sum.add(c.field(selection))
			}
		case *ast.InlineFragment:
			sum.add(c.set(selection.SelectionSet))
		case *ast.FragmentSpread:
			sum.add(c.fragment(selection.Definition))
		}
	}
	return sum
}

func (c *counter) fragment(definition *ast.FragmentDefinition) costs {
	known, found := c.fragments[definition]
	if !found {
		known = c.set(definition.SelectionSet)
		if c.fragments == nil {
			c.fragments = map[*ast.FragmentDefinition]costs{}
		}
		c.fragments[definition] = known
	}
	return known
}

// field returns the cost of a field that has fields.
func (c *counter) field(field *ast.Field) costs {
	inner := c.set(field.SelectionSet)
	sum := min(1+inner.once+times(c.size(field), inner.each), countless)
	switch {
	case isIntrospection(field):
		sum = 1 + sum/introspectionShare
	case field.ObjectDefinition == c.schema.Mutation:
		sum += mutationCost
	case field.Name == "ofType": // A type is a list of another now and then, and never nine times.
		sum--
	}
	if size, inSchema := c.sizes[field.Name]; inSchema && isOfSchema(field.ObjectDefinition) {
		return costs{once: times(size, sum)}
	}
	if field.Definition.Type.Elem != nil {
		return costs{each: sum}
	}
	return costs{once: sum}
}

func times(n, cost int) int {
	if cost > countless/max(n, 1) {
		return countless
	}
	return n * cost
}

// size is how many items the lists in an object have: as its argument first says, where it has one.
func (c *counter) size(field *ast.Field) int {
	definition := field.Definition.Arguments.ForName("first")
	if definition == nil {
		return unsizedList
	}
	first := unsizedList
	if value := definition.DefaultValue; value != nil {
		if number, ok := c.number(value); ok {
			first = number
		}
	}
	if argument := field.Arguments.ForName("first"); argument != nil {
		if number, ok := c.number(argument.Value); ok { // Else it is null, which resolvers take for the default.
			first = number
		}
	}
	if first > c.page && c.page < largestPage {
		c.tooLarge = first
	}
	// A page beyond what the schema allows is refused by its resolver, with a path.
	return min(max(first, 1), largestPage)
}

// number reads an Int; false when it is null, absent or none.
func (c *counter) number(value *ast.Value) (int, bool) {
	read, err := value.Value(c.variables)
	if err != nil {
		return 0, false
	}
	switch n := read.(type) {
	case int:
		return n, true
	case int32:
		return int(n), true
	case int64:
		return int(n), true
	case json.Number:
		whole, err := strconv.Atoi(n.String())
		return whole, err == nil
	}
	return 0, false
}

func isOfSchema(definition *ast.Definition) bool {
	return definition != nil && len(definition.Name) > 2 && definition.Name[:2] == "__"
}

// schemaSizes are how many items the lists of introspection have in this schema on average, rounded up.
func schemaSizes(schema *ast.Schema) map[string]int {
	var fields, inputs, values, arguments int
	for _, definition := range schema.Types {
		for _, field := range definition.Fields {
			arguments += len(field.Arguments)
		}
		if definition.Kind == ast.InputObject {
			inputs += len(definition.Fields)
		} else {
			fields += len(definition.Fields)
		}
		values += len(definition.EnumValues)
	}
	types := max(len(schema.Types), 1)
	average := func(n, of int) int { return (n + of - 1) / max(of, 1) }
	return map[string]int{
		"types": types, "directives": len(schema.Directives), "fields": average(fields, types),
		"inputFields": average(inputs, types), "enumValues": average(values, types), "args": average(arguments, fields),
		"interfaces": 1, "possibleTypes": 1,
	}
}

// check returns why an operation of this cost is not executed, or nil.
func (c *counter) check(cost, limit int) error {
	if c.tooLarge > 0 {
		return fault.Invalid([]string{"first"}, "A page has 1 to %d items.", c.page)
	}
	return exceeds(fault.TooCostly, cost, limit,
		"The operation costs %d, at most %d is allowed. Ask for smaller pages or for fewer objects.")
}
