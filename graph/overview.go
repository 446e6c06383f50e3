package graph

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/graph/model"
	"github.com/infin8content/engine/graph/scalar"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/publicid"
)

// The kinds of the cursors of the overview.
const (
	monthList           = "month"
	organizationLedger  = "organization ledger"
	organizationCalls   = "organization call"
	settingsJournalList = "settings"
	apiKeyJournalList   = "key event"
	priceJournalList    = "price event"
)

// of returns the list of a kind of an organization.
func of(o *model.Organization, kind string) scalar.List {
	return scalar.List{Kind: kind, Organization: o.Organization.ID}
}

func decodeWorkflowFilter(filter *model.WorkflowFilter) (engine.Filter, error) {
	var d decoder
	chosen := d.filter(filter)
	return chosen, d.err()
}

func (d *decoder) timeRange(written *model.TimeRange) engine.TimeRange {
	if written == nil {
		return engine.TimeRange{}
	}
	return engine.TimeRange{
		From: d.moment(written.From, "filter", "range", "from"),
		To:   d.moment(written.To, "filter", "range", "to"),
	}
}

// names reads the values of a condition.
func (d *decoder) names(values []string, field string) []string {
	for i, value := range values {
		d.text(value, maxNameCharacters, "filter", field, strconv.Itoa(i))
	}
	return values
}

// places joins the parts of a position in a list; no part contains the separator.
func places(parts ...string) string { return strings.Join(parts, "\x00") }

// placed splits a position into so many parts and its time, which comes first. The checksum of the cursor proves that
// this program wrote it.
func placed(position string, parts int) (at time.Time, rest []string, err error) {
	rest = strings.SplitN(position, "\x00", parts)
	micros, err := strconv.ParseInt(rest[0], 10, 64)
	if err != nil || len(rest) != parts {
		return at, nil, fmt.Errorf("read a position of %d parts: %w", len(rest), err)
	}
	return time.UnixMicro(micros).UTC(), rest[1:], nil
}

func micros(at time.Time) string { return strconv.FormatInt(at.UnixMicro(), 10) }

// workflowCounts counts the workflows of a filter.
func (r *Resolver) workflowCounts(ctx context.Context, filter *model.WorkflowFilter) (*model.WorkflowCounts, error) {
	chosen, err := decodeWorkflowFilter(filter)
	if err != nil {
		return nil, err
	}
	counts, err := r.Engine.CountByState(ctx, caller.From(ctx), chosen)
	return &model.WorkflowCounts{ByState: counts}, err
}

// organizationName returns nil when no name was set.
func (r *Resolver) organizationName(ctx context.Context) (*string, error) {
	name, err := r.Engine.OrganizationName(ctx, caller.From(ctx))
	if err != nil || name == "" {
		return nil, err
	}
	return &name, nil
}

// months returns a page of the organization's months.
func (r *Resolver) months(ctx context.Context, asked moments) (*model.MonthConnection, error) {
	who := caller.From(ctx)
	found, err := r.Engine.Months(ctx, who, engine.MonthsInput{
		Backward: asked.backward, After: asked.from, First: asked.size + 1,
	})
	if err != nil {
		return nil, err
	}
	wrap := func(m engine.Month) *model.Month { return &model.Month{Month: m} }
	return page(found, asked.window, wrap, model.Page[*model.Month]{
		Cursor: func(m *model.Month) string { return asked.list.Moment(m.Period().Start, m.Account.ID) },
		Count:  func(ctx context.Context) (int, error) { return r.Engine.CountMonths(ctx, who) },
	}), nil
}

// entryPage is a requested page of the organization's ledger.
type entryPage struct {
	list scalar.List
	window
	input engine.LedgerInput
}

func decodeLedger(list scalar.List, filter *model.LedgerFilter, p paging) (entryPage, error) {
	var d decoder
	asked := entryPage{list: list, window: d.window(p)}
	asked.input = engine.LedgerInput{Backward: asked.backward, First: asked.size + 1}
	if filter != nil {
		asked.input.Filter = engine.EntryFilter{
			Kinds: filter.Kinds.Value(),
			Range: d.timeRange(filter.Range.Value()),
		}
		if id := filter.WorkflowID.Value(); id != nil {
			flow := d.id(*id, publicid.Workflow, "filter", "workflowId")
			asked.input.Filter.Workflow = &flow
		}
	}
	if asked.cursor == nil {
		return asked, d.err()
	}
	position, err := list.ParseText(*asked.cursor)
	d.noteCursor(asked.window, err)
	if d.err() != nil {
		return asked, d.err()
	}
	after := engine.TimedEntryCursor{}
	var rest []string
	if after.At, rest, err = placed(position, 3); err != nil {
		return asked, err
	}
	if after.AccountID, err = uuid.Parse(rest[0]); err != nil {
		return asked, err
	}
	after.Sequence, err = strconv.ParseInt(rest[1], 10, 64)
	asked.input.After = &after
	return asked, err
}

// organizationEntries returns a page of the organization's ledger.
func (r *Resolver) organizationEntries(ctx context.Context, asked entryPage) (*model.LedgerEntryConnection, error) {
	who, in := caller.From(ctx), asked.input
	found, err := r.Engine.Ledger(ctx, who, in)
	if err != nil {
		return nil, err
	}
	wrap := func(e cost.Entry) *model.LedgerEntry { return &model.LedgerEntry{Entry: e} }
	return page(found, asked.window, wrap, model.Page[*model.LedgerEntry]{
		Cursor: func(e *model.LedgerEntry) string {
			return asked.list.Text(places(micros(e.At), e.AccountID.String(), strconv.FormatInt(e.Sequence, 10)))
		},
		Count: func(ctx context.Context) (int, error) { return r.Engine.CountLedger(ctx, who, in.Filter) },
	}), nil
}

// callPage is a requested page of the organization's calls.
type callPage struct {
	moments
	filter engine.CallFilter
}

func decodeCalls(list scalar.List, filter *model.CallFilter, p paging) (callPage, error) {
	asked, err := decodeMoments(list, p)
	if err != nil || filter == nil {
		return callPage{moments: asked}, err
	}
	var d decoder
	chosen := engine.CallFilter{
		States:    filter.States.Value(),
		Failures:  filter.FailureCodes.Value(),
		Models:    d.names(filter.Models.Value(), "models"),
		Providers: d.names(filter.Providers.Value(), "providers"),
		Range:     d.timeRange(filter.Range.Value()),
	}
	for i, id := range filter.WorkflowIds.Value() {
		chosen.Workflows = append(chosen.Workflows,
			d.id(id, publicid.Workflow, "filter", "workflowIds", strconv.Itoa(i)))
	}
	return callPage{moments: asked, filter: chosen}, d.err()
}

// organizationCalls returns a page of the organization's calls. Their workflows take one statement together.
func (r *Resolver) organizationCalls(ctx context.Context, asked callPage) (*model.CallConnection, error) {
	who := caller.From(ctx)
	found, err := r.Engine.AllCalls(ctx, who, engine.AllCallsInput{
		Filter:   asked.filter,
		Backward: asked.backward,
		After:    asked.from,
		First:    asked.size + 1,
	})
	if err != nil {
		return nil, err
	}
	ids := make([]uuid.UUID, len(found))
	for i, call := range found {
		ids[i] = call.WorkflowID
	}
	flows, err := r.Engine.WorkflowsOf(ctx, who, ids)
	if err != nil {
		return nil, err
	}
	byID := make(map[uuid.UUID]*model.Workflow, len(flows))
	for _, flow := range model.NewBatch(flows) {
		byID[flow.Workflow.ID] = flow
	}
	wrap := func(c cost.Call) *model.Call { return &model.Call{Call: c, Workflow: byID[c.WorkflowID]} }
	return page(found, asked.window, wrap, model.Page[*model.Call]{
		Cursor: func(c *model.Call) string { return asked.list.Moment(c.ReservedAt, c.Call.ID) },
		Count:  func(ctx context.Context) (int, error) { return r.Engine.CountAllCalls(ctx, who, asked.filter) },
	}), nil
}

func decodeName(input model.SetOrganizationNameInput) (in decoded[engine.SetNameInput]) {
	in.value = engine.SetNameInput{
		Name:           in.text(input.Name, maxNameCharacters, "name"),
		Reason:         in.text(orEmpty(input.Reason.Value()), maxReasonCharacters, "reason"),
		IdempotencyKey: in.key(input.IdempotencyKey.Value()),
	}
	return in
}

func namePayload(n engine.Named, problems []model.UserError) *model.SetOrganizationNamePayload {
	organization := zoned(engine.Zoned{Organization: n.Organization})
	return &model.SetOrganizationNamePayload{Organization: organization, Replayed: n.Replayed, UserErrors: problems}
}
