package e2e

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/infin8content/engine/internal/webhook"
)

// testedWebhook is the API's answer to a test of the webhook.
type testedWebhook struct {
	Delivered  *bool
	Status     *int
	Problem    *string
	Replayed   bool
	UserErrors []problem
}

func (c client) testWebhook(t *testing.T, key string) testedWebhook {
	t.Helper()
	var got struct{ Test testedWebhook }
	c.ask(t, `mutation ($key: String) { test: testAlertWebhook(input: {idempotencyKey: $key}) {
		delivered status problem replayed userErrors { code message field } } }`, map[string]any{"key": key}, &got)
	return got.Test
}

// webhookReceiver answers with a status, and keeps the messages with their signature in place of the address.
type webhookReceiver struct {
	*httptest.Server
	status   atomic.Int32
	messages chan webhook.Message
}

func receiveWebhooks(t *testing.T) *webhookReceiver {
	t.Helper()
	r := &webhookReceiver{messages: make(chan webhook.Message, 10)}
	r.status.Store(http.StatusNoContent)
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		seconds, _ := strconv.ParseInt(request.Header.Get("webhook-timestamp"), 10, 64)
		r.messages <- webhook.Message{
			ID:   request.Header.Get("webhook-id"),
			URL:  request.Header.Get("webhook-signature"),
			Body: body,
			At:   time.Unix(seconds, 0),
		}
		w.WriteHeader(int(r.status.Load()))
	}))
	t.Cleanup(r.Close)
	return r
}

// A test of the webhook is signed like an alert. It is sent once for a key, it is no alert, and it has a rate.
func TestAlertWebhook_IsTested(t *testing.T) {
	t.Parallel()
	w, receiver := newWorld(t), receiveWebhooks(t)
	server := start(t, append(w.environment(), "WEBHOOK_SECRET="+authSecret), append([]string{
		"serve", "--listen=127.0.0.1:0", "--connections=12", "--webhook-private", "--workers=false",
	}, quick...)...).listens(t)
	c := w.client(t, server, w.who)
	got := c.testWebhook(t, "early")
	if len(got.UserErrors) != 1 || got.UserErrors[0].Code != "CONFLICT" || got.Delivered != nil {
		t.Errorf("without a webhook: got %+v, want CONFLICT", got)
	}
	var set struct{ Set struct{ Secret string } }
	c.ask(t, `mutation ($url: String) { set: setAlertWebhook(input: {url: $url, idempotencyKey: "hook"}) { secret } }`,
		map[string]any{"url": receiver.URL}, &set)
	got = c.testWebhook(t, "first")
	if got.Delivered == nil || !*got.Delivered || *got.Status != http.StatusNoContent || got.Problem != nil {
		t.Errorf("got %+v, want a delivery with status 204", got)
	}
	m := <-receiver.messages
	signature := m.URL
	m.Secret = set.Set.Secret
	if want, err := m.Sign(); err != nil || signature != want {
		t.Errorf("the signature: got %s, %v, want %s", signature, err, want)
	}
	if got := c.testWebhook(t, "first"); !got.Replayed || got.Delivered != nil || len(receiver.messages) > 0 {
		t.Errorf("again: got %+v and %d messages, want a replay and none", got, len(receiver.messages))
	}
	receiver.status.Store(http.StatusInternalServerError)
	if got := c.testWebhook(t, "second"); got.Delivered == nil || *got.Delivered || *got.Status != 500 {
		t.Errorf("got %+v, want no delivery and status 500", got)
	}
	receiver.Close()
	got = c.testWebhook(t, "third")
	if got.Delivered == nil || *got.Delivered || got.Problem == nil || got.Status != nil {
		t.Errorf("without a receiver: got %+v, want a problem", got)
	}
	var seen seenAlerts
	c.ask(t, `{ organization { alerts { nodes { id } } } }`, nil, &seen)
	if len(seen.Organization.Alerts.Nodes) > 0 {
		t.Errorf("got %d alerts, want none", len(seen.Organization.Alerts.Nodes))
	}
	w.verify(t)
}

func TestAlertWebhook_TestsHaveARate(t *testing.T) {
	t.Parallel()
	w, receiver := newWorld(t), receiveWebhooks(t)
	server := start(t, append(w.environment(), "WEBHOOK_SECRET="+authSecret), append([]string{
		"serve", "--listen=127.0.0.1:0", "--connections=12", "--webhook-private", "--workers=false",
	}, quick...)...).listens(t)
	c := w.client(t, server, w.who)
	c.ask(t, `mutation ($url: String) { set: setAlertWebhook(input: {url: $url, idempotencyKey: "hook"}) { secret } }`,
		map[string]any{"url": receiver.URL}, &struct{}{})
	refused := 0
	for range 8 {
		a, err := c.post(t.Context(), `mutation { testAlertWebhook(input: {}) { delivered } }`, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(a.Errors) > 0 && a.Errors[0].Extensions.Code == "RATE_LIMITED" {
			refused++
		}
	}
	if sent := len(receiver.messages); refused < 2 || sent+refused != 8 {
		t.Errorf("got %d messages and %d refusals, want at most 6 and the rest refused", sent, refused)
	}
}
