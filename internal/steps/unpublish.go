package steps

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/publicid"
	"github.com/infin8content/engine/internal/publish"
	"github.com/infin8content/engine/internal/webhook"
	"github.com/infin8content/engine/internal/workflow"
)

// ErrNoKey is the error of Sites.Open on a server without the key of the secrets.
var ErrNoKey = errors.New("this server has no SECRETS_KEY, so it cannot use the secret of the target")

// Unpublish makes the post of a publication a draft again and records it. A post that is gone counts as done. It
// returns an error when another attempt may succeed, perhaps on another server, or when the database did not take the
// result. The failure of the last attempt is recorded: a person decides.
func (s *Sites) Unpublish(ctx context.Context, who caller.Caller, id uuid.UUID, last bool) error {
	p, err := s.Engine.Publication(ctx, who, id)
	if err != nil || p.State != workflow.PublicationUnpublishing {
		return err
	}
	target, err := s.Engine.PublishTarget(ctx, who, p.TargetID)
	if err != nil {
		return err
	}
	if target.Kind != workflow.TargetFile && !last {
		if _, err := s.Open(who.OrganizationID, target.ID, target.Secret); errors.Is(err, ErrNoKey) {
			return err
		}
	}
	in := engine.UnpublishedInput{Publication: p}
	err = s.withdraw(ctx, who, target, p)
	var failed *publish.Error
	switch {
	case err == nil || errors.As(err, &failed) && failed.Gone:
	case errors.As(err, &failed) && (last && ctx.Err() == nil || isFinal(failed)):
		in.Failure = &workflow.UnitFailure{Code: workflow.FailureCode(failed.Class), Message: failed.Message}
	default:
		return err
	}
	return s.Engine.RecordUnpublished(ctx, who, in)
}

// isFinal reports whether another attempt would fail in the same way. A site that is busy with the post answers 409.
func isFinal(e *publish.Error) bool {
	return e.Status != http.StatusConflict &&
		slices.Contains([]publish.Class{publish.Auth, publish.InvalidRequest, publish.Blocked}, e.Class)
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
	r, err := site.Unpublish(ctx, p.Remote.ID, p.ID.String())
	if err == nil && r.State != publish.Draft && r.State != publish.Trashed {
		return &publish.Error{Class: publish.ProviderUnavailable, Message: "the site keeps the post from being a draft"}
	}
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
		ID:     p.Remote.ID + "_withdrawn",
		URL:    t.BaseURL,
		Secret: secret,
		Body:   body,
		At:     s.Now(),
	})
	return answerOf(ctx, status, err)
}
