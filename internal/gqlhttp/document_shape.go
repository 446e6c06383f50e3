package gqlhttp

import (
	"cmp"
	"strings"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/lexer"

	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/strictjson"
)

const (
	// maxNameBytes bounds what is repeated in an answer, and what a wrong name is compared with in search of a right one.
	maxNameBytes = 128
	// maxPairs bounds the comparisons of fields that have the same name in the answer. Validation compares each with each,
	// for every operation anew and for every inline fragment around them: at this number for some 20 ms.
	maxPairs = 100_000
	// maxVisits bounds the steps of validation, which walks each fragment anew for every operation and fragment that
	// reaches it.
	maxVisits = 20_000
	// countless is where counting ends.
	countless = 1 << 29
)

// readTokens counts the words and signs of a text, and stops behind the limit. A text that cannot be read has as many
// as come before the fault; the parser names it. It returns the length of the longest text in quotes. One with half of
// a surrogate pair is refused: the lexer reads the half as U+FFFD, and what is kept would not be what was sent.
func readTokens(text string, limit int) (longest int, err error) {
	reader, replaced := lexer.New(&ast.Source{Input: text}), false
	for n := 1; ; n++ {
		token, unreadable := reader.ReadToken()
		switch {
		case unreadable != nil || token.Kind == lexer.EOF:
			if replaced && strictjson.HasHalfPair([]byte(text)) {
				return longest, fault.New(fault.InvalidInput, "A text has one half of a surrogate pair without the other.")
			}
			return longest, nil
		case n > limit:
			return longest, exceeds(fault.TooManyTokens, n, limit,
				"The operation has %d words and signs or more, at most %d are read. Ask for less at once.")
		case token.Kind == lexer.Name && len(token.Value) > maxNameBytes:
			return longest, exceeds(fault.InvalidInput, len(token.Value), maxNameBytes,
				"A name has %d characters, at most %d are allowed.")
		case token.Kind == lexer.String || token.Kind == lexer.BlockString:
			longest = max(longest, len(token.Value))
			replaced = replaced || token.Kind == lexer.String && strings.ContainsRune(token.Value, utf8.RuneError)
		}
	}
}

// extent is how far a selection reaches.
type extent struct {
	// depth is how many fields stand inside each other.
	depth int
	// fields are those at the top; aliases those with one, at any depth.
	fields, aliases int
	// inline is how many inline fragments stand inside each other at the top.
	inline int
}

// add puts another part of the same selection beside e.
func (e *extent) add(other extent) {
	e.depth, e.inline = max(e.depth, other.depth), max(e.inline, other.inline)
	e.fields = min(e.fields+other.fields, countless)
	e.aliases = min(e.aliases+other.aliases, countless)
}

// survey measures a document that was parsed and not validated yet. Each selection is looked at once, whatever spreads
// it: what a fragment amounts to is remembered.
type survey struct {
	definitions map[string]*ast.FragmentDefinition
	extents     map[string]extent
	// names is how often each name of the answer is written.
	names map[string]int
	// inline is the most inline fragments inside each other.
	inline int
	// steps is how many selections were looked at.
	steps int
}

// measure returns why the document is not executed and not even validated, or nil. A cycle of fragments has no extent;
// validation refuses it.
func measure(document *ast.QueryDocument, limits Limits) error {
	s := &survey{
		definitions: make(map[string]*ast.FragmentDefinition, len(document.Fragments)),
		extents:     make(map[string]extent, len(document.Fragments)), names: map[string]int{},
	}
	for _, fragment := range document.Fragments {
		s.definitions[fragment.Name] = fragment
	}
	for _, operation := range document.Operations {
		e := s.set(operation.SelectionSet)
		err := cmp.Or(
			exceeds(fault.TooDeep, e.depth, limits.Depth, "Fields stand %d deep inside each other, at most %d are allowed."),
			exceeds(fault.TooManyAliases, e.aliases, limits.Aliases,
				"%d fields have an alias, at most %d may. Ask for a list instead."),
			exceeds(fault.TooManyRootFields, e.fields, limits.RootFields,
				"The operation has %d fields at its root, at most %d are allowed. Send several operations."),
		)
		if err != nil {
			return err
		}
	}
	for _, fragment := range document.Fragments { // Those that nothing spreads are validated too.
		s.fragment(fragment.Name)
	}
	return cmp.Or(s.repeats(len(document.Operations)), visits(document, s.definitions))
}

func (s *survey) set(selections ast.SelectionSet) extent {
	var sum extent
	for _, selection := range selections {
		s.steps++
		switch selection := selection.(type) {
		case *ast.Field:
			sum.add(s.field(selection))
		case *ast.InlineFragment:
			inner := s.set(selection.SelectionSet)
			inner.inline++
			s.inline = max(s.inline, inner.inline)
			sum.add(inner)
		case *ast.FragmentSpread:
			spread := s.fragment(selection.Name)
			spread.inline = 0 // Validation looks at what is spread on its own.
			sum.add(spread)
		}
	}
	return sum
}

func (s *survey) field(field *ast.Field) extent {
	inner := s.set(field.SelectionSet)
	e := extent{depth: inner.depth + 1, fields: 1, aliases: inner.aliases}
	if field.Alias != field.Name {
		e.aliases++
	}
	if isIntrospection(field) {
		e.depth = 1
	}
	s.names[field.Alias]++
	return e
}

func (s *survey) fragment(name string) extent {
	known, found := s.extents[name]
	definition := s.definitions[name]
	if found || definition == nil {
		return known
	}
	s.extents[name] = extent{} // What a cycle finds.
	e := s.set(definition.SelectionSet)
	s.extents[name] = e
	return e
}

// repeats refuses a document in which too many fields have the same name in the answer.
func (s *survey) repeats(operations int) error {
	pairs := 0
	for _, n := range s.names {
		pairs = min(pairs+n*(n-1)/2, countless)
	}
	return exceeds(fault.TooCostly, times(pairs, operations*(1+s.inline)), maxPairs,
		"It takes %d comparisons to check that fields of one name are the same, at most %d are made. Select each field once.")
}

// visits refuses a document that would take validation too many steps: for each operation and each fragment, all that
// it reaches.
func visits(document *ast.QueryDocument, definitions map[string]*ast.FragmentDefinition) error {
	sum := 0
	from := func(selections ast.SelectionSet) {
		seen := map[string]bool{}
		var walk func(ast.SelectionSet)
		walk = func(selections ast.SelectionSet) {
			for _, selection := range selections {
				if sum++; sum > maxVisits {
					return
				}
				switch selection := selection.(type) {
				case *ast.Field:
					walk(selection.SelectionSet)
				case *ast.InlineFragment:
					walk(selection.SelectionSet)
				case *ast.FragmentSpread:
					if definition := definitions[selection.Name]; definition != nil && !seen[selection.Name] {
						seen[selection.Name] = true
						walk(definition.SelectionSet)
					}
				}
			}
		}
		walk(selections)
	}
	for _, operation := range document.Operations {
		from(operation.SelectionSet)
	}
	for _, fragment := range document.Fragments {
		from(fragment.SelectionSet)
	}
	return exceeds(fault.TooCostly, sum, maxVisits,
		"It takes %d steps or more to check this document, at most %d are taken. Send fewer operations at once.")
}

// isIntrospection reports whether the field asks about the schema itself.
func isIntrospection(field *ast.Field) bool {
	return field.Name == "__schema" || field.Name == "__type"
}
