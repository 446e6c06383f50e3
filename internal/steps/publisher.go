package steps

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/publish"
	"github.com/infin8content/engine/internal/workflow"
)

const (
	// mostLost is how many drafts may lose their answer before a person decides.
	mostLost = 3
	// mostRepeats bounds the requests of one attempt that name a post and may be repeated.
	mostRepeats = 5
	// mostTurns bounds the moves of one attempt. The longest way to an end has about ten.
	mostTurns = 30
)

// site is what the sites with drafts have in common.
type site interface {
	Look(ctx context.Context, p publish.Post) (publish.Sighting, error)
	Draft(ctx context.Context, p publish.Post) (publish.Remote, error)
	Get(ctx context.Context, id, marker string) (publish.Remote, error)
	Publish(ctx context.Context, id, marker string, at *time.Time) (publish.Remote, error)
	Unpublish(ctx context.Context, id, marker string) (publish.Remote, error)
	Update(ctx context.Context, c publish.Change) (publish.Remote, error)
	Trash(ctx context.Context, id string) error
}

// publisher is one attempt at the publication of an article on a site. Every request that changes the site follows a
// committed move of the publication, and no transaction is open while the site answers.
type publisher struct {
	runner
	options     PublishOptions
	target      engine.PublishTarget
	article     engine.PublishedText
	site        site
	post        publish.Post
	publication workflow.Publication
	repeats     int
	turns       int
}

// compose returns the article as the site gets it.
func (w *publisher) compose() publish.Post {
	return publish.Post{
		Marker:   w.publication.ID.String(),
		Revision: w.publication.Revision,
		Slug:     w.article.Slug,
		Title:    w.article.Title,
		HTML:     w.article.HTML,
		Excerpt:  w.article.Excerpt,
		Tags:     w.article.Tags,
	}
}

// reach moves the publication by steps until it has ended.
func (w *publisher) reach(ctx context.Context, step func(context.Context) error) error {
	for !w.publication.HasEnded() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if w.turns++; w.turns > mostTurns {
			return &publish.Error{
				Class: publish.ProviderUnavailable, Message: "the site's answers lead to no end of the publication",
			}
		}
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (w *publisher) step(ctx context.Context) error {
	switch w.publication.State {
	case workflow.PublicationPlanned:
		return w.begin(ctx)
	case workflow.PublicationSent:
		return w.lose(ctx, workflow.UnitFailure{
			Code: workflow.FailureLeaseExpired, Message: "The worker stopped before it had the answer.",
		})
	case workflow.PublicationUnknown:
		return w.lookAgain(ctx)
	case workflow.PublicationDrafted:
		return w.fromDraft(ctx)
	case workflow.PublicationPublishSent:
		return w.publishAgain(ctx)
	case workflow.PublicationScheduled, workflow.PublicationLive:
		return w.update(ctx, w.seen())
	case workflow.PublicationUpdateSent:
		return w.confirmUpdate(ctx)
	}
	return w.undecided()
}

// undecided returns the error of a publication that waits for a person, or for its withdrawal.
func (w *publisher) undecided() error {
	if w.publication.State == workflow.PublicationUnpublishing {
		return &decisionError{workflow.FailureRemoteConflict, "a person takes the post from its readers"}
	}
	return &decisionError{
		code:    cmp.Or(w.publication.Failure, workflow.FailureRemoteConflict),
		message: cmp.Or(w.publication.FailureMessage, "a person must decide about the publication"),
	}
}

// move writes a move of the publication, also after the end of the attempt: what a site has answered must be kept.
func (w *publisher) move(ctx context.Context, kind workflow.PublicationMove, next workflow.Publication) error {
	err := w.book(ctx, func(ctx context.Context) error {
		return w.options.Engine.MovePublication(ctx, w.who, engine.MovePublicationInput{
			Unit:   *w.unit,
			Before: w.publication,
			After:  next,
			Kind:   kind,
		})
	})
	if err == nil {
		w.publication = next
	}
	return err
}

// to makes a move without a post.
func (w *publisher) to(
	ctx context.Context, state workflow.PublicationState, kind workflow.PublicationMove,
) error {
	next, err := w.publication.To(state, kind, w.options.Now())
	if err != nil {
		return err
	}
	return w.move(ctx, kind, next)
}

// found makes a move with the post as the site has it.
func (w *publisher) found(
	ctx context.Context, state workflow.PublicationState, kind workflow.PublicationMove, r publish.Remote,
) error {
	next, err := w.publication.Found(state, kind, postOf(r), w.options.Now())
	if err != nil {
		return err
	}
	return w.move(ctx, kind, next)
}

// conflict leaves the publication to a person.
func (w *publisher) conflict(ctx context.Context, code workflow.FailureCode, message string) error {
	next, err := w.publication.Fail(workflow.PublicationNeedsDecision, workflow.PublicationConflict,
		workflow.UnitFailure{Code: code, Message: message}, w.options.Now())
	if err != nil {
		return err
	}
	if err := w.move(ctx, workflow.PublicationConflict, next); err != nil {
		return err
	}
	return &decisionError{code: code, message: message}
}

// postOf returns a post as the database keeps it.
func postOf(r publish.Remote) workflow.Post {
	return workflow.Post{
		ID:       cutText(r.ID, 200),
		URL:      cutText(r.URL, 2048),
		Modified: cutText(r.Modified, 100),
		SHA256:   &r.SHA256,
		Revision: r.Revision,
	}
}

// cutText returns the first characters of a foreign text.
func cutText(text string, most int) string {
	if runes := []rune(strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "?")); len(runes) > most {
		return string(runes[:most])
	} else {
		return string(runes)
	}
}

// seen returns the post as the site had it last.
func (w *publisher) seen() publish.Remote {
	r := publish.Remote{ID: w.publication.Remote.ID, Modified: w.publication.Remote.Modified}
	if sum := w.publication.Remote.SHA256; sum != nil {
		r.SHA256 = *sum
	}
	return r
}

// begin looks for the post, and sends a draft when the site has none.
func (w *publisher) begin(ctx context.Context) error {
	seen, err := w.site.Look(ctx, w.post)
	if err != nil {
		return err
	}
	if done, err := w.adopt(ctx, seen); done || err != nil {
		return err
	}
	post := w.post
	if seen.SlugTaken {
		post.Slug += "-" + post.Marker[len(post.Marker)-6:]
	}
	if err := w.to(ctx, workflow.PublicationSent, workflow.PublicationSend); err != nil {
		return err
	}
	made, err := w.site.Draft(ctx, post)
	if err == nil {
		return w.found(ctx, workflow.PublicationDrafted, workflow.PublicationDraft, made)
	}
	return w.unsent(ctx, err)
}

// unsent records a draft that the site has not confirmed. After a lost answer the attempt goes on with a look.
func (w *publisher) unsent(ctx context.Context, cause error) error {
	failed := &publish.Error{Class: publish.Network, Applied: true, Message: cause.Error()}
	_ = errors.As(cause, &failed) // Nearly every error of a site is one.
	failure := workflow.UnitFailure{Code: workflow.FailureCode(failed.Class), Message: failed.Message}
	if failed.Applied {
		if err := w.lose(ctx, failure); err != nil {
			return err
		}
		return ctx.Err()
	}
	next, err := w.publication.Fail(workflow.PublicationPlanned, workflow.PublicationRefuse, failure, w.options.Now())
	if err != nil {
		return err
	}
	if err := w.move(ctx, workflow.PublicationRefuse, next); err != nil {
		return err
	}
	return cause
}

// lose records that the answer of a draft was lost.
func (w *publisher) lose(ctx context.Context, failure workflow.UnitFailure) error {
	next, err := w.publication.Fail(workflow.PublicationUnknown, workflow.PublicationLose, failure, w.options.Now())
	if err != nil {
		return err
	}
	return w.move(ctx, workflow.PublicationLose, next)
}

// adopt takes a post with our marker as the publication's: the oldest one that is not in the trash.
func (w *publisher) adopt(ctx context.Context, seen publish.Sighting) (done bool, err error) {
	if len(seen.Marked) == 0 {
		return false, nil
	}
	kept := slices.IndexFunc(seen.Marked, func(r publish.Remote) bool { return r.State != publish.Trashed })
	if kept >= 0 {
		return true, w.found(ctx, workflow.PublicationDrafted, workflow.PublicationAdopt, seen.Marked[kept])
	}
	if w.publication.Overwrite {
		return false, nil
	}
	return true, w.conflict(ctx, workflow.FailureRemoteConflict, "the post is in the trash of the site")
}

// lookAgain asks the site for a post whose answer was lost, at the times of the schedule. It never sends one.
func (w *publisher) lookAgain(ctx context.Context) error {
	began := w.options.Now()
	seen, err := w.site.Look(ctx, w.post)
	if err != nil {
		return err
	}
	if done, err := w.adopt(ctx, seen); done || err != nil {
		return err
	}
	waited := began.Sub(w.publication.ChangedAt)
	for _, at := range w.options.Looks {
		if at > waited {
			return &laterError{max(at-waited, time.Millisecond)}
		}
	}
	if w.publication.Lost >= mostLost {
		return w.conflict(ctx, workflow.FailureRemoteUnknown,
			"the site has answered no draft, and has none of them: send it once more, or leave it out")
	}
	return w.to(ctx, workflow.PublicationPlanned, workflow.PublicationAbsent)
}

// tidy moves later twins of the post to the trash, which a lost answer can leave behind: drafts with our marker, our
// title and our content. A twin that a person has changed stays.
func (w *publisher) tidy(ctx context.Context) error {
	if w.publication.Lost == 0 || w.publication.Remote.SHA256 == nil {
		return nil
	}
	seen, err := w.site.Look(ctx, w.post)
	if err != nil {
		return err
	}
	ours := slices.IndexFunc(seen.Marked, func(r publish.Remote) bool { return r.ID == w.publication.Remote.ID })
	if ours < 0 {
		return nil
	}
	for i, twin := range seen.Marked {
		if i == ours || twin.State != publish.Draft || twin.Edited || twin.Title != seen.Marked[ours].Title ||
			twin.SHA256 != *w.publication.Remote.SHA256 {
			continue
		}
		if err := w.site.Trash(ctx, twin.ID); err != nil {
			return err
		}
	}
	return nil
}
