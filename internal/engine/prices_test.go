package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

const sonar = "perplexity/sonar"

// priced is a bundle whose operator can change prices, as the owner of the database.
type priced struct {
	bundle
	owner    *engine.Engine
	operator caller.Caller
	flow     workflow.Workflow
}

func setupPrices(t *testing.T) priced {
	t.Helper()
	b := setup(t)
	return priced{
		bundle: b, owner: b.NewEngine(t, postgres.New(b.DB.Owner), func(*engine.Options) {}),
		operator: engine.Operator("olga"),
		flow:     testdb.Workflow(t, b.DB, b.Who, testdb.WorkflowOpts{Limit: 20 * cost.Dollar}),
	}
}

// list is a price list of one model.
func list(model string, units map[cost.Component]cost.Pico) cost.PriceList {
	var l cost.PriceList
	for _, c := range cost.Components() {
		if unit, found := units[c]; found {
			l.Prices = append(l.Prices, cost.ListedPrice{Model: model, Component: c, Unit: unit})
		}
	}
	return l
}

func tokens(prompt, completion cost.Pico) map[cost.Component]cost.Pico {
	return map[cost.Component]cost.Pico{cost.ComponentPrompt: prompt, cost.ComponentCompletion: completion}
}

// imports applies a list for the operator.
func (b priced) imports(t *testing.T, l cost.PriceList) engine.PriceImport {
	t.Helper()
	return b.importsFor(t, b.owner, b.operator, l)
}

func (b priced) importsFor(
	t *testing.T, e *engine.Engine, who caller.Caller, l cost.PriceList,
) engine.PriceImport {
	t.Helper()
	done, err := e.ImportPrices(context.Background(), who, engine.ImportPricesInput{List: l, Source: "test", Apply: true})
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// hold reserves for an estimate and returns the call.
func (b priced) hold(t *testing.T, estimate cost.Estimate) cost.Call {
	t.Helper()
	charged, err := b.Engine.Reserve(context.Background(), b.Who, engine.ReserveInput{
		WorkflowID: b.flow.ID, Step: workflow.StepICP, Estimate: &estimate,
	})
	if err != nil {
		t.Fatal(err)
	}
	return charged.Call
}

// of is an estimate of a thousand bytes and a thousand tokens.
func of(models ...string) cost.Estimate {
	return cost.Estimate{Models: models, PromptBytes: 1000, MaxCompletionTokens: 1000}
}

func TestImportPrices_ChangesLaterPricesOnly(t *testing.T) {
	t.Parallel()
	b, ctx := setupPrices(t), context.Background()
	before := b.hold(t, of(sonar))
	done := b.imports(t, list(sonar, tokens(2_000_000, 3_000_000)))
	if len(done.Changes) != 7 || !done.Changes[0].Taken() || done.Changes[6].Kind != cost.PriceGone {
		t.Fatalf("got %+v, want two changes, and five prices that are not listed any more", done.Changes)
	}
	if got := b.hold(t, of(sonar)).Hold; got != before.Hold {
		t.Errorf("hold before the price begins: got %s, want %s", got, before.Hold)
	}
	b.Clock.Advance(cost.PriceNotice)
	if got, want := b.hold(t, of(sonar)).Hold, cost.Pico(5_000_000_000); got != want {
		t.Errorf("hold after the price began: got %s, want %s", got, want)
	}

	settled, err := b.Engine.Settle(ctx, b.Who, engine.SettleInput{
		CallID: before.ID, Model: sonar, Usage: cost.Usage{PromptTokens: 100, CompletionTokens: 100},
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := cost.Pico(200_000_000); settled.Call.ListCost == nil || *settled.Call.ListCost != want {
		t.Errorf("list cost of the earlier call: got %v, want %s", settled.Call.ListCost, want)
	}
	// Any time later the hold can be computed again from what was in force when it was taken.
	prices, err := b.Engine.PriceList(ctx, b.Who, engine.PriceListInput{
		Models: []string{sonar}, At: &before.ReservedAt, First: 10,
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := cost.Hold(prices, of(sonar), before.ReservedAt); err != nil || got != before.Hold {
		t.Errorf("the hold computed again: got %s, %v, want %s", got, err, before.Hold)
	}
}

func TestImportPrices_DryRunWritesNothing(t *testing.T) {
	t.Parallel()
	b, ctx := setupPrices(t), context.Background()
	planned, err := b.Engine.ImportPrices(ctx, b.Who, engine.ImportPricesInput{
		List: list(sonar, tokens(2_000_000, 90_000_000)), Source: "test",
	})
	if err != nil || planned.Applied || !planned.Changes[0].Taken() || planned.Changes[1].Doubt != cost.DoubtTooFar {
		t.Fatalf("got %+v, %v, want one change to take and one doubted", planned, err)
	}
	prices, err := b.Engine.PriceList(ctx, b.Who, engine.PriceListInput{First: 100})
	if err != nil || len(prices) != len(cost.StartPrices()) {
		t.Errorf("got %d prices, %v, want those of the start", len(prices), err)
	}
	proposals, err := b.Engine.PriceProposals(ctx, b.Who, engine.ProposalsInput{First: 100})
	if err != nil || len(proposals) > 0 {
		t.Errorf("got %v, %v, want no proposals", proposals, err)
	}
}

func TestAcceptPrice_PutsADoubtfulPriceIntoForce(t *testing.T) {
	t.Parallel()
	b, ctx := setupPrices(t), context.Background()
	dear := list(sonar, tokens(1_000_000, 6_000_000))
	done := b.imports(t, dear)
	id := done.Changes[1].ProposalID
	if id == uuid.Nil || done.Changes[1].Doubt != cost.DoubtTooFar {
		t.Fatalf("got %+v, want a proposal", done.Changes[1])
	}
	b.Clock.Advance(time.Hour)
	if got, want := b.hold(t, of(sonar)).Hold, cost.Pico(2_000_000_000); got != want {
		t.Errorf("hold while the price is in quarantine: got %s, want %s", got, want)
	}
	if again := b.imports(t, dear).Changes[1].ProposalID; again != id {
		t.Errorf("the same list again: got proposal %s, want %s, which waits already", again, id)
	}

	accepted, err := b.owner.AcceptPrice(ctx, b.operator, engine.DecideInput{ProposalID: id, Reason: "They said so."})
	if err != nil {
		t.Fatal(err)
	}
	at := b.Clock.Now()
	old, begins := cost.Pico(1_000_000), at.Add(cost.PriceNotice)
	want := cost.Proposal{
		ID: id, Model: sonar, Component: cost.ComponentCompletion, Unit: 6_000_000, Compared: &old,
		Doubt: cost.DoubtTooFar, Source: "test", Actor: "olga", ProposedAt: done.At, State: cost.ProposalAccepted,
		DecidedBy: "olga", Reason: "They said so.", DecidedAt: &at, AcceptedFrom: &begins,
	}
	if diff := cmp.Diff(want, accepted.Proposal); diff != "" {
		t.Error(diff)
	}
	b.Clock.Advance(cost.PriceNotice)
	if got, want := b.hold(t, of(sonar)).Hold, cost.Pico(7_000_000_000); got != want {
		t.Errorf("hold after the price was accepted: got %s, want %s", got, want)
	}

	replay, err := b.owner.AcceptPrice(ctx, b.operator, engine.DecideInput{ProposalID: id, Reason: "Again."})
	if err != nil || !replay.Replayed || replay.Proposal.Reason != "They said so." {
		t.Errorf("accepted again: got %+v, %v, want the first decision", replay, err)
	}
	_, err = b.owner.RejectPrice(ctx, b.operator, engine.DecideInput{ProposalID: id, Reason: "No."})
	if fault.KindOf(err) != fault.Conflict {
		t.Errorf("rejected after it was accepted: got %v, want CONFLICT", err)
	}
}

func TestRejectPrice_EndsTheProposal(t *testing.T) {
	t.Parallel()
	b, ctx := setupPrices(t), context.Background()
	rejected := b.imports(t, list(sonar, tokens(1_000_000, 6_000_000))).Changes[1].ProposalID
	no := engine.DecideInput{ProposalID: rejected, Reason: "A slip."}
	if _, err := b.owner.RejectPrice(ctx, b.operator, no); err != nil {
		t.Fatal(err)
	}
	overtaken := b.imports(t, list(sonar, tokens(1_000_000, 7_000_000))).Changes[1].ProposalID
	b.Clock.Advance(time.Second)
	b.imports(t, list(sonar, tokens(1_000_000, 1_500_000)))
	proposals, err := b.owner.PriceProposals(ctx, b.operator, engine.ProposalsInput{First: 10})
	if err != nil {
		t.Fatal(err)
	}
	got := map[uuid.UUID]cost.ProposalState{}
	for _, p := range proposals {
		got[p.ID] = p.State
	}
	want := map[uuid.UUID]cost.ProposalState{rejected: cost.ProposalRejected, overtaken: cost.ProposalSuperseded}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	b.Clock.Advance(cost.PriceNotice)
	if got, want := b.hold(t, of(sonar)).Hold, cost.Pico(2_500_000_000); got != want {
		t.Errorf("hold: got %s, want %s", got, want)
	}
}

func TestImportPrices_ReplayReturnsTheFirstResult(t *testing.T) {
	t.Parallel()
	b, ctx := setupPrices(t), context.Background()
	l := list("new/model", tokens(1_000_000, 2_000_000))
	l.Prices = append(l.Prices, list(sonar, tokens(2_000_000, 90_000_000)).Prices...)
	in := engine.ImportPricesInput{List: l, Source: "contract", IdempotencyKey: "key"}
	if _, err := b.Engine.ImportPrices(ctx, b.Who, in); err != nil {
		t.Fatal(err)
	}
	if n := b.Count(t, `SELECT count(*) FROM idempotency_keys`); n != 0 {
		t.Errorf("keys after a dry run: got %d, want 0", n)
	}
	in.Apply = true
	first, err := b.Engine.ImportPrices(ctx, b.Who, in)
	if err != nil || first.Replayed {
		t.Fatalf("got %+v, %v, want it carried out", first, err)
	}
	b.Clock.Advance(time.Hour)
	b.importsFor(t, b.Engine, b.Who, list("new/model", tokens(3_000_000, 90_000_000)))
	before := b.rows(t)
	replay, err := b.Engine.ImportPrices(ctx, b.Who, in)
	first.Replayed = true
	if diff := cmp.Diff(first, replay); err != nil || diff != "" {
		t.Errorf("the same again: %v (-first +replay):\n%s", err, diff)
	}
	if diff := cmp.Diff(before, b.rows(t)); diff != "" {
		t.Errorf("the replay has written something:\n%s", diff)
	}
}

func TestImportPrices_OneOfTenWrites(t *testing.T) {
	t.Parallel()
	b, ctx := setupPrices(t), context.Background()
	l := list("new/model", tokens(1_000_000, 2_000_000))
	l.Prices = append(l.Prices, list(sonar, tokens(2_000_000, 90_000_000)).Prices...)
	begun := make([]engine.PriceImport, 10)
	for i, err := range testdb.Together(len(begun), func(i int) (err error) {
		begun[i], err = b.owner.ImportPrices(ctx, b.operator, engine.ImportPricesInput{List: l, Source: "test", Apply: true})
		return err
	}) {
		if err != nil {
			t.Errorf("import %d: %v", i, err)
		}
	}
	wrote := 0
	for _, done := range begun {
		if done.Changes[0].Taken() {
			wrote++
		} else if done.Changes[0].Kind != cost.PriceUnchanged {
			t.Errorf("got %+v, want it unchanged", done.Changes[0])
		}
		if done.Changes[3].ProposalID != begun[0].Changes[3].ProposalID {
			t.Errorf("got proposals %s and %s, want one", done.Changes[3].ProposalID, begun[0].Changes[3].ProposalID)
		}
	}
	if wrote != 1 {
		t.Errorf("got %d imports that wrote, want 1", wrote)
	}
	if got, want := b.hold(t, of("new/model")).Hold, cost.Pico(3_000_000_000); got != want {
		t.Errorf("hold with the new model: got %s, want %s", got, want)
	}
}

func TestReserve_HoldsTheHighestPossiblePrice(t *testing.T) {
	t.Parallel()
	b := setupPrices(t)
	tiered := list("tiered", tokens(1_000_000, 1_000_000))
	tiered.Prices = append(tiered.Prices, cost.ListedPrice{
		Model: "tiered", Component: cost.ComponentPrompt, Unit: 2_000_000, MinPromptTokens: 272_000,
	})
	b.imports(t, tiered)
	b.imports(t, list("dear", tokens(10_000_000, 10_000_000)))
	large := func(size int64) cost.Estimate { return cost.Estimate{Models: []string{"tiered"}, PromptBytes: size} }
	for name, c := range map[string]struct {
		estimate cost.Estimate
		want     cost.Pico
	}{
		"BelowTheSize":     {large(271_999), 271_999_000_000},
		"AtTheSize":        {large(272_000), 544_000_000_000},
		"TheCheapModel":    {of("tiered"), 2_000_000_000},
		"CheapAndDear":     {of("tiered", "dear"), 20_000_000_000},
		"DearAndThenCheap": {of("dear", "tiered"), 20_000_000_000},
	} {
		if got := b.hold(t, c.estimate).Hold; got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
	_, err := b.Engine.Reserve(context.Background(), b.Who, engine.ReserveInput{
		WorkflowID: b.flow.ID, Estimate: &cost.Estimate{Models: []string{"tiered", "unheard/of"}},
	})
	if fault.KindOf(err) != fault.PriceUnknown {
		t.Errorf("a model without a price: got %v, want PRICE_UNKNOWN", err)
	}
}

func TestImportPrices_OwnPricesAreOfOneOrganization(t *testing.T) {
	t.Parallel()
	b, ctx := setupPrices(t), context.Background()
	done := b.importsFor(t, b.Engine, b.Who, list(sonar, tokens(500_000, 100_000)))
	doubted := done.Changes[1].ProposalID
	b.Clock.Advance(cost.PriceNotice)
	if got, want := b.hold(t, of(sonar)).Hold, cost.Pico(2_000_000_000); got != want {
		t.Errorf("hold with half a list: got %s, want the operator's %s", got, want)
	}
	stranger := b.Stranger(t)
	for name, who := range map[string]caller.Caller{"a stranger": stranger, "the operator": b.operator} {
		_, err := b.owner.AcceptPrice(ctx, who, engine.DecideInput{ProposalID: doubted, Reason: "Mine."})
		if fault.KindOf(err) != fault.NotFound {
			t.Errorf("accepted by %s: got %v, want NOT_FOUND", name, err)
		}
	}
	if _, err := b.Engine.AcceptPrice(ctx, b.Who, engine.DecideInput{ProposalID: doubted, Reason: "Agreed."}); err != nil {
		t.Fatal(err)
	}
	b.Clock.Advance(cost.PriceNotice)
	if got, want := b.hold(t, of(sonar)).Hold, cost.Pico(600_000_000); got != want {
		t.Errorf("hold with the organization's list: got %s, want %s", got, want)
	}
	for name, who := range map[string]caller.Caller{"a stranger": stranger, "the operator": b.operator} {
		prices, err := b.Engine.Prices(ctx, who, []string{sonar})
		if err != nil || len(prices) != 3 {
			t.Errorf("%s sees %d prices, %v, want the operator's three", name, len(prices), err)
		}
	}
}

func TestImportPrices_ServerCannotChangeTheOperatorsPrices(t *testing.T) {
	t.Parallel()
	b, ctx := setupPrices(t), context.Background()
	_, err := b.Engine.ImportPrices(ctx, b.operator, engine.ImportPricesInput{
		List: list(sonar, tokens(1, 1)), Source: "test", Apply: true,
	})
	if fault.KindOf(err) != fault.Internal {
		t.Errorf("import: got %v, want the database to refuse it", err)
	}
	doubted := b.imports(t, list(sonar, tokens(1, 1))).Changes[0].ProposalID
	_, err = b.Engine.AcceptPrice(ctx, b.operator, engine.DecideInput{ProposalID: doubted, Reason: "For all."})
	if fault.KindOf(err) != fault.NotFound {
		t.Errorf("accept: got %v, want the database to show the server no proposal of the operator's", err)
	}
}

func TestImportPrices_RefusesABadListWithoutAChange(t *testing.T) {
	t.Parallel()
	b, ctx := setupPrices(t), context.Background()
	twice := list("m", tokens(1_000_000, 1_000_000))
	twice.Prices = append(twice.Prices, twice.Prices[0])
	for name, in := range map[string]engine.ImportPricesInput{
		"Overlapping": {List: twice, Source: "test", Apply: true},
		"NoSource":    {List: list("m", tokens(1_000_000, 1_000_000)), Apply: true},
	} {
		if _, err := b.owner.ImportPrices(ctx, b.operator, in); fault.KindOf(err) != fault.InvalidInput {
			t.Errorf("%s: got %v, want INVALID_INPUT", name, err)
		}
	}
	if prices, err := b.Engine.Prices(ctx, b.Who, []string{"m"}); err != nil || len(prices) > 0 {
		t.Errorf("got %v, %v, want no prices", prices, err)
	}
	for name, in := range map[string]engine.DecideInput{
		"NoReason": {ProposalID: uuid.New()}, "Unknown": {ProposalID: uuid.New(), Reason: "Because."},
	} {
		want := map[string]fault.Kind{"NoReason": fault.InvalidInput, "Unknown": fault.NotFound}[name]
		if _, err := b.Engine.AcceptPrice(ctx, b.Who, in); fault.KindOf(err) != want {
			t.Errorf("%s: got %v, want %s", name, err, want)
		}
	}
}
