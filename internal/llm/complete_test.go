package llm_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/llm"
	"github.com/infin8content/engine/internal/llm/sandbox"
)

func TestComplete_ReadsAnAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	sent := body(t)
	var announced []string
	answer, err := b.client.Complete(t.Context(), sent, func(_ context.Context, id string) error {
		announced = append(announced, id)
		return nil
	})
	if err != nil {
		t.Fatalf("Complete: %v", err)
	}
	if !slices.Equal(announced, []string{answer.GenerationID}) || answer.GenerationID == "" {
		t.Errorf("got announcements %q of the generation %q, want exactly one", announced, answer.GenerationID)
	}
	if answer.Model != sonar || answer.Provider != "sandbox" || answer.FinishReason != "stop" {
		t.Errorf("got %s of %s ended by %s, want %s of sandbox ended by stop",
			answer.Model, answer.Provider, answer.FinishReason, sonar)
	}
	var profile map[string]any
	if err := json.Unmarshal([]byte(answer.Text), &profile); err != nil {
		t.Errorf("the answer is no JSON: %v", err)
	}
	for _, word := range []string{"Müller & Söhne 🚀", "https://mueller.example/über"} {
		if !strings.Contains(answer.Text, word) {
			t.Errorf("got %s, want it to contain %q", answer.Text, word)
		}
	}
	charge := b.box.Charges()[answer.GenerationID]
	if answer.Cost == nil || *answer.Cost != charge.Cost || *answer.Cost != b.box.Total() {
		t.Errorf("got cost %v, want %s as in the books", answer.Cost, charge.Cost)
	}
	if answer.Usage != charge.Usage || answer.Usage.WebSearches != 1 {
		t.Errorf("got usage %+v, want %+v", answer.Usage, charge.Usage)
	}
	estimate := cost.Estimate{
		Models:              []string{sonar, mini},
		PromptBytes:         int64(len(sent)),
		MaxCompletionTokens: 700,
		WebSearches:         1,
	}
	hold, err := cost.Hold(cost.StartPrices(), estimate, time.Now())
	if err != nil || *answer.Cost > hold {
		t.Errorf("got cost %s above the hold %s (%v)", answer.Cost, hold, err)
	}
}

func TestComplete_IsDeterministicForASeed(t *testing.T) {
	t.Parallel()
	texts := map[uint64][]string{}
	for _, seed := range []uint64{1, 1, 2} {
		b := setup(t, func(o *sandbox.Options, _ *llm.Options) { o.Seed = seed })
		answer, err := b.client.Complete(t.Context(), body(t), ignore)
		if err != nil {
			t.Fatalf("Complete: %v", err)
		}
		texts[seed] = append(texts[seed], answer.Text)
	}
	if texts[1][0] != texts[1][1] {
		t.Errorf("got %s and %s for one seed", texts[1][0], texts[1][1])
	}
	if texts[1][0] == texts[2][0] {
		t.Errorf("got %s for two seeds", texts[1][0])
	}
}

func TestComplete_ServesManyAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	sent := body(t)
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		total cost.Pico
	)
	for range 20 {
		wg.Go(func() {
			answer, err := b.client.Complete(t.Context(), sent, ignore)
			if err != nil {
				t.Errorf("Complete: %v", err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			total += *answer.Cost
		})
	}
	wg.Wait()
	if got := len(b.box.Charges()); got != 20 || total != b.box.Total() {
		t.Errorf("got %d charges and %s, want 20 and %s", got, total, b.box.Total())
	}
}

func TestComplete_CutsAtMaxTokens(t *testing.T) {
	t.Parallel()
	b := setup(t)
	answer, err := b.client.Complete(t.Context(), body(t, func(r *llm.Request) { r.MaxTokens = 10 }), ignore)
	if err != nil {
		t.Fatalf("Complete: %v", err)
	}
	if answer.FinishReason != "length" || answer.Usage.CompletionTokens != 10 {
		t.Errorf("got %d tokens ended by %s, want 10 ended by length",
			answer.Usage.CompletionTokens, answer.FinishReason)
	}
}

func TestComplete_EndsWhenStartedFails(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *sandbox.Options, _ *llm.Options) { o.FirstByte = time.Hour })
	lost := errors.New("the lease is lost")
	_, err := b.client.Complete(t.Context(), body(t), func(context.Context, string) error { return lost })
	failed := asError(t, err)
	if !errors.Is(err, lost) || failed.Class != llm.Cancelled || failed.Charge != llm.ChargeUnknown {
		t.Errorf("got %v, want CANCELLED, charge UNKNOWN, because of %v", err, lost)
	}
	b.quiet(t)
	charge := b.box.Charges()[failed.Answer.GenerationID]
	if !charge.Cancelled || charge.Usage.CompletionTokens != 0 || charge.Usage.PromptTokens == 0 {
		t.Errorf("got %+v, want the prompt charged and no answer", charge)
	}
}

func TestComplete_StopsTheChargeWhenCancelled(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *sandbox.Options, _ *llm.Options) { o.Delay = time.Hour })
	ctx, cancel := context.WithCancelCause(t.Context())
	fenced := errors.New("the workflow is cancelled")
	_, err := b.client.Complete(ctx, body(t), func(context.Context, string) error {
		cancel(fenced)
		return nil
	})
	failed := asError(t, err)
	if failed.Class != llm.Cancelled || failed.Charge != llm.ChargeUnknown ||
		!errors.Is(err, context.Canceled) || !errors.Is(err, fenced) {
		t.Errorf("got %v, want CANCELLED, charge UNKNOWN, because of %v", err, fenced)
	}
	b.quiet(t)
	found, err := b.client.Generation(t.Context(), failed.Answer.GenerationID)
	if err != nil || !found.Cancelled || found.Cost != b.box.Total() || found.Usage.CompletionTokens != 0 {
		t.Errorf("got %+v (%v), want a cancelled generation that cost %s", found, err, b.box.Total())
	}
}

func TestComplete_ObeysItsDeadline(t *testing.T) {
	t.Parallel()
	for name, injection := range map[string]sandbox.Injection{
		"Slow":              sandbox.Slow(time.Hour),
		"Unstoppable":       sandbox.Unstoppable(time.Hour),
		"HangAfterHeaders":  sandbox.HangAfterHeaders(),
		"HangBeforeHeaders": sandbox.HangBeforeHeaders(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.box.Next(injection)
			ctx := &overdue{Context: t.Context(), over: make(chan struct{})}
			arrived := make(chan struct{})
			go func() {
				defer close(arrived)
				waitFor(t, "the request to arrive", func() bool { return b.box.InFlight() == 1 })
				close(ctx.over)
			}()
			_, err := b.client.Complete(ctx, body(t), ignore)
			<-arrived
			failed := asError(t, err)
			if failed.Class != llm.Timeout || failed.Charge != llm.ChargeUnknown ||
				!errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want TIMEOUT, charge UNKNOWN", err)
			}
			waitFor(t, "the late charge", func() bool { return b.box.Total() > 0 })
			for _, charge := range b.box.Charges() {
				if full := injection.Kind == sandbox.InjectionUnstoppable; (charge.Usage.CompletionTokens > 0) != full {
					t.Errorf("got %d tokens charged for %s", charge.Usage.CompletionTokens, name)
				}
			}
		})
	}
}

// overdue is a context whose deadline the test controls.
type overdue struct {
	context.Context
	over chan struct{}
}

func (c *overdue) Done() <-chan struct{} { return c.over }

func (c *overdue) Err() error {
	select {
	case <-c.over:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

func TestComplete_EndsAtSilence(t *testing.T) {
	t.Parallel()
	for name, injection := range map[string]sandbox.Injection{
		"BeforeTheHeaders": sandbox.HangBeforeHeaders(),
		"AfterTheHeaders":  sandbox.HangAfterHeaders(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, silence(4*time.Second))
			b.box.Next(injection)
			failed := failure(t, b.client)
			if failed.Class != llm.Timeout || failed.Charge != llm.ChargeUnknown {
				t.Errorf("got %v, want TIMEOUT, charge UNKNOWN", failed)
			}
			if known := failed.Answer.GenerationID != ""; known != (injection.Kind == sandbox.InjectionHangAfterHeaders) {
				t.Errorf("got generation id %q", failed.Answer.GenerationID)
			}
		})
	}
}
