package seo_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/seo"
	"github.com/infin8content/engine/internal/seo/sandbox"
)

func TestClient_ReadsKeywordsAndTheirCost(t *testing.T) {
	t.Parallel()
	b := setup(t)
	answer, failed := b.send(t, ranked(t), "call_1")
	if failed != nil {
		t.Fatal(failed)
	}
	charge := b.box.Charges()["call_1"]
	if *answer.Cost != charge.Cost || answer.TaskID != charge.ID || answer.Items != int64(charge.Items) {
		t.Errorf("got a cost of %s for %d items, the books have %+v", answer.Cost, answer.Items, charge)
	}
	if !answer.IsSynthetic || len(answer.Keywords) != charge.Items || len(answer.Keywords) == 0 {
		t.Fatalf("got %d keywords of %d, synthetic: %v", len(answer.Keywords), charge.Items, answer.IsSynthetic)
	}
	unknown := 0
	for _, k := range answer.Keywords {
		if k.Volume == nil || k.CPC == nil || k.Difficulty == nil {
			unknown++
		}
		if k.Text == "" || k.Intent == "" || k.Rank == nil || k.Language == "" {
			t.Errorf("got %+v, want a text, an intent, a rank and a language", k)
		}
	}
	if unknown == 0 {
		t.Error("want some unknown figures, since the provider has them")
	}
}

func TestClient_ReadsSuggestionsAndResults(t *testing.T) {
	t.Parallel()
	b := setup(t)
	suggestions, err := seo.KeywordSuggestions("c++ courses", unitedStates, 10)
	if err != nil {
		t.Fatal(err)
	}
	answer, failed := b.send(t, suggestions, "call_1")
	if failed != nil || len(answer.Keywords) == 0 || !strings.Contains(answer.Keywords[0].Text, "c++ courses") {
		t.Errorf("got %+v, %v, want keywords with the seed", answer, failed)
	}
	results, err := seo.OrganicResults("50% off site:example.com", unitedStates)
	if err != nil {
		t.Fatal(err)
	}
	answer, failed = b.send(t, results, "call_2")
	if failed != nil || len(answer.Results) != 10 || answer.Cost.String() != "0.002" {
		t.Fatalf("got %+v, %v, want ten results for $0.002", answer, failed)
	}
	first := answer.Results[0]
	if first.Rank != 1 || first.Domain == "" || !strings.Contains(first.Title, "50% off site") {
		t.Errorf("got %+v, want the first result", first)
	}
}

func TestClient_TopLevelOKWithAFailedTask(t *testing.T) {
	t.Parallel()
	for code, class := range map[int]seo.Class{
		40100: seo.Auth, 40207: seo.Auth,
		40200: seo.PaymentRequired, 40203: seo.PaymentRequired, 40210: seo.PaymentRequired,
		40202: seo.RateLimited, 40209: seo.RateLimited,
		40501: seo.InvalidRequest, 40502: seo.InvalidRequest, 40503: seo.InvalidRequest, 40400: seo.InvalidRequest,
		40101: seo.ProviderUnavailable, 40103: seo.ProviderUnavailable, 50000: seo.ProviderUnavailable,
		50301: seo.ProviderUnavailable, 50303: seo.ProviderUnavailable, 50401: seo.ProviderUnavailable,
	} {
		for _, kind := range []sandbox.InjectionKind{sandbox.InjectionTaskFailed, sandbox.InjectionTaskFailedCharged} {
			t.Run(fmt.Sprintf("%d/%s", code, kind), func(t *testing.T) {
				t.Parallel()
				b := setup(t)
				b.box.Next(sandbox.Injection{Kind: kind, Code: code})
				_, failed := b.send(t, ranked(t), "call_1")
				want := seo.ChargeNone
				if kind == sandbox.InjectionTaskFailedCharged {
					want = seo.ChargeKnown
				}
				if failed == nil || failed.Class != class || failed.Charge != want || failed.Code != code {
					t.Fatalf("got %v, want %s and the charge %s", failed, class, want)
				}
				charge := b.box.Charges()["call_1"]
				if want == seo.ChargeKnown && (*failed.Answer.Cost != charge.Cost || charge.Cost == 0) {
					t.Errorf("got a cost of %s, the books have %s", failed.Answer.Cost, charge.Cost)
				}
			})
		}
	}
}

func TestClient_NoResultsAreASuccess(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.box.Next(sandbox.Injection{Kind: sandbox.InjectionEmpty})
	answer, failed := b.send(t, ranked(t), "call_1")
	if failed != nil || answer.Items != 0 || answer.Cost.String() != "0.01" {
		t.Errorf("got %+v, %v, want no items for the price of a request", answer, failed)
	}
}

func TestClient_UnreadableAnswerIsNotSentTwice(t *testing.T) {
	t.Parallel()
	for _, injection := range []sandbox.Injection{
		{Kind: sandbox.InjectionUnreadable},
		{Kind: sandbox.InjectionCutBody},
		{Kind: sandbox.InjectionDrop},
		{Kind: sandbox.InjectionHang},
		{Kind: sandbox.InjectionStatusCharged, Status: 502},
		{Kind: sandbox.InjectionStatusCharged, Status: 504},
	} {
		t.Run(fmt.Sprintf("%s/%d", injection.Kind, injection.Status), func(t *testing.T) {
			t.Parallel()
			b := setup(t, func(_ *sandbox.Options, o *seo.Options) { o.Timeout = 2 * time.Second })
			b.box.Next(injection)
			_, failed := b.send(t, ranked(t), "call_1")
			if failed == nil || failed.Charge != seo.ChargeUnknown {
				t.Fatalf("got %v, want an unknown charge", failed)
			}
			if n := b.box.Requests(); n != 1 {
				t.Errorf("the provider has %d requests, want 1", n)
			}
			got, want := b.booked(t, seo.Answer{}, failed, "call_1"), b.box.Charges()["call_1"].Cost
			if got != want || want == 0 {
				t.Errorf("the list says %s, the books have %s", got, want)
			}
		})
	}
}

func TestClient_NothingIsChargedWithoutAConnection(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	b := bundle{client: newClient(t, seo.Options{BaseURL: "http://" + address, Login: "l", Password: password})}
	_, failed := b.send(t, ranked(t), "call_1")
	if failed == nil || failed.Class != seo.Network || failed.Charge != seo.ChargeNone {
		t.Errorf("got %v, want NETWORK and no charge", failed)
	}
}

func TestClient_CancellingLeavesTheChargeUnknown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end   func(ctx context.Context) (context.Context, context.CancelFunc)
		class seo.Class
	}{
		"Deadline": {
			func(ctx context.Context) (context.Context, context.CancelFunc) {
				return context.WithTimeout(ctx, time.Second)
			}, seo.Timeout,
		},
		"Cancel": {
			func(ctx context.Context) (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancel(ctx)
				time.AfterFunc(time.Second, cancel)
				return ctx, cancel
			}, seo.Cancelled,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.box.Next(sandbox.Injection{Kind: sandbox.InjectionHang})
			ctx, cancel := c.end(t.Context())
			defer cancel()
			_, err := b.client.Send(ctx, ranked(t), "call_1")
			var failed *seo.Error
			if !errors.As(err, &failed) || failed.Class != c.class || failed.Charge != seo.ChargeUnknown {
				t.Errorf("got %v, want %s and an unknown charge", err, c.class)
			}
		})
	}
}

func TestClient_PasswordIsInNoError(t *testing.T) {
	t.Parallel()
	echo := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, `{"status_code": 40100, "tasks": null, "status_message": %q}`,
			password+" "+r.Header.Get("Authorization"))
	}))
	b := bundle{client: newClient(t, seo.Options{BaseURL: echo, Login: "login", Password: password})}
	_, failed := b.send(t, ranked(t), "call_1")
	_, secret, _ := strings.Cut("Basic bG9naW46dmVyeS1zZWNyZXQtMDEyMzQ1Njc4OQ==", " ")
	if failed == nil || strings.Contains(failed.Error(), password) || strings.Contains(failed.Error(), secret) {
		t.Errorf("got %v, want an error without the password", failed)
	}
	if text := fmt.Sprintf("%+v", b.client); strings.Contains(text, password) {
		t.Errorf("a printed client has the password: %s", text)
	}
}

func TestClient_HoldIsAnUpperBoundOfTheCharge(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for limit := range 60 {
		r, err := seo.RankedKeywords(fmt.Sprintf("shop-%d-parts.example", limit), unitedStates, limit+1)
		if err != nil {
			t.Fatal(err)
		}
		hold, err := cost.Hold(cost.StartPrices(), cost.Estimate{
			Models: []string{r.Service()}, Items: r.MaxItems(),
		}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		answer, failed := b.send(t, r, fmt.Sprintf("call_%d", limit))
		if failed != nil || *answer.Cost > hold {
			t.Errorf("limit %d: got %+v, %v, want at most the hold of %s", limit+1, answer.Cost, failed, hold)
		}
	}
}

func TestClient_RefusesOptionsWithoutUse(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]seo.Options{
		"NoLogin":    {Password: "p"},
		"NoPassword": {Login: "l"},
		"AColon":     {Login: "l:m", Password: "p"},
		"NoAddress":  {Login: "l", Password: "p", BaseURL: "api.dataforseo.com"},
		"ASecret":    {Login: "l", Password: "p", BaseURL: "https://l:p@api.dataforseo.com"},
	} {
		if _, err := seo.New(o); err == nil {
			t.Errorf("%s: want an error", name)
		}
	}
}

func TestQuery_MeansOnlyItsWords(t *testing.T) {
	t.Parallel()
	got := map[string]string{}
	want := map[string]string{
		"seo tools":               "seo tools",
		"50% off":                 "50%25 off",
		"c++ course":              "c%2B%2B course",
		"%2B":                     "%252B",
		"site:example.com seo":    "site example.com seo",
		"SITE:inurl:admin":        "SITE inurl admin",
		"allintitle: seo":         "allintitle seo",
		`"exact phrase"`:          "exact phrase",
		"seo -agency":             "seo agency",
		"ratio 3:1":               "ratio 3:1",
		"名前 検索":                   "名前 検索",
		" a\x00b\n c ":            "a b c",
		"---":                     "",
		"crm für handwerker":      "crm für handwerker",
		"-site:rival.com pricing": "site rival.com pricing",
	}
	for keyword := range want {
		got[keyword] = seo.Query(keyword)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRequest_HasBoundsAndAKey(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func() (seo.Request, error){
		"NoDomain":       func() (seo.Request, error) { return seo.RankedKeywords("", unitedStates, 50) },
		"AnAddress":      func() (seo.Request, error) { return seo.RankedKeywords("https://a.example/", unitedStates, 50) },
		"NoLimit":        func() (seo.Request, error) { return seo.RankedKeywords("a.example", unitedStates, 0) },
		"TooMany":        func() (seo.Request, error) { return seo.RankedKeywords("a.example", unitedStates, 1001) },
		"NoMarket":       func() (seo.Request, error) { return seo.RankedKeywords("a.example", seo.Market{}, 50) },
		"NoKeyword":      func() (seo.Request, error) { return seo.OrganicResults(" \x00 ", unitedStates) },
		"ALongKeyword":   func() (seo.Request, error) { return seo.OrganicResults(strings.Repeat("é", 701), unitedStates) },
		"LongIfEscaped":  func() (seo.Request, error) { return seo.OrganicResults(strings.Repeat("%", 300), unitedStates) },
		"AnEmptySuggest": func() (seo.Request, error) { return seo.KeywordSuggestions("", unitedStates, 20) },
	} {
		if _, err := make(); err == nil {
			t.Errorf("%s: want an error", name)
		}
	}
	keys := map[string]bool{}
	for _, limit := range []int{10, 20, 10} {
		r, err := seo.KeywordSuggestions("seo", unitedStates, limit)
		if err != nil {
			t.Fatal(err)
		}
		keys[r.Key()] = true
	}
	keys[ranked(t).Key()] = true
	if len(keys) != 3 {
		t.Errorf("got the keys %v, want one for each content", keys)
	}
}
