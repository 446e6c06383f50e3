package cli

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/audit"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/llm"
	"github.com/infin8content/engine/internal/server"
)

// reconcileCommand compares the ledger with the provider's own figures. It books nothing.
type reconcileCommand struct {
	From         string `required:"" help:"First day in UTC, such as 2026-03-01; the provider keeps the last 30 days."`
	To           string `help:"The day after the last one; today when absent. Only past days can be compared."`
	Organization string `help:"UUID of the only organization to compare, if it has a provider key of its own."`
	Provider     string `default:"openrouter" help:"Name of the provider in the ledger: openrouter, dataforseo, or that of a sandbox."`
	ProviderURL  string `default:"https://openrouter.ai/api/v1" env:"OPENROUTER_BASE_URL" help:"${provider}"`
	SEOURL       string `name:"seo-url" default:"https://api.dataforseo.com/v3" env:"DATAFORSEO_BASE_URL" help:"${seo}"`
	Tolerance    string `default:"0.000001" help:"USD that a model and day may differ by, because the provider rounds sums."`
}

// Run prints every model and day that differs. It fails if there is one.
func (c *reconcileCommand) Run(p *program) error {
	in, err := c.input(time.Now())
	if err != nil {
		return err
	}
	line := p.begin("Reading the provider's figures")
	if c.Provider == searchProvider || c.Provider == sandboxSearchProvider {
		in.Figures, err = c.searchFigures(p, in.Days)
	} else {
		in.Figures, err = c.figures(p)
	}
	if err != nil {
		line.end()
		return err
	}
	line.set("Comparing the ledger with the provider's figures", 0, 0)
	var r audit.Reconciliation
	err = withAuditor(p, func(a *audit.Auditor) error {
		r, err = a.Reconcile(p.ctx, in)
		return err
	})
	line.end()
	if field := fault.FieldOf(err); len(field) == 1 {
		return fmt.Errorf("--%s: %w", field[0], err)
	}
	if err != nil {
		return err
	}
	err = withOperatorEngine(p, server.Limits{}, func(e *engine.Engine) error {
		return e.AlertDifferences(p.ctx, differencesToAlert(in, r))
	})
	if err != nil {
		return err
	}
	return printReconciliation(p, r)
}

// differencesToAlert returns the differences of a comparison, each for an alert.
func differencesToAlert(in audit.ReconcileInput, r audit.Reconciliation) engine.AlertDifferencesInput {
	alerts := engine.AlertDifferencesInput{Organization: in.Organization}
	for _, d := range r.Differences() {
		alerts.Differences = append(alerts.Differences, engine.ModelDifference{
			Model: d.Model,
			Difference: cost.Difference{
				Provider:     in.Provider,
				Day:          d.Day,
				BookedCalls:  d.CallsHere,
				ChargedCalls: d.CallsThere,
				Booked:       d.Here,
				Charged:      d.There,
			},
		})
	}
	return alerts
}

// input reads the flags.
func (c *reconcileCommand) input(now time.Time) (in audit.ReconcileInput, err error) {
	today := cost.NewDay(now.UTC())
	in.Provider, in.Days.To = c.Provider, today
	if in.Days.From, err = cost.ParseDay(nil, c.From); err != nil {
		return in, fmt.Errorf("--from: %w", err)
	}
	if c.To != "" {
		if in.Days.To, err = cost.ParseDay(nil, c.To); err != nil {
			return in, fmt.Errorf("--to: %w", err)
		}
	}
	if in.Days.From < today-llm.ActivityDays {
		return in, fmt.Errorf("--from: the provider keeps the last %d days, from %s on", llm.ActivityDays,
			today-llm.ActivityDays)
	}
	if in.Tolerance, err = cost.ParseUSD(c.Tolerance); err != nil {
		return in, fmt.Errorf("--tolerance: %w", err)
	}
	if c.Organization != "" {
		organization, err := uuid.Parse(c.Organization)
		if err != nil {
			return in, fmt.Errorf("--organization: %q is no UUID", c.Organization)
		}
		in.Organization = &organization
	}
	return in, nil
}

// figures reads the provider's own figures.
func (c *reconcileCommand) figures(p *program) ([]audit.ProviderDay, error) {
	if p.managementKey == "" {
		return nil, errors.New("OPENROUTER_MANAGEMENT_KEY is not set: the key that makes requests may not see the figures")
	}
	client, err := llm.New(llm.Options{BaseURL: c.ProviderURL, Key: p.managementKey, Title: "Infin8Content"})
	if err != nil {
		return nil, fmt.Errorf("the model provider: %w", err)
	}
	defer client.Close()
	activities, err := client.Activity(p.ctx)
	if err != nil {
		return nil, fmt.Errorf("ask the provider for its figures: %w", err)
	}
	figures := make([]audit.ProviderDay, len(activities))
	for i, a := range activities {
		figures[i] = audit.ProviderDay{
			Day:   a.Day,
			Model: a.Model,
			Calls: a.Requests,
			Cost:  a.Cost,
		}
	}
	return figures, nil
}

// printReconciliation prints a line for each difference, and the sums.
func printReconciliation(p *program, r audit.Reconciliation) error {
	differences := r.Differences()
	list := table{columns: []string{"dayUtc", "model", "callsHere", "callsThere", "usdHere", "usdThere", "difference"}}
	for _, d := range differences {
		list.add(d.Day, cmp.Or(d.Model, "(never answered)"), d.CallsHere, d.CallsThere, d.Here, d.There, d.Difference)
	}
	if err := printSums(p, list, r); err != nil {
		return err
	}
	if len(differences) > 0 {
		return fmt.Errorf("%d differences; nothing was booked", len(differences))
	}
	return nil
}

// printSums prints the differences and the sums.
func printSums(p *program, differences table, r audit.Reconciliation) error {
	if p.JSON {
		return p.value(map[string]any{
			"differences": differences.records(), "compared": len(r.Days), "usdHere": r.Here.String(),
			"usdThere": r.There.String(), "openCalls": r.Open, "usdHeld": r.Held.String(),
		})
	}
	if err := p.text(differences); err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "%d models and days compared: $%s booked here, $%s charged there\n", len(r.Days), r.Here,
		r.There)
	if r.Open > 0 {
		fmt.Fprintf(p.stdout, "%d calls of these days have no outcome yet and hold $%s\n", r.Open, r.Held)
	}
	return nil
}
