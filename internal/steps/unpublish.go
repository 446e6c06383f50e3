package steps

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/publicid"
	"github.com/infin8content/engine/internal/publish"
	"github.com/infin8content/engine/internal/webhook"
	"github.com/infin8content/engine/internal/workflow"
)

// Unpublish makes the post of a publication a draft again and records it. A post that is gone counts as done. It
// returns an error when another attempt may succeed, or when the database did not take the result.
func (s *Sites) Unpublish(ctx context.Context, who caller.Caller, id uuid.UUID) error {
	p, err := s.Engine.Publication(ctx, who, id)
	if err != nil || p.State != workflow.PublicationUnpublishing {
		return err
	}
	target, err := s.Engine.PublishTarget(ctx, who, p.TargetID)
	if err != nil {
		return err
	}
	in := engine.UnpublishedInput{Publication: p}
	err = s.withdraw(ctx, who, target, p)
	var failed *publish.Error
	switch {
	case err == nil || isConflict(err):
	case errors.As(err, &failed) && slices.Contains(
		[]publish.Class{publish.Auth, publish.InvalidRequest, publish.Blocked}, failed.Class):
		in.Failure = &workflow.UnitFailure{Code: workflow.FailureCode(failed.Class), Message: failed.Message}
	default:
		return err
	}
	return s.Engine.RecordUnpublished(ctx, who, in)
}

func (s *Sites) withdraw(
	ctx context.Context, who caller.Caller, t engine.PublishTarget, p workflow.Publication,
) error {
	switch t.Kind {
	case workflow.TargetFile:
		return nil
	case workflow.TargetWebhook:
		return s.sendWithdrawal(ctx, who, t, p)
	}
	site, err := s.open(who, t)
	if err != nil {
		return err
	}
	_, err = site.Unpublish(ctx, p.Remote.ID, p.ID.String())
	return err
}

func (s *Sites) sendWithdrawal(
	ctx context.Context, who caller.Caller, t engine.PublishTarget, p workflow.Publication,
) error {
	secret, err := s.Open(who.OrganizationID, t.ID, t.Secret)
	if err != nil {
		return &publish.Error{Class: publish.Auth, Message: err.Error()}
	}
	id := publicid.New(publicid.Publication, p.ID)
	body, err := json.Marshal(map[string]any{"type": "article.withdrawn", "publication": id})
	if err != nil {
		return err
	}
	status, err := s.Sender.Send(ctx, webhook.Message{
		ID:     string(id) + "_withdrawn",
		URL:    t.BaseURL,
		Secret: secret,
		Body:   body,
		At:     s.Now(),
	})
	return answerOf(ctx, status, err)
}
