package steps

import (
	"context"
	"fmt"

	"github.com/infin8content/engine/internal/engine"
)

// part names one answer of a visit.
type part struct {
	visit int
	key   string
}

// name gives a reservation the key of its part. A part that was asked for before and has no answer is asked for again
// under a new number; a reservation that was never sent keeps its number and is found again.
func (p *part) name(ctx context.Context, r runner, in *engine.ReserveInput) error {
	return r.book(ctx, func(ctx context.Context) error {
		sent, err := r.options.Engine.SentForPart(ctx, r.who, r.run.WorkflowID, p.visit, p.key)
		if err != nil {
			return err
		}
		in.Visit, in.Part = &p.visit, p.key
		in.IdempotencyKey = fmt.Sprintf("part/%s/%d/%s/%d", r.run.WorkflowID, p.visit, p.key, sent)
		return nil
	})
}

// visit is a runner with the answers that earlier attempts of the same visit paid for.
type visit struct {
	runner
	engine.Visit
}

// visit opens the visit that the run belongs to.
func (r runner) visit(ctx context.Context) (visit, error) {
	v := visit{runner: r}
	err := r.book(ctx, func(ctx context.Context) (err error) {
		v.Visit, err = r.options.Engine.OpenVisit(ctx, r.who, r.run)
		return err
	})
	return v, err
}

// ask returns the answer for a part: the one that is there, or a new one, which is kept together with its cost. It may
// be called for several parts at once.
func (v visit) ask(ctx context.Context, key string, q question) (engine.Part, error) {
	if kept, there := v.Parts[key]; there {
		return kept, nil
	}
	a := attempt{runner: v.runner, question: q, part: &part{visit: v.Number, key: key}}
	answer, content, err := a.answer(ctx)
	if err != nil {
		return engine.Part{}, err
	}
	settle, known := a.settlement(answer, "")
	if !known {
		if err := a.markUnknown(ctx, answer, ""); err != nil {
			return engine.Part{}, err
		}
	}
	provider := answer.Provider
	if provider == "" {
		provider = v.options.Gateway.Name
	}
	kept := engine.Part{Key: key, Content: content, Provider: provider, Model: answer.Model}
	return kept, v.book(ctx, func(ctx context.Context) error {
		return v.options.Engine.KeepPart(ctx, v.who, engine.KeepPartInput{
			Run:    v.run,
			Visit:  v.Number,
			Part:   kept,
			Settle: settle,
		})
	})
}

// finish ends the run with its result.
func (v visit) finish(ctx context.Context, in engine.FinishInput) error {
	in.Run = v.run
	in.Result.Token, in.Result.Step, in.Result.At = v.run.Token, v.run.Step, v.options.Now()
	err := v.book(ctx, func(ctx context.Context) error {
		_, err := v.options.Engine.Finish(ctx, v.who, in)
		return err
	})
	if IsLost(err) {
		return nil // The engine has booked the cost and dropped the result.
	}
	return err
}
