package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
)

// marshalSlice replaces graphql.MarshalSliceConcurrently in the generated code, with the same arguments. It writes one
// element after the other. The loader fetches data for all elements of a list together, so no element waits for its
// own, and a goroutine costs more than writing an element.
func marshalSlice(
	ctx context.Context, length int, _ int64, _ bool, marshal func(ctx context.Context, i int) graphql.Marshaler,
) graphql.Array {
	written := make(graphql.Array, length)
	for i := range written {
		written[i] = marshalElement(graphql.WithFieldContext(ctx, &graphql.FieldContext{Index: &i}), i, marshal)
	}
	return written
}

// marshalElement writes an element. After a panic it writes null and adds an error.
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
