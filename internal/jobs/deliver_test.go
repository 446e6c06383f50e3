package jobs

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/webhook"
	"github.com/infin8content/engine/internal/workflow"
)

// told is a bundle whose organization has its alerts sent to a real receiver.
type told struct {
	bundle
	secret   string
	received chan string // the ids of messages that could be verified, or what was wrong
	mu       sync.Mutex
	answers  []http.HandlerFunc // to the next messages; 204 when there is none
}

func setupTold(t *testing.T, answers ...http.HandlerFunc) *told {
	t.Helper()
	b := &told{bundle: bundle{db: migrated(t)}, received: make(chan string, 100), answers: answers}
	queue, err := NewEnqueuer(nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	b.engine, err = engine.New(engine.Options{
		Store: b.db.Store(), Jobs: queue, WorkflowLimit: cost.Dollar, MonthLimit: cost.Dollar,
		AlertPause: time.Millisecond, Webhook: engine.Webhook{
			Check: func(url string) error { return webhook.CheckURL(url, true) },
			Secret: func(organization uuid.UUID, version int) string {
				return webhook.Secret([]byte("a key of the tests, with 32 bytes"), organization, version)
			},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	b.who = testdb.Caller(t, b.db)
	receiver := httptest.NewServer(http.HandlerFunc(b.receive))
	t.Cleanup(receiver.Close)
	set, err := b.engine.SetAlertWebhook(context.Background(), b.who, engine.SetAlertWebhookInput{URL: receiver.URL})
	if err != nil {
		t.Fatal(err)
	}
	b.secret = set.Secret
	return b
}

// receive verifies a message as a receiver should, and answers.
func (b *told) receive(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var seconds int64
	if err == nil {
		_, err = fmt.Sscan(r.Header.Get("webhook-timestamp"), &seconds)
	}
	want, broken := webhook.Message{
		ID: r.Header.Get("webhook-id"), Secret: b.secret, Body: body, At: time.Unix(seconds, 0),
	}.Sign()
	var said message
	invalid := json.Unmarshal(body, &said)
	if err != nil || broken != nil || invalid != nil || want != r.Header.Get("webhook-signature") ||
		string(said.Data.ID) != r.Header.Get("webhook-id") || time.Since(time.Unix(seconds, 0)).Abs() > time.Minute {
		b.received <- fmt.Sprintf("not to be verified: %v %s", r.Header, body)
		return
	}
	b.mu.Lock()
	answer := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }
	if len(b.answers) > 0 {
		answer, b.answers = b.answers[0], b.answers[1:]
	}
	b.mu.Unlock()
	b.received <- string(said.Data.ID)
	answer(w, r)
}

// alert causes one alert and returns it.
func (b *told) alert(t *testing.T) cost.Alert {
	t.Helper()
	ctx, amount := context.Background(), 60*cost.Dollar/100
	flow := testdb.Workflow(t, b.db, b.who, testdb.WorkflowOpts{State: workflow.Created})
	_, err := b.engine.Record(ctx, b.who, engine.RecordInput{
		WorkflowID: flow.ID, Model: "m", Cost: &amount, IdempotencyKey: uuid.NewString(),
	})
	if err != nil {
		t.Fatal(err)
	}
	alerts, err := b.engine.Alerts(ctx, b.who, engine.AlertsInput{First: 1})
	if err != nil || len(alerts) != 1 {
		t.Fatalf("alerts: got %+v, %v, want one", alerts, err)
	}
	return alerts[0]
}

// work starts workers that deliver.
func (b *told) work(t *testing.T) (stop func()) {
	t.Helper()
	return b.runner(t, Options{Webhooks: webhook.NewSender(true)})
}

// ends waits until the delivery of an alert is over, and checks how.
func (b *told) ends(t *testing.T, alert cost.Alert, state cost.DeliveryState, attempts, status int) {
	t.Helper()
	await(t, "the end of the delivery", func() bool {
		now, err := b.engine.Alert(context.Background(), b.who, alert.ID)
		if err != nil {
			t.Fatal(err)
		}
		alert = now
		return now.Delivery.State != cost.DeliveryPending
	})
	d := alert.Delivery
	if d.State != state || d.Attempts != attempts || d.LastStatus == nil || *d.LastStatus != status {
		t.Errorf("got %+v, want %s after %d attempts with status %d", d, state, attempts, status)
	}
}

// wants checks which messages have come, each verified.
func (b *told) wants(t *testing.T, alert cost.Alert, times int) {
	t.Helper()
	var got, want []string
	for range times {
		got, want = append(got, receive(t, "a message", b.received)), append(want, "alert_"+alert.ID.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the messages (-want +got):\n%s", diff)
	}
	if len(b.received) > 0 {
		t.Errorf("got also %s", <-b.received)
	}
}

// await waits for a fact.
func await(t *testing.T, what string, fact func() bool) {
	t.Helper()
	deadline := time.After(timeout)
	for !fact() {
		select {
		case <-deadline:
			t.Fatalf("waited in vain for %s", what)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func cut(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func TestDeliver_SendsUntilTheAcknowledgement(t *testing.T) {
	t.Parallel()
	b := setupTold(t, status(500), cut, status(302), status(404))
	b.work(t)
	alert := b.alert(t)
	b.ends(t, alert, cost.DeliveryDelivered, 5, 204)
	b.wants(t, alert, 5)
	// Whatever jobs come after that, late, twice or both: nothing is sent.
	for range 3 {
		b.deliver(t, alert)
	}
	await(t, "the end of all jobs", func() bool { return b.unfinished(t) == 0 })
	b.ends(t, alert, cost.DeliveryDelivered, 5, 204)
	b.wants(t, alert, 0)
}

// deliver puts a job into the queue on its own.
func (b *told) deliver(t *testing.T, alert cost.Alert) {
	t.Helper()
	queue, err := NewEnqueuer(nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	err = pgx.BeginFunc(context.Background(), b.db.Pool, func(tx pgx.Tx) error {
		return queue.Deliver(context.Background(), tx, b.who.OrganizationID, alert.ID, time.Now())
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (b *told) unfinished(t *testing.T) (n int) {
	t.Helper()
	const count = `SELECT count(*) FROM river.river_job WHERE state <> 'completed'`
	if err := b.db.Pool.QueryRow(context.Background(), count).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestDeliver_StopsAfterGone(t *testing.T) {
	t.Parallel()
	b := setupTold(t, status(410))
	b.work(t)
	alert := b.alert(t)
	b.ends(t, alert, cost.DeliveryGone, 1, 410)
	b.wants(t, alert, 1)
}

// A worker is killed between its claim and the books, whether it has sent or not: the job is lost with it. After its
// lease a sweeper asks for another, which sends the same id.
func TestDeliver_AnotherWorkerSendsTheSameID(t *testing.T) {
	t.Parallel()
	b, ctx := setupTold(t), context.Background()
	alert := b.alert(t)
	claim, _, err := b.engine.ClaimDelivery(ctx, b.who.OrganizationID, alert.ID)
	if err != nil || claim == nil {
		t.Fatalf("claim: got %v, %v, want one", claim, err)
	}
	for _, statement := range []string{
		`DELETE FROM river.river_job`,
		`UPDATE alert_deliveries SET next_at = next_at - interval '1 minute', wake_at = wake_at - interval '1 minute'`,
	} {
		if _, err := b.db.Super.Exec(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	b.work(t)
	if n, err := b.engine.SweepDeliveries(ctx); n != 1 || err != nil {
		t.Fatalf("sweep: got %d, %v, want the delivery", n, err)
	}
	b.ends(t, alert, cost.DeliveryDelivered, 2, 204)
	b.wants(t, alert, 1)
}
