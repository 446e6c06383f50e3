package server

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/jobs"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/rate"
	"github.com/infin8content/engine/internal/webhook"
)

// testRate bounds the tests of an organization's webhook over all servers: five at once, and then one in 10 seconds.
var testRate = rate.Limit{Capacity: 5, MicroPerSecond: rate.PerMinute(6)}

// webhook returns the checks, the secrets and the tests of webhooks. Without a key there are none.
func (s *Server) webhook(store *postgres.Store) engine.Webhook {
	key := s.secrets.WebhookKey
	if key == "" {
		return engine.Webhook{}
	}
	sender, tests := s.settings.sender(key), rate.New(testRate, store.TakeService, time.Now)
	return engine.Webhook{
		Check: func(url string) error { return webhook.CheckURL(url, s.settings.WebhookPrivate) },
		Secret: func(organization uuid.UUID, version int) string {
			return webhook.Secret([]byte(key), organization, version)
		},
		Test: func(ctx context.Context, m engine.TestMessage) (int, error) { return sendTest(ctx, sender, m) },
		AdmitTest: func(ctx context.Context, organization uuid.UUID) error {
			return tests.Spend(ctx, "webhook test of "+organization.String(), 1)
		},
	}
}

// sendTest sends a test message by the sender of alerts.
func sendTest(ctx context.Context, sender *webhook.Sender, m engine.TestMessage) (status int, err error) {
	body, err := jobs.TestPayload(m.OrganizationID, m.At)
	if err != nil {
		return 0, err
	}
	return sender.Send(ctx, webhook.Message{
		ID:     "test_" + m.ID.String(),
		URL:    m.URL,
		Secret: m.Secret,
		Body:   body,
		At:     m.At,
	})
}
