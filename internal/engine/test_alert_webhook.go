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

// TestMessage is a message that tells a receiver nothing: it shows that messages arrive and are signed as expected.
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

// TestAlertWebhook sends one signed message to the organization's webhook, as an alert is sent, and waits for the
// answer. It is never repeated, and it is no alert. The error is CONFLICT without a webhook, and on a server that sends
// none; RATE_LIMITED after too many tests.
func (e *Engine) TestAlertWebhook(
	ctx context.Context, who caller.Caller, in TestAlertWebhookInput,
) (out TestedWebhook, err error) {
	ctx, end := e.begin(ctx, "TestAlertWebhook")
	defer end(&err)
	if e.webhook.Secret == nil || e.webhook.Test == nil {
		return TestedWebhook{}, noWebhooks()
	}
	o, err := e.organization(ctx, who)
	if err != nil {
		return TestedWebhook{}, err
	}
	if o.WebhookURL == "" {
		return TestedWebhook{}, fault.New(fault.Conflict, "The organization has no webhook. Set one first.")
	}
	if e.webhook.AdmitTest != nil {
		if err := e.webhook.AdmitTest(ctx, who.OrganizationID); err != nil {
			return TestedWebhook{}, err
		}
	}
	at := e.now()
	replay, err := e.once(ctx, who, request{
		key:       in.IdempotencyKey,
		operation: "testAlertWebhook",
		at:        at,
	}, func(*postgres.Store) error { return nil })
	if err != nil || replay != nil {
		return TestedWebhook{Replayed: replay != nil}, err
	}
	// No transaction is open while the receiver answers.
	out.Status, err = e.webhook.Test(ctx, TestMessage{
		ID:             e.newID(),
		OrganizationID: who.OrganizationID,
		URL:            o.WebhookURL,
		Secret:         e.webhook.Secret(who.OrganizationID, o.WebhookVersion),
		At:             at,
	})
	if ctx.Err() != nil {
		return TestedWebhook{}, fmt.Errorf("test the webhook: %w", ctx.Err())
	}
	if err != nil {
		out.Problem = err.Error()
	}
	return out, nil
}

func noWebhooks() error {
	return fault.New(fault.Conflict, "This server sends no webhooks: its operator has given it no WEBHOOK_SECRET.")
}
