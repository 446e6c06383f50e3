package steps

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/workflow"
)

// runner is a claimed run with what every step needs.
type runner struct {
	options Options
	who     caller.Caller
	run     workflow.Run
	// unit is the unit that the run stands for; nil for the run of a whole step.
	unit *workflow.Unit
	// article is the article whose budget pays for the calls; nil for none.
	article *uuid.UUID
}

// feedback returns the reviewer's words, if the work was sent back.
func (r runner) feedback(ctx context.Context) (feedback string, err error) {
	err = r.book(ctx, func(ctx context.Context) (err error) {
		feedback, err = r.options.Engine.Feedback(ctx, r.who, r.run)
		return err
	})
	return feedback, err
}

// fail ends the run with a failure code. A lost run has ended already. An error about neither the question nor the
// answer is returned.
func (r runner) fail(ctx context.Context, err error) error {
	v := runEndOf(ctx, err)
	if v.lost {
		return r.dropUnit(ctx)
	}
	if v.code == "" {
		return err
	}
	r.log().Warn("an attempt failed", "code", v.code, "message", v.message, "error", err)
	err = r.book(ctx, func(ctx context.Context) error {
		if r.unit != nil {
			return r.options.Engine.FailUnit(ctx, r.who, engine.FailUnitInput{
				Unit:       *r.unit,
				Failure:    v.code,
				Message:    v.message,
				RetryAfter: v.retryAfter,
			})
		}
		_, err := r.options.Engine.FailRun(ctx, r.who, engine.FailRunInput{
			Run:        r.run,
			Failure:    v.code,
			Message:    v.message,
			RetryAfter: v.retryAfter,
		})
		return err
	})
	if IsLost(err) {
		return nil
	}
	return err
}

// dropUnit ends a lost attempt at a unit, whose workflow may have moved on.
func (r runner) dropUnit(ctx context.Context) error {
	if r.unit == nil {
		return nil
	}
	err := r.book(ctx, func(ctx context.Context) error {
		return r.options.Engine.FailUnit(ctx, r.who, engine.FailUnitInput{
			Unit: *r.unit, Failure: workflow.FailureLeaseExpired, Message: "The attempt was lost.",
		})
	})
	if IsLost(err) {
		return nil
	}
	return err
}

// book makes one booking, also after the end of the attempt: spent money must be recorded. It repeats a booking that
// failed for reasons of the database until the timeout. Bookings are idempotent.
func (r runner) book(ctx context.Context, booking func(context.Context) error) error {
	ctx, cancel := r.bookingContext(ctx)
	defer cancel()
	logged := false
	for pause := 100 * time.Millisecond; ; pause *= 2 {
		err := booking(ctx)
		if err == nil || !passes(err) {
			return err
		}
		if !logged {
			r.log().Error("a booking failed and is repeated", "error", err)
			logged = true
		}
		if r.options.Pause(ctx, pause); ctx.Err() != nil {
			return err
		}
	}
}

// bookingContext returns the context of one booking, which outlives the attempt.
func (r runner) bookingContext(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), r.options.Booking)
}

func (r runner) log() *slog.Logger {
	return r.options.Logger.With("organization", r.run.OrganizationID, "workflow", r.run.WorkflowID,
		"step", r.run.Step, "attempt", r.run.Attempt, "provider", r.options.Gateway.Name)
}
