package engine

import "context"

// begin calls the observer of the engine. The returned function takes the error of the verb at its end.
func (e *Engine) begin(ctx context.Context, verb string) (context.Context, func(*error)) {
	if e.observe == nil {
		return ctx, unobserved
	}
	ctx, ended := e.observe(ctx, verb)
	return ctx, func(err *error) { ended(*err) }
}

func unobserved(*error) {}
