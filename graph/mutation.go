package graph

import (
	"context"

	"github.com/infin8content/engine/graph/model"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
)

// act calls a verb of the engine with what was decoded. What can be expected to fail comes back as user errors, and
// the zero answer with them; the rest as an error. Faults of the input are all named, and the verb is not called.
func act[In, Out any](
	ctx context.Context, r *Resolver, in decoded[In], verb func(context.Context, caller.Caller, In) (Out, error),
) (Out, []model.UserError, error) {
	var nothing Out
	faults := in.faults
	if len(faults) == 0 {
		out, err := verb(ctx, caller.From(ctx), in.value)
		if err == nil {
			return out, []model.UserError{}, nil
		}
		if !expected[fault.KindOf(err)] {
			return nothing, nil, err
		}
		faults = []error{err}
	}
	problems := make([]model.UserError, len(faults))
	for i, err := range faults {
		problems[i] = userError(err, in.blame)
	}
	if r.Report != nil {
		r.Report(ctx, "", string(fault.KindOf(faults[0])))
	}
	return nothing, problems, nil
}
