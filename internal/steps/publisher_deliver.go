package steps

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/infin8content/engine/internal/publicid"
	"github.com/infin8content/engine/internal/publish"
	"github.com/infin8content/engine/internal/webhook"
	"github.com/infin8content/engine/internal/workflow"
)

// delivery is the message to a webhook.
type delivery struct {
	Type        string      `json:"type"`
	Publication publicid.ID `json:"publication"`
	Workflow    publicid.ID `json:"workflow"`
	Article     publicid.ID `json:"article"`
	Revision    int         `json:"revision"`
	Policy      string      `json:"policy"`
	PublishAt   *time.Time  `json:"publishAt"`
	Title       string      `json:"title"`
	Slug        string      `json:"slug"`
	Excerpt     string      `json:"excerpt"`
	Tags        []string    `json:"tags"`
	Markdown    string      `json:"markdown"`
	HTML        string      `json:"html"`
	IsSynthetic bool        `json:"isSynthetic"`
}

// deliver gives the article to a receiver without drafts. A webhook gets the same id whenever a message is repeated, so
// that it can drop the second one; every other message has another id. A file is ready as soon as it is planned.
func (w *publisher) deliver(ctx context.Context) error {
	return w.reach(ctx, w.deliverStep)
}

func (w *publisher) deliverStep(ctx context.Context) error {
	id := w.deliveryID()
	done := publish.Remote{ID: id, Revision: w.publication.Revision}
	if w.target.Kind == workflow.TargetFile {
		done.URL = "/publications/" + string(publicid.New(publicid.Publication, w.publication.ID)) + ".md"
	}
	switch w.publication.State {
	case workflow.PublicationPlanned:
		return w.to(ctx, workflow.PublicationSent, workflow.PublicationSend)
	case workflow.PublicationSent:
		if err := w.send(ctx, id); err != nil {
			return w.undelivered(ctx, err)
		}
		return w.found(ctx, workflow.PublicationLive, workflow.PublicationDeliver, done)
	case workflow.PublicationLive, workflow.PublicationDrafted: // DRAFTED after a withdrawal.
		return w.to(ctx, workflow.PublicationUpdateSent, workflow.PublicationUpdate)
	case workflow.PublicationUpdateSent:
		if err := w.send(ctx, id); err != nil {
			return err
		}
		return w.found(ctx, workflow.PublicationLive, workflow.PublicationUpdated, done)
	}
	return w.undecided()
}

// undelivered plans a message again that no answer has confirmed.
func (w *publisher) undelivered(ctx context.Context, cause error) error {
	code, message := siteFailure(cause)
	next, err := w.publication.Fail(workflow.PublicationPlanned, workflow.PublicationRefuse,
		workflow.UnitFailure{Code: code, Message: message}, w.options.Now())
	if err != nil {
		return err
	}
	if err := w.move(ctx, workflow.PublicationRefuse, next); err != nil {
		return err
	}
	return cause
}

// deliveryID is the id of the next message: that of the publication with the number of the decision that asks for it.
// Another message for the same decision, such as one after a withdrawal, counts on from the one before. The id stays
// the same until the receiver has taken the message.
func (w *publisher) deliveryID() string {
	id := fmt.Sprintf("%s_%d", publicid.New(publicid.Publication, w.publication.ID), w.publication.Approval)
	before, ours := strings.CutPrefix(w.publication.Remote.ID, id)
	if !ours {
		return id
	}
	if before == "" {
		return id + "_2"
	}
	n, err := strconv.Atoi(strings.TrimPrefix(before, "_"))
	if err != nil || n < 2 || !strings.HasPrefix(before, "_") {
		return id // The decision before has a longer number.
	}
	return fmt.Sprintf("%s_%d", id, n+1)
}

// send sends one message to a webhook; a file is sent nowhere.
func (w *publisher) send(ctx context.Context, id string) error {
	if w.target.Kind == workflow.TargetFile {
		return nil
	}
	secret, err := w.options.Sites.Open(w.who.OrganizationID, w.target.ID, w.target.Secret)
	if err != nil {
		return &publish.Error{Class: publish.Auth, Message: err.Error()}
	}
	body, err := json.Marshal(w.message())
	if err != nil {
		return err
	}
	status, err := w.options.Sites.Sender.Send(ctx, webhook.Message{
		ID:     id,
		URL:    w.target.BaseURL,
		Secret: secret,
		Body:   body,
		At:     w.options.Sites.Now(),
	})
	return answerOf(ctx, status, err)
}

// answerOf returns the error for the answer of a receiver.
func answerOf(ctx context.Context, status int, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return &publish.Error{Class: publish.Network, Applied: true, Message: err.Error()}
	case status < 200 || status > 299:
		return &publish.Error{
			Class:   classOfStatus(status),
			Status:  status,
			Message: fmt.Sprintf("the receiver answered %d; a receiver answers 2xx", status),
		}
	}
	return nil
}

func (w *publisher) message() delivery {
	p := w.publication
	return delivery{
		Type:        "article.published",
		Publication: publicid.New(publicid.Publication, p.ID),
		Workflow:    publicid.New(publicid.Workflow, p.WorkflowID),
		Article:     publicid.New(publicid.Article, p.ArticleID),
		Revision:    p.Revision,
		Policy:      string(p.Policy),
		PublishAt:   p.PublishAt,
		Title:       w.article.Title,
		Slug:        w.article.Slug,
		Excerpt:     w.article.Excerpt,
		Tags:        w.article.Tags,
		Markdown:    w.article.Markdown,
		HTML:        w.article.HTML,
		IsSynthetic: w.article.IsSynthetic,
	}
}

// classOfStatus returns the class of a receiver's refusal.
func classOfStatus(status int) publish.Class {
	switch {
	case status == 429:
		return publish.RateLimited
	case status == 401, status == 403:
		return publish.Auth
	case status >= 500:
		return publish.ProviderUnavailable
	}
	return publish.InvalidRequest
}
