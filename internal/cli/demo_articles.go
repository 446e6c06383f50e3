package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/infin8content/engine/internal/cost"
)

// demoArticles are the articles of a workflow with their money and their posts.
type demoArticles struct {
	Version      int
	Articles     struct{ Nodes []demoArticle }
	Publications struct {
		Nodes []struct {
			ArticleID, State, URL string
			Target                struct{ Name string }
		}
	}
}

type demoArticle struct {
	ID, Title                string
	Revision, Words          int
	NeedsReview, IsSynthetic bool
	Unit                     struct{ State string }
	Spend                    struct{ Cap, Settled, Forecast string }
}

func (d *demoClient) articles(ctx context.Context, id string) (demoArticles, error) {
	var answer struct{ Workflow *demoArticles }
	if err := d.ask(ctx, "Articles", map[string]any{"id": id}, &answer); err != nil {
		return demoArticles{}, err
	}
	if answer.Workflow == nil {
		return demoArticles{}, errors.New("the workflow does not exist any more")
	}
	return *answer.Workflow, nil
}

// approvePublishing approves the written articles for one target.
func (a autopilot) approvePublishing(ctx context.Context, id string, target demoTarget) error {
	read, err := a.client.articles(ctx, id)
	if err != nil {
		return err
	}
	var articles []map[string]any
	for _, article := range read.Articles.Nodes {
		if article.Unit.State != "DONE" {
			continue
		}
		articles = append(articles, map[string]any{"articleId": article.ID, "expectedRevision": article.Revision})
		note := ""
		if article.NeedsReview {
			note = ", although a check of it failed"
		}
		fmt.Fprintf(a.out, "              autopilot publishes %q, %d words%s\n", article.Title, article.Words, note)
	}
	var approved struct{ ApprovePublishing demoPayload }
	input := map[string]any{
		"workflowId":      id,
		"expectedVersion": read.Version,
		"articles":        articles,
		"targetIds":       []string{target.ID},
		"policy":          "PUBLISH",
	}
	if err := a.client.ask(ctx, "ApprovePublishing", map[string]any{"input": input}, &approved); err != nil {
		return err
	}
	return approved.ApprovePublishing.err()
}

// printArticles prints the posts, and for each article the forecast beside the actual cost.
func (d *demoClient) printArticles(ctx context.Context, out io.Writer, id string) error {
	read, err := d.articles(ctx, id)
	if err != nil || len(read.Articles.Nodes) == 0 {
		return err
	}
	synthetic := ""
	if read.Articles.Nodes[0].IsSynthetic {
		synthetic = ", SYNTHETIC"
	}
	fmt.Fprintf(out, "\nArticles%s\n", synthetic)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "  article\twords\tforecast\tat most\tactual")
	var likely, most, actual cost.Pico
	for _, article := range read.Articles.Nodes {
		fmt.Fprintf(table, "  %s\t%d\t$%s\t$%s\t$%s\n", article.Title, article.Words,
			cmp.Or(article.Spend.Forecast, "0"), article.Spend.Cap, article.Spend.Settled)
		for _, sum := range []struct {
			to   *cost.Pico
			text string
		}{
			{&likely, article.Spend.Forecast},
			{&most, article.Spend.Cap},
			{&actual, article.Spend.Settled},
		} {
			amount, err := cost.ParseUSD(cmp.Or(sum.text, "0"))
			if err == nil {
				*sum.to, err = sum.to.Add(amount)
			}
			if err != nil {
				return err
			}
		}
	}
	fmt.Fprintf(table, "  all\t\t$%s\t$%s\t$%s\n", likely, most, actual)
	_ = table.Flush()
	if len(read.Publications.Nodes) > 0 {
		fmt.Fprintln(out, "\nPosts")
	}
	for _, post := range read.Publications.Nodes {
		fmt.Fprintf(out, "  %s on %s  %s\n", post.State, post.Target.Name, post.URL)
	}
	if len(read.Publications.Nodes) > 0 {
		fmt.Fprintln(out, "  These addresses work only while this demo runs.")
	}
	return nil
}
