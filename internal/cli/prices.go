package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/outbound"
	"github.com/infin8content/engine/internal/server"
)

// pricesCommand manages the operator's price list, which counts for every organization without prices of its own. It
// works as the owner of the database, because the server's role may not write that list.
type pricesCommand struct {
	Import pricesImportCommand `cmd:"" help:"Compare a provider's price list with the prices in force; --apply writes it."`
	List   pricesListCommand   `cmd:"" help:"List the operator's prices, and those in quarantine."`
	Accept pricesAcceptCommand `cmd:"" help:"Bring a price from quarantine into force."`
	Reject pricesRejectCommand `cmd:"" help:"Reject a price in quarantine."`
}

type pricesImportCommand struct {
	From        string `arg:"" optional:"" name:"file-or-url" help:"A price list; the provider's own when absent."`
	Apply       bool   `xor:"apply" help:"Write: doubtful prices go into quarantine, the others into force."`
	DryRun      bool   `xor:"apply" help:"Print the difference only, as without --apply."`
	ProviderURL string `default:"https://openrouter.ai/api/v1" env:"OPENROUTER_BASE_URL" help:"${provider}"`
	Actor       string `default:"operator" help:"Name of the operator in the price table."`
}

// Run reads the list, prints the changes, and writes them with --apply.
func (c *pricesImportCommand) Run(p *program) error {
	if err := checkActor(c.Actor); err != nil {
		return err
	}
	provider := strings.TrimRight(c.ProviderURL, "/")
	if c.From == "" {
		c.From = provider + "/models"
	}
	text, err := c.read(p, provider)
	if err != nil {
		return err
	}
	list, err := cost.ParsePriceList(text)
	if err != nil {
		return fmt.Errorf("%s: %w", c.From, err)
	}
	return withOperatorEngine(p, server.Limits{}, func(e *engine.Engine) error {
		done, err := e.ImportPrices(p.ctx, engine.Operator(c.Actor), engine.ImportPricesInput{
			List: list, Source: c.From, Apply: c.Apply,
		})
		if err != nil {
			return err
		}
		return printImport(p, done)
	})
}

func (c *pricesImportCommand) read(p *program, provider string) ([]byte, error) {
	if !strings.HasPrefix(c.From, "http://") && !strings.HasPrefix(c.From, "https://") {
		file, err := os.Open(c.From)
		if err != nil {
			return nil, err
		}
		defer func() { _ = file.Close() }()
		return readBounded(file)
	}
	key := ""
	if strings.HasPrefix(c.From, provider+"/") {
		key = p.secrets.ProviderKey // The key belongs to the provider; no other address gets it.
	}
	text, err := fetchList(p.ctx, c.From, key)
	if err != nil {
		return nil, fmt.Errorf("fetch the price list: %w", err)
	}
	return text, nil
}

// fetchLimit is the longest time that a price list may take to arrive.
const fetchLimit = 30 * time.Second

// fetchList gets a bounded text over HTTPS, or over HTTP from this machine. It follows no redirect, so that only the
// given host can answer.
func fetchList(ctx context.Context, address, key string) ([]byte, error) {
	rules := outbound.URLRules{HTTP: outbound.LoopbackHTTP, PrivateHosts: true, Query: true}
	if _, err := outbound.ParseURL(address, rules); err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	if key != "" {
		request.Header.Set("Authorization", "Bearer "+key)
	}
	response, err := outbound.New(outbound.Options{
		Mode:         outbound.Configured,
		Timeout:      fetchLimit,
		MaxBodyBytes: cost.MaxListBytes,
	}).Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", address, response.Status)
	}
	return io.ReadAll(response.Body)
}

// readBounded reads one byte more than a list may have, so that a list that is too long is recognized.
func readBounded(r io.Reader) ([]byte, error) {
	return io.ReadAll(io.LimitReader(r, cost.MaxListBytes+1))
}

// printImport prints a line for each change of a price, and the number of changes.
func printImport(p *program, done engine.PriceImport) error {
	list := table{columns: []string{"change", "model", "component", "amount", "consequence"}}
	counts, quarantined := map[cost.ChangeKind]int{}, 0
	for _, c := range done.Changes {
		counts[c.Kind]++
		if c.Doubt != "" {
			quarantined++
		}
		if c.Kind != cost.PriceUnchanged {
			list.add(c.Kind, c.Model, component(c.Component, c.MinPromptTokens), amounts(c.PriceChange),
				consequence(c, done.Applied))
		}
	}
	for _, s := range done.Skipped {
		list.add("SKIPPED", s.Model, fmt.Sprintf("line %d", s.Line), "", s.Why)
	}
	if p.JSON {
		return p.value(map[string]any{
			"changes": list.records(), "added": counts[cost.PriceAdded], "changed": counts[cost.PriceChanged],
			"unchanged": counts[cost.PriceUnchanged], "gone": counts[cost.PriceGone], "skipped": len(done.Skipped),
			"quarantined": quarantined, "isApplied": done.Applied,
		})
	}
	if err := p.text(list); err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "%d added, %d changed, %d unchanged, %d gone, %d models skipped; %d in quarantine\n",
		counts[cost.PriceAdded], counts[cost.PriceChanged], counts[cost.PriceUnchanged], counts[cost.PriceGone],
		len(done.Skipped), quarantined)
	if !done.Applied {
		fmt.Fprintln(p.stdout, "nothing was written: use --apply")
	}
	return nil
}

// component returns the name of a price's component in a table.
func component(c cost.Component, size int64) string {
	if size == 0 {
		return string(c)
	}
	return fmt.Sprintf("%s from %d tokens", c, size)
}

func amounts(c cost.PriceChange) string {
	switch {
	case c.Kind == cost.PriceGone:
		return "$" + c.Unit.String()
	case c.Old == nil:
		return "→ $" + c.Unit.String()
	}
	return fmt.Sprintf("$%s → $%s (× %.3g)", c.Old, c.Unit, c.Factor())
}

// consequence returns the consequence of a change in a table.
func consequence(c engine.PlannedPrice, applied bool) string {
	switch {
	case c.Kind == cost.PriceGone:
		return "no longer listed; stays in force"
	case c.Doubt != "" && c.ProposalID == uuid.Nil:
		return fmt.Sprintf("goes into quarantine: %s", c.Doubt)
	case c.Doubt != "":
		return fmt.Sprintf("in quarantine as %s: %s", c.ProposalID, c.Doubt)
	case applied:
		return "in force from " + c.Begins.Format(time.RFC3339)
	}
	return ""
}

type pricesListCommand struct {
	Model []string  `help:"List only these models."`
	At    time.Time `help:"Time of the prices, such as 2026-02-01T00:00:00Z; now when absent."`
}

// Run prints the operator's prices and the prices in quarantine.
func (c *pricesListCommand) Run(p *program) error {
	return withOperatorEngine(p, server.Limits{}, func(e *engine.Engine) error {
		in := engine.PriceListInput{Models: c.Model, First: 1000}
		if !c.At.IsZero() {
			in.At = &c.At
		}
		list := table{
			columns: []string{"model", "component", "usd", "validFrom", "source"},
			empty:   "The operator's list has no prices.",
		}
		for {
			prices, err := e.PriceList(p.ctx, engine.Operator(""), in)
			if err != nil {
				return err
			}
			for _, price := range prices {
				list.add(price.Model, component(price.Component, price.MinPromptTokens), price.Unit, price.ValidFrom,
					price.Source)
			}
			if len(prices) < in.First {
				break
			}
			in.After = &prices[len(prices)-1]
		}
		waiting, err := proposals(p, e)
		if err != nil {
			return err
		}
		if p.JSON {
			return p.value(map[string]any{"prices": list.records(), "quarantined": waiting.records()})
		}
		if err := p.list(list); err != nil || len(waiting.rows) == 0 {
			return err
		}
		fmt.Fprintf(p.stdout, "\n%d in quarantine, until `prices accept` or `prices reject`:\n", len(waiting.rows))
		return p.text(waiting)
	})
}

// proposals returns the prices in quarantine.
func proposals(p *program, e *engine.Engine) (table, error) {
	list := table{columns: []string{"id", "model", "component", "amount", "doubt"}}
	waiting, err := e.PriceProposals(p.ctx, engine.Operator(""), engine.ProposalsInput{
		States: []cost.ProposalState{cost.ProposalPending}, First: cost.MaxListPrices,
	})
	for _, w := range waiting {
		list.add(w.ID, w.Model, component(w.Component, w.MinPromptTokens),
			amounts(cost.PriceChange{ListedPrice: cost.ListedPrice{Unit: w.Unit}, Old: w.Compared}), w.Doubt)
	}
	return list, err
}

// decideFlags name a proposal and the reason of the decision.
type decideFlags struct {
	ID     uuid.UUID `arg:"" help:"The proposal's UUID, as in the list."`
	Reason string    `required:"" help:"Reason for the price table, up to 2000 characters."`
	Actor  string    `default:"operator" help:"Name of the operator in the price table."`
}

func (f decideFlags) input() engine.DecideInput {
	return engine.DecideInput{ProposalID: f.ID, Reason: f.Reason}
}

type pricesAcceptCommand struct {
	decideFlags `embed:""`
}

// Run accepts a price and prints the time from which it is in force.
func (c *pricesAcceptCommand) Run(p *program) error {
	if err := checkActor(c.Actor); err != nil {
		return err
	}
	return withOperatorEngine(p, server.Limits{}, func(e *engine.Engine) error {
		done, err := e.AcceptPrice(p.ctx, engine.Operator(c.Actor), c.input())
		if err != nil {
			return err
		}
		d := done.Proposal
		from := plain(d.AcceptedFrom)
		return p.result(fmt.Sprintf("%s %s: $%s, in force from %s", d.Model, component(d.Component, d.MinPromptTokens),
			d.Unit, from), map[string]any{"id": d.ID, "model": d.Model, "usd": d.Unit.String(), "validFrom": from})
	})
}

type pricesRejectCommand struct {
	decideFlags `embed:""`
}

// Run rejects a price and prints it.
func (c *pricesRejectCommand) Run(p *program) error {
	if err := checkActor(c.Actor); err != nil {
		return err
	}
	return withOperatorEngine(p, server.Limits{}, func(e *engine.Engine) error {
		done, err := e.RejectPrice(p.ctx, engine.Operator(c.Actor), c.input())
		if err != nil {
			return err
		}
		d := done.Proposal
		return p.result(fmt.Sprintf("%s %s: $%s is rejected", d.Model, component(d.Component, d.MinPromptTokens), d.Unit),
			map[string]any{"id": d.ID, "model": d.Model, "usd": d.Unit.String()})
	})
}
