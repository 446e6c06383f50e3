// Command worker-go drives the first step, ICP, from outside the engine: it asks a model for the profile of the ideal
// customer. It ends after its current run on SIGTERM or SIGINT.
package main

//go:generate go tool genqlient genqlient.yaml

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

func main() {
	ctx, _ := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	leaseSeconds, _ := strconv.Atoi(os.Getenv("LEASE_SECONDS"))
	for w := (worker{leaseSeconds: cmp.Or(leaseSeconds, 60)}); ctx.Err() == nil; {
		if err := w.next(ctx); err != nil && ctx.Err() == nil {
			log.Print(err)
			time.Sleep(2 * time.Second)
		}
	}
}

type worker struct {
	engine       engine
	leaseSeconds int
}

// next drives one run, or waits until there may be work. The end of ctx ends the waiting and not the run.
func (w worker) next(ctx context.Context) error {
	running := context.WithoutCancel(ctx)
	claimed, err := ClaimWork(running, w.engine, w.leaseSeconds, rand.Text())
	if err != nil {
		return err
	}
	for _, item := range claimed.ClaimWork.Items {
		return w.drive(running, item)
	}
	return w.engine.workAvailable(ctx)
}

// drive does the work of one run while a heartbeat renews its lease.
func (w worker) drive(ctx context.Context, item Item) error {
	id, token := item.Workflow.Id, item.Run.Token
	beating, stop := context.WithCancel(ctx)
	defer stop()
	go w.renew(beating, id, token)
	err := w.complete(ctx, item)
	if err == nil {
		fmt.Println("completed", id, token)
		return nil
	}
	var failed failure
	if errors.As(err, &failed) {
		_, failing := FailStep(ctx, w.engine, id, token, failed.code, err.Error(), failed.retryAfter)
		return errors.Join(err, failing)
	}
	return err // The run is lost, or the engine does not answer.
}

// renew renews a lease until ctx ends. A failed renewal needs no action: the next request of the run decides.
func (w worker) renew(ctx context.Context, id string, token int) {
	for ticks := time.Tick(time.Duration(w.leaseSeconds) * time.Second / 3); ; {
		select {
		case <-ctx.Done():
			return
		case <-ticks:
			_, _ = RenewLease(ctx, w.engine, id, token, w.leaseSeconds)
		}
	}
}

// complete asks the model and hands in the profile in its answer. The engine checks the profile.
func (w worker) complete(ctx context.Context, item Item) error {
	given, err := w.pay(ctx, item, requestFor(item.Input))
	if err != nil {
		return err
	}
	var profile CustomerProfileInput
	if len(given.Choices) == 0 || json.Unmarshal([]byte(given.Choices[0].Message.Content), &profile) != nil {
		return failure{code: FailureCodeInvalidOutput}
	}
	_, err = CompleteStep(ctx, w.engine, item.Workflow.Id, item.Run.Token, profile, given.Model)
	return err
}

// pay reserves the money for a call, makes the call and settles its cost.
func (w worker) pay(ctx context.Context, item Item, body []byte) (given answer, err error) {
	id, token := item.Workflow.Id, item.Run.Token
	most := UsageEstimateInput{Models: []string{model}, PromptBytes: len(body), MaxCompletionTokens: maxTokens}
	reserved, err := ReserveUsage(ctx, w.engine, id, token, most, fmt.Sprint(id, " ", token))
	if err != nil {
		return given, err
	}
	call := reserved.ReserveUsage.Call.Id
	given, err = ask(ctx, body)
	var failed failure
	if errors.As(err, &failed) && failed.free { // Any other failed call keeps its hold: its cost is not known.
		_, releasing := ReleaseUsage(ctx, w.engine, call, err.Error())
		err = errors.Join(err, releasing)
	}
	if err != nil {
		return given, err
	}
	_, err = SettleUsage(ctx, w.engine, call, given.Model, given.Usage.Prompt, given.Usage.Completion, given.ID)
	return given, err
}
