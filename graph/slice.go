package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
)

// marshalSlice is what the generated code calls in place of graphql.MarshalSliceConcurrently, with its arguments: it
// writes one element after the other. What the elements of a list need is fetched for all of them together, so nothing
// is waited for that goroutines could wait for side by side, and starting one for each element costs more than the
// element does.
func marshalSlice(
	ctx context.Context, length int, _ int64, _ bool, marshal func(ctx context.Context, i int) graphql.Marshaler,
) graphql.Array {
	written := make(graphql.Array, length)
	for i := range written {
		written[i] = marshalElement(graphql.WithFieldContext(ctx, &graphql.FieldContext{Index: &i}), i, marshal)
	}
	return written
}

// marshalElement writes an element, and null with an error when that panics.
func marshalElement(
	ctx context.Context, i int, marshal func(ctx context.Context, i int) graphql.Marshaler,
) (written graphql.Marshaler) {
	defer func() {
		if cause := recover(); cause != nil {
			graphql.AddError(ctx, graphql.Recover(ctx, cause))
			written = graphql.Null
		}
	}()
	return marshal(ctx, i)
}
