package main

import "testing"

func TestFinish(t *testing.T) {
	t.Parallel()
	const before = `package graph

// graphql.MarshalSliceConcurrently( in a comment stays.
func a(ctx context.Context) graphql.Marshaler {
	s := "graphql.MarshalSliceConcurrently("
	return graphql.MarshalSliceConcurrently(ctx, len(s), 0, false, func(ctx context.Context, i int) graphql.Marshaler {
		return graphql.MarshalSliceConcurrently(ctx, 1, 0, false, nil)
	})
}
`
	const after = `package graph

// graphql.MarshalSliceConcurrently( in a comment stays.
func a(ctx context.Context) graphql.Marshaler {
	s := "graphql.MarshalSliceConcurrently("
	return marshalSlice(ctx, len(s), 0, false, func(ctx context.Context, i int) graphql.Marshaler {
		return marshalSlice(ctx, 1, 0, false, nil)
	})
}
`
	got, err := finish([]byte(before))
	if err != nil || string(got) != after {
		t.Errorf("got %s, %v, want %s", got, err, after)
	}
	for name, source := range map[string]string{
		"Finished": after, "NoGo": "hello", "OfAnotherPackage": "package g\nvar a = other.MarshalSliceConcurrently()",
	} {
		if got, err := finish([]byte(source)); err == nil {
			t.Errorf("%s: got %s, want an error", name, got)
		}
	}
}
