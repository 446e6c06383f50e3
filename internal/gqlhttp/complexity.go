package gqlhttp

import (
	"encoding/json"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/infin8content/engine/internal/fault"
)

const (
	// mutationComplexity is added for each mutation: it reads or writes about ten rows.
	mutationComplexity = 10
	// unsizedList is the expected number of items of a list without an argument first.
	unsizedList = 10
	// defaultPage is the number of items of a page without arguments.
	defaultPage = 20
	// introspectionShare is how many objects of the schema count as one object of the database.
	introspectionShare = 10
	// complexityExtension is the extension of an answer that has a Complexity. Clients read it by this name.
	complexityExtension = "cost"
	// weightExtension keeps the greatest weight of an operation. It is in no answer.
	weightExtension = "weight"
)

// Complexity is the extension of an answer that says how much its operation asked for.
type Complexity struct {
	// Requested is the complexity of the operation.
	Requested int `json:"requested"`
	// Limit is the most that an operation may have.
	Limit int `json:"limit"`
	// Remaining is how much more this operation could have asked for.
	Remaining int `json:"remaining"`
}

// objects counts the objects of a selection: those that are there once, and those that are there for each item of the
// list that the selection is made from.
type objects struct{ once, each int }

func (o *objects) add(other objects) {
	o.once = min(o.once+other.once, maxCount)
	o.each = min(o.each+other.each, maxCount)
}

// complexityCounter computes the complexity of one operation. It visits each selection once, whatever spreads it.
type complexityCounter struct {
	schema    *ast.Schema
	sizes     map[string]int // of the lists of introspection, by field
	variables map[string]any
	page      int
	weights   map[string]int
	fragments map[*ast.FragmentDefinition]objects
	weight    int // the greatest weight that was added
	tooLarge  int // the first page that is greater than page; 0 when there is none
}

// count returns the complexity of an operation: at most the number of objects in its answer. A list counts as many
// items as its argument first says, and without one as its directive @listSize says, or 10. A list inside a list
// multiplies. A mutation adds 10. Leaves count 0, and an object of the schema counts a tenth. All branches of an
// abstract type count. Arguments and leaves that have a weight add it.
func (c *complexityCounter) count(operation *ast.OperationDefinition) int {
	all := c.selection(operation.SelectionSet)
	return max(1, min(all.once+multiply(unsizedList, all.each), maxCount))
}

func (c *complexityCounter) selection(selections ast.SelectionSet) objects {
	var sum objects
	for _, selection := range selections {
		switch selection := selection.(type) {
		case *ast.Field:
			if len(selection.SelectionSet) > 0 {
				sum.add(c.field(selection))
			} else if selection.ObjectDefinition != nil {
				sum.once = min(sum.once+c.weightOf(selection.ObjectDefinition.Name, selection.Name), maxCount)
			}
		case *ast.InlineFragment:
			sum.add(c.selection(selection.SelectionSet))
		case *ast.FragmentSpread:
			sum.add(c.fragment(selection.Definition))
		}
	}
	return sum
}

func (c *complexityCounter) fragment(definition *ast.FragmentDefinition) objects {
	counted, found := c.fragments[definition]
	if !found {
		counted = c.selection(definition.SelectionSet)
		if c.fragments == nil {
			c.fragments = map[*ast.FragmentDefinition]objects{}
		}
		c.fragments[definition] = counted
	}
	return counted
}

// field counts a field that has fields.
func (c *complexityCounter) field(field *ast.Field) objects {
	inner := c.selection(field.SelectionSet)
	sum := min(1+inner.once+multiply(c.size(field), inner.each), maxCount)
	switch {
	case isIntrospection(field):
		sum = 1 + sum/introspectionShare
	case field.ObjectDefinition == c.schema.Mutation:
		sum += mutationComplexity
	case field.Name == "ofType": // Clients nest nine of them, and a type of a schema needs few.
		sum--
	}
	sum = min(sum+c.arguments(field), maxCount)
	if size, inSchema := c.sizes[field.Name]; inSchema && isOfSchema(field.ObjectDefinition) {
		return objects{once: multiply(size, sum)}
	}
	if size := field.Definition.Directives.ForName("listSize"); size != nil {
		assumed, _ := c.number(size.Arguments.ForName("assumedSize").Value)
		return objects{once: multiply(assumed, sum)}
	}
	if field.Definition.Type.Elem != nil {
		return objects{each: sum}
	}
	return objects{once: sum}
}

// weightOf returns the weight of a field or a value of a type.
func (c *complexityCounter) weightOf(of, name string) int {
	weight := c.weights[of+"."+name]
	c.weight = max(c.weight, weight)
	return weight
}

// arguments returns what the arguments of a field add.
func (c *complexityCounter) arguments(field *ast.Field) int {
	sum := 0
	for _, argument := range field.Arguments {
		definition := field.Definition.Arguments.ForName(argument.Name)
		if value, err := argument.Value.Value(c.variables); err == nil && definition != nil {
			sum = min(sum+c.weigh(definition.Type, value), maxCount)
		}
	}
	return sum
}

// weigh returns what a value adds: the weights of the fields of its inputs and of its values of enums.
func (c *complexityCounter) weigh(of *ast.Type, value any) int {
	switch value := value.(type) {
	case string:
		return c.weightOf(of.Name(), value)
	case []any:
		most := 0
		for _, one := range value {
			most = max(most, c.weigh(of, one))
		}
		return most
	case map[string]any:
		definition, sum := c.schema.Types[of.Name()], 0
		for name, inner := range value {
			if field := definition.Fields.ForName(name); field != nil && inner != nil {
				sum = min(sum+c.weightOf(of.Name(), name)+c.weigh(field.Type, inner), maxCount)
			}
		}
		return sum
	}
	return 0
}

// multiply returns the product, at most maxCount.
func multiply(n, count int) int {
	if count > maxCount/max(n, 1) {
		return maxCount
	}
	return n * count
}

// size returns the number of items of the lists in an object: its argument first or last, if it has one.
func (c *complexityCounter) size(field *ast.Field) int {
	definition := field.Definition.Arguments.ForName("first")
	if definition == nil {
		return unsizedList
	}
	size := defaultPage
	if value := definition.DefaultValue; value != nil {
		if number, ok := c.number(value); ok {
			size = number
		}
	}
	given := 0
	for _, name := range []string{"first", "last"} {
		if argument := field.Arguments.ForName(name); argument != nil {
			if number, ok := c.number(argument.Value); ok { // A null is the default, as it is for resolvers.
				given = max(given, number, 1)
			}
		}
	}
	if given > 0 {
		size = given
	}
	if size > c.page && c.page < largestPage {
		c.tooLarge = size
	}
	// The resolver refuses a greater page, and its error has a path.
	return min(max(size, 1), largestPage)
}

// number reads an Int. It returns false for null, an absent variable and any other value.
func (c *complexityCounter) number(value *ast.Value) (int, bool) {
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

// introspectionSizes returns the average number of items in the lists of introspection, rounded up.
func introspectionSizes(schema *ast.Schema) map[string]int {
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
		"types":         types,
		"directives":    len(schema.Directives),
		"fields":        average(fields, types),
		"inputFields":   average(inputs, types),
		"enumValues":    average(values, types),
		"args":          average(arguments, fields),
		"interfaces":    1,
		"possibleTypes": 1,
	}
}

// check returns why an operation of this complexity is not executed, or nil.
func (c *complexityCounter) check(complexity, limit int) error {
	if c.tooLarge > 0 {
		return fault.Invalid([]string{"first"}, "A page has 1 to %d items.", c.page)
	}
	return checkLimit(fault.TooCostly, complexity, limit,
		"The operation costs %d, at most %d is allowed. Ask for smaller pages or for fewer objects.")
}
