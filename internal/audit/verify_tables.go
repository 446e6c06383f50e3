package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/migrations"
)

// tables compares every table with the ones that explain it, and checks every foreign key again: a superuser can write
// past the triggers that enforce them.
func (v *verification) tables(ctx context.Context) error {
	for _, compare := range []func(context.Context, int32) ([]postgres.Disagreement, error){
		v.store.WorkflowDisagreements, v.store.AccountDisagreements, v.store.ArticleDisagreements,
		v.store.CallDisagreements,
		v.store.OrganizationDisagreements, v.store.PriceDisagreements, v.store.GateDisagreements,
		v.store.KeywordDisagreements, v.store.SelectionDisagreements, v.store.PlanDisagreements,
		v.store.TextDisagreements, v.store.StepDisagreements, v.store.UnitDisagreements,
		v.store.PublicationDisagreements, v.store.BatchDisagreements, v.store.BrokenReferences,
	} {
		if err := v.disagree(compare(ctx, maxPerKind)); err != nil {
			return err
		}
	}
	return nil
}

// migrations compares the applied migrations with those of the program.
func (v *verification) migrations(ctx context.Context) error {
	return v.disagree(v.store.MigrationDisagreements(ctx, migrations.Files))
}

func (v *verification) disagree(disagreements []postgres.Disagreement, err error) error {
	for _, d := range disagreements {
		v.report(d.Object, "%s", d.Fault)
	}
	return err
}

// quotes looks every quote up in the text of its page.
func (v *verification) quotes(ctx context.Context) error {
	return v.store.EachQuote(ctx, func(q content.Quote, page string) error {
		v.rows.Add(1)
		if !content.HasQuote(page, q.Text) {
			v.report(fmt.Sprintf("article_evidence art_%s visit %d number %d", q.ArticleID, q.Visit, q.Number),
				"its page does not have the quote")
		}
		return nil
	})
}

// months computes the period of every month again.
func (v *verification) months(ctx context.Context) error {
	var before, month postgres.ZonedMonth
	check := func(next postgres.ZonedMonth) {
		if fault := mistimed(before, month, next); fault != "" {
			v.report(fmt.Sprintf("usage_accounts %s", month.ID), "%s", fault)
		}
		before, month = month, next
	}
	err := v.store.EachMonth(ctx, func(next postgres.ZonedMonth) error {
		v.rows.Add(1)
		check(next)
		return nil
	})
	check(postgres.ZonedMonth{})
	return err
}

// mistimed returns the difference of a month's period from the one of its time zone; "" for none. A month begins at
// the end of the one before, and ends at the begin of one that was opened earlier.
func mistimed(before, month, next postgres.ZonedMonth) string {
	if month.TimeZone == "" {
		return ""
	}
	var last cost.Period
	if before.OrganizationID == month.OrganizationID {
		last = before.Period
	}
	period, err := cost.MonthAfter(month.Period.Start, month.TimeZone, last)
	if err != nil {
		return err.Error()
	}
	start := next.Period.Start
	if next.OrganizationID == month.OrganizationID && start.Before(period.End) && start.Equal(month.Period.End) {
		period.End = start
	}
	if period.Start.Equal(month.Period.Start) && period.End.Equal(month.Period.End) {
		return ""
	}
	return fmt.Sprintf("it is from %s to %s, in %s the month is from %s to %s", stamp(month.Period.Start),
		stamp(month.Period.End), month.TimeZone, stamp(period.Start), stamp(period.End))
}

func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// priceHistory are all versions of the prices, by list and model.
type priceHistory map[priced][]cost.Price

type priced struct {
	list  uuid.UUID // the nil UUID is the operator's
	model string
}

func (v *verification) readPrices(ctx context.Context) error {
	v.prices = priceHistory{}
	return v.store.EachPrice(ctx, func(p cost.Price) error {
		key := priced{p.OrganizationID, p.Model}
		v.prices[key] = append(v.prices[key], p)
		return nil
	})
}

// unsettled is the largest difference between the clocks of two servers. Which of two prices a call met within it
// cannot be found out.
const unsettled = 5 * time.Minute

// of returns the prices that a call of an organization could meet. known is false when one of them begins so close to
// the call that the clocks of two servers could disagree.
func (h priceHistory) of(organization uuid.UUID, models []string, at time.Time) (prices []cost.Price, known bool) {
	for _, model := range models {
		for _, list := range []uuid.UUID{uuid.Nil, organization} {
			for _, p := range h[priced{list, model}] {
				if p.ValidFrom.Sub(at).Abs() < unsettled {
					return nil, false
				}
				prices = append(prices, p)
			}
		}
	}
	return prices, true
}

// misestimated returns the difference of a call's hold from the estimate of its models, its size and the prices of its
// time; "" for none, and for a hold of a given amount.
func (h priceHistory) misestimated(c postgres.Call) string {
	if len(c.Models) == 0 {
		return ""
	}
	prices, known := h.of(c.OrganizationID, c.Models, c.ReservedAt)
	if !known {
		return ""
	}
	hold, err := cost.Hold(prices, cost.Estimate{
		Models:              c.Models,
		PromptBytes:         c.PromptBytes,
		MaxCompletionTokens: c.MaxCompletionTokens,
		WebSearches:         c.WebSearches,
		Items:               c.MaxItems,
	}, c.ReservedAt)
	switch {
	case err != nil:
		return fmt.Sprintf("its hold of %s cannot be computed: %v", c.Hold, err)
	case hold != c.Hold:
		return fmt.Sprintf("it holds %s, its models and its size give %s", c.Hold, hold)
	}
	return ""
}

// mispriced returns the difference of a settled call's list cost from the price of its model and tokens; "" for none.
func (h priceHistory) mispriced(c postgres.Call) string {
	if c.State != cost.CallSettled {
		return ""
	}
	prices, known := h.of(c.OrganizationID, []string{c.AnsweredModel}, c.ReservedAt)
	if !known {
		return ""
	}
	listed, err := cost.ListCost(prices, c.AnsweredModel, c.Usage, c.ReservedAt)
	switch {
	case err != nil && c.ListCost != nil:
		return fmt.Sprintf("the price table gives no cost for %q, and it has %s", c.AnsweredModel, *c.ListCost)
	case err == nil && c.ListCost == nil:
		return fmt.Sprintf("the price table gives %s for %q and its tokens, and it has none", listed, c.AnsweredModel)
	case err == nil && *c.ListCost != listed:
		return fmt.Sprintf("the price table gives %s for %q and its tokens, and it has %s", listed, c.AnsweredModel,
			*c.ListCost)
	}
	return ""
}

// misdated returns the difference of a call's actor, times and failure from the entries of its workflow's account; ""
// for none.
func misdated(b postgres.Booked) string {
	for _, e := range b.Entries {
		if e.AccountID != b.Call.WorkflowID {
			continue
		}
		switch e.Kind {
		case cost.EntryReserve, cost.EntryRecord:
			if e.Actor != b.Call.Actor || !e.At.Equal(b.Call.ReservedAt) {
				return fmt.Sprintf("%s has made it at %s, the ledger says %s at %s", b.Call.Actor, stamp(b.Call.ReservedAt),
					e.Actor, stamp(e.At))
			}
		case cost.EntrySettle:
			if e.Reason != b.Call.FailureCode {
				return fmt.Sprintf("its failure is %q, the ledger says %q", b.Call.FailureCode, e.Reason)
			}
		}
		switch e.Kind {
		case cost.EntrySettle, cost.EntryRelease, cost.EntryAssume, cost.EntryRecord:
			if b.Call.EndedAt == nil || !e.At.Equal(*b.Call.EndedAt) {
				return fmt.Sprintf("it did not end at %s, as the ledger says", stamp(e.At))
			}
		}
	}
	return ""
}
