package llm_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/llm"
	"github.com/infin8content/engine/internal/llm/sandbox"
)

// outcome has the fields that the engine decides by.
type outcome struct {
	Class      llm.Class
	Charge     llm.Charge
	Status     int
	RetryAfter time.Duration
}

// TestError_HasAClassAndACharge injects each failure of the sandbox and compares the Charge with its books.
func TestError_HasAClassAndACharge(t *testing.T) {
	t.Parallel()
	const none, known, unknown = llm.ChargeNone, llm.ChargeKnown, llm.ChargeUnknown
	for name, test := range map[string]struct {
		injection sandbox.Injection
		want      outcome
	}{
		"400":                {sandbox.Status(400, ""), outcome{llm.InvalidRequest, none, 400, 0}},
		"401":                {sandbox.Status(401, ""), outcome{llm.Auth, none, 401, 0}},
		"402":                {sandbox.Status(402, ""), outcome{llm.PaymentRequired, none, 402, 0}},
		"402 in flight":      {sandbox.Status(402, "3"), outcome{llm.RateLimited, none, 402, 3 * time.Second}},
		"403":                {sandbox.Status(403, ""), outcome{llm.Auth, none, 403, 0}},
		"404":                {sandbox.Status(404, ""), outcome{llm.InvalidRequest, none, 404, 0}},
		"408":                {sandbox.Status(408, ""), outcome{llm.Timeout, unknown, 408, 0}},
		"408 charged":        {sandbox.StatusCharged(408), outcome{llm.Timeout, unknown, 408, 0}},
		"413":                {sandbox.Status(413, ""), outcome{llm.InvalidRequest, none, 413, 0}},
		"422":                {sandbox.Status(422, ""), outcome{llm.InvalidRequest, none, 422, 0}},
		"429":                {sandbox.Status(429, "2"), outcome{llm.RateLimited, none, 429, 2 * time.Second}},
		"500":                {sandbox.Status(500, ""), outcome{llm.ProviderUnavailable, unknown, 500, 0}},
		"502":                {sandbox.Status(502, ""), outcome{llm.ProviderUnavailable, unknown, 502, 0}},
		"502 charged":        {sandbox.StatusCharged(502), outcome{llm.ProviderUnavailable, unknown, 502, 0}},
		"503":                {sandbox.Status(503, "9"), outcome{llm.ProviderUnavailable, none, 503, 9 * time.Second}},
		"error in body":      {sandbox.ErrorInBody(429), outcome{llm.RateLimited, unknown, 200, 0}},
		"error at once":      {sandbox.ErrorInStream(0), outcome{llm.ProviderUnavailable, unknown, 200, 0}},
		"error in stream":    {sandbox.ErrorInStream(3), outcome{llm.ProviderUnavailable, unknown, 200, 0}},
		"error after usage":  {sandbox.ErrorAfterUsage(), outcome{llm.ProviderUnavailable, unknown, 200, 0}},
		"stream cut at once": {sandbox.CutStream(0), outcome{llm.Network, unknown, 200, 0}},
		"stream cut":         {sandbox.CutStream(3), outcome{llm.Network, unknown, 200, 0}},
		"no words":           {sandbox.Empty(), outcome{llm.InvalidOutput, known, 200, 0}},
		"filtered":           {sandbox.ContentFilter(), outcome{llm.ContentFiltered, known, 200, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.box.Next(test.injection)
			failed := failure(t, b.client)
			got := outcome{failed.Class, failed.Charge, failed.Status, failed.RetryAfter}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("outcome (-want +got):\n%s\n%v", diff, failed)
			}
			b.quiet(t)
			b.checkCharge(t, failed)
		})
	}
}

// checkCharge compares the Charge of an error with the books.
func (b bundle) checkCharge(t *testing.T, failed *llm.Error) {
	t.Helper()
	total := b.box.Total()
	switch failed.Charge {
	case llm.ChargeNone:
		if total != 0 || len(b.box.Charges()) != 0 {
			t.Errorf("got charges of %s, want none", total)
		}
	case llm.ChargeKnown:
		if failed.Answer.Cost == nil || *failed.Answer.Cost != total {
			t.Errorf("got cost %v, want %s", failed.Answer.Cost, total)
		}
	case llm.ChargeUnknown:
		if failed.Answer.GenerationID == "" {
			if total != 0 {
				t.Errorf("got no generation id for a charge of %s", total)
			}
			return
		}
		found, err := b.client.Generation(t.Context(), failed.Answer.GenerationID)
		if err != nil || found.Cost != total {
			t.Errorf("got generation %+v (%v), want a cost of %s", found, err, total)
		}
	}
}

func TestAnswer(t *testing.T) {
	t.Parallel()
	complete := func(t *testing.T, f sandbox.Injection) (bundle, llm.Answer) {
		t.Helper()
		b := setup(t)
		b.box.Next(f)
		answer, err := b.client.Complete(t.Context(), body(t), ignore)
		if err != nil {
			t.Fatalf("Complete: %v", err)
		}
		return b, answer
	}

	t.Run("AModelThatWasNotAskedIsNamed", func(t *testing.T) {
		t.Parallel()
		_, answer := complete(t, sandbox.Drift("another/model"))
		if answer.Model != "another/model" {
			t.Errorf("got %s, want another/model", answer.Model)
		}
	})
	t.Run("TheNextModelAnswersForTheFirst", func(t *testing.T) {
		t.Parallel()
		_, answer := complete(t, sandbox.FirstModelDown())
		if answer.Model != mini || answer.Usage.WebSearches != 0 {
			t.Errorf("got %s with %d searches, want %s with none", answer.Model, answer.Usage.WebSearches, mini)
		}
	})
	t.Run("ProseComesThroughAsItIs", func(t *testing.T) {
		t.Parallel()
		_, answer := complete(t, sandbox.UnreadableJSON())
		if strings.HasPrefix(answer.Text, "{") || answer.Cost == nil {
			t.Errorf("got %q for %v, want prose with a cost", answer.Text, answer.Cost)
		}
	})
	t.Run("AFenceComesThroughAsItIs", func(t *testing.T) {
		t.Parallel()
		_, answer := complete(t, sandbox.FencedJSON())
		if !strings.HasPrefix(answer.Text, "```json\n{") {
			t.Errorf("got %q, want a fenced block", answer.Text)
		}
	})
	t.Run("TheBilledCostIsTheCost", func(t *testing.T) {
		t.Parallel()
		b, answer := complete(t, sandbox.Overcharge(10))
		list, err := cost.ListCost(cost.StartPrices(), sonar, answer.Usage, time.Now())
		if err != nil || *answer.Cost != 10*list || *answer.Cost != b.box.Total() {
			t.Errorf("got %s, want ten times %s (%v)", answer.Cost, list, err)
		}
	})
	t.Run("ACostThatWasNotReportedIsNil", func(t *testing.T) {
		t.Parallel()
		b, answer := complete(t, sandbox.NoUsage())
		if answer.Cost != nil || b.box.Total() == 0 {
			t.Errorf("got cost %v of %s, want nil", answer.Cost, b.box.Total())
		}
	})
}

func TestSandbox_NamesItself(t *testing.T) {
	t.Parallel()
	b := setup(t)
	answer, err := b.client.Complete(t.Context(), body(t), ignore)
	if err != nil {
		t.Fatalf("Complete: %v", err)
	}
	found, err := b.client.Generation(t.Context(), answer.GenerationID)
	if err != nil {
		t.Fatalf("Generation: %v", err)
	}
	for what, text := range map[string]string{
		"provider": answer.Provider, "generation": answer.GenerationID, "text": strings.ToLower(answer.Text),
		"books": found.Provider, "log": b.log.String(),
	} {
		if !strings.Contains(text, "sandbox") {
			t.Errorf("got %s %q, want it to say sandbox", what, text)
		}
	}
}
