package gqlhttp

import (
	"context"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/google/uuid"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
)

// front is the executor that all transports use: gqlgen's, behind the limits. It refuses what asks for too much before
// it works on it: first by the length of the text, then by its shape, then it is validated, then by its cost.
type front struct {
	*executor.Executor
	schema  *ast.Schema
	limits  Limits
	sizes   map[string]int
	checked *recent[*ast.QueryDocument]
	// known are the texts that were sent once with their hash, by the hash.
	known   *recent[string]
	trusted *Documents
	present graphql.ErrorPresenterFunc
	// describe reports whether a caller may know the schema.
	describe func(who caller.Caller) bool
	spend    func(ctx context.Context, organization uuid.UUID, cost int64) error
}

func newFront(schema graphql.ExecutableSchema, limits Limits, trusted *Documents, p presenter) *front {
	f := &front{
		Executor: executor.New(schema), schema: schema.Schema(), limits: limits.withDefaults(), trusted: trusted,
		sizes: schemaSizes(schema.Schema()), checked: newRecent[*ast.QueryDocument](), known: newRecent[string](),
		present: p.present,
	}
	f.SetQueryCache(given{})
	f.SetErrorPresenter(f.present)
	f.SetRecoverFunc(recovered)
	f.AroundResponses(f.bounded)
	return f
}

// CreateOperationContext returns the operation that the parameters ask for, ready to be dispatched, or why it is not
// executed. The context it returns is never nil.
func (f *front) CreateOperationContext(
	ctx context.Context, params *graphql.RawParams,
) (*graphql.OperationContext, gqlerror.List) {
	refused := &graphql.OperationContext{OperationName: params.OperationName, RecoverFunc: recovered}
	remember, err := f.resolve(params)
	if err != nil {
		return refused, gqlerror.List{gqlerror.Wrap(err)}
	}
	mayKnow := f.describe(caller.From(ctx))
	document, faults := f.document(params.Query, mayKnow)
	if len(faults) > 0 {
		return refused, faults
	}
	if remember != "" && len(params.Query) <= maxCachedOperation {
		f.known.put(remember, params.Query)
	}
	switch asked := document.Operations.ForName(params.OperationName); {
	case asked == nil:
		err := gqlerror.Errorf("No operation of the document has this name. Name one in operationName.")
		errcode.Set(err, errcode.ValidationFailed)
		return refused, gqlerror.List{err}
	case !mayKnow && introspects(asked.SelectionSet):
		return refused, gqlerror.List{gqlerror.Wrap(fault.New(fault.Forbidden, "The schema is not described to your role."))}
	}
	operation, faults := f.Executor.CreateOperationContext(context.WithValue(ctx, documentKey{}, document), params)
	if len(faults) > 0 {
		return operation, withoutValues(faults)
	}
	operation.DisableIntrospection = false
	if err := followsOne(operation); err != nil {
		return operation, gqlerror.List{err}
	}
	err = f.charge(operation)
	if err == nil {
		err = f.pay(ctx, operation)
	}
	if err != nil {
		return operation, gqlerror.List{gqlerror.Wrap(err)}
	}
	return operation, nil
}

// followsOne returns an error for a subscription to anything but one field: what it selects twice, skips or does not
// include is known only with its variables, so validation does not see it.
func followsOne(operation *graphql.OperationContext) *gqlerror.Error {
	if operation.Operation.Operation != ast.Subscription ||
		len(graphql.CollectFields(operation, operation.Operation.SelectionSet, []string{"Subscription"})) == 1 {
		return nil
	}
	err := gqlerror.Errorf("A subscription follows exactly one field.")
	errcode.Set(err, errcode.ValidationFailed)
	return err
}

// charge counts what the operation costs and refuses it when that is too much.
func (f *front) charge(operation *graphql.OperationContext) error {
	c := counter{schema: f.schema, sizes: f.sizes, variables: operation.Variables, page: f.limits.Page}
	cost := c.costOf(operation.Operation)
	operation.Stats.SetExtension(costExtension, Cost{
		Requested: cost, Limit: f.limits.Cost, Remaining: max(f.limits.Cost-cost, 0),
	})
	return c.check(cost, f.limits.Cost)
}

// pay takes the cost from what the caller's organization has. Without an answer whether it has as much, a query is let
// through and a mutation is not: it might spend money.
func (f *front) pay(ctx context.Context, operation *graphql.OperationContext) error {
	who := caller.From(ctx)
	if f.spend == nil || !who.Known() {
		return nil
	}
	cost := operation.Stats.GetExtension(costExtension).(Cost)
	err := f.spend(ctx, who.OrganizationID, int64(cost.Requested))
	switch {
	case err == nil, fault.KindOf(err) == fault.RateLimited:
		return err
	case operation.Operation.Operation == ast.Mutation:
		return fmt.Errorf("%w (%w)", fault.New(fault.Unavailable,
			"It is not known at the moment whether there is room for a mutation. Try again later."), err)
	}
	return nil
}

// withoutValues takes the client's values out of what is wrong with its variables. The path says which it is.
func withoutValues(faults gqlerror.List) gqlerror.List {
	for _, found := range faults {
		switch {
		case len(found.Path) == 0 || found.Path[0] != ast.PathName("variable"):
		case found.Message == "must be defined", found.Message == "cannot be null", found.Message == "unknown field":
		default:
			found.Message = "The value does not have the type that the operation declares for it."
		}
	}
	return faults
}

// costExtension is the name of the cost in the extensions of an answer.
const costExtension = "cost"

// document returns the document with this text: parsed, within the limits, and valid. Who may not know the schema
// gets no suggestions.
func (f *front) document(text string, mayKnow bool) (*ast.QueryDocument, gqlerror.List) {
	if document := f.trusted.document(text); document != nil {
		return document, nil
	}
	if document, found := f.checked.get(text); found {
		return document, nil
	}
	words := helpful
	if !mayKnow {
		words = silent
	}
	document, faults := checkIn(words, f.schema, text, f.limits)
	if len(faults) > 0 {
		return nil, faults
	}
	if len(text) <= maxCachedOperation {
		f.checked.put(text, document)
	}
	return document, nil
}

// check parses and validates a text. What it does is bounded by the limits, whatever the text says.
func check(schema *ast.Schema, text string, limits Limits) (*ast.QueryDocument, gqlerror.List) {
	return checkIn(helpful, schema, text, limits)
}

func checkIn(words wording, schema *ast.Schema, text string, limits Limits) (*ast.QueryDocument, gqlerror.List) {
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
	if err := measure(document, limits); err != nil {
		return nil, gqlerror.List{gqlerror.Wrap(err)}
	}
	if longest > maxNameBytes {
		return document, validate(schema, document, words.long, limits.Errors)
	}
	return document, validate(schema, document, words.short, limits.Errors)
}

// enough ends a validation that has found more faults than an answer has.
type enough struct{}

// validate returns what is wrong with a document, at most one fault more than limit. The walk offers no way to end it
// but a panic: it goes no further than here.
func validate(
	schema *ast.Schema, document *ast.QueryDocument, set []validator.Rule, limit int,
) (faults gqlerror.List) {
	defer func() {
		if cause := recover(); cause != nil && cause != any(enough{}) {
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
			if faults = append(faults, found); len(faults) > limit {
				panic(enough{})
			}
		})
	}
	validator.Walk(schema, document, observers)
	return faults
}

// given hands the document that was checked to gqlgen's executor, which would parse it again.
type given struct{}

type documentKey struct{}

func (given) Get(ctx context.Context, _ string) (*ast.QueryDocument, bool) {
	document, found := ctx.Value(documentKey{}).(*ast.QueryDocument)
	return document, found
}

func (given) Add(context.Context, string, *ast.QueryDocument) {}

// bounded ends an operation that takes too long, cuts the errors of an answer, and says what the operation cost.
func (f *front) bounded(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	if graphql.HasOperationContext(ctx) {
		operation := graphql.GetOperationContext(ctx)
		if asked := operation.Operation; asked != nil && asked.Operation != ast.Subscription {
			graphql.RegisterExtension(ctx, costExtension, operation.Stats.GetExtension(costExtension))
			var end context.CancelFunc
			ctx, end = f.timed(ctx, asked)
			defer end()
		}
	}
	response := next(ctx)
	if response != nil && len(response.Errors) > f.limits.Errors {
		last := f.limits.Errors - 1
		response.Errors = append(response.Errors[:last:last],
			f.present(ctx, fault.New(fault.TooManyErrors, "There are more errors than these.")))
	}
	return response
}

// timed gives a query or a mutation the time that it may take.
func (f *front) timed(ctx context.Context, operation *ast.OperationDefinition) (context.Context, context.CancelFunc) {
	switch operation.Operation {
	case ast.Mutation:
		return context.WithTimeoutCause(ctx, f.limits.MutationTime, fault.New(fault.TimedOut,
			"The mutation took longer than %s. Read whether it was done, or send it again with the same idempotencyKey.",
			f.limits.MutationTime))
	default:
		return context.WithTimeoutCause(ctx, f.limits.QueryTime, fault.New(fault.TimedOut,
			"The query took longer than %s. Ask for less at once.", f.limits.QueryTime))
	}
}
