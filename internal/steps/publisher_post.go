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

// makePublic publishes a post by its id, unless the site has it public already.
func (w *publisher) makePublic(ctx context.Context, now publish.Remote) error {
	now.Revision = w.publication.Remote.Revision
	if now.State == publish.Live {
		return w.found(ctx, workflow.PublicationLive, workflow.PublicationPublish, now)
	}
	if err := w.found(ctx, workflow.PublicationPublishSent, workflow.PublicationMakePublic, now); err != nil {
		return err
	}
	return w.sendPublic(ctx)
}

// publishAgain goes on after a request to publish without an answer. A post that the site has scheduled may have
// another time, so only a public one needs no further request.
func (w *publisher) publishAgain(ctx context.Context) error {
	now, err := w.unchanged(ctx)
	if err != nil {
		return w.repeat(err)
	}
	if now.State == publish.Live {
		return w.found(ctx, workflow.PublicationLive, workflow.PublicationPublish, now)
	}
	if err := w.to(ctx, workflow.PublicationPublishSent, workflow.PublicationMakePublic); err != nil {
		return err
	}
	return w.sendPublic(ctx)
}

// sendPublic asks the site to publish the post, and reads it again: the state, the marker and the content must be ours.
func (w *publisher) sendPublic(ctx context.Context) error {
	p := w.publication
	_, err := w.site.Publish(ctx, p.Remote.ID, w.post.Marker, p.PublishAt)
	var failed *publish.Error
	switch {
	case isConflict(err):
		return w.conflict(ctx, workflow.FailureRemoteConflict, messageOf(err))
	case errors.As(err, &failed) && !failed.Applied:
		return w.refused(ctx, failed)
	case err != nil:
		return w.repeat(err)
	}
	public, err := w.unchanged(ctx)
	switch {
	case err != nil:
		return w.repeat(err)
	case public.State == publish.Live:
		return w.found(ctx, workflow.PublicationLive, workflow.PublicationPublish, public)
	case public.State == publish.Scheduled && p.Policy == workflow.PublishSchedule:
		return w.found(ctx, workflow.PublicationScheduled, workflow.PublicationPublish, public)
	}
	return w.refused(ctx, &publish.Error{
		Class: publish.Auth, Message: "the site keeps the post unpublished: the account may not publish posts",
	})
}

// refused records that the site provably did not publish the post.
func (w *publisher) refused(ctx context.Context, cause *publish.Error) error {
	next, err := w.publication.Fail(workflow.PublicationDrafted, workflow.PublicationRefuse,
		workflow.UnitFailure{Code: workflow.FailureCode(cause.Class), Message: cause.Message}, w.options.Now())
	if err != nil {
		return err
	}
	if err := w.move(ctx, workflow.PublicationRefuse, next); err != nil {
		return err
	}
	return cause
}

// unchanged reads the post, whose content must be what was seen last.
func (w *publisher) unchanged(ctx context.Context) (publish.Remote, error) {
	now, err := w.site.Get(ctx, w.publication.Remote.ID, w.post.Marker)
	switch sum := w.publication.Remote.SHA256; {
	case isConflict(err):
		return now, w.conflict(ctx, workflow.FailureRemoteConflict, messageOf(err))
	case err == nil && sum != nil && *sum != now.SHA256:
		return now, w.conflict(ctx, workflow.FailureRemoteConflict, "a person has changed the post on the site")
	}
	now.Revision = w.publication.Remote.Revision
	return now, err
}

// update replaces the content of a post, if the site still has it as it was.
func (w *publisher) update(ctx context.Context, from publish.Remote) error {
	if err := w.to(ctx, workflow.PublicationUpdateSent, workflow.PublicationUpdate); err != nil {
		return err
	}
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

// updated records the post after an update. One that the site has scheduled counts as a draft: its time may be that of
// an earlier decision. A decision for a draft takes the time from it.
func (w *publisher) updated(ctx context.Context, made publish.Remote) error {
	state := workflow.PublicationDrafted
	switch {
	case made.State == publish.Live:
		state = workflow.PublicationLive
	case made.State == publish.Scheduled && w.publication.Policy == workflow.PublishDraft:
		draft, err := w.site.Unpublish(ctx, made.ID, w.post.Marker)
		switch {
		case isConflict(err):
			return w.conflict(ctx, workflow.FailureRemoteConflict, messageOf(err))
		case err != nil:
			return w.repeat(err)
		}
		made = draft
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
	return w.update(ctx, from)
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
