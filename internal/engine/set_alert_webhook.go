package engine

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres"
)

// Webhook holds the checks and secrets of webhooks on a server.
type Webhook struct {
	// Check returns an INVALID_INPUT fault about the field url for an address that the server does not send to.
	Check func(url string) error
	// Secret derives the key that signs messages to an organization; each version of the settings has another one.
	Secret func(organization uuid.UUID, version int) string
	// Test sends a test message once and returns the status of the answer. The error of a message without an answer says
	// why, in words for the organization.
	Test func(ctx context.Context, m TestMessage) (status int, err error)
	// AdmitTest returns a RATE_LIMITED fault for an organization that has tested its webhook too often. Nil is no limit.
	AdmitTest func(ctx context.Context, organization uuid.UUID) error
}

// SetAlertWebhookInput sets the address for alerts; "" removes it.
type SetAlertWebhookInput struct {
	URL            string
	Reason         string
	IdempotencyKey string
}

// Webhooked is an organization after its webhook was set, with the secret that signs the messages from now on; ""
// without a webhook.
type Webhooked struct {
	Organization Organization
	Secret       string
	Replayed     bool
}

// SetAlertWebhook sets or removes the address for alerts. Each setting has a new secret, also for the same address.
// Pending deliveries go to the new address, and end without one. The error is CONFLICT when this server cannot sign.
func (e *Engine) SetAlertWebhook(
	ctx context.Context, who caller.Caller, in SetAlertWebhookInput,
) (out Webhooked, err error) {
	ctx, end := e.begin(ctx, "SetAlertWebhook")
	defer end(&err)
	if err := e.checkWebhook(in); err != nil {
		return Webhooked{}, err
	}
	at, key := e.now(), in.IdempotencyKey
	in.IdempotencyKey = ""
	var version int
	replay, err := e.once(ctx, who, request{
		key:       key,
		operation: "setAlertWebhook",
		content:   in,
		at:        at,
	}, func(tx *postgres.Store) error {
		err := e.changeIn(ctx, tx, who, settingsChange{
			reason: in.Reason, at: at, apply: func(o *postgres.Organization) {
				if in.URL != "" || o.WebhookURL != "" {
					o.WebhookURL, o.WebhookVersion = in.URL, o.Version+1
				}
				version = o.WebhookVersion
			},
		})
		if err != nil || key == "" {
			return err
		}
		return tx.CompleteIdempotencyRecord(ctx, who, key, postgres.Made{Version: &version})
	})
	if err != nil {
		return Webhooked{}, fmt.Errorf("set the webhook: %w", err)
	}
	if replay != nil && replay.Version != nil {
		version = *replay.Version
	}
	out = Webhooked{Replayed: replay != nil}
	if in.URL != "" {
		out.Secret = e.webhook.Secret(who.OrganizationID, version)
	}
	out.Organization, err = e.Organization(ctx, who)
	return out, err
}

func (e *Engine) checkWebhook(in SetAlertWebhookInput) error {
	if err := checkReason(in.Reason); err != nil || in.URL == "" {
		return err
	}
	if e.webhook.Secret == nil || e.webhook.Check == nil {
		return noWebhooks()
	}
	return e.webhook.Check(in.URL)
}
