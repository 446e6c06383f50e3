package steps_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/audit"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/publish"
	"github.com/infin8content/engine/internal/publish/sandbox"
	"github.com/infin8content/engine/internal/steps"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/webhook"
	"github.com/infin8content/engine/internal/workflow"
)

// press is a workflow at PUBLISH_PENDING, and WordPress sandboxes behind a network that loses answers.
type press struct {
	engine *engine.Engine
	who    caller.Caller
	db     *testdb.DB
	sites  []*sandbox.WordPress
	net    *lossy
	client *http.Client
	way    *steps.Sites
	flow   workflow.Workflow
	run    steps.Executor
	units  steps.UnitExecutor
	// read counts the articles that were rendered.
	read *atomic.Int64
}

// lossy is a network that loses the answers of chosen requests: the site has worked on them.
type lossy struct {
	next http.RoundTripper
	mu   sync.Mutex
	// lost are the numbers of the requests to a host path, from 1, whose answers are lost.
	lost map[string][]int
	seen map[string]int
	// after is called after each request, with its number; it may be nil.
	after func(n int)
}

func (l *lossy) RoundTrip(r *http.Request) (*http.Response, error) {
	site := strings.Split(r.URL.Path, "/")[1]
	l.mu.Lock()
	l.seen[site]++
	n := l.seen[site]
	lose := slices.Contains(l.lost[site], n)
	l.mu.Unlock()
	answer, err := l.next.RoundTrip(r)
	if l.after != nil {
		l.after(n)
	}
	if err == nil && lose {
		_ = answer.Body.Close()
		return nil, errors.New("the connection was cut")
	}
	return answer, err
}

// looks is a schedule for tests.
var looks = []time.Duration{0, 5 * time.Millisecond, 15 * time.Millisecond}

// newPress returns a press with one article and a number of WordPress sites.
func newPress(t *testing.T, n int) press {
	t.Helper()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	var sites []*sandbox.WordPress
	var targets []postgres.PublishTarget
	for i := range n {
		site, path := sandbox.NewWordPress(sandbox.Options{}), fmt.Sprintf("/site%d", i)
		mux.Handle(path+"/", http.StripPrefix(path, site))
		sites = append(sites, site)
		targets = append(targets, postgres.PublishTarget{
			Kind:     workflow.TargetWordPress,
			BaseURL:  server.URL + path,
			Username: sandbox.Login,
			TargetVersion: postgres.TargetVersion{
				State:    workflow.TargetReady,
				Secret:   []byte(sandbox.Password),
				APIRoot:  server.URL + path + "/wp-json/",
				SiteName: sandbox.Title,
			},
		})
	}
	p := newPressOf(t, pressOptions{targets: targets})
	p.sites = sites
	return p
}

// pressOptions are what a press publishes, and where to.
type pressOptions struct {
	targets  []postgres.PublishTarget
	articles int             // each for all targets; 1 when zero
	looks    []time.Duration // the schedule after a lost answer; looks when nil
}

// newPressOf returns a press for any targets.
func newPressOf(t *testing.T, o pressOptions) press {
	t.Helper()
	o.articles = max(o.articles, 1)
	if o.looks == nil {
		o.looks = looks
	}
	db := testdb.New(t)
	p := press{db: db, who: testdb.Caller(t, db), read: new(atomic.Int64)}
	client := publish.NewHTTP(true, nil)
	p.net = &lossy{next: client.Transport, lost: map[string][]int{}, seen: map[string]int{}}
	client.Transport = p.net
	p.client = client
	for i := range o.targets {
		o.targets[i] = testdb.PublishTargetOf(t, db, p.who, o.targets[i])
	}
	testdb.Gates(t, db, p.who, false)
	reviewed := testdb.Review(t, db, p.who)
	if err := testdb.Approve(t.Context(), db.Store(), p.who, reviewed, p.who.Actor); err != nil {
		t.Fatal(err)
	}
	planned := testdb.Plan(t, db, p.who, testdb.ClusterPages(t, db, p.who, reviewed, o.articles))
	testdb.DecidePlans(t, db, p.who, planned, o.articles)
	p.flow, _ = testdb.ApprovePublishing(t, db, p.who, planned, o.articles, o.targets)
	numbers := map[uuid.UUID]string{}
	for i, item := range planned.Plan.Items[1:] {
		numbers[item.Page.ID] = fmt.Sprintf(", part %d", i+2)
	}
	var err error
	p.engine, err = engine.New(engine.Options{
		Store:         db.Store(),
		Jobs:          noJobs{},
		Drives:        []workflow.StepKey{workflow.StepPublish},
		WorkflowLimit: cost.Dollar,
		MonthLimit:    25 * cost.Dollar,
		Units:         engine.UnitLimits{PerWorkflow: 1000, PerOrganization: 1000},
		Jitter:        func() float64 { return 0 },
	})
	if err != nil {
		t.Fatal(err)
	}
	p.way = &steps.Sites{
		Engine: p.engine,
		Client: client,
		Sender: webhook.NewSender(true),
		Open:   func(_, _ uuid.UUID, sealed []byte) (string, error) { return string(sealed), nil },
		Now:    time.Now,
	}
	p.run, p.units = steps.NewPublishing(steps.PublishOptions{
		Options: steps.Options{
			Engine: p.engine,
			Sites:  p.way,
			Looks:  o.looks,
		},
		Article: func(_ context.Context, _ caller.Caller, id uuid.UUID, revision int) (engine.PublishedText, error) {
			p.read.Add(1)
			return engine.PublishedText{
				Title: "CRM for dentists" + numbers[id],
				Slug:  "crm-for-dentists",
				HTML:  fmt.Sprintf("<p>Text of revision %d%s.</p>", revision, numbers[id]),
				Tags:  []string{"crm"},
			}, nil
		},
	})
	return p
}

// pass lets the run of the step plan its units, or end.
func (p *press) pass(t *testing.T) {
	t.Helper()
	taken, err := p.engine.Take(t.Context(), p.who, p.flow.ID)
	if err != nil || taken.Run == nil {
		t.Fatalf("take: got %+v, %v", taken, err)
	}
	if err := p.run.Run(t.Context(), p.who, taken.Workflow, *taken.Run); err != nil {
		t.Fatal(err)
	}
}

// state returns the state of the workflow.
func (p *press) state(t *testing.T) workflow.State {
	t.Helper()
	flow, err := p.engine.Workflow(t.Context(), p.who, p.flow.ID)
	if err != nil {
		t.Fatal(err)
	}
	return flow.State
}

// all returns the units of the workflow.
func (p *press) all(t *testing.T) []workflow.Unit {
	t.Helper()
	units, err := p.engine.Units(t.Context(), p.who, []uuid.UUID{p.flow.ID}, workflow.StepPublish)
	if err != nil {
		t.Fatal(err)
	}
	return units[p.flow.ID]
}

// work makes attempts at a unit until none is due.
func (p *press) work(t *testing.T, id uuid.UUID) {
	t.Helper()
	for range 50 {
		taken, err := p.engine.ClaimUnit(t.Context(), p.who, id)
		switch {
		case err != nil:
			t.Fatal(err)
		case taken.Unit == nil && taken.RetryAt == nil:
			return
		case taken.Unit == nil:
			time.Sleep(time.Until(*taken.RetryAt))
			continue
		}
		if err := p.units.RunUnit(t.Context(), p.who, taken.Workflow, *taken.Unit); err != nil {
			t.Fatal(err)
		}
	}
	t.Fatalf("unit %s does not end", id)
}

// publications returns the publications of the workflow.
func (p *press) publications(t *testing.T) []workflow.Publication {
	t.Helper()
	found, err := p.db.Store().Publications(t.Context(), p.who, postgres.PublicationPage{
		Workflows: []uuid.UUID{p.flow.ID}, First: 1000,
	})
	if err != nil {
		t.Fatal(err)
	}
	return found[p.flow.ID]
}

// deliveryOf is the id of the first message about a publication.
func deliveryOf(p workflow.Publication) string { return fmt.Sprintf("pub_%s_%d", p.ID, p.Approval) }

// sound checks that verify has no finding.
func (p *press) sound(t *testing.T) {
	t.Helper()
	findings, err := audit.New(p.db.Books(), time.Now).Verify(t.Context())
	if err != nil || len(findings) > 0 {
		t.Errorf("verify: got %v, %v", findings, err)
	}
}

// once checks that a site has one public post and no other one outside of the trash.
func once(t *testing.T, name string, posts []sandbox.Post) {
	t.Helper()
	public, drafts := 0, 0
	for _, post := range posts {
		switch post.Status {
		case "publish":
			public++
		case "draft":
			drafts++
		}
	}
	if public != 1 || drafts != 0 {
		t.Errorf("%s: got %d public posts and %d drafts, want one and none: %+v", name, public, drafts, posts)
	}
}
