package steps_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/publish/sandbox"
	"github.com/infin8content/engine/internal/steps"
	"github.com/infin8content/engine/internal/workflow"
)

// publishSeeds is how many orders of failures TestLostAnswerPublishesOnce tries at each point.
var publishSeeds = flag.Int("publish-seeds", 12, "seeds of lost answers at each point")

// points are where an answer is lost: the requests of an attempt in their order. A tag is looked up and made before the
// draft is.
var points = map[string]int{"Look": 1, "Draft": 6, "Get": 7, "Publish": 8, "Verify": 9}

// TestLostAnswerPublishesOnce loses the answer at each of five points, with further failures by seed: a site has one
// public post all the same, and no draft is left over.
func TestLostAnswerPublishesOnce(t *testing.T) {
	t.Parallel()
	seeds := *publishSeeds
	injections := []sandbox.Injection{
		sandbox.None, sandbox.None, sandbox.LoseAnswer, sandbox.LoseRequest, sandbox.ErrorAfter, sandbox.ErrorBefore,
		sandbox.Notice,
	}
	p := newPress(t, len(points)*seeds)
	names := make([]string, len(p.sites))
	i := 0
	for name, number := range points {
		for seed := range seeds {
			random := rand.New(rand.NewPCG(uint64(seed), uint64(number)))
			path := fmt.Sprintf("site%d", i)
			names[i] = fmt.Sprintf("%s, seed %d", name, seed)
			p.net.lost[path] = append(p.net.lost[path], number)
			if seed > 0 {
				p.sites[i].Next(sandbox.None, injections[random.IntN(len(injections))], injections[random.IntN(len(injections))])
			}
			i++
		}
	}
	p.pass(t)
	var group sync.WaitGroup
	places := make(chan struct{}, 16) // More at once would wait for the database longer than a booking may.
	for _, unit := range p.all(t) {
		group.Go(func() {
			places <- struct{}{}
			p.work(t, unit.ID)
			<-places
		})
	}
	group.Wait()
	for i, site := range p.sites {
		once(t, names[i], site.Posts())
	}
	for _, publication := range p.publications(t) {
		if publication.State != workflow.PublicationLive {
			t.Errorf("got %s: %s %s, want LIVE", publication.State, publication.Failure, publication.FailureMessage)
		}
	}
	p.pass(t)
	flow, err := p.engine.Workflow(t.Context(), p.who, p.flow.ID)
	if err != nil || flow.State != workflow.Completed {
		t.Errorf("got %s, %v, want COMPLETED", flow.State, err)
	}
	p.sound(t)
}

// A worker is killed between the request and the answer. The next one finds the post by its marker.
func TestPublish_AKilledWorkersPostIsAdopted(t *testing.T) {
	t.Parallel()
	p := newPress(t, 1)
	p.pass(t)
	unit := p.all(t)[0]
	killed, kill := context.WithCancelCause(t.Context())
	p.net.lost["site0"] = []int{points["Draft"]}
	p.net.after = func(n int) {
		if n == points["Draft"] {
			kill(steps.ErrShutdown)
		}
	}
	taken, err := p.engine.ClaimUnit(t.Context(), p.who, unit.ID)
	if err != nil || taken.Unit == nil {
		t.Fatalf("claim: got %+v, %v", taken, err)
	}
	if err := p.units.RunUnit(killed, p.who, taken.Workflow, *taken.Unit); err != nil {
		t.Fatal(err)
	}
	if got := p.publications(t)[0]; got.State != workflow.PublicationUnknown || got.Lost != 1 {
		t.Fatalf("after the kill: got %s with %d lost answers, want UNKNOWN with one", got.State, got.Lost)
	}
	p.work(t, unit.ID)
	once(t, "killed", p.sites[0].Posts())
	if posts := p.sites[0].Posts(); len(posts) != 1 {
		t.Errorf("got %d posts, want the one that was found: %+v", len(posts), posts)
	}
	p.sound(t)
}

// A cancelled workflow sends nothing more, and another worker cannot send what the first one has begun.
func TestPublish_AnAttemptThatIsOverSendsNothing(t *testing.T) {
	t.Parallel()
	p := newPress(t, 1)
	p.pass(t)
	taken, err := p.engine.ClaimUnit(t.Context(), p.who, p.all(t)[0].ID)
	if err != nil || taken.Unit == nil {
		t.Fatalf("claim: got %+v, %v", taken, err)
	}
	if _, err := p.engine.Cancel(t.Context(), p.who, engine.CancelInput{WorkflowID: p.flow.ID}); err != nil {
		t.Fatal(err)
	}
	if err := p.units.RunUnit(t.Context(), p.who, taken.Workflow, *taken.Unit); err != nil {
		t.Fatal(err)
	}
	if posts := p.sites[0].Posts(); len(posts) != 0 {
		t.Errorf("got %+v, want no post", posts)
	}
	if got := p.publications(t)[0]; got.State != workflow.PublicationPlanned {
		t.Errorf("got %s, want PLANNED", got.State)
	}
}

// A person edits the draft before it is public: the engine leaves it to a person.
func TestPublish_AnEditOnTheSiteNeedsADecision(t *testing.T) {
	t.Parallel()
	p := newPress(t, 1)
	p.pass(t)
	unit := p.all(t)[0]
	p.net.after = func(n int) {
		if n == points["Draft"] {
			p.sites[0].Edit(1, "<p>Written by a person.</p>")
		}
	}
	p.work(t, unit.ID)
	got := p.publications(t)[0]
	if got.State != workflow.PublicationNeedsDecision || got.Failure != workflow.FailureRemoteConflict {
		t.Errorf("got %s, %s, want NEEDS_DECISION, REMOTE_CONFLICT", got.State, got.Failure)
	}
	if ended := p.all(t)[0]; ended.State != workflow.UnitFailed || ended.Failure != workflow.FailureRemoteConflict {
		t.Errorf("unit: got %s, %s", ended.State, ended.Failure)
	}
	if posts := p.sites[0].Posts(); len(posts) != 1 || posts[0].Status != "draft" ||
		posts[0].Content != "<p>Written by a person.</p>" {
		t.Errorf("got %+v, want the person's draft untouched", posts)
	}
	p.pass(t)
	if flow, err := p.engine.Workflow(t.Context(), p.who, p.flow.ID); err != nil || flow.State != workflow.PublishFailed {
		t.Errorf("got %s, %v, want PUBLISH_FAILED", flow.State, err)
	}
	p.sound(t)
}

// Two units of one site do not run side by side.
func TestPublish_OneUnitOfASiteAtATime(t *testing.T) {
	t.Parallel()
	p := newPress(t, 2)
	p.pass(t)
	units := p.all(t)
	if units[0].Lane == units[1].Lane || units[0].Lane == uuid.Nil {
		t.Fatalf("got the lanes %s and %s, want one for each target", units[0].Lane, units[1].Lane)
	}
	_, err := p.db.Super.Exec(t.Context(), `UPDATE step_units SET lane = $1`, units[0].Lane)
	if err != nil {
		t.Fatal(err)
	}
	first, err := p.engine.ClaimUnit(t.Context(), p.who, units[0].ID)
	if err != nil || first.Unit == nil {
		t.Fatalf("got %+v, %v, want the first unit", first, err)
	}
	if second, err := p.engine.ClaimUnit(t.Context(), p.who, units[1].ID); err != nil || second.Unit != nil {
		t.Errorf("got %+v, %v, want no place beside the first unit", second, err)
	}
	if err := p.units.RunUnit(t.Context(), p.who, first.Workflow, *first.Unit); err != nil {
		t.Fatal(err)
	}
	if second, err := p.engine.ClaimUnit(t.Context(), p.who, units[1].ID); err != nil || second.Unit == nil {
		t.Errorf("got %+v, %v, want the place of the first unit", second, err)
	}
}

// TestWebhookReceiverSeesOneID repeats a message whose answer was lost: the receiver gets the same id.
func TestWebhookReceiverSeesOneID(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	ids := map[string]int{}
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		ids[r.Header.Get("webhook-id")]++
		if ids[r.Header.Get("webhook-id")] < 3 {
			panic(http.ErrAbortHandler)
		}
	}))
	t.Cleanup(receiver.Close)
	p := newPressOf(t, pressOptions{targets: []postgres.PublishTarget{{
		Kind:          workflow.TargetWebhook,
		BaseURL:       receiver.URL,
		TargetVersion: postgres.TargetVersion{State: workflow.TargetReady, Secret: []byte("whsec_c2VjcmV0")},
	}, {Kind: workflow.TargetFile, TargetVersion: postgres.TargetVersion{State: workflow.TargetReady}}}})
	p.pass(t)
	for _, unit := range p.all(t) {
		p.work(t, unit.ID)
	}
	publications := p.publications(t)
	want := map[string]int{deliveryOf(publications[0]): 3}
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Errorf("ids (-want +got):\n%s", diff)
	}
	for _, publication := range publications {
		if publication.State != workflow.PublicationLive {
			t.Errorf("got %s, want LIVE", publication.State)
		}
	}
	if want := "/publications/pub_" + publications[1].ID.String() + ".md"; publications[1].Remote.URL != want {
		t.Errorf("got the file %q, want %q", publications[1].Remote.URL, want)
	}
	p.sound(t)
}

// TestGhostBodyIsNotEmpty publishes to Ghost, which keeps an empty body when the request does not name its source.
func TestGhostBodyIsNotEmpty(t *testing.T) {
	t.Parallel()
	ghost := sandbox.NewGhost(sandbox.Options{})
	ghost.Next(sandbox.LoseAnswer, sandbox.LoseAnswer)
	server := httptest.NewServer(ghost)
	t.Cleanup(server.Close)
	p := newPressOf(t, pressOptions{targets: []postgres.PublishTarget{{
		Kind:    workflow.TargetGhost,
		BaseURL: server.URL,
		TargetVersion: postgres.TargetVersion{
			State: workflow.TargetReady, Secret: []byte(sandbox.GhostKey), SiteName: sandbox.Title,
		},
	}}})
	p.pass(t)
	p.work(t, p.all(t)[0].ID)
	posts := ghost.Posts()
	if len(posts) != 1 || posts[0].Status != "published" || !strings.Contains(posts[0].Content, "Text of revision 1.") {
		t.Errorf("got %+v, want one public post with its text", posts)
	}
	p.sound(t)
}
