package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// demoPlan is the article plan as the autopilot reads it.
type demoPlan struct {
	Workflow struct {
		Version     int
		Topics      []struct{ Label string }
		Unclustered []struct{ Keyword struct{ Text string } }
		ArticlePlan *struct {
			Items []demoPlanItem
		}
	}
}

type demoPlanItem struct {
	ID, Verdict string
	Revision    int
	Topic       *struct{ Label string }
	Brief       *struct {
		Title, PrimaryKeyword string
		TargetWords           int
	}
}

// approvePlan approves the first articles of the plan that are not INVALID.
func (a autopilot) approvePlan(ctx context.Context, id string) error {
	var plan demoPlan
	if err := a.client.ask(ctx, "Plan", map[string]any{"id": id}, &plan); err != nil {
		return err
	}
	if plan.Workflow.ArticlePlan == nil {
		return errors.New("the workflow has no article plan")
	}
	items := plan.Workflow.ArticlePlan.Items
	verdicts := map[string]int{}
	for _, item := range items {
		verdicts[item.Verdict]++
	}
	fmt.Fprintf(a.out, "              %d topics with %d pages; %d keywords fit no topic\n",
		len(plan.Workflow.Topics), len(items), len(plan.Workflow.Unclustered))
	fmt.Fprintf(a.out, "              %d pages are valid, %d weak, %d invalid\n",
		verdicts["VALID"], verdicts["WEAK"], verdicts["INVALID"])
	var chosen []map[string]any
	slices.SortStableFunc(items, func(a, b demoPlanItem) int { return strings.Compare(a.Verdict, b.Verdict) })
	for _, item := range items {
		if item.Verdict == "INVALID" || item.Brief == nil || len(chosen) == a.articles {
			continue
		}
		chosen = append(chosen, map[string]any{"articleId": item.ID, "choice": "APPROVED"})
		fmt.Fprintf(a.out, "              autopilot approves %q, %d words, for %q\n",
			item.Brief.Title, item.Brief.TargetWords, item.Brief.PrimaryKeyword)
	}
	var decided struct {
		DecideArticlePlans struct {
			demoPayload
			Selection *struct {
				Count  int
				Digest string
			}
		}
	}
	input := map[string]any{"workflowId": id, "items": chosen}
	if err := a.client.ask(ctx, "DecidePlan", map[string]any{"input": input}, &decided); err != nil {
		return err
	}
	if err := decided.DecideArticlePlans.err(); err != nil {
		return err
	}
	if decided.DecideArticlePlans.Selection == nil {
		return errors.New("the plan has no digest")
	}
	var expected struct {
		Workflow struct {
			ArticlePlan struct{ Forecast *struct{ Sentence string } }
		}
	}
	if err := a.client.ask(ctx, "Expect", map[string]any{"id": id}, &expected); err != nil {
		return err
	}
	if forecast := expected.Workflow.ArticlePlan.Forecast; forecast != nil {
		fmt.Fprintf(a.out, "              %s\n", forecast.Sentence)
	}
	var approved struct{ ApproveArticlePlan demoPayload }
	input = map[string]any{
		"workflowId":      id,
		"expectedVersion": plan.Workflow.Version,
		"digest":          decided.DecideArticlePlans.Selection.Digest,
	}
	if err := a.client.ask(ctx, "ApprovePlan", map[string]any{"input": input}, &approved); err != nil {
		return err
	}
	return approved.ApproveArticlePlan.err()
}
