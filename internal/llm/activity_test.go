package llm_test

import (
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/llm"
	"github.com/infin8content/engine/internal/llm/sandbox"
)

func TestActivity_CoversFinishedDays(t *testing.T) {
	t.Parallel()
	var later atomic.Int64
	start := time.Now()
	b := setup(t, func(o *sandbox.Options, _ *llm.Options) {
		o.Now = func() time.Time { return start.Add(time.Duration(later.Load())) }
	})
	total, calls := cost.Pico(0), int64(0)
	for range 3 {
		answer, err := b.client.Complete(t.Context(), body(t), ignore)
		if err != nil {
			t.Fatal(err)
		}
		total, calls = total+*answer.Cost, calls+1
	}
	day := cost.NewDay(start.UTC())
	for _, test := range []struct {
		later time.Duration
		want  []llm.Activity
	}{
		{0, nil},
		{24 * time.Hour, []llm.Activity{{
			Day:      day,
			Model:    sonar,
			Requests: calls,
			Cost:     total,
		}}},
		{30 * 24 * time.Hour, []llm.Activity{{
			Day:      day,
			Model:    sonar,
			Requests: calls,
			Cost:     total,
		}}},
		{31 * 24 * time.Hour, nil},
	} {
		later.Store(int64(test.later))
		got, err := b.client.Activity(t.Context())
		if diff := cmp.Diff(test.want, got); err != nil || diff != "" {
			t.Errorf("after %s: %v (-want +got):\n%s", test.later, err, diff)
		}
	}
}

func TestActivity(t *testing.T) {
	t.Parallel()
	t.Run("AddsWhatUpstreamProvidersCharge", func(t *testing.T) {
		t.Parallel()
		var later atomic.Int64
		start := time.Now()
		b := setup(t, func(o *sandbox.Options, _ *llm.Options) {
			o.Now = func() time.Time { return start.Add(time.Duration(later.Load())) }
		})
		b.box.Next(sandbox.OwnKey(), sandbox.Wire("OwnKeyWithAFee"), sandbox.Injection{})
		var booked cost.Pico
		for range 3 {
			answer, err := b.client.Complete(t.Context(), body(t), ignore)
			if err != nil {
				t.Fatal(err)
			}
			found, err := b.client.Generation(t.Context(), answer.GenerationID)
			if err != nil || found.Cost != *answer.Cost {
				t.Errorf("got %s for an answer of %s (%v), want the same", found.Cost, answer.Cost, err)
			}
			booked += *answer.Cost
		}
		later.Store(int64(24 * time.Hour))
		got, err := b.client.Activity(t.Context())
		if err != nil || len(got) != 1 || got[0].Cost != booked || booked != b.box.Total() {
			t.Errorf("got %+v (%v), want %s as booked and %s as charged", got, err, booked, b.box.Total())
		}
	})
}

func TestActivity_ReadsTheWire(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status int
		body   string
		want   []llm.Activity
		class  llm.Class
	}{
		"endpoints of a model are added up": {
			200, `{"data":[
				{"date":"2026-03-01","model":"a/b","model_permaslug":"a/b-2026-01-01","endpoint_id":"1","provider_name":"P",
				 "usage":0.015,"byok_usage_inference":0.012,"requests":5,"prompt_tokens":50,"completion_tokens":125,
				 "reasoning_tokens":25},
				{"date":"2026-03-01 00:00:00","model":"a/b","usage":8.7e-06,"requests":2},
				{"date":"2026-03-02","model":"a/b","usage":0,"requests":1}]}`,
			[]llm.Activity{
				{
					Day:      day(2026, 3, 1),
					Model:    "a/b",
					Requests: 7,
					Cost:     27_008_700_000,
				},
				{Day: day(2026, 3, 2), Model: "a/b", Requests: 1},
			},
			"",
		},
		"nothing":   {200, `{"data":[]}`, nil, ""},
		"no list":   {200, `{}`, nil, llm.InvalidOutput},
		"no JSON":   {200, `<html>`, nil, llm.InvalidOutput},
		"no date":   {200, `{"data":[{"date":"soon","model":"a/b","usage":1,"requests":1}]}`, nil, llm.InvalidOutput},
		"no model":  {200, `{"data":[{"date":"2026-03-01","usage":1,"requests":1}]}`, nil, llm.InvalidOutput},
		"no amount": {200, `{"data":[{"date":"2026-03-01","model":"m","requests":1}]}`, nil, llm.InvalidOutput},
		"a negative amount": {
			200, `{"data":[{"date":"2026-03-01","model":"m","usage":-1,"requests":1}]}`, nil, llm.InvalidOutput,
		},
		"no requests": {200, `{"data":[{"date":"2026-03-01","model":"m","usage":1}]}`, nil, llm.InvalidOutput},
		"odd figures": {
			200, `{"data":[{"date":"2026-03-01","model":"a/b","usage":"0.5","byok_usage_inference":"0.25","requests":"2"},
				{"date":"2026-03-01","model":"a/b","usage":1,"byok_usage_inference":null,"requests":3.0}]}`,
			[]llm.Activity{{
				Day:      day(2026, 3, 1),
				Model:    "a/b",
				Requests: 5,
				Cost:     1_750_000_000_000,
			}},
			"",
		},
		"an odd model": {
			200, `{"data":[{"date":"2026-03-01","model":"a\u0000b","usage":1,"requests":1}]}`,
			[]llm.Activity{{
				Day:      day(2026, 3, 1),
				Model:    "a\ufffdb",
				Requests: 1,
				Cost:     cost.Dollar,
			}},
			"",
		},
		"odd upstream": {
			200, `{"data":[{"date":"2026-03-01","model":"m","usage":1,"byok_usage_inference":"x","requests":1}]}`,
			nil, llm.InvalidOutput,
		},
		"odd requests": {
			200, `{"data":[{"date":"2026-03-01","model":"m","usage":1,"requests":"many"}]}`, nil, llm.InvalidOutput,
		},
		"a row of no kind": {200, `{"data":[7]}`, nil, llm.InvalidOutput},
		"another key":      {403, `{"error":{"code":403,"message":"Only for management keys"}}`, nil, llm.Auth},
		"down":             {502, ``, nil, llm.ProviderUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/activity" || r.Method != http.MethodGet {
					t.Errorf("got %s %s", r.Method, r.URL)
				}
				w.WriteHeader(test.status)
				_, _ = w.Write([]byte(test.body))
			}))
			got, err := newClient(t, llm.Options{BaseURL: address}).Activity(t.Context())
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("activity (-want +got):\n%s", diff)
			}
			var failed *llm.Error
			if errors.As(err, &failed) != (test.class != "") || failed != nil && failed.Class != test.class {
				t.Errorf("got %v, want %q", err, test.class)
			}
		})
	}
}

func day(year int, month time.Month, date int) cost.Day {
	return cost.NewDay(time.Date(year, month, date, 0, 0, 0, 0, time.UTC))
}
