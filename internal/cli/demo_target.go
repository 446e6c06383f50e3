package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/infin8content/engine/internal/server"
)

// demoTargetName begins the names of the sites that demos make.
const demoTargetName = "Demo site "

// demoTarget is a publish target as the demo reads it.
type demoTarget struct{ ID, Name, Kind, State, BaseURL, Message string }

// demoTargetPayload is the answer of a mutation of a target.
type demoTargetPayload struct {
	Target *demoTarget
	demoPayload
}

// createTarget makes a target to publish to: the site of the sandbox, or files when there is none.
func (d *demoClient) createTarget(ctx context.Context, site server.SandboxSite) (demoTarget, error) {
	input := map[string]any{
		"name": demoTargetName + time.Now().UTC().Format("2006-01-02 15:04:05.000"),
		"kind": "FILE",
	}
	if site.URL != "" {
		input["kind"], input["baseUrl"] = "WORDPRESS", site.URL
		input["username"], input["secret"] = site.Username, site.Password
	}
	var made struct{ CreatePublishTarget demoTargetPayload }
	if err := d.ask(ctx, "CreateTarget", map[string]any{"input": input}, &made); err != nil {
		return demoTarget{}, err
	}
	if err := made.CreatePublishTarget.err(); err != nil {
		return demoTarget{}, err
	}
	id := made.CreatePublishTarget.Target.ID
	if made.CreatePublishTarget.Target.State != "READY" {
		var tested struct{ TestPublishTarget demoTargetPayload }
		err := d.ask(ctx, "TestTarget", map[string]any{"id": id}, &tested)
		if err := cmp.Or(err, tested.TestPublishTarget.err()); err != nil {
			return demoTarget{}, err
		}
	}
	return d.awaitTarget(ctx, id)
}

// awaitTarget waits until a worker has tried the address and the login of a target.
func (d *demoClient) awaitTarget(ctx context.Context, id string) (demoTarget, error) {
	for {
		all, err := d.targets(ctx)
		if err != nil {
			return demoTarget{}, err
		}
		for _, t := range all {
			switch {
			case t.ID != id:
				continue
			case t.State == "READY":
				return t, nil
			case t.State != "CHECKING" && t.State != "UNCHECKED":
				return t, fmt.Errorf("the target %s is %s: %s", t.Name, t.State, t.Message)
			}
		}
		select {
		case <-ctx.Done():
			return demoTarget{}, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (d *demoClient) targets(ctx context.Context) ([]demoTarget, error) {
	var answer struct {
		Organization *struct{ PublishTargets []demoTarget }
	}
	if err := d.ask(ctx, "Targets", nil, &answer); err != nil {
		return nil, err
	}
	if answer.Organization == nil {
		return nil, errors.New("the organization cannot be read")
	}
	return answer.Organization.PublishTargets, nil
}
