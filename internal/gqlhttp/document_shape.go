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
	// maxNameBytes limits names: answers repeat them, and validation compares wrong ones with all right ones.
	maxNameBytes = 128
	// maxPairs limits how many pairs of fields validation compares. It compares all fields of one name in the answer,
	// again for each operation and for each inline fragment around them. This number takes some 20 ms.
	maxPairs = 100_000
	// maxVisits limits the steps of validation. It walks each fragment again for each operation and fragment that
	// reaches it.
	maxVisits = 20_000
	// maxCount is where counting ends, far from an overflow.
	maxCount = 1 << 29
)

// readTokens counts the tokens of a text and stops behind the limit. It returns the length of the longest string. For a
// text with a syntax error it counts the tokens before the error, which the parser reports. It refuses a string with
// one half of a surrogate pair: the lexer reads the half as U+FFFD, and the value kept would differ from the value
// sent.
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
			return longest, checkLimit(fault.TooManyTokens, n, limit,
				"The operation has %d words and signs or more, at most %d are read. Ask for less at once.")
		case token.Kind == lexer.Name && len(token.Value) > maxNameBytes:
			return longest, checkLimit(fault.InvalidInput, len(token.Value), maxNameBytes,
				"A name has %d characters, at most %d are allowed.")
		case token.Kind == lexer.String || token.Kind == lexer.BlockString:
			longest = max(longest, len(token.Value))
			replaced = replaced || token.Kind == lexer.String && strings.ContainsRune(token.Value, utf8.RuneError)
		}
	}
}

// extent is the size of a selection.
type extent struct {
	// depth is the number of fields inside each other.
	depth int
	// fields counts the fields at the top; aliases those with an alias, at any depth.
	fields, aliases int
	// inline is the number of inline fragments inside each other at the top.
	inline int
}

// add adds another part of the same selection.
func (e *extent) add(other extent) {
	e.depth, e.inline = max(e.depth, other.depth), max(e.inline, other.inline)
	e.fields = min(e.fields+other.fields, maxCount)
	e.aliases = min(e.aliases+other.aliases, maxCount)
}

// documentShape measures a document that is parsed and not yet validated. It visits each selection once, whatever
// spreads it.
type documentShape struct {
	definitions map[string]*ast.FragmentDefinition
	extents     map[string]extent
	// names counts the fields by their name in the answer.
	names map[string]int
	// inline is the greatest number of inline fragments inside each other.
	inline int
	// steps counts the visited selections.
	steps int
}

// checkShape returns why a document is too large to validate, or nil. A cycle of fragments has no extent; validation
// refuses it.
func checkShape(document *ast.QueryDocument, limits Limits) error {
	s := &documentShape{
		definitions: make(map[string]*ast.FragmentDefinition, len(document.Fragments)),
		extents:     make(map[string]extent, len(document.Fragments)),
		names:       map[string]int{},
	}
	for _, fragment := range document.Fragments {
		s.definitions[fragment.Name] = fragment
	}
	for _, operation := range document.Operations {
		e := s.selection(operation.SelectionSet)
		err := cmp.Or(
			checkLimit(fault.TooDeep, e.depth, limits.Depth,
				"Fields stand %d deep inside each other, at most %d are allowed."),
			checkLimit(fault.TooManyAliases, e.aliases, limits.Aliases,
				"%d fields have an alias, at most %d may. Ask for a list instead."),
			checkLimit(fault.TooManyRootFields, e.fields, limits.RootFields,
				"The operation has %d fields at its root, at most %d are allowed. Send several operations."),
		)
		if err != nil {
			return err
		}
	}
	for _, fragment := range document.Fragments { // Validation reads unused fragments too.
		s.fragment(fragment.Name)
	}
	return cmp.Or(s.checkPairs(len(document.Operations)), checkVisits(document, s.definitions))
}

func (s *documentShape) selection(selections ast.SelectionSet) extent {
	var sum extent
	for _, selection := range selections {
		s.steps++
		switch selection := selection.(type) {
		case *ast.Field:
			sum.add(s.field(selection))
		case *ast.InlineFragment:
			inner := s.selection(selection.SelectionSet)
			inner.inline++
			s.inline = max(s.inline, inner.inline)
			sum.add(inner)
		case *ast.FragmentSpread:
			spread := s.fragment(selection.Name)
			spread.inline = 0 // Validation compares the fields of a fragment once.
			sum.add(spread)
		}
	}
	return sum
}

func (s *documentShape) field(field *ast.Field) extent {
	inner := s.selection(field.SelectionSet)
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

func (s *documentShape) fragment(name string) extent {
	measured, found := s.extents[name]
	definition := s.definitions[name]
	if found || definition == nil {
		return measured
	}
	s.extents[name] = extent{} // A cycle ends here.
	e := s.selection(definition.SelectionSet)
	s.extents[name] = e
	return e
}

// checkPairs refuses a document with too many fields of the same name in the answer.
func (s *documentShape) checkPairs(operations int) error {
	pairs := 0
	for _, n := range s.names {
		pairs = min(pairs+n*(n-1)/2, maxCount)
	}
	return checkLimit(fault.TooCostly, multiply(pairs, operations*(1+s.inline)), maxPairs,
		"It takes %d comparisons to check that fields of one name are the same, at most %d are made. Select each field once.")
}

// checkVisits refuses a document that takes validation too many steps: for each operation and each fragment, everything
// that it reaches.
func checkVisits(document *ast.QueryDocument, definitions map[string]*ast.FragmentDefinition) error {
	sum := 0
	visit := func(selections ast.SelectionSet) {
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
		visit(operation.SelectionSet)
	}
	for _, fragment := range document.Fragments {
		visit(fragment.SelectionSet)
	}
	return checkLimit(fault.TooCostly, sum, maxVisits,
		"It takes %d steps or more to check this document, at most %d are taken. Send fewer operations at once.")
}

// isIntrospection reports whether a field asks about the schema itself.
func isIntrospection(field *ast.Field) bool {
	return field.Name == "__schema" || field.Name == "__type"
}
