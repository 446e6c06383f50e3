package steps

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"

	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/llm"
)

// part names one answer of a visit.
type part struct {
	visit int
	key   string
}

// name gives a reservation the key of its part. Each run, and each request after the first, has a number of its own, so
// that only the repetition of the same reservation finds it again.
func (p *part) name(ctx context.Context, r runner, in *engine.ReserveInput) error {
	return r.book(ctx, func(ctx context.Context) error {
		sent, err := r.options.Engine.SentForPart(ctx, r.who, r.run, p.visit, p.key)
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
	// total is how many parts the unit of the run will have, as far as it is known now.
	total int
	// parts locks the parts that this attempt asks for.
	parts *partLocks
}

// partLocks are one lock for each part, and one for the map of parts.
type partLocks struct {
	sync.Mutex
	each map[string]*sync.Mutex
}

func newPartLocks() *partLocks { return &partLocks{each: map[string]*sync.Mutex{}} }

// once returns a part: the one that is there, or the one that it buys. Of several callers for one part, one buys.
func (v visit) once(key string, buy func() (engine.Part, error)) (engine.Part, error) {
	v.parts.Lock()
	lock := v.parts.each[key]
	if lock == nil {
		lock = &sync.Mutex{}
		v.parts.each[key] = lock
	}
	v.parts.Unlock()
	lock.Lock()
	defer lock.Unlock()
	v.parts.Lock()
	kept, there := v.Parts[key]
	v.parts.Unlock()
	if there {
		return kept, nil
	}
	kept, err := buy()
	if err == nil {
		v.parts.Lock()
		v.Parts[key] = kept
		v.parts.Unlock()
	}
	return kept, err
}

// visit opens the visit that the run belongs to.
func (r runner) visit(ctx context.Context) (visit, error) {
	v := visit{runner: r, parts: newPartLocks()}
	err := r.book(ctx, func(ctx context.Context) (err error) {
		v.Visit, err = r.options.Engine.OpenVisit(ctx, r.who, r.run)
		return err
	})
	return v, err
}

// ask returns the answer for a part: the one that is there, or a new one, which is kept together with its cost. It may
// be called for several parts at once.
func (v visit) ask(ctx context.Context, key string, q question) (engine.Part, error) {
	return v.once(key, func() (engine.Part, error) { return v.askNew(ctx, key, q) })
}

func (v visit) askNew(ctx context.Context, key string, q question) (engine.Part, error) {
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
	kept := engine.Part{
		Key:      key,
		Content:  content,
		Provider: provider,
		Model:    answer.Model,
	}
	return kept, v.keep(ctx, &a, kept, settle)
}

// keep writes an answer together with its cost. If the database refuses the answer, the cost is booked alone.
func (v visit) keep(ctx context.Context, a *attempt, kept engine.Part, settle *engine.SettleInput) error {
	err := v.book(ctx, func(ctx context.Context) error {
		return v.options.Engine.KeepPart(ctx, v.who, engine.KeepPartInput{
			Run:    v.run,
			Visit:  v.Number,
			Part:   kept,
			Settle: settle,
			Total:  v.total,
		})
	})
	if err == nil || IsLost(err) || fault.KindOf(err) == fault.Unavailable {
		return err
	}
	a.log().Error("the part and its cost were not stored", "part", kept.Key, "error", err)
	if settle != nil { // The cost alone, so that no other data can prevent it.
		if unbooked := a.enter(ctx, *settle); unbooked != nil {
			return unbooked
		}
	}
	return &resultError{err}
}

// finish ends the run with its result.
func (v visit) finish(ctx context.Context, in engine.FinishInput) error {
	in.Run = v.run
	in.Result.Token, in.Result.Step, in.Result.At = v.run.Token, v.run.Step, v.options.Now()
	err := v.book(ctx, func(ctx context.Context) error {
		_, err := v.options.Engine.Finish(ctx, v.who, in)
		return err
	})
	switch {
	case err == nil || IsLost(err): // Of a lost run the engine has dropped the result.
		return nil
	case errors.Is(err, engine.ErrUnitsOpen):
		return err
	case fault.KindOf(err) == fault.Unavailable:
		return err
	}
	return v.fail(ctx, &resultError{err})
}

// keyOf returns the key of a part that is made from a text.
func keyOf(name, text string) string {
	return name + "/" + digestOf(text)
}

// digestOf returns a short digest of a text.
func digestOf(text string) string {
	digest := sha256.Sum256([]byte(text))
	return fmt.Sprintf("%x", digest[:8])
}

// partKey returns the key of a part whose answer depends on the messages: another input is another part.
func partKey(name string, messages []llm.Message) string {
	hash := sha256.New()
	for _, m := range messages {
		fmt.Fprintf(hash, "%d:%s", len(m.Content), m.Content)
	}
	return fmt.Sprintf("%s/%x", name, hash.Sum(nil)[:8])
}
