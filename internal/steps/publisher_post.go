package steps

import (
	"context"
	"errors"

	"github.com/infin8content/engine/internal/publish"
	"github.com/infin8content/engine/internal/workflow"
)

// fromDraft goes on with a post whose id is known: it replaces its content, or makes it public.
func (w *publisher) fromDraft(ctx context.Context) error {
	now, err := w.site.Get(ctx, w.publication.Remote.ID, w.post.Marker)
	if isConflict(err) {
		if w.publication.Overwrite {
			return w.found(ctx, workflow.PublicationPlanned, workflow.PublicationAbsent, publish.Remote{})
		}
		return w.conflict(ctx, workflow.FailureRemoteConflict, messageOf(err))
	}
	if err != nil {
		return err
	}
	if !w.publication.Overwrite {
		sum := w.publication.Remote.SHA256
		switch {
		case now.State == publish.Trashed:
			return w.conflict(ctx, workflow.FailureRemoteConflict, "the post is in the trash of the site")
		case sum != nil && *sum != now.SHA256:
			return w.conflict(ctx, workflow.FailureRemoteConflict, "a person has changed the post on the site")
		}
	}
	if w.publication.Overwrite || w.publication.Remote.Revision != w.publication.Revision {
		return w.update(ctx, now)
	}
	return w.makePublic(ctx, now)
}

// makePublic publishes a post by its id, and reads it again: the state, the marker and the content must be ours.
func (w *publisher) makePublic(ctx context.Context, now publish.Remote) error {
	if now.State != publish.Live && (now.State != publish.Scheduled || w.publication.PublishAt == nil) {
		_, err := w.site.Publish(ctx, now.ID, w.post.Marker, w.publication.PublishAt)
		if err != nil {
			return w.repeat(err)
		}
	}
	public, err := w.site.Get(ctx, now.ID, w.post.Marker)
	switch {
	case isConflict(err):
		return w.conflict(ctx, workflow.FailureRemoteConflict, messageOf(err))
	case err != nil:
		return w.repeat(err)
	case public.SHA256 != now.SHA256:
		return w.conflict(ctx, workflow.FailureRemoteConflict, "a person has changed the post on the site")
	}
	public.Revision = w.publication.Remote.Revision
	switch public.State {
	case publish.Live:
		return w.found(ctx, workflow.PublicationLive, workflow.PublicationPublish, public)
	case publish.Scheduled:
		return w.found(ctx, workflow.PublicationScheduled, workflow.PublicationPublish, public)
	}
	return &publish.Error{
		Class: publish.Auth, Message: "the site keeps the post unpublished: the account may not publish posts",
	}
}

// update replaces the content of a post, if the site still has it as it was.
func (w *publisher) update(ctx context.Context, from publish.Remote) error {
	if err := w.to(ctx, workflow.PublicationUpdateSent, workflow.PublicationUpdate); err != nil {
		return err
	}
	return w.sendUpdate(ctx, from)
}

func (w *publisher) sendUpdate(ctx context.Context, from publish.Remote) error {
	made, err := w.site.Update(ctx, publish.Change{
		From:      from,
		Overwrite: w.publication.Overwrite || w.publication.Remote.SHA256 == nil,
		Post:      w.post,
	})
	switch {
	case isConflict(err):
		return w.conflict(ctx, workflow.FailureRemoteConflict, messageOf(err))
	case err != nil:
		return w.repeat(err)
	}
	return w.updated(ctx, made)
}

// updated records the post after an update.
func (w *publisher) updated(ctx context.Context, made publish.Remote) error {
	state := map[publish.State]workflow.PublicationState{
		publish.Live: workflow.PublicationLive, publish.Scheduled: workflow.PublicationScheduled,
	}[made.State]
	if state == "" {
		state = workflow.PublicationDrafted
	}
	made.Revision = w.publication.Revision
	return w.found(ctx, state, workflow.PublicationUpdated, made)
}

// confirmUpdate goes on after an update without an answer. The revision inside the post says whether it was made.
func (w *publisher) confirmUpdate(ctx context.Context) error {
	now, err := w.site.Get(ctx, w.publication.Remote.ID, w.post.Marker)
	switch {
	case isConflict(err):
		return w.conflict(ctx, workflow.FailureRemoteConflict, messageOf(err))
	case err != nil:
		return w.repeat(err)
	case now.Marked && now.Revision == w.publication.Revision && !w.publication.Overwrite:
		return w.updated(ctx, now)
	}
	from := w.seen()
	if w.publication.Remote.SHA256 == nil {
		from = now
	}
	return w.sendUpdate(ctx, from)
}

// repeat lets the attempt repeat a request that names a post, when its answer was lost.
func (w *publisher) repeat(err error) error {
	var failed *publish.Error
	if w.repeats++; w.repeats <= mostRepeats && errors.As(err, &failed) && failed.Applied &&
		failed.Class != publish.Cancelled {
		return nil
	}
	return err
}

func isConflict(err error) bool {
	var failed *publish.Error
	return errors.As(err, &failed) && failed.Class == publish.RemoteConflict
}

// messageOf returns the sentence of an error of a site.
func messageOf(err error) string {
	_, message := siteFailure(err)
	return message
}
