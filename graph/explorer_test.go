package graph_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/infin8content/engine/graph"
)

// theSchema is the schema that the explorers walk.
var theSchema = graph.NewExecutableSchema(graph.Config{}).Schema()

// explorer writes operations that together select every field of the schema with every argument. It has values by their
// type. It fails the test for a type without values, so that no new type is left out.
type explorer struct {
	t *testing.T
	// own has ids of the organization that sends the operations, by type.
	own map[string]string
	// strange has values of another organization: ids of every kind, cursors of every list.
	strange strangers
	// asked has each Type.field that an operation has selected.
	asked map[string]bool
}

// strangers has the values of another organization.
type strangers struct {
	ids, cursors, keys []string
	actor, name, model string
}

// operation is an operation of an explorer.
type operation struct {
	root  ast.Operation
	field string // of the root or of a type
	text  string
}

// idTypes are the types that an argument or a field of an input is an id of, by its name.
var idTypes = map[string]string{
	"id": "Workflow", "workflowId": "Workflow", "callId": "Call", "entryId": "LedgerEntry",
	"proposalId": "PriceProposal", "keyId": "ApiKey", "ids": "Keyword",
	"topicKeywordId": "TopicKeyword", "articleId": "ArticlePlanItem",
	"targetId":    "PublishTarget",
	"workflowIds": "Workflow", "batchId": "Batch", "alertIds": "Alert", "afterAlertId": "Alert",
	"targetIds": "PublishTarget", "publicationId": "Publication",
}

// value returns a valid value for an argument, as GraphQL text.
func (x *explorer) value(of *ast.Type, name string) string {
	x.t.Helper()
	if of.Elem != nil {
		return "[" + x.value(of.Elem, name) + "]"
	}
	definition := theSchema.Types[of.NamedType]
	switch definition.Kind {
	case ast.Enum:
		if chosen, special := map[string]string{"from": "CREATED", "to": "ICP_PENDING"}[name]; special {
			return chosen
		}
		if of.NamedType == "PublishTargetKind" {
			return "FILE" // the kind that needs no key of the server
		}
		return definition.EnumValues[0].Name
	case ast.InputObject:
		return x.inputs(definition)[0]
	}
	switch of.NamedType {
	case "ID":
		owner, known := idTypes[name]
		if !known {
			x.t.Fatalf("%s is an id of what? Add it to idTypes.", name)
		}
		if x.own[owner] == "" {
			x.t.Fatalf("there is no %s to give as %s: let populate make one.", owner, name)
		}
		return quoted(x.own[owner])
	case "String":
		return x.text(name)
	case "Int":
		numbers := map[string]string{
			"first": "50", "last": "50", "afterVersion": "-1", "afterSequence": "-1", "afterPosition": "-1",
		}
		if number, special := numbers[name]; special {
			return number
		}
		return "1"
	case "Boolean":
		return "true"
	case "JSON":
		return `{okapi: [1, null]}`
	case "USD":
		return `"0.01"`
	case "DateTime":
		return quoted(time.Now().Add(time.Hour).Format(time.RFC3339))
	case "Date":
		day := map[string]int{"from": -10, "to": 2}[name]
		return quoted(time.Now().UTC().AddDate(0, 0, day).Format(time.DateOnly))
	}
	x.t.Fatalf("the explorer has no value of the type %s, for %s: add one to value.", of.NamedType, name)
	return ""
}

// text returns a valid text for a field.
func (x *explorer) text(name string) string {
	x.t.Helper()
	switch name {
	case "after", "before":
		return "null" // from an end
	case "url", "linkedinUrl", "urls", "baseUrl":
		return `"https://okapi.example"`
	case "timeZone":
		return `"Europe/Berlin"`
	case "name", "idempotencyKey": // A new one each time.
		return quoted(fmt.Sprintf("okapi %d", len(x.asked)+int(time.Now().UnixNano())))
	case "languageCode":
		return `"de"`
	case "selectionDigest", "digest":
		return quoted(strings.Repeat("0", 64))
	case "model", "models", "provider", "reason", "source", "generationId", "nameContains", "createdBy", "texts",
		"search", "languages", "competitor", "feedback", "username", "secret", "remoteId", "text", "language", "industries",
		"buyerRoles", "painPoints", "valueProposition", "message",
		"title", "angle", "format", "primaryKeyword", "secondaryKeywords", "questions", "mustAvoid",
		"providers", "negativeWords", "tone", "audience", "do", "dont", "bannedWords", "examples",
		"markdown", "metaDescription", "instruction":
		return `"okapi"`
	}
	x.t.Fatalf("%s is a text: of what? Add it to text, and to others if it can name something.", name)
	return ""
}

// others returns the values of another organization for an argument; none for one that names no object.
func (x *explorer) others(of *ast.Type, name string) []string {
	x.t.Helper()
	var values []string
	switch definition := theSchema.Types[of.Name()]; {
	case definition.Kind == ast.InputObject:
		return x.inputs(definition)
	case of.Name() == "ID":
		values = x.strange.ids
	case of.Name() != "String":
	case name == "after", name == "before":
		values = x.strange.cursors
	case name == "idempotencyKey":
		values = x.strange.keys
	case name == "nameContains":
		values = []string{x.strange.name}
	case name == "createdBy":
		values = []string{x.strange.actor}
	case name == "models":
		values = []string{x.strange.model}
	}
	texts := make([]string, len(values))
	for i, value := range values {
		if texts[i] = quoted(value); of.Elem != nil {
			texts[i] = "[" + texts[i] + "]"
		}
		if name == "before" {
			texts[i] += ", last: 5"
		}
	}
	return texts
}

// isFitting reports whether a foreign id, as GraphQL text, has the type that an argument names. An id of another type
// is refused before an optional field could matter.
func (x *explorer) isFitting(argument, text string) bool {
	prefix, _, _ := strings.Cut(x.own[idTypes[argument]], "_")
	return strings.HasPrefix(strings.TrimLeft(text, `["`), prefix+"_")
}

// inputs returns objects of an input: one with the required fields, then one more for each optional field, then one
// more for each value of another organization.
func (x *explorer) inputs(definition *ast.Definition) []string {
	x.t.Helper()
	var needed, optional ast.FieldList
	for _, field := range definition.Fields {
		isItemsChoice := definition.Name == "ArticlePlanItemInput" && field.Name == "choice" // An item needs a change.
		if isItemsChoice || field.Type.NonNull && field.DefaultValue == nil {
			needed = append(needed, field)
		} else {
			optional = append(optional, field)
		}
	}
	object := func(special map[string]string) string {
		var fields []string
		for _, field := range needed {
			if special[field.Name] == "" {
				fields = append(fields, field.Name+": "+x.value(field.Type, field.Name))
			}
		}
		for _, name := range slices.Sorted(maps.Keys(special)) {
			fields = append(fields, name+": "+special[name])
		}
		return "{" + strings.Join(fields, ", ") + "}"
	}
	objects := []string{object(nil)}
	for _, field := range optional {
		objects = append(objects, object(map[string]string{field.Name: x.value(field.Type, field.Name)}))
	}
	for _, field := range slices.Concat(needed, optional) {
		if theSchema.Types[field.Type.Name()].Kind == ast.InputObject {
			continue
		}
		for _, other := range x.others(field.Type, field.Name) {
			objects = append(objects, object(map[string]string{field.Name: other}))
			if field.Type.Name() != "ID" || !x.isFitting(field.Name, other) {
				continue
			}
			for _, more := range optional { // An input may need one of several, such as an amount or an estimate.
				if more.Name != field.Name {
					objects = append(objects,
						object(map[string]string{field.Name: other, more.Name: x.value(more.Type, more.Name)}))
				}
			}
		}
	}
	return objects
}

// required returns the required arguments of a field.
func (x *explorer) required(field *ast.FieldDefinition) map[string]string {
	x.t.Helper()
	needed := map[string]string{}
	for _, argument := range field.Arguments {
		if argument.Type.NonNull && argument.DefaultValue == nil {
			needed[argument.Name] = x.value(argument.Type, argument.Name)
		}
	}
	return needed
}

// list writes arguments as GraphQL text.
func list(arguments map[string]string) string {
	if len(arguments) == 0 {
		return ""
	}
	var texts []string
	for _, name := range slices.Sorted(maps.Keys(arguments)) {
		texts = append(texts, name+": "+arguments[name])
	}
	return "(" + strings.Join(texts, ", ") + ")"
}

// arguments returns the argument lists of a field: the required arguments, then each argument with the values of
// another organization.
func (x *explorer) arguments(field *ast.FieldDefinition) []string {
	x.t.Helper()
	needed := x.required(field)
	lists := []string{list(needed)}
	add := func(name, value string) {
		given := maps.Clone(needed)
		given[name] = value
		lists = append(lists, list(given))
	}
	for _, argument := range field.Arguments {
		add(argument.Name, x.value(argument.Type, argument.Name))
		for _, other := range x.others(argument.Type, argument.Name) {
			add(argument.Name, other)
		}
	}
	return slices.Compact(lists)
}

// selection selects all fields of a type, down to a depth.
func (x *explorer) selection(name string, depth int, within ...string) string {
	x.t.Helper()
	definition := theSchema.Types[name]
	if definition.IsLeafType() {
		return ""
	}
	if !definition.IsAbstractType() {
		return " { __typename " + x.fields(definition, "", depth, append(within, name)) + " }"
	}
	parts := []string{"__typename"}
	for _, possible := range theSchema.PossibleTypes[name] {
		// Fields of several types may have one name and different types, so each gets an alias.
		alias := possible.Name + "_"
		parts = append(parts, "... on "+possible.Name+" { "+x.fields(possible, alias, 2, append(within, name))+" }")
	}
	return " { " + strings.Join(parts, " ") + " }"
}

// fields selects the fields of an object, with aliases that begin with alias. It skips types that contain the object.
func (x *explorer) fields(of *ast.Definition, alias string, depth int, within []string) string {
	x.t.Helper()
	var parts []string
	for _, field := range of.Fields {
		below := theSchema.Types[field.Type.Name()]
		if strings.HasPrefix(field.Name, "__") ||
			!below.IsLeafType() && (depth <= 1 || slices.Contains(within, below.Name)) {
			continue
		}
		x.asked[of.Name+"."+field.Name] = true
		name := field.Name
		if alias != "" {
			name = alias + name + ": " + name
		}
		parts = append(parts, name+list(x.required(field))+x.selection(below.Name, depth-1, within...))
	}
	return strings.Join(parts, " ")
}

// depths has how deep a selection goes below a type, where that is not 3: a claimed run has an input with a profile.
var depths = map[string]int{"ClaimWorkPayload": 4}

// operations returns operations that select each field below a root: the fields of the root with all arguments, and the
// fields of the types below it on objects of the own organization.
func (x *explorer) operations(root ast.Operation) []operation {
	x.t.Helper()
	name := map[ast.Operation]string{ast.Query: "Query", ast.Mutation: "Mutation", ast.Subscription: "Subscription"}[root]
	type way struct{ name, before, after string }
	var all []operation
	seen := map[string]bool{name: true}
	for queue := []way{{name, string(root) + " { ", " }"}}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		for _, field := range theSchema.Types[at.name].Fields {
			below := theSchema.Types[field.Type.Name()]
			if strings.HasPrefix(field.Name, "__") || below.IsLeafType() && len(field.Arguments) == 0 {
				continue
			}
			lists := x.arguments(field)
			x.asked[at.name+"."+field.Name] = true
			selection := x.selection(below.Name, cmp.Or(depths[below.Name], 3))
			for _, list := range lists {
				all = append(all, operation{
					root, at.name + "." + field.Name, at.before + field.Name + list + selection + at.after,
				})
			}
			if root == ast.Query && below.Kind == ast.Object && !seen[below.Name] {
				seen[below.Name] = true
				queue = append(queue, way{below.Name, at.before + field.Name + lists[0] + " { ", " }" + at.after})
			}
		}
	}
	return all
}

// unasked returns the fields that a root reaches and that no operation has selected.
func (x *explorer) unasked(roots ...string) []string {
	var missing []string
	seen := map[string]bool{}
	for queue := roots; len(queue) > 0; queue = queue[1:] {
		if seen[queue[0]] {
			continue
		}
		seen[queue[0]] = true
		for _, possible := range theSchema.PossibleTypes[queue[0]] {
			queue = append(queue, possible.Name)
		}
		definition := theSchema.Types[queue[0]]
		for _, field := range definition.Fields {
			if strings.HasPrefix(field.Name, "__") {
				continue
			}
			queue = append(queue, field.Type.Name())
			if definition.Kind == ast.Object && !x.asked[definition.Name+"."+field.Name] {
				missing = append(missing, definition.Name+"."+field.Name)
			}
		}
	}
	return missing
}

func quoted(text string) string {
	written, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(written)
}
