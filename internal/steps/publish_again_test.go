package steps_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/publish"
	"github.com/infin8content/engine/internal/publish/sandbox"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// again begins another visit of the step, in which the publication is asked for in another way.
func (p *press) again(t *testing.T, change func(*workflow.Publication)) {
	t.Helper()
	taken, err := p.engine.Take(t.Context(), p.who, p.flow.ID)
	if err != nil || taken.Run == nil {
		t.Fatalf("take: got %+v, %v", taken, err)
	}
	failed, err := p.engine.FailRun(t.Context(), p.who, engine.FailRunInput{
		Run: *taken.Run, Failure: workflow.FailureInternal, Message: "a test",
	})
	if err != nil {
		t.Fatal(err)
	}
	testdb.ApproveAgain(t, p.db, p.who, failed.Workflow, change)
	p.pass(t)
	p.work(t, p.all(t)[0].ID)
}

// decide decides about the first publication that waits for a decision, or about the first of all. It takes the post
// from the readers when the decision asks for that.
func (p *press) decide(t *testing.T, choice engine.PublicationChoice) {
	t.Helper()
	all := p.publications(t)
	i := max(0, slices.IndexFunc(all, func(p workflow.Publication) bool {
		return p.State == workflow.PublicationNeedsDecision
	}))
	p.decideOn(t, all[i].ID, choice)
}

// decideOn decides about one publication.
func (p *press) decideOn(t *testing.T, id uuid.UUID, choice engine.PublicationChoice) {
	t.Helper()
	changed, err := p.engine.DecidePublication(t.Context(), p.who, engine.DecidePublicationInput{
		PublicationID: id, Choice: choice, Reason: "A test.",
	})
	if err != nil {
		t.Error(err)
	}
	if changed.Publication.State != workflow.PublicationUnpublishing {
		return
	}
	if err := p.way.Unpublish(t.Context(), p.who, changed.Publication.ID, false); err != nil {
		t.Error(err)
	}
}

// The workflow ends, or a person decides, after the worker has read the draft: the site is not asked to publish it.
func TestPublish_ADecisionAfterTheLastReadIsKept(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stop func(*testing.T, *press)
		want workflow.PublicationState
	}{
		"Cancel": {func(t *testing.T, p *press) {
			if _, err := p.engine.Cancel(t.Context(), p.who, engine.CancelInput{WorkflowID: p.flow.ID}); err != nil {
				t.Error(err)
			}
		}, workflow.PublicationDrafted},
		"Skip": {func(t *testing.T, p *press) { p.decide(t, engine.ChoiceSkip) }, workflow.PublicationSkipped},
		"Unpublish": {
			func(t *testing.T, p *press) { p.decide(t, engine.ChoiceUnpublish) }, workflow.PublicationUnpublished,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPress(t, 1)
			p.pass(t)
			p.net.after = func(n int) {
				if n == points["Get"] {
					c.stop(t, &p)
				}
			}
			p.work(t, p.all(t)[0].ID)
			if got := p.publications(t)[0].State; got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if posts := p.sites[0].Posts(); len(posts) != 1 || posts[0].Status != "draft" {
				t.Errorf("got %+v, want a draft", posts)
			}
			p.sound(t)
		})
	}
}

// A site has scheduled the post when another decision asks for something else.
func TestPublish_AnotherDecisionReachesAScheduledPost(t *testing.T) {
	t.Parallel()
	monday := time.Now().UTC().Add(24 * time.Hour).Truncate(time.Second)
	friday := monday.Add(96 * time.Hour)
	for name, c := range map[string]struct {
		policy   workflow.PublicationPolicy
		at       *time.Time
		revision int
		state    workflow.PublicationState
		status   string
	}{
		"Publish":      {workflow.PublishNow, nil, 2, workflow.PublicationLive, "publish"},
		"Draft":        {workflow.PublishDraft, nil, 2, workflow.PublicationDrafted, "draft"},
		"TheSameDraft": {workflow.PublishDraft, nil, 1, workflow.PublicationDrafted, "draft"},
		"AnotherTime":  {workflow.PublishSchedule, &friday, 2, workflow.PublicationScheduled, "future"},
		"OnlyAnotherTime": {
			workflow.PublishSchedule, &friday, 1, workflow.PublicationScheduled, "future",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPress(t, 1)
			p.again(t, func(p *workflow.Publication) { p.Policy, p.PublishAt = workflow.PublishSchedule, &monday })
			if got := p.publications(t)[0].State; got != workflow.PublicationScheduled {
				t.Fatalf("got %s, want SCHEDULED", got)
			}
			p.again(t, func(p *workflow.Publication) {
				p.Policy, p.PublishAt, p.Revision = c.policy, c.at, c.revision
			})
			if got := p.publications(t)[0]; got.State != c.state || got.Remote.Revision != c.revision {
				t.Errorf("got %s, revision %d, %s, want %s", got.State, got.Remote.Revision, got.FailureMessage,
					c.state)
			}
			posts := p.sites[0].Posts()
			if len(posts) != 1 || posts[0].Status != c.status || c.at != nil && !posts[0].Date.Equal(friday) {
				t.Errorf("got %+v, want one that is %q", posts, c.status)
			}
			if n := p.sites[0].Requests(); n > 10 {
				t.Errorf("got %d changes of the site", n)
			}
			p.sound(t)
		})
	}
}

// The worker stops between the last move and the look for twins. The next attempt looks for them, and keeps the one
// that a person has changed.
func TestPublish_TwinsAreLookedForAfterTheEnd(t *testing.T) {
	t.Parallel()
	p := newPress(t, 1)
	p.pass(t)
	publication := p.publications(t)[0]
	target, err := p.engine.PublishTarget(t.Context(), p.who, publication.TargetID)
	if err != nil {
		t.Fatal(err)
	}
	site := publish.NewWordPress(publish.WordPressOptions{
		Client: publish.NewHTTP(true, nil), Root: target.APIRoot, User: sandbox.Login, Password: sandbox.Password,
	})
	// The answer of the draft is lost. The looks, the read, the request to publish and the second read follow, and then
	// the look for twins.
	const verified, tidied = 12, 13
	p.net.lost["site0"] = []int{points["Draft"], tidied}
	p.net.after = func(n int) {
		if n != verified {
			return
		}
		for range 2 {
			_, err := site.Draft(t.Context(), publish.Post{
				Marker: publication.ID.String(), Revision: 1, Title: "CRM for dentists", HTML: "<p>Text of revision 1.</p>",
			})
			if err != nil {
				t.Error(err)
			}
		}
		p.sites[0].Retitle(3, "By a person")
	}
	p.work(t, p.all(t)[0].ID)
	if got := p.publications(t)[0]; got.State != workflow.PublicationLive || got.Lost != 1 {
		t.Fatalf("got %s with %d lost answers, want LIVE with one", got.State, got.Lost)
	}
	var got []string
	for _, post := range p.sites[0].Posts() {
		got = append(got, post.Status)
	}
	if diff := cmp.Diff([]string{"publish", "trash", "draft"}, got); diff != "" {
		t.Errorf("posts (-want +got):\n%s", diff)
	}
	p.sound(t)
}

// answer answers every request in one way.
type answer struct {
	status int
	body   string
}

func (a answer) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: a.status,
		Header:     http.Header{"Content-Type": {"application/json"}},
		Body:       io.NopCloser(strings.NewReader(a.body)),
		Request:    r,
	}, nil
}

// Only the site's word that there is no such post counts as the end of a withdrawal.
func TestUnpublish_ARefusalIsNoWithdrawal(t *testing.T) {
	t.Parallel()
	p := newPress(t, 1)
	p.pass(t)
	p.work(t, p.all(t)[0].ID)
	id := p.publications(t)[0].ID
	next := p.client.Transport
	for _, c := range []struct {
		answer answer
		last   bool
		want   workflow.PublicationState
	}{
		{answer{409, `{"code": "rest_conflict", "message": "Try again."}`}, false, workflow.PublicationUnpublishing},
		{answer{200, `{"id": 1, "status": "publish"}`}, false, workflow.PublicationUnpublishing},
		{answer{200, `{"id": 1, "status": "publish"}`}, true, workflow.PublicationNeedsDecision},
		{answer{404, `<html>Not found</html>`}, false, workflow.PublicationNeedsDecision},
		{answer{404, `{"code": "rest_no_route", "message": "No route."}`}, false, workflow.PublicationNeedsDecision},
		{answer{404, `{"code": "rest_post_invalid_id", "message": "Gone."}`}, false, workflow.PublicationUnpublished},
	} {
		p.client.Transport = c.answer
		if p.publications(t)[0].State != workflow.PublicationUnpublishing {
			_, err := p.engine.DecidePublication(t.Context(), p.who, engine.DecidePublicationInput{
				PublicationID: id, Choice: engine.ChoiceUnpublish, Reason: "A test.",
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		err := p.way.Unpublish(t.Context(), p.who, id, c.last)
		if got := p.publications(t)[0].State; got != c.want || (err != nil) != (c.want == workflow.PublicationUnpublishing) {
			t.Errorf("%+v: got %s, %v, want %s", c.answer, got, err, c.want)
		}
	}
	p.client.Transport = next
	p.sound(t)
}

// A webhook gets an article again after it was withdrawn: each message has an id of its own.
func TestWebhook_GetsAnArticleAgainAfterItsWithdrawal(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var ids []string
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		ids = append(ids, r.Header.Get("webhook-id"))
		if len(ids) == 2 {
			w.WriteHeader(http.StatusBadRequest)
		}
	}))
	t.Cleanup(receiver.Close)
	p := newPressOf(t, pressOptions{targets: []postgres.PublishTarget{{
		Kind:          workflow.TargetWebhook,
		BaseURL:       receiver.URL,
		TargetVersion: postgres.TargetVersion{State: workflow.TargetReady, Secret: []byte("whsec_c2VjcmV0")},
	}}})
	p.pass(t)
	p.work(t, p.all(t)[0].ID)
	first := deliveryOf(p.publications(t)[0])
	p.decide(t, engine.ChoiceUnpublish) // The receiver refuses.
	p.decide(t, engine.ChoiceOverwrite)
	p.work(t, p.all(t)[0].ID)
	p.decide(t, engine.ChoiceUnpublish)
	p.again(t, func(*workflow.Publication) {})
	p.decide(t, engine.ChoiceUnpublish)
	got := p.publications(t)[0]
	second := deliveryOf(got)
	want := []string{
		first, first + "_withdrawn", first + "_2", first + "_2_withdrawn", second, second + "_withdrawn",
	}
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Errorf("ids (-want +got):\n%s", diff)
	}
	if got.State != workflow.PublicationUnpublished {
		t.Errorf("got %s, want UNPUBLISHED", got.State)
	}
	p.sound(t)
}

// A step with many publications parks without a rendering of each article.
func TestPublish_ParksWithoutReadingTheArticles(t *testing.T) {
	t.Parallel()
	p := newPress(t, 3)
	p.pass(t)
	units := p.all(t)
	if n := p.read.Load(); len(units) != 3 || n != 0 {
		t.Errorf("got %d units and %d readings, want 3 and none", len(units), n)
	}
	for _, unit := range units {
		if !strings.Contains(unit.Label, " → ") || strings.HasPrefix(unit.Label, " ") {
			t.Errorf("got the label %q, want an article and a target", unit.Label)
		}
	}
}
