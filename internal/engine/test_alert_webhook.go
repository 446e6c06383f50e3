package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
)

// TestMessage is a message without news: its receiver sees that messages arrive, and how they are signed.
type TestMessage struct {
	ID, OrganizationID uuid.UUID
	URL                string
	Secret             string // whsec_…
	At                 time.Time
}

// TestAlertWebhookInput asks for a test of the organization's webhook.
type TestAlertWebhookInput struct {
	IdempotencyKey string
}

// TestedWebhook is the result of a test. A replay sends nothing, and has no result.
type TestedWebhook struct {
	// Status is that of the answer; 0 without one.
	Status int
	// Problem says why there was no answer.
	Problem  string
	Replayed bool
}

// Delivered reports whether the receiver has acknowledged the message, by the rule for alerts.
func (w TestedWebhook) Delivered() bool { return w.Status >= 200 && w.Status < 300 }

// testLimit is the time of one test. Two of them fit into the time of a mutation.
const testLimit = 6 * time.Second

// TestAlertWebhook sends one signed message to the organization's webhook, as an alert is sent, and waits up to 6 s for
// the answer. It is never repeated, and it is no alert. A used key sends nothing, also when the earlier request has
// ended before its message went out. The error is CONFLICT without a webhook, and on a server that sends none;
// RATE_LIMITED after too many tests.
func (e *Engine) TestAlertWebhook(
	ctx context.Context, who caller.Caller, in TestAlertWebhookInput,
) (out TestedWebhook, err error) {
	ctx, end := e.begin(ctx, "TestAlertWebhook")
	defer end(&err)
	asked := request{key: in.IdempotencyKey, operation: "testAlertWebhook", at: e.now()}
	// A repetition needs neither a webhook nor a place in the rate.
	used, err := e.isUsed(ctx, who, asked)
	if err != nil || used {
		return TestedWebhook{Replayed: used}, err
	}
	message, err := e.testMessage(ctx, who, asked.at)
	if err != nil {
		return TestedWebhook{}, err
	}
	if e.webhook.AdmitTest != nil {
		if err := e.webhook.AdmitTest(ctx, who.OrganizationID); err != nil {
			return TestedWebhook{}, err
		}
	}
	replay, err := e.once(ctx, who, asked, func(*postgres.Store) error { return nil })
	if err != nil || replay != nil {
		return TestedWebhook{Replayed: replay != nil}, err
	}
	// No transaction is open while the receiver answers.
	limited, cancel := context.WithTimeout(ctx, testLimit)
	defer cancel()
	out.Status, err = e.webhook.Test(limited, message)
	if ctx.Err() != nil {
		return TestedWebhook{}, fmt.Errorf("test the webhook: %w", ctx.Err())
	}
	if err != nil {
		out.Problem = err.Error()
	}
	return out, nil
}

// testMessage returns the test for the organization's present webhook.
func (e *Engine) testMessage(ctx context.Context, who caller.Caller, at time.Time) (TestMessage, error) {
	if e.webhook.Secret == nil || e.webhook.Test == nil {
		return TestMessage{}, noWebhooks()
	}
	o, err := e.organization(ctx, who)
	if err != nil {
		return TestMessage{}, err
	}
	if o.WebhookURL == "" {
		return TestMessage{}, fault.New(fault.Conflict, "The organization has no webhook. Set one first.")
	}
	return TestMessage{
		ID:             e.newID(),
		OrganizationID: who.OrganizationID,
		URL:            o.WebhookURL,
		Secret:         e.webhook.Secret(who.OrganizationID, o.WebhookVersion),
		At:             at,
	}, nil
}

func noWebhooks() error {
	return fault.New(fault.Conflict, "This server sends no webhooks: its operator has given it no WEBHOOK_SECRET.")
}
