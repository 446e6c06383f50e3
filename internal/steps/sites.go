package steps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/publicid"
	"github.com/infin8content/engine/internal/publish"
	"github.com/infin8content/engine/internal/webhook"
	"github.com/infin8content/engine/internal/workflow"
)

// Sites reaches the sites that articles are published to.
type Sites struct {
	Engine *engine.Engine
	// Client sends to WordPress and Ghost, Sender to webhooks.
	Client *http.Client
	Sender *webhook.Sender
	// Open decrypts the secret of a target.
	Open func(organization, target uuid.UUID, sealed []byte) (string, error)
	Now  func() time.Time
}

// CheckTarget tries a target and records what it found. It returns an error when the database did not take the result.
func (s *Sites) CheckTarget(ctx context.Context, who caller.Caller, id uuid.UUID) error {
	target, err := s.Engine.PublishTarget(ctx, who, id)
	if err != nil || target.State != workflow.TargetChecking {
		return err
	}
	found, err := s.capabilities(ctx, who, target)
	result := engine.CheckedTarget{
		TargetID: id,
		Version:  target.Version,
		APIRoot:  found.Root,
		SiteName: found.Name,
		Account:  found.User,
	}
	if err == nil && !found.CanPublish && target.Policy == workflow.PolicyPublish {
		err = &publish.Error{
			Class:   publish.Auth,
			Message: "the account may not publish posts: give it the role author or editor, or use the policy DRAFT",
		}
	}
	if err != nil {
		code, message := siteFailure(err)
		result.Failure, result.Message = &code, message
	}
	return s.Engine.RecordTargetCheck(ctx, who, result)
}

// siteFailure returns the failure code and the sentence for a failed request to a site.
func siteFailure(err error) (workflow.FailureCode, string) {
	var failed *publish.Error
	if !errors.As(err, &failed) {
		return workflow.FailureInternal, "the site could not be reached"
	}
	return workflow.FailureCode(failed.Class), failed.Message
}

func (s *Sites) capabilities(
	ctx context.Context, who caller.Caller, t engine.PublishTarget,
) (publish.Capabilities, error) {
	secret, err := s.Open(who.OrganizationID, t.ID, t.Secret)
	if err != nil {
		return publish.Capabilities{}, &publish.Error{Class: publish.Auth, Message: err.Error()}
	}
	switch t.Kind {
	case workflow.TargetWordPress:
		return publish.CheckWordPress(ctx, t.BaseURL, publish.WordPressOptions{
			Client:   s.Client,
			User:     t.Username,
			Password: secret,
		})
	case workflow.TargetGhost:
		ghost, err := publish.NewGhost(publish.GhostOptions{
			Client: s.Client,
			Site:   t.BaseURL,
			Key:    secret,
			Now:    s.Now,
		})
		if err != nil {
			return publish.Capabilities{}, err
		}
		return ghost.Check(ctx)
	case workflow.TargetWebhook:
		return s.ping(ctx, t, secret)
	}
	return publish.Capabilities{CanPublish: true}, nil
}

// open returns a client for a site with drafts.
func (s *Sites) open(who caller.Caller, t engine.PublishTarget) (site, error) {
	secret, err := s.Open(who.OrganizationID, t.ID, t.Secret)
	if err != nil {
		return nil, &publish.Error{Class: publish.Auth, Message: err.Error()}
	}
	if t.Kind == workflow.TargetGhost {
		return publish.NewGhost(publish.GhostOptions{
			Client: s.Client,
			Site:   t.BaseURL,
			Key:    secret,
			Now:    s.Now,
		})
	}
	return publish.NewWordPress(publish.WordPressOptions{
		Client:   s.Client,
		Root:     t.APIRoot,
		User:     t.Username,
		Password: secret,
	}), nil
}

// ping sends a test message to a webhook.
func (s *Sites) ping(ctx context.Context, t engine.PublishTarget, secret string) (publish.Capabilities, error) {
	id := string(publicid.New(publicid.PublishTarget, t.ID))
	body, err := json.Marshal(map[string]string{"type": "target.checked", "target": id})
	if err != nil {
		return publish.Capabilities{}, err
	}
	status, err := s.Sender.Send(ctx, webhook.Message{
		ID:     fmt.Sprintf("%s_check_%d", id, t.Version),
		URL:    t.BaseURL,
		Secret: secret,
		Body:   body,
		At:     s.Now(),
	})
	switch {
	case err != nil:
		return publish.Capabilities{}, &publish.Error{Class: publish.Network, Message: err.Error()}
	case status < 200 || status > 299:
		return publish.Capabilities{}, &publish.Error{
			Class:   publish.InvalidRequest,
			Status:  status,
			Message: fmt.Sprintf("the receiver answered %d; a receiver answers 2xx", status),
		}
	}
	return publish.Capabilities{CanPublish: true}, nil
}
