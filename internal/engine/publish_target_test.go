package engine_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/workflow"
)

const applicationPassword = "abcd EFGH 1234"

// sealing is setup with an engine that seals secrets so that a test can read them.
func sealing(t *testing.T) bundle {
	t.Helper()
	return setupWith(t, func(o *engine.Options) {
		o.Targets = engine.Targets{
			Check: func(url string) error {
				if !strings.HasPrefix(url, "https://") {
					return fault.Invalid([]string{"baseUrl"}, "The address must begin with https://.")
				}
				return nil
			},
			Seal:   func(_, target uuid.UUID, secret string) []byte { return []byte(target.String() + secret) },
			Digest: func(_ uuid.UUID, secret string) string { return "digest of " + secret },
		}
	})
}

func blog(name string) engine.CreatePublishTargetInput {
	return engine.CreatePublishTargetInput{
		Name:     name,
		Kind:     workflow.TargetWordPress,
		Policy:   workflow.PolicyPublish,
		BaseURL:  "https://blog.example",
		Username: "editor",
		Secret:   applicationPassword,
	}
}

func TestPublishTarget_IsCheckedOnAnAnswerForItsNewestVersion(t *testing.T) {
	t.Parallel()
	b, ctx := sealing(t), context.Background()
	made, err := b.Engine.CreatePublishTarget(ctx, b.Who, blog("Blog"))
	if err != nil || made.Target.State != workflow.TargetUnchecked || made.Secret != "" {
		t.Fatalf("create: got %+v, %v", made, err)
	}
	id := made.Target.ID
	if want := id.String() + applicationPassword; string(made.Target.Secret) != want {
		t.Errorf("sealed: got %q, want %q", made.Target.Secret, want)
	}
	asked, err := b.Engine.CheckTarget(ctx, b.Who, engine.CheckTargetInput{TargetID: id})
	jobs := b.Jobs.All()
	if err != nil || asked.Target.State != workflow.TargetChecking || len(jobs) != 1 || jobs[0].ID != id {
		t.Fatalf("check: got %+v with the jobs %v, %v", asked.Target, jobs, err)
	}
	// The secret changes while a worker tries the old one: its answer says nothing about the new one.
	changed, err := b.Engine.SetTargetSecret(ctx, b.Who, engine.SetTargetSecretInput{TargetID: id, Secret: "new one"})
	if err != nil || changed.Target.State != workflow.TargetUnchecked {
		t.Fatalf("set the secret: got %+v, %v", changed.Target, err)
	}
	record := func(version int, code *workflow.FailureCode) engine.PublishTarget {
		t.Helper()
		err := b.Engine.RecordTargetCheck(ctx, b.Who, engine.CheckedTarget{
			TargetID: id,
			Version:  version,
			APIRoot:  "https://blog.example/wp-json/",
			SiteName: "Blog",
			Failure:  code,
		})
		if err != nil {
			t.Fatal(err)
		}
		target, err := b.Engine.PublishTarget(ctx, b.Who, id)
		if err != nil {
			t.Fatal(err)
		}
		return target
	}
	if got := record(asked.Target.Version, nil); got.State != workflow.TargetUnchecked || got.SiteName != "" {
		t.Errorf("an old answer: got %+v, want it dropped", got)
	}
	asked, err = b.Engine.CheckTarget(ctx, b.Who, engine.CheckTargetInput{TargetID: id})
	if err != nil {
		t.Fatal(err)
	}
	if got := record(asked.Target.Version, nil); got.State != workflow.TargetReady || got.SiteName != "Blog" {
		t.Errorf("got %+v, want READY", got)
	}
	if asked, err = b.Engine.CheckTarget(ctx, b.Who, engine.CheckTargetInput{TargetID: id}); err != nil {
		t.Fatal(err)
	}
	code := workflow.FailureAuth
	if got := record(asked.Target.Version, &code); got.State != workflow.TargetFailed || *got.Failure != code {
		t.Errorf("got %+v, want FAILED", got)
	}
}

func TestPublishTarget_ASecretIsInNoAnswerAndInNoRecord(t *testing.T) {
	t.Parallel()
	b, ctx := sealing(t), context.Background()
	in := engine.CreatePublishTargetInput{
		Name:           "Hook",
		Kind:           workflow.TargetWebhook,
		Policy:         workflow.PolicyPublish,
		BaseURL:        "https://hook.example",
		IdempotencyKey: "k",
	}
	made, err := b.Engine.CreatePublishTarget(ctx, b.Who, in)
	if err != nil || !strings.HasPrefix(made.Secret, "whsec_") {
		t.Fatalf("got %+v, %v, want a secret of the engine's own", made, err)
	}
	again, err := b.Engine.CreatePublishTarget(ctx, b.Who, in)
	if err != nil || !again.Replayed || again.Secret != "" || again.Target.ID != made.Target.ID {
		t.Errorf("again: got %+v, %v, want the target without its secret", again, err)
	}
}

// The secret is no part of the record of a request, but another secret is another request.
func TestPublishTarget_AnotherSecretIsNoRepetition(t *testing.T) {
	t.Parallel()
	b, ctx := sealing(t), context.Background()
	in := blog("Blog")
	in.IdempotencyKey = "create"
	made, err := b.Engine.CreatePublishTarget(ctx, b.Who, in)
	if err != nil {
		t.Fatal(err)
	}
	change := engine.SetTargetSecretInput{TargetID: made.Target.ID, Secret: "wxyz 5678", IdempotencyKey: "change"}
	if _, err := b.Engine.SetTargetSecret(ctx, b.Who, change); err != nil {
		t.Fatal(err)
	}
	for name, repeat := range map[string]func(secret string) (engine.ChangedTarget, error){
		applicationPassword: func(secret string) (engine.ChangedTarget, error) {
			in.Secret = secret
			return b.Engine.CreatePublishTarget(ctx, b.Who, in)
		},
		"wxyz 5678": func(secret string) (engine.ChangedTarget, error) {
			change.Secret = secret
			return b.Engine.SetTargetSecret(ctx, b.Who, change)
		},
	} {
		if got, err := repeat(name); err != nil || !got.Replayed {
			t.Errorf("the same secret: got %+v, %v, want the first answer", got, err)
		}
		if got, err := repeat("guessed"); fault.KindOf(err) != fault.IdempotencyMismatch {
			t.Errorf("another secret: got %+v, %v, want IDEMPOTENCY_MISMATCH", got, err)
		}
	}
}

func TestPublishTarget_BadInputIsRefused(t *testing.T) {
	t.Parallel()
	b, ctx := sealing(t), context.Background()
	type input = engine.CreatePublishTargetInput
	for name, change := range map[string]func(*input){
		"name":                func(in *input) { in.Name = "" },
		"name blank":          func(in *input) { in.Name = " \ufe0f" },
		"name invisible":      func(in *input) { in.Name = "Bl\u202eog" },
		"name long":           func(in *input) { in.Name = strings.Repeat("a", 101) },
		"policy":              func(in *input) { in.Policy = "LATER" },
		"kind":                func(in *input) { in.Kind, in.Username = "JOOMLA", "" },
		"baseUrl":             func(in *input) { in.BaseURL = "http://blog.example" },
		"username":            func(in *input) { in.Username = "" },
		"username colon":      func(in *input) { in.Username = "a:b" },
		"secret":              func(in *input) { in.Secret = "" },
		"secret newline":      func(in *input) { in.Secret = "a\r\nX-Header: b" },
		"secret long":         func(in *input) { in.Secret = strings.Repeat("a", 501) },
		"secret of a webhook": func(in *input) { in.Kind, in.Username = workflow.TargetWebhook, "" },
		"secret of a ghost":   func(in *input) { in.Kind, in.Username = workflow.TargetGhost, "" },
		"baseUrl of a file": func(in *input) {
			in.Kind, in.Username, in.Secret = workflow.TargetFile, "", ""
		},
	} {
		in := blog("Blog")
		change(&in)
		_, err := b.Engine.CreatePublishTarget(ctx, b.Who, in)
		var invalid *fault.Error
		field, _, _ := strings.Cut(name, " ")
		if !errors.As(err, &invalid) || invalid.Kind() != fault.InvalidInput || len(invalid.Field()) != 1 ||
			invalid.Field()[0] != field {
			t.Errorf("%s: got %v, want INVALID_INPUT at %s", name, err, field)
		}
		if err != nil && strings.Contains(err.Error(), applicationPassword) {
			t.Errorf("%s: the error has the secret: %v", name, err)
		}
	}
	if n := b.Count(t, "SELECT count(*) FROM publish_targets"); n != 0 {
		t.Errorf("got %d targets, want none", n)
	}
	unsealed, other := setup(t), blog("Blog")
	if _, err := unsealed.Engine.CreatePublishTarget(ctx, unsealed.Who, other); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a server without a key: got %v, want CONFLICT", err)
	}
}

func TestPublishTarget_TenAreUsableAndNamesAreNeverGivenAway(t *testing.T) {
	t.Parallel()
	b, ctx := sealing(t), context.Background()
	file := func(name string) engine.CreatePublishTargetInput {
		return engine.CreatePublishTargetInput{Name: name, Kind: workflow.TargetFile, Policy: workflow.PolicyPublish}
	}
	var group sync.WaitGroup
	errs := make([]error, 20)
	for i := range errs {
		group.Go(func() { _, errs[i] = b.Engine.CreatePublishTarget(ctx, b.Who, file(strings.Repeat("a", i+1))) })
	}
	group.Wait()
	if got := kinds(errs); got[""] != 10 || got[fault.Conflict] != 10 {
		t.Errorf("twenty at once: got %v, want 10 and 10 CONFLICT", got)
	}
	all, err := b.Engine.PublishTargets(ctx, b.Who)
	if err != nil || len(all) != 10 {
		t.Fatalf("got %d targets, %v", len(all), err)
	}
	if _, err := b.Engine.RetireTarget(ctx, b.Who, engine.RetireTargetInput{TargetID: all[0].ID}); err != nil {
		t.Fatal(err)
	}
	_, err = b.Engine.CreatePublishTarget(ctx, b.Who, file(all[0].Name))
	if fault.KindOf(err) != fault.Conflict {
		t.Errorf("the name of a retired target: got %v, want CONFLICT", err)
	}
	for name, change := range map[string]func() error{
		"check": func() error {
			_, err := b.Engine.CheckTarget(ctx, b.Who, engine.CheckTargetInput{TargetID: all[0].ID})
			return err
		},
		"retire": func() error {
			_, err := b.Engine.RetireTarget(ctx, b.Who, engine.RetireTargetInput{TargetID: all[0].ID})
			return err
		},
	} {
		if err := change(); fault.KindOf(err) != fault.Conflict {
			t.Errorf("%s a retired target: got %v, want CONFLICT", name, err)
		}
	}
	stranger := b.Stranger(t)
	if _, err := b.Engine.PublishTarget(ctx, stranger, all[1].ID); fault.KindOf(err) != fault.NotFound {
		t.Errorf("another organization: got %v, want NOT_FOUND", err)
	}
}
