package jobs

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/publish"
	"github.com/infin8content/engine/internal/publish/sandbox"
	"github.com/infin8content/engine/internal/sealed"
	"github.com/infin8content/engine/internal/steps"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/webhook"
	"github.com/infin8content/engine/internal/workflow"
)

// A worker tries each kind of target against a sandbox, and the target says what it found.
func TestCheckTarget(t *testing.T) {
	t.Parallel()
	box, err := sealed.NewBox("a key of the tests, with 32 bytes", "publish targets")
	if err != nil {
		t.Fatal(err)
	}
	queue, err := NewEnqueuer(nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	b := bundle{db: migrated(t)}
	b.engine, err = engine.New(engine.Options{
		Store: b.db.Store(),
		Jobs:  queue,
		Targets: engine.Targets{
			Check: func(url string) error { return publish.CheckURL(url, true) },
			Seal: func(organization, target uuid.UUID, secret string) []byte {
				return box.Seal(organization.String()+target.String(), secret)
			},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	b.who = testdb.Caller(t, b.db)
	stop := b.runner(t, Options{Checks: true, Sites: &steps.Sites{
		Engine: b.engine,
		Client: publish.NewHTTP(true, nil),
		Sender: webhook.NewSender(true),
		Open: func(organization, target uuid.UUID, text []byte) (string, error) {
			return box.Open(organization.String()+target.String(), text)
		},
		Now: time.Now,
	}})
	defer stop()
	serve := func(h http.Handler) string {
		server := httptest.NewServer(h)
		t.Cleanup(server.Close)
		return server.URL
	}
	wordPress, ghost := serve(sandbox.NewWordPress(sandbox.Options{})), serve(sandbox.NewGhost(sandbox.Options{}))
	answering := func(status int) string {
		return serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	}
	refusing, accepting := answering(http.StatusGone), answering(http.StatusAccepted)

	type target = engine.CreatePublishTargetInput
	for _, c := range []struct {
		target
		state   workflow.TargetState
		site    string
		failure workflow.FailureCode
	}{
		{
			target: target{
				Name: "WordPress", Kind: workflow.TargetWordPress, BaseURL: wordPress, Username: sandbox.Login,
				Secret: sandbox.Password,
			},
			state: workflow.TargetReady,
			site:  sandbox.Title,
		},
		{
			target: target{
				Name: "AWrongPassword", Kind: workflow.TargetWordPress, BaseURL: wordPress, Username: sandbox.Login,
				Secret: "wrong",
			},
			state:   workflow.TargetFailed,
			failure: workflow.FailureAuth,
		},
		{
			target: target{Name: "Ghost", Kind: workflow.TargetGhost, BaseURL: ghost, Secret: sandbox.GhostKey},
			state:  workflow.TargetReady,
			site:   sandbox.Title,
		},
		{
			target: target{Name: "Webhook", Kind: workflow.TargetWebhook, BaseURL: accepting},
			state:  workflow.TargetReady,
		},
		{
			target:  target{Name: "ARefusingWebhook", Kind: workflow.TargetWebhook, BaseURL: refusing},
			state:   workflow.TargetFailed,
			failure: workflow.FailureInvalidRequest,
		},
	} {
		t.Run(c.Name, func(t *testing.T) {
			ctx := context.Background()
			c.Policy = workflow.PolicyPublish
			made, err := b.engine.CreatePublishTarget(ctx, b.who, c.target)
			if err != nil {
				t.Fatal(err)
			}
			got := made.Target
			if _, err := b.engine.CheckTarget(ctx, b.who, engine.CheckTargetInput{TargetID: got.ID}); err != nil {
				t.Fatal(err)
			}
			await(t, "the end of the check", func() bool {
				if got, err = b.engine.PublishTarget(ctx, b.who, got.ID); err != nil {
					t.Fatal(err)
				}
				return got.State != workflow.TargetChecking
			})
			if got.State != c.state || got.SiteName != c.site || (got.Failure != nil) != (c.failure != "") ||
				got.Failure != nil && *got.Failure != c.failure {
				t.Errorf("got %+v, want %s %q %s", got, c.state, c.site, c.failure)
			}
		})
	}
}
