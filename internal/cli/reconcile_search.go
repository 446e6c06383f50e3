package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/infin8content/engine/internal/audit"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/seo"
)

// The names of the providers of search data in the ledger.
const (
	searchProvider        = "dataforseo"
	sandboxSearchProvider = "seo-sandbox"
)

// listPause keeps the look-ups below 10 a minute.
const listPause = 7 * time.Second

// searchFigures reads the provider's own list of requests and adds up its days. It counts the requests with a tag of
// ours: other programs may use the same account.
func (c *reconcileCommand) searchFigures(p *program, days cost.Days) ([]audit.ProviderDay, error) {
	if p.secrets.SearchLogin == "" {
		return nil, errors.New("DATAFORSEO_LOGIN and DATAFORSEO_PASSWORD are not set")
	}
	client, err := seo.New(seo.Options{
		BaseURL: c.SEOURL, Login: p.secrets.SearchLogin, Password: p.secrets.SearchPassword,
	})
	if err != nil {
		return nil, fmt.Errorf("the provider of search data: %w", err)
	}
	defer client.Close()
	var figures []audit.ProviderDay
	for _, service := range []string{seo.ServiceLabs, seo.ServiceSERP} {
		of, err := servedDays(p.ctx, client, service, days)
		if err != nil {
			return nil, fmt.Errorf("ask the provider for its figures: %w", err)
		}
		figures = append(figures, of...)
	}
	return figures, nil
}

// servedDays adds up the requests to one service by day. A failed request that was free is not one: the ledger has
// released it.
func servedDays(
	ctx context.Context, client *seo.Client, service string, days cost.Days,
) ([]audit.ProviderDay, error) {
	in := seo.ListInput{Service: service, From: days.From.Date(), To: days.To.Date().Add(-time.Second)}
	sums := map[cost.Day]*audit.ProviderDay{}
	for {
		page, err := client.List(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, task := range page.Tasks {
			if !strings.HasPrefix(task.Tag, "call_") || task.Cost == nil || task.IsFailed && *task.Cost == 0 {
				continue
			}
			day := cost.NewDay(task.Posted)
			if sums[day] == nil {
				sums[day] = &audit.ProviderDay{Day: day, Model: service}
			}
			sums[day].Calls++
			if sums[day].Cost, err = sums[day].Cost.Add(*task.Cost); err != nil {
				return nil, err
			}
		}
		if page.IsLast {
			break
		}
		in.Offset += len(page.Tasks) + page.Unclear
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(listPause):
		}
	}
	var figures []audit.ProviderDay
	for _, sum := range sums {
		figures = append(figures, *sum)
	}
	return figures, nil
}
