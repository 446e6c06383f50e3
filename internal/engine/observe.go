package engine

import "context"

// begin tells whoever observes the engine that a verb begins. What comes back is to be told its end, with its error.
func (e *Engine) begin(ctx context.Context, verb string) (context.Context, func(*error)) {
	if e.observe == nil {
		return ctx, unobserved
	}
	ctx, ended := e.observe(ctx, verb)
	return ctx, func(err *error) { ended(*err) }
}

func unobserved(*error) {}
