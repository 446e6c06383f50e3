package gqlhttp

import (
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
)

// parse parses and validates a text. The limits bound its work, whatever the text is.
func parse(set ruleSet, schema *ast.Schema, text string, limits Limits) (*ast.QueryDocument, gqlerror.List) {
	longest, err := readTokens(text, limits.Tokens)
	if err != nil {
		return nil, gqlerror.List{gqlerror.Wrap(err)}
	}
	document, err := parser.ParseQuery(&ast.Source{Input: text})
	if err != nil {
		errcode.Set(err, errcode.ParseFailed)
		return nil, gqlerror.List{gqlerror.WrapIfUnwrapped(err)}
	}
	if len(document.Operations) == 0 {
		err := gqlerror.Errorf("There is no operation in the document.")
		errcode.Set(err, errcode.ValidationFailed)
		return nil, gqlerror.List{err}
	}
	if err := checkShape(document, limits); err != nil {
		return nil, gqlerror.List{gqlerror.Wrap(err)}
	}
	if longest > maxNameBytes {
		return document, validate(schema, document, set.long, limits.Errors)
	}
	return document, validate(schema, document, set.short, limits.Errors)
}

// errorsExceeded ends a validation that has found more errors than an answer has room for.
type errorsExceeded struct{}

// validate returns the errors of a document, at most one more than limit. Only a panic can end the walk; validate
// recovers it.
func validate(
	schema *ast.Schema, document *ast.QueryDocument, set []validator.Rule, limit int,
) (errs gqlerror.List) {
	defer func() {
		if cause := recover(); cause != nil && cause != any(errorsExceeded{}) {
			panic(cause)
		}
	}()
	observers := &validator.Events{}
	for _, rule := range set {
		rule.RuleFunc(observers, func(options ...validator.ErrorOption) {
			found := &gqlerror.Error{Rule: rule.Name}
			for _, option := range options {
				option(found)
			}
			errcode.Set(found, errcode.ValidationFailed)
			if errs = append(errs, found); len(errs) > limit {
				panic(errorsExceeded{})
			}
		})
	}
	validator.Walk(schema, document, observers)
	return errs
}
