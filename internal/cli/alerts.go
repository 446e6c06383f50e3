package cli

import (
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/webhook"
)

// alertSettings are the knobs for telling organizations of alerts.
type alertSettings struct {
	WebhookPrivate bool `help:"Send alerts also to http and to private networks: for development."`
}

// checkKey refuses a key that is too short to sign with.
func (s secrets) checkKey() error {
	if n := len(s.webhookKey); n > 0 && n < webhook.MinKeyBytes {
		return fmt.Errorf("WEBHOOK_SECRET has %d bytes; it needs %d", n, webhook.MinKeyBytes)
	}
	return nil
}

// webhook is what a server knows of webhooks: nothing without a key.
func (o alertSettings) webhook(key string) engine.Webhook {
	if key == "" {
		return engine.Webhook{}
	}
	return engine.Webhook{
		Check: func(url string) error { return webhook.CheckURL(url, o.WebhookPrivate) },
		Secret: func(organization uuid.UUID, version int) string {
			return webhook.Secret([]byte(key), organization, version)
		},
	}
}

// sender sends webhooks; nil without a key.
func (o alertSettings) sender(key string) *webhook.Sender {
	if key == "" {
		return nil
	}
	return webhook.NewSender(o.WebhookPrivate)
}

// alertsCommand shows what only the operator hears of. It works as the owner of the database, since the server's role
// may not read it.
type alertsCommand struct {
	List alertsListCommand `cmd:"" help:"List the operator's alerts, the newest first."`
}

type alertsListCommand struct {
	First int `default:"100" help:"How many, 1 to 1000."`
}

// Run prints a line for each alert.
func (c *alertsListCommand) Run(p *program) error {
	if c.First < 1 || c.First > 1000 {
		return errors.New("--first: 1 to 1000")
	}
	return withPrices(p, func(e *engine.Engine) error {
		alerts, err := e.OperatorAlerts(p.ctx, c.First)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		for _, a := range alerts {
			about := a.Sentence()
			if a.Kind == cost.AlertQuarantined {
				about += " It is the proposal " + a.ProposalID.String() + "."
			}
			fmt.Fprintf(table, "%s\t%s\t%s\n", a.At.Format(time.RFC3339), a.Kind, about)
		}
		return table.Flush()
	})
}
