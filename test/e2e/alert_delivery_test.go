package e2e

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/webhook"
)

// seenAlerts is the API's answer about an organization's alerts.
type seenAlerts struct {
	Organization struct {
		Alerts struct {
			Nodes []struct {
				ID, Kind, Message string
				Threshold         int
				Delivery          *struct {
					State                string
					Attempts, LastStatus int
				}
			}
		}
	}
}

// A server is killed after a receiver gets a message and before it answers. Another server sends the message again with
// the same id, and not after an acknowledgement.
func TestAlertDelivery_SurvivesItsServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	messages, hang := make(chan webhook.Message, 10), make(chan struct{})
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		seconds, _ := strconv.ParseInt(r.Header.Get("webhook-timestamp"), 10, 64)
		messages <- webhook.Message{
			ID:   r.Header.Get("webhook-id"),
			URL:  r.Header.Get("webhook-signature"),
			Body: body,
			At:   time.Unix(seconds, 0),
		}
		<-hang
	}))
	t.Cleanup(receiver.Close)
	release := func() { close(hang) }
	serve := func() *process {
		environment := append(w.environment(), "WEBHOOK_SECRET="+authSecret)
		return start(t, environment, append([]string{
			"serve", "--listen=127.0.0.1:0", "--connections=12", "--webhook-private",
		}, quick...)...).listens(t)
	}
	first := serve()
	c := w.client(t, first, w.who)
	flow := testdb.Workflow(t, w.db, w.who, testdb.WorkflowOpts{})
	var set struct{ Set struct{ Secret string } }
	c.ask(t, `mutation ($url: String) { set: setAlertWebhook(input: {url: $url, idempotencyKey: "hook"}) { secret } }`,
		map[string]any{"url": receiver.URL}, &set)
	var made struct {
		Record struct{ UserErrors []problem }
	}
	c.ask(t, `mutation ($flow: ID!) { record: recordUsage(input: {workflowId: $flow, model: "m", promptTokens: 1,
		completionTokens: 1, cost: "0.6", idempotencyKey: "call"}) { userErrors { code } } }`,
		map[string]any{"flow": "wf_" + flow.ID.String()}, &made)

	verified := func() (id string) {
		t.Helper()
		select {
		case m := <-messages:
			got := m.URL
			m.Secret = set.Set.Secret
			if want, err := m.Sign(); err != nil || got != want {
				t.Errorf("the signature: got %s, %v, want %s", got, err, want)
			}
			return m.ID
		case <-time.After(timeout):
			t.Fatal("no message came")
		}
		return ""
	}
	id := verified()
	first.signal(t, syscall.SIGKILL)
	eventually(t, "the server ends", first.isOver)
	second := w.client(t, serve(), w.who)
	release()
	// The lease of the killed server's claim is over.
	w.tamper(t, `UPDATE alert_deliveries SET next_at = next_at - interval '2 minutes',
		wake_at = wake_at - interval '2 minutes'`)
	if again := verified(); again != id {
		t.Errorf("sent again as %s, want %s", again, id)
	}
	var seen seenAlerts
	eventually(t, "the alert is delivered", func() bool {
		second.ask(t, `{ organization { alerts { nodes { id kind message threshold
			delivery { state attempts lastStatus } } } } }`, nil, &seen)
		d := seen.Organization.Alerts.Nodes[0].Delivery
		return d != nil && d.State == "DELIVERED"
	})
	if nodes := seen.Organization.Alerts.Nodes; len(nodes) != 1 || nodes[0].ID != id || nodes[0].Threshold != 50 ||
		nodes[0].Delivery.Attempts != 2 || nodes[0].Delivery.LastStatus != http.StatusOK {
		t.Errorf("got %+v, want half of the limit, sent twice and acknowledged once", nodes)
	}
	if len(messages) > 0 {
		t.Errorf("sent again after it was acknowledged: %s", (<-messages).ID)
	}
	if _, err := uuid.Parse(id[len("alert_"):]); err != nil {
		t.Error(err)
	}
	w.verify(t)
}
