package graph

import (
	"context"

	"github.com/google/uuid"

	"github.com/infin8content/engine/graph/model"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
)

// alertList is the kind of the cursors of alerts.
const alertList = "alert"

// maxURLCharacters is the length of the longest address that is checked.
const maxURLCharacters = 2048

// alerts returns a page of the organization's alerts.
func (r *Resolver) alerts(
	ctx context.Context, kinds []cost.AlertKind, unread *bool, asked moments,
) (*model.AlertConnection, error) {
	who := caller.From(ctx)
	in := engine.AlertsInput{
		Kinds:    kinds,
		Unread:   unread != nil && *unread,
		Backward: asked.backward,
		After:    asked.from,
		First:    asked.size + 1,
	}
	found, err := r.Engine.Alerts(ctx, who, in)
	if err != nil {
		return nil, err
	}
	wrap := func(a cost.Alert) *model.Alert { return &model.Alert{Alert: a} }
	return page(found, asked.window, wrap, model.Page[*model.Alert]{
		Cursor: func(a *model.Alert) string { return asked.list.Moment(a.At, a.Alert.ID) },
		Count:  func(ctx context.Context) (int, error) { return r.Engine.CountAlerts(ctx, who, in) },
	}), nil
}

func decodeWebhook(input model.SetAlertWebhookInput) (in decoded[engine.SetAlertWebhookInput]) {
	in.blames(fault.Conflict, "url")
	url := input.URL.Value()
	if url != nil && *url == "" { // The engine takes "" for absent.
		in.note(fault.New(fault.InvalidInput, "Give an address, or null to remove the webhook."), []string{"url"})
	}
	in.value = engine.SetAlertWebhookInput{
		URL:            in.text(orEmpty(url), maxURLCharacters, "url"),
		Reason:         in.text(orEmpty(input.Reason.Value()), maxReasonCharacters, "reason"),
		IdempotencyKey: in.key(&input.IdempotencyKey),
	}
	return in
}

// webhooked returns the organization and the new secret of a payload; nil without a change or a secret.
func webhooked(w engine.Webhooked) (*model.Organization, *string) {
	if w.Organization.ID == uuid.Nil {
		return nil, nil
	}
	organization := &model.Organization{Organization: w.Organization}
	if w.Secret == "" {
		return organization, nil
	}
	return organization, &w.Secret
}

func webhookPayload(w engine.Webhooked, problems []model.UserError) *model.SetAlertWebhookPayload {
	organization, secret := webhooked(w)
	return &model.SetAlertWebhookPayload{
		Organization: organization,
		Secret:       secret,
		Replayed:     w.Replayed,
		UserErrors:   problems,
	}
}

func decodeTestWebhook(input model.TestAlertWebhookInput) (in decoded[engine.TestAlertWebhookInput]) {
	in.value = engine.TestAlertWebhookInput{IdempotencyKey: in.key(input.IdempotencyKey.Value())}
	return in
}

func testWebhookPayload(w engine.TestedWebhook, problems []model.UserError) *model.TestAlertWebhookPayload {
	payload := &model.TestAlertWebhookPayload{Replayed: w.Replayed, UserErrors: problems}
	if w.Replayed || len(problems) > 0 {
		return payload
	}
	delivered := w.Delivered()
	payload.Delivered = &delivered
	if w.Status != 0 {
		payload.Status = &w.Status
	}
	if w.Problem != "" {
		payload.Problem = &w.Problem
	}
	return payload
}
