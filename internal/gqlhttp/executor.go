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

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
)

// limitedExecutor checks limits before gqlgen executes an operation. The order is: tokens, shape, validation,
// variables, complexity, budget. All transports use it.
type limitedExecutor struct {
	*executor.Executor
	schema *ast.Schema
	limits Limits
	// weights has the complexity of arguments and leaves.
	weights map[string]int
	// introspectionSizes are estimated lengths of the introspection lists, by field.
	introspectionSizes map[string]int
	// valid caches validated documents by their text.
	valid *lru[*ast.QueryDocument]
	// hashed caches automatic persisted queries: text by hash.
	hashed *lru[string]
	// documents holds the operations loaded at startup; nil means none.
	documents     *Documents
	presenter     presenter
	mayIntrospect func(who caller.Caller) bool
	spend         func(ctx context.Context, organization uuid.UUID, complexity int64) error
	admission     func(ctx context.Context, o Admission) (context.Context, func(), error)
	// lateMutation and lateQuery end an operation that took too long.
	lateMutation, lateQuery error
}

func newLimitedExecutor(o Options, p presenter) *limitedExecutor {
	e := &limitedExecutor{
		Executor:           executor.New(o.Schema),
		schema:             o.Schema.Schema(),
		limits:             o.Limits.withDefaults(),
		introspectionSizes: introspectionSizes(o.Schema.Schema()),
		valid:              newLRU[*ast.QueryDocument](),
		hashed:             newLRU[string](),
		documents:          o.Documents,
		presenter:          p,
		mayIntrospect:      o.MayIntrospect,
		spend:              o.Spend,
		admission:          o.Admit,
		weights:            o.Weights,
	}
	e.lateMutation = fault.New(fault.TimedOut,
		"The mutation took longer than %s. Read whether it was done, or send it again with the same idempotencyKey.",
		e.limits.MutationTime)
	e.lateQuery = fault.New(fault.TimedOut, "The query took longer than %s. Ask for less at once.", e.limits.QueryTime)
	e.SetQueryCache(parsedQueries{})
	e.SetErrorPresenter(p.present)
	e.SetRecoverFunc(recovered)
	e.AroundResponses(e.limitResponse)
	return e
}

// CreateOperationContext returns the operation that the parameters select, ready for dispatch, or the errors that
// refuse it. The operation context is never nil.
func (e *limitedExecutor) CreateOperationContext(
	ctx context.Context, params *graphql.RawParams,
) (*graphql.OperationContext, gqlerror.List) {
	refused := &graphql.OperationContext{OperationName: params.OperationName, RecoverFunc: recovered}
	hash, err := e.resolveHash(params)
	if err != nil {
		return refused, gqlerror.List{gqlerror.Wrap(err)}
	}
	mayIntrospect := e.mayIntrospect(caller.From(ctx))
	document, errs := e.document(params.Query, mayIntrospect)
	if len(errs) > 0 {
		return refused, errs
	}
	if hash != "" && len(params.Query) <= maxCachedBytes {
		e.hashed.put(hash, params.Query)
	}
	switch selected := document.Operations.ForName(params.OperationName); {
	case selected == nil:
		err := gqlerror.Errorf("No operation of the document has this name. Name one in operationName.")
		errcode.Set(err, errcode.ValidationFailed)
		return refused, gqlerror.List{err}
	case !mayIntrospect && introspects(selected.SelectionSet):
		return refused, gqlerror.List{gqlerror.Wrap(fault.New(fault.Forbidden, "The schema is not described to your role."))}
	}
	operation, errs := e.Executor.CreateOperationContext(context.WithValue(ctx, documentKey{}, document), params)
	if len(errs) > 0 {
		return operation, withoutValues(errs)
	}
	// The check above already refused forbidden introspection. gqlgen disables it by default.
	operation.DisableIntrospection = false
	if err := checkSubscription(operation); err != nil {
		return operation, gqlerror.List{err}
	}
	err = e.checkComplexity(operation)
	if err == nil {
		err = e.spendComplexity(ctx, operation)
	}
	if err != nil {
		return operation, gqlerror.List{gqlerror.Wrap(err)}
	}
	return operation, nil
}

// checkSubscription requires exactly one root field after @skip and @include. Validation does not evaluate variables.
func checkSubscription(operation *graphql.OperationContext) *gqlerror.Error {
	if operation.Operation.Operation != ast.Subscription ||
		len(graphql.CollectFields(operation, operation.Operation.SelectionSet, []string{"Subscription"})) == 1 {
		return nil
	}
	err := gqlerror.Errorf("A subscription follows exactly one field.")
	errcode.Set(err, errcode.ValidationFailed)
	return err
}

// checkComplexity computes the complexity, stores it for the response, and refuses an operation above the limit.
func (e *limitedExecutor) checkComplexity(operation *graphql.OperationContext) error {
	c := complexityCounter{
		schema:    e.schema,
		sizes:     e.introspectionSizes,
		variables: operation.Variables,
		page:      e.limits.Page,
		weights:   e.weights,
	}
	requested := c.count(operation.Operation)
	operation.Stats.SetExtension(complexityExtension, Complexity{
		Requested: requested, Limit: e.limits.Complexity, Remaining: max(e.limits.Complexity-requested, 0),
	})
	operation.Stats.SetExtension(weightExtension, c.weight)
	return c.check(requested, e.limits.Complexity)
}

// spendComplexity takes the complexity from the budget of the caller's organization. A RATE_LIMITED error refuses the
// operation. If the budget check fails with another error, queries and subscriptions run. Mutations are refused,
// because they may start paid calls.
func (e *limitedExecutor) spendComplexity(ctx context.Context, operation *graphql.OperationContext) error {
	who := caller.From(ctx)
	if e.spend == nil || !who.Known() {
		return nil
	}
	complexity := operation.Stats.GetExtension(complexityExtension).(Complexity)
	err := e.spend(ctx, who.OrganizationID, int64(complexity.Requested))
	switch {
	case err == nil, fault.KindOf(err) == fault.RateLimited:
		return err
	case operation.Operation.Operation == ast.Mutation:
		return fmt.Errorf("%w (%w)", fault.New(fault.Unavailable,
			"The rate limit cannot be checked at the moment. Try the mutation again later."), err)
	}
	return nil
}

// admit waits until an operation may run. done must be called after it, and after an error too.
func (e *limitedExecutor) admit(
	ctx context.Context, operation *graphql.OperationContext,
) (admitted context.Context, done func(), errs gqlerror.List) {
	asked := Admission{Type: string(operation.Operation.Operation)}
	if complexity, counted := operation.Stats.GetExtension(complexityExtension).(Complexity); counted {
		asked.Complexity = complexity.Requested
	}
	asked.Weight, _ = operation.Stats.GetExtension(weightExtension).(int)
	for _, selection := range operation.Operation.SelectionSet {
		var name string
		if field, ok := selection.(*ast.Field); ok {
			name = field.Name
		}
		asked.Fields = append(asked.Fields, name)
	}
	admitted, done, err := e.admission(ctx, asked)
	if err != nil {
		return ctx, func() {}, gqlerror.List{gqlerror.Wrap(err)}
	}
	return admitted, done, nil
}

// withoutValues replaces variable errors that may contain client input. The error path still identifies the variable.
func withoutValues(errs gqlerror.List) gqlerror.List {
	for _, found := range errs {
		switch {
		case len(found.Path) == 0 || found.Path[0] != ast.PathName("variable"):
		case found.Message == "must be defined", found.Message == "cannot be null", found.Message == "unknown field":
		default:
			found.Message = "The value does not have the type that the operation declares for it."
		}
	}
	return errs
}

// document returns the validated document or the errors. Only callers who may introspect get name suggestions.
func (e *limitedExecutor) document(text string, mayIntrospect bool) (*ast.QueryDocument, gqlerror.List) {
	if document := e.documents.document(text); document != nil {
		return document, nil
	}
	if document, found := e.valid.get(text); found {
		return document, nil
	}
	rules := suggesting
	if !mayIntrospect {
		rules = withoutSuggestions
	}
	document, errs := parse(rules, e.schema, text, e.limits)
	if len(errs) > 0 {
		return nil, errs
	}
	if len(text) <= maxCachedBytes {
		e.valid.put(text, document)
	}
	return document, nil
}

// parsedQueries hands gqlgen's executor the document that is already validated, so that it does not parse the text.
type parsedQueries struct{}

type documentKey struct{}

func (parsedQueries) Get(ctx context.Context, _ string) (*ast.QueryDocument, bool) {
	document, found := ctx.Value(documentKey{}).(*ast.QueryDocument)
	return document, found
}

func (parsedQueries) Add(context.Context, string, *ast.QueryDocument) {}

// limitResponse sets a timeout and adds the complexity, except for subscriptions. It limits the errors of every
// response.
func (e *limitedExecutor) limitResponse(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	if graphql.HasOperationContext(ctx) {
		operation := graphql.GetOperationContext(ctx)
		if definition := operation.Operation; definition != nil && definition.Operation != ast.Subscription {
			// A refusal before checkComplexity has no complexity.
			if complexity := operation.Stats.GetExtension(complexityExtension); complexity != nil {
				graphql.RegisterExtension(ctx, complexityExtension, complexity)
			}
			var cancel context.CancelFunc
			ctx, cancel = e.withTimeout(ctx, definition)
			defer cancel()
		}
	}
	response := next(ctx)
	if response != nil && len(response.Errors) > e.limits.Errors {
		last := e.limits.Errors - 1
		response.Errors = append(response.Errors[:last:last],
			e.presenter.present(ctx, fault.New(fault.TooManyErrors, "There are more errors than these.")))
	}
	return response
}

// withTimeout limits the time of a query or a mutation.
func (e *limitedExecutor) withTimeout(
	ctx context.Context, operation *ast.OperationDefinition,
) (context.Context, context.CancelFunc) {
	switch operation.Operation {
	case ast.Mutation:
		return context.WithTimeoutCause(ctx, e.limits.MutationTime, e.lateMutation)
	default:
		return context.WithTimeoutCause(ctx, e.limits.QueryTime, e.lateQuery)
	}
}
