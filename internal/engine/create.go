package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/spelling"
	"github.com/infin8content/engine/internal/workflow"
)

// errTaken ends the transaction of a workflow whose name is taken.
var errTaken = errors.New("the name is taken")

// CreateInput describes a new workflow.
type CreateInput struct {
	Name           string
	Company        workflow.Company
	Limit          *cost.Pico // the organization's default when nil
	IdempotencyKey string     // none when empty; the same in all inputs
}

// Create writes a workflow in CREATED, with the first row of its journal and its account. The error is
// *DuplicateNameError when the organization has a workflow of that name.
func (e *Engine) Create(ctx context.Context, who caller.Caller, in CreateInput) (_ Moved, err error) {
	ctx, end := e.begin(ctx, "Create")
	defer end(&err)
	new, err := e.newWorkflow(ctx, who, in)
	if err != nil {
		return Moved{}, err
	}
	var flow workflow.Workflow
	key := in.IdempotencyKey
	in.IdempotencyKey = ""
	replay, err := e.once(ctx, who, request{
		key:       key,
		operation: "createWorkflow",
		content:   in,
		flow:      new.ID,
		at:        new.At,
	}, func(tx *postgres.Store) error {
		created := false
		if flow, created, err = tx.CreateWorkflow(ctx, who, new); err != nil {
			return err
		}
		if !created {
			return errTaken
		}
		return nil
	})
	if errors.Is(err, errTaken) {
		return Moved{}, e.duplicate(ctx, who, new.Name)
	}
	if err != nil {
		return Moved{}, fmt.Errorf("create a workflow: %w", err)
	}
	if replay != nil {
		if flow, err = e.Workflow(ctx, who, replay.WorkflowID); err != nil {
			return Moved{}, err
		}
	}
	first, err := e.TransitionAt(ctx, who, flow.ID, 0)
	return Moved{Workflow: flow, Transition: first, Replayed: replay != nil}, err
}

func (e *Engine) newWorkflow(ctx context.Context, who caller.Caller, in CreateInput) (postgres.NewWorkflow, error) {
	new := postgres.NewWorkflow{ID: e.newID(), Company: in.Company, At: e.now()}
	var err error
	if new.Name, err = workflow.CleanName([]string{"name"}, in.Name); err != nil {
		return new, err
	}
	if new.Company.Name, err = workflow.CleanName([]string{"company", "name"}, in.Company.Name); err != nil {
		return new, err
	}
	if err := workflow.CheckURL([]string{"company", "url"}, in.Company.URL); err != nil {
		return new, err
	}
	if in.Company.LinkedInURL != "" {
		if err := workflow.CheckURL([]string{"company", "linkedinUrl"}, in.Company.LinkedInURL); err != nil {
			return new, err
		}
	}
	if in.Limit == nil {
		o, err := e.organization(ctx, who)
		new.Limit = o.WorkflowLimit
		return new, err
	}
	if *in.Limit < 0 {
		return new, fault.Invalid([]string{"spendLimit"}, "A limit cannot be negative.")
	}
	new.Limit = cost.Limit(*in.Limit)
	return new, nil
}

func (e *Engine) duplicate(ctx context.Context, who caller.Caller, name string) error {
	existing, found, err := e.store.WorkflowNamed(ctx, who, name)
	if err != nil {
		return fmt.Errorf("read the workflow that has the name: %w", err)
	}
	if !found {
		return fault.New(fault.Unavailable, "Another request is using the name at this moment. Try again.")
	}
	return &DuplicateNameError{Existing: existing}
}

// maxReason is the longest reason, in characters.
const maxReason = 2000

// checkReason refuses a reason that the journals cannot store.
func checkReason(reason string) error {
	if len([]rune(reason)) > maxReason || strings.ContainsRune(reason, 0) {
		return fault.Invalid([]string{"reason"}, "A reason has at most %d characters and none of them is NUL.", maxReason)
	}
	return nil
}

// saysNothing reports whether a reader sees nothing of a text: it has spaces and characters without a shape alone.
func saysNothing(text string) bool { return spelling.Scrub(text) == "" }
