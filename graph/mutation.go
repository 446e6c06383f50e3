package graph

import (
	"context"
	"errors"

	"github.com/infin8content/engine/graph/model"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
)

// act calls a verb of the engine with a decoded input. It returns expected failures as user errors, with the zero
// answer, and other failures as an error. For an input that cannot be decoded it returns a user error for each
// mistake, and does not call the verb.
func act[In, Out any](
	ctx context.Context, r *Resolver, in decoded[In], verb func(context.Context, caller.Caller, In) (Out, error),
) (Out, []model.UserError, error) {
	var nothing Out
	faults := in.faults
	if len(faults) == 0 {
		out, err := within(ctx, r, in.value, verb)
		if err == nil {
			return out, []model.UserError{}, nil
		}
		if !expected[fault.KindOf(err)] {
			return nothing, nil, err
		}
		faults = each(err)
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

// each returns the failures that an error of the engine stands for.
func each(err error) []error {
	var many *engine.RevisionConflictsError
	if errors.As(err, &many) {
		return many.Unwrap()
	}
	return []error{err}
}

// mutate calls a verb of the engine with a decoded input and wraps its answer.
func mutate[In, Out, Payload any](
	ctx context.Context, r *Resolver, in decoded[In], verb func(context.Context, caller.Caller, In) (Out, error),
	payload func(Out, []model.UserError) *Payload,
) (*Payload, error) {
	out, problems, err := act(ctx, r, in, verb)
	if err != nil {
		return nil, err
	}
	return payload(out, problems), nil
}

// within calls a verb, if the caller reaches what the input is about.
func within[In, Out any](
	ctx context.Context, r *Resolver, in In, verb func(context.Context, caller.Caller, In) (Out, error),
) (Out, error) {
	who := caller.From(ctx)
	if err := r.Engine.Within(ctx, who, in); err != nil {
		var nothing Out
		return nothing, err
	}
	return verb(ctx, who, in)
}
