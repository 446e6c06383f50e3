package seo_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/seo"
	"github.com/infin8content/engine/internal/seo/sandbox"
)

const password = "very-secret-0123456789"

var unitedStates = seo.Market{LocationCode: 2840, LanguageCode: "en"}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bundle is a sandbox behind real HTTP, and the production client in front of it.
type bundle struct {
	box    *sandbox.Sandbox
	client *seo.Client
	// later is the advance of the provider's clock.
	later *atomic.Int64
}

func setup(t *testing.T, options ...func(*sandbox.Options, *seo.Options)) bundle {
	t.Helper()
	later := &atomic.Int64{}
	so := sandbox.Options{
		Seed:   7,
		Prices: cost.StartPrices(),
		Now:    func() time.Time { return time.Now().Add(time.Duration(later.Load())) },
	}
	co := seo.Options{Login: "login", Password: password}
	for _, option := range options {
		option(&so, &co)
	}
	box := sandbox.New(so)
	co.BaseURL = serve(t, box) + "/v3"
	return bundle{box: box, client: newClient(t, co), later: later}
}

func serve(t *testing.T, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func newClient(t *testing.T, o seo.Options) *seo.Client {
	t.Helper()
	client, err := seo.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// ranked is the request for the 50 best keywords of a domain.
func ranked(t *testing.T) seo.Request {
	t.Helper()
	r, err := seo.RankedKeywords("warehouse-robots.example", unitedStates, 50)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// send sends a request. Its error is an *seo.Error or nil.
func (b bundle) send(t *testing.T, r seo.Request, tag string) (seo.Answer, *seo.Error) {
	t.Helper()
	answer, err := b.client.Send(t.Context(), r, tag)
	var failed *seo.Error
	if err != nil && !errors.As(err, &failed) {
		t.Fatalf("got %v, want an *seo.Error", err)
	}
	return answer, failed
}

// booked is what the ledger has after an answer, or after the look-up of an unknown one at a later time of the
// provider's clock.
func (b bundle) booked(t *testing.T, answer seo.Answer, failed *seo.Error, tag string) cost.Pico {
	t.Helper()
	switch {
	case failed == nil:
		return *answer.Cost
	case failed.Charge == seo.ChargeNone:
		return 0
	case failed.Charge == seo.ChargeKnown:
		return *failed.Answer.Cost
	}
	sent := time.Now().Add(time.Duration(b.later.Load()))
	b.later.Add(int64(time.Minute))
	page, err := b.client.List(t.Context(), seo.ListInput{
		Service: seo.ServiceLabs, From: sent.Add(-time.Hour), To: sent.Add(30 * time.Second),
	})
	if err != nil {
		t.Fatalf("look up: %v", err)
	}
	if !page.IsLast || page.Unclear > 0 {
		t.Fatalf("got %+v, want the whole list", page)
	}
	for _, task := range page.Tasks {
		if task.Tag == tag {
			return *task.Cost
		}
	}
	return 0
}
