package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// A price list belongs to the caller's organization. The list of the nil UUID is the operator's; the server's role
// cannot write it.

// priceLock is the class of advisory locks under which price lists change: any number that nothing else of ours uses.
const priceLock = 5

// Prices returns the prices of models in force at a time, the organization's own and the operator's.
func (s *Store) Prices(
	ctx context.Context, organization uuid.UUID, models []string, at time.Time,
) ([]cost.Price, error) {
	rows, err := s.forTenant(organization).PriceList(ctx, dbsqlc.PriceListParams{
		OperatorList:   uuid.Nil,
		OrganizationID: organization,
		Models:         models,
		At:             at,
	})
	return many(rows, err, toPrice)
}

// OpenPrices returns the prices without an end, the organization's own and the operator's.
func (s *Store) OpenPrices(ctx context.Context, who caller.Caller, limit int32) ([]cost.Price, error) {
	rows, err := s.forTenant(who.OrganizationID).PriceListOpen(ctx, dbsqlc.PriceListOpenParams{
		OperatorList: uuid.Nil, OrganizationID: who.OrganizationID, PageSize: limit,
	})
	return many(rows, err, toPrice)
}

// PricePage selects prices in force at a time, by model, component, size and list: those after a price, or, when
// Descending, those before it, the last first. Nil models are all; a nil After starts at the end.
type PricePage struct {
	Models     []string
	At         time.Time
	Descending bool
	After      *cost.Price
	First      int32
}

// PricePage returns at most First prices in force, the organization's own and the operator's.
func (s *Store) PricePage(ctx context.Context, who caller.Caller, page PricePage) ([]cost.Price, error) {
	after, q := value(page.After), s.forTenant(who.OrganizationID)
	if page.Descending {
		rows, err := q.PriceListValidDescending(ctx, dbsqlc.PriceListValidDescendingParams{
			OperatorList:          uuid.Nil,
			OrganizationID:        who.OrganizationID,
			At:                    page.At,
			AnyModel:              page.Models == nil,
			Models:                page.Models,
			FromEnd:               page.After == nil,
			BeforeModel:           after.Model,
			BeforeComponent:       string(after.Component),
			BeforeMinPromptTokens: after.MinPromptTokens,
			BeforeListID:          after.OrganizationID,
			PageSize:              page.First,
		})
		return many(rows, err, toPrice)
	}
	rows, err := q.PriceListValid(ctx, dbsqlc.PriceListValidParams{
		OperatorList:         uuid.Nil,
		OrganizationID:       who.OrganizationID,
		At:                   page.At,
		AnyModel:             page.Models == nil,
		Models:               page.Models,
		AfterModel:           after.Model,
		AfterComponent:       string(after.Component),
		AfterMinPromptTokens: after.MinPromptTokens,
		AfterListID:          after.OrganizationID,
		PageSize:             page.First,
	})
	return many(rows, err, toPrice)
}

// CountPrices counts the prices that a page is of.
func (s *Store) CountPrices(ctx context.Context, who caller.Caller, page PricePage) (int, error) {
	n, err := s.forTenant(who.OrganizationID).PriceCount(ctx, dbsqlc.PriceCountParams{
		OperatorList:   uuid.Nil,
		OrganizationID: who.OrganizationID,
		At:             page.At,
		AnyModel:       page.Models == nil,
		Models:         page.Models,
	})
	return int(n), translate(err)
}

// LockPrices keeps others from changing the caller's list until the transaction ends.
func (s *Store) LockPrices(ctx context.Context, who caller.Caller) error {
	return translate(s.forTenant(who.OrganizationID).PriceLock(ctx, dbsqlc.PriceLockParams{
		Class: priceLock, OrganizationID: who.OrganizationID.String(),
	}))
}

// NewPrices are prices to be written into the caller's list, each from its Begins on.
type NewPrices struct {
	Changes []cost.PriceChange
	Source  string
	At      time.Time
}

// AddPrices writes prices; each ends the one before it.
func (s *Store) AddPrices(ctx context.Context, who caller.Caller, new NewPrices) error {
	columns := columnsOf(new.Changes)
	_, err := s.forTenant(who.OrganizationID).PriceAdd(ctx, dbsqlc.PriceAddParams{
		OrganizationID:  pointer(who.OrganizationID),
		ListID:          who.OrganizationID,
		Models:          columns.models,
		Components:      columns.components,
		MinPromptTokens: columns.sizes,
		UnitPicos:       columns.units,
		ValidFroms:      columns.begins,
		Source:          new.Source,
		Actor:           who.Actor,
		At:              new.At,
	})
	return translate(err)
}

// columns are changes as the arrays that one statement takes.
type columns struct {
	models, components, doubts []string
	sizes, units, olds         []int64
	begins                     []time.Time
}

func columnsOf(changes []cost.PriceChange) columns {
	var c columns
	for _, change := range changes {
		old := int64(-1)
		if change.Old != nil {
			old = int64(*change.Old)
		}
		c.models = append(c.models, change.Model)
		c.components = append(c.components, string(change.Component))
		c.doubts = append(c.doubts, string(change.Doubt))
		c.sizes = append(c.sizes, change.MinPromptTokens)
		c.units = append(c.units, int64(change.Unit))
		c.olds = append(c.olds, old)
		c.begins = append(c.begins, change.Begins)
	}
	return c
}

func toPrice(r dbsqlc.ModelPrice) cost.Price {
	return cost.Price{
		OrganizationID:  r.ListID,
		Model:           r.Model,
		Component:       r.Component,
		Unit:            r.UnitPico,
		MinPromptTokens: r.MinPromptTokens,
		ValidFrom:       r.ValidFrom.UTC(),
		ValidTo:         utc(r.ValidTo),
		Source:          r.Source,
	}
}

// EachPrice calls visit for every version of every price, list by list.
func (s *Store) EachPrice(ctx context.Context, visit func(cost.Price) error) error {
	in := dbsqlc.PriceListAllParams{PageSize: auditPage}
	return pages(func() ([]dbsqlc.ModelPrice, error) { return s.forAudit().PriceListAll(ctx, in) },
		func(r dbsqlc.ModelPrice) error {
			in.AfterListID, in.AfterModel, in.AfterComponent = r.ListID, r.Model, string(r.Component)
			in.AfterMinPromptTokens, in.AfterValidFrom = r.MinPromptTokens, r.ValidFrom
			return visit(toPrice(r))
		})
}
