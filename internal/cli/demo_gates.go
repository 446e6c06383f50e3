package cli

import (
	"context"
	"fmt"

	"github.com/infin8content/engine/internal/server"
	"github.com/infin8content/engine/internal/workflow"
)

// decide lets the autopilot decide when the workflow waits at a gate that the demo passes. It reports whether it did.
// admin makes the publish target.
func (c *demoCommand) decide(
	ctx context.Context, pilot autopilot, admin *demoClient, site server.SandboxSite, flow demoWorkflow,
) (bool, error) {
	switch {
	case flow.Status == "AWAITING_REVIEW" && c.passes(workflow.StepSeedReview):
		if err := pilot.approveSeeds(ctx, flow.ID, flow); err != nil {
			return false, fmt.Errorf("approve the seed keywords: %w", err)
		}
	case flow.State == string(workflow.ValidationCompleted) && c.passes(workflow.StepValidation):
		if err := pilot.approvePlan(ctx, flow.ID); err != nil {
			return false, fmt.Errorf("approve the article plan: %w", err)
		}
	case flow.State == string(workflow.ArticleCompleted) && c.passes(workflow.StepPublish):
		target, err := admin.createTarget(ctx, site)
		if err != nil {
			return false, fmt.Errorf("make a publish target: %w", err)
		}
		if err := pilot.approvePublishing(ctx, flow.ID, target); err != nil {
			return false, fmt.Errorf("approve the publishing: %w", err)
		}
	default:
		return false, nil
	}
	return true, nil
}

// report prints the results and the bill, and compares the books of the sandboxes with the engine's.
func (c *demoCommand) report(
	ctx context.Context, p *program, s *server.Server, client *demoClient, flow demoWorkflow,
) error {
	output := &demoOutput{out: p.stdout}
	output.printResult(flow)
	if err := client.printArticles(ctx, p.stdout, flow.ID); err != nil {
		return fmt.Errorf("read the articles: %w", err)
	}
	bill, err := client.bill(ctx, flow.ID)
	if err != nil {
		return fmt.Errorf("read the bill: %w", err)
	}
	printBill(p.stdout, bill, flow)
	if books, there := s.SandboxBooks(); there {
		demos, err := c.everyDemo(s)
		if err != nil {
			return err
		}
		err = client.compareBooks(ctx, p.stdout, books, demoPlace{
			flow:  flow.ID,
			site:  s.SandboxSite().URL,
			since: c.began,
			demos: demos,
		})
		if err != nil {
			return err
		}
	}
	if c.Exit {
		return nil
	}
	return c.printPages(p, s, client.token)
}
