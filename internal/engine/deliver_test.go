package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// setupWebhook is setup with a server that can sign, and an organization with a webhook.
func setupWebhook(t *testing.T) bundle {
	t.Helper()
	b := setupWith(t, func(o *engine.Options) {
		o.Webhook = engine.Webhook{
			Check:  func(string) error { return nil },
			Secret: func(_ uuid.UUID, version int) string { return fmt.Sprint("secret ", version) },
		}
	})
	_, err := b.Engine.SetAlertWebhook(context.Background(), b.Who, engine.SetAlertWebhookInput{
		URL: "https://example.com/alerts", Reason: "To be told.",
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// alert causes one alert and returns it.
func (b bundle) alert(t *testing.T) cost.Alert {
	t.Helper()
	b.spend(t, b.Flow(t, workflow.Created), 60*cent)
	alerts, err := b.Engine.Alerts(context.Background(), b.Who, engine.AlertsInput{First: 1})
	if err != nil || len(alerts) != 1 {
		t.Fatalf("alerts: got %v, %v, want one", alerts, err)
	}
	return alerts[0]
}

func TestClaimDelivery_OneOfTwentyWorkersWins(t *testing.T) {
	t.Parallel()
	b, ctx := setupWebhook(t), context.Background()
	alert := b.alert(t)
	attempt := func() (claims []*engine.Claim) {
		t.Helper()
		servers := b.servers(t)
		got := make([]*engine.Claim, 20)
		for _, err := range testdb.Together(len(got), func(i int) (err error) {
			got[i], _, err = servers[i%2].ClaimDelivery(ctx, b.Who.OrganizationID, alert.ID)
			return err
		}) {
			if err != nil {
				t.Fatal(err)
			}
		}
		return slices.DeleteFunc(got, func(c *engine.Claim) bool { return c == nil })
	}
	ended := func(attempt, status int) {
		t.Helper()
		err := b.Engine.RecordAttempt(ctx, engine.Attempted{
			OrganizationID: b.Who.OrganizationID, AlertID: alert.ID, Attempt: attempt, Status: status, WrittenAt: alert.At,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if claims := attempt(); len(claims) != 1 || claims[0].Attempt != 1 || claims[0].URL != "https://example.com/alerts" {
		t.Fatalf("got the claims %+v, want one", claims)
	}
	b.Clock.Advance(time.Minute) // Its worker has died; another takes it, and the first one comes back.
	if claims := attempt(); len(claims) != 1 || claims[0].Attempt != 2 {
		t.Fatalf("got the claims %+v, want the second attempt", claims)
	}
	ended(1, 500)
	if claims := attempt(); len(claims) != 0 {
		t.Errorf("got %d claims while one has it, want none", len(claims))
	}
	ended(2, 503)
	b.Clock.Advance(12 * time.Second)
	if claims := attempt(); len(claims) != 1 || claims[0].Attempt != 3 {
		t.Fatalf("got the claims %+v, want the third attempt", claims)
	}
	ended(3, 204)
	for _, status := range []int{500, 204, 410} {
		ended(3, status)
	}
	b.Clock.Advance(48 * time.Hour)
	if claims := attempt(); len(claims) != 0 {
		t.Errorf("got %d claims of a delivered alert, want none", len(claims))
	}
	now, err := b.Engine.Alert(ctx, b.Who, alert.ID)
	if err != nil || now.Delivery.State != cost.DeliveryDelivered || now.Delivery.Attempts != 3 {
		t.Errorf("got %+v, %v, want three attempts and the last acknowledged", now.Delivery, err)
	}
	if n, err := b.Engine.SweepDeliveries(ctx); n != 0 || err != nil {
		t.Errorf("sweep: got %d, %v, want nothing to wake", n, err)
	}
}

func TestRecordAttempt_RetriesForADay(t *testing.T) {
	t.Parallel()
	b, ctx := setupWebhook(t), context.Background()
	alert, attempts := b.alert(t), 0
	for {
		claim, wait, err := b.Engine.ClaimDelivery(ctx, b.Who.OrganizationID, alert.ID)
		if err != nil {
			t.Fatal(err)
		}
		if claim == nil && wait == 0 {
			break
		}
		if claim == nil {
			b.Clock.Advance(wait)
			continue
		}
		attempts++
		err = b.Engine.RecordAttempt(ctx, engine.Attempted{
			OrganizationID: b.Who.OrganizationID, AlertID: alert.ID, Attempt: claim.Attempt, Problem: "connection refused",
			WrittenAt: claim.Alert.At,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	now, err := b.Engine.Alert(ctx, b.Who, alert.ID)
	if err != nil {
		t.Fatal(err)
	}
	tried := now.Delivery.AttemptedAt.Sub(alert.At)
	if attempts != 17 || tried < 18*time.Hour || tried > 24*time.Hour || now.Delivery.State != cost.DeliveryExpired {
		t.Errorf("got %d attempts in %s and %+v, want 17 within a day and EXPIRED", attempts, tried, now.Delivery)
	}
}

func TestRecordAttempt_IgnoresAnOvertakenAttempt(t *testing.T) {
	t.Parallel()
	b, ctx := setupWebhook(t), context.Background()
	alert := b.alert(t)
	claim := func() *engine.Claim {
		t.Helper()
		got, _, err := b.Engine.ClaimDelivery(ctx, b.Who.OrganizationID, alert.ID)
		if err != nil || got == nil {
			t.Fatalf("claim: got %v, %v", got, err)
		}
		return got
	}
	record := func(c *engine.Claim, status int) cost.DeliveryState {
		t.Helper()
		err := b.Engine.RecordAttempt(ctx, engine.Attempted{
			OrganizationID: b.Who.OrganizationID, AlertID: alert.ID, Attempt: c.Attempt, Status: status,
			WrittenAt: alert.At,
		})
		if err != nil {
			t.Fatal(err)
		}
		now, err := b.Engine.Alert(ctx, b.Who, alert.ID)
		if err != nil {
			t.Fatal(err)
		}
		return now.Delivery.State
	}
	first := claim()
	b.Clock.Advance(25 * time.Hour) // The first worker stood still; another one has the alert now.
	second := claim()
	if got := record(first, 500); got != cost.DeliveryPending {
		t.Errorf("after a late failure: got %s, want it to be PENDING", got)
	}
	if got := record(second, 204); got != cost.DeliveryDelivered {
		t.Errorf("after the acknowledgement: got %s, want DELIVERED", got)
	}
}

func TestSetAlertWebhook_HasAJournalAndANewSecret(t *testing.T) {
	t.Parallel()
	b, ctx := setupWebhook(t), context.Background()
	set := func(who caller.Caller, url, key string) engine.Webhooked {
		t.Helper()
		got, err := b.Engine.SetAlertWebhook(ctx, who, engine.SetAlertWebhookInput{URL: url, IdempotencyKey: key})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	first := set(b.Who, "https://example.com/new", "one")
	if _, err := b.Engine.SetTimeZone(ctx, b.Who, engine.SetTimeZoneInput{TimeZone: "Asia/Tokyo"}); err != nil {
		t.Fatal(err) // Which leaves the webhook as it is.
	}
	again := set(b.Who, "https://example.com/new", "one")
	if !again.Replayed || again.Secret != first.Secret || again.Organization.WebhookURL != "https://example.com/new" {
		t.Errorf("a replay: got %+v, want the same secret as %+v", again, first)
	}
	if rotated := set(b.Who, "https://example.com/new", "two"); rotated.Secret == first.Secret || rotated.Replayed {
		t.Errorf("set again: got %+v, want another secret than %q", rotated, first.Secret)
	}
	alert := b.alert(t)
	removed := set(b.Who, "", "three")
	if removed.Secret != "" || removed.Organization.WebhookURL != "" {
		t.Errorf("removed: got %+v, want no webhook", removed)
	}
	set(b.Who, "", "four") // There is none to remove: nothing is written.
	if n := b.Count(t, "SELECT count(*) FROM organization_changes WHERE webhook_url IS NOT NULL"); n != 4 {
		t.Errorf("changes of the webhook: got %d, want 4", n)
	}
	claim, wait, err := b.Engine.ClaimDelivery(ctx, b.Who.OrganizationID, alert.ID)
	if claim != nil || wait != 0 || err != nil {
		t.Errorf("claim: got %+v, %s, %v, want nothing to send", claim, wait, err)
	}
	if now, err := b.Engine.Alert(ctx, b.Who, alert.ID); err != nil || now.Delivery.State != cost.DeliveryUnaddressed {
		t.Errorf("got %+v, %v, want UNADDRESSED", now.Delivery, err)
	}
	own := b.DB.PoolOf(t, b.Who.OrganizationID)
	if _, err := own.Exec(ctx, "UPDATE organizations SET webhook_url = 'https://example.org'"); err == nil {
		t.Error("a webhook that no change explains was written")
	}
	// A server that cannot sign sets none.
	unsigned := b.NewEngine(t, b.DB.Store(), func(o *engine.Options) { o.Webhook = engine.Webhook{} })
	_, err = unsigned.SetAlertWebhook(ctx, b.Who,
		engine.SetAlertWebhookInput{URL: "https://example.com"})
	if err == nil || !strings.Contains(err.Error(), "WEBHOOK_SECRET") {
		t.Errorf("without a key: got %v, want that there is none", err)
	}
}
