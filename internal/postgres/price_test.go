package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
)

// What no role may do to prices, the owner of the tables included.
func TestPrices_HistoryCannotBeRewritten(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	const into = `INSERT INTO model_prices (model, component, unit_pico, valid_from, valid_to, source, actor, recorded_at)
		VALUES ('perplexity/sonar', 'PROMPT', 1, `
	if _, err := b.db.Owner.Exec(ctx, `INSERT INTO model_price_proposals (id, model, component, min_prompt_tokens,
		unit_pico, doubt, source, actor, proposed_at, state) VALUES
		('00000000-0000-0000-0000-000000000001', 'm', 'PROMPT', 0, 1, 'TOO_FAR', 'test', 'olga', now(), 'PENDING'),
		('00000000-0000-0000-0000-000000000002', 'n', 'PROMPT', 0, 1, 'TOO_FAR', 'test', 'olga', now(), 'PENDING')`,
	); err != nil {
		t.Fatal(err)
	}
	if _, err := b.db.Owner.Exec(ctx, `UPDATE model_price_proposals
		SET state = 'REJECTED', decided_by = 'olga', decided_at = now(), reason = 'No.' WHERE model = 'n'`); err != nil {
		t.Fatal(err)
	}
	for statement, want := range map[string]string{
		into + `'2030-01-01', NULL, 'test', 'mallory', now())`:                  "model_prices_no_overlap",
		into + `'2019-01-01', '2020-01-02', 'test', 'mallory', '2019-01-01')`:   "model_prices_no_overlap",
		into + `'2019-01-01', '2020-01-01', 'test', 'mallory', now())`:          "model_prices_announced",
		into + `'2018-01-01', '2019-01-01', 'test', 'mallory', '2018-01-01')`:   "model_prices_ends_by_successor",
		into + `'2019-01-01', '2018-01-01', 'test', 'mallory', '2018-01-01')`:   "model_prices_validity",
		`UPDATE model_prices SET unit_pico = 1`:                                 "model_prices_only_end",
		`UPDATE model_prices SET source = 'x', valid_to = '2030-01-01'`:         "model_prices_only_end",
		`UPDATE model_prices SET valid_to = '2030-01-01'`:                       "model_prices_ends_by_successor",
		`DELETE FROM model_prices`:                                              "model_prices_only_grow",
		`TRUNCATE model_prices CASCADE`:                                         "model_prices_only_grow",
		`UPDATE model_price_proposals SET unit_pico = 2`:                        "model_price_proposals_decided_once",
		`UPDATE model_price_proposals SET reason = 'x'`:                         "model_price_proposals_decided_once",
		`UPDATE model_price_proposals SET state = 'ACCEPTED' WHERE model = 'n'`: "model_price_proposals_decided_once",
		`UPDATE model_price_proposals SET state = 'REJECTED' WHERE model = 'm'`: "model_price_proposals_decided",
		`DELETE FROM model_price_proposals`:                                     "model_price_proposals_only_grow",
		`UPDATE model_price_proposals SET state = 'ACCEPTED', decided_by = 'mallory', decided_at = now(), reason = 'x',
			accepted_from = '2020-01-01' WHERE model = 'm'`: "model_price_proposals_price",
		`INSERT INTO model_price_proposals (id, model, component, min_prompt_tokens, unit_pico, doubt, source, actor,
			proposed_at, state) VALUES (gen_random_uuid(), 'm', 'PROMPT', 0, 2, 'TOO_FAR', 'test', 'olga', now(),
			'PENDING')`: "model_price_proposals_one_pending",
	} {
		_, err := b.db.Owner.Exec(ctx, statement)
		if got := refusal(err); got != want {
			t.Errorf("%s:\ngot %q, want it stopped by %q", statement, got, want)
		}
	}
}

// What the server's role may not do to the operator's prices, and what it may do to an organization's.
func TestPrices_ServerRoleWritesListsOfOrganizationsOnly(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	const (
		columns = `(organization_id, model, component, unit_pico, valid_from, source, actor, recorded_at)`
		noRight = "42501"
	)
	own := `INSERT INTO model_prices (organization_id, model, component, min_prompt_tokens, unit_pico, valid_from, source,
		actor, recorded_at) VALUES ('` + b.who.OrganizationID.String() + `', 'm', 'PROMPT', 0, 1, now(), 'test', 'alice',
		now())`
	for _, c := range []struct{ statement, want string }{
		{own, ""},
		{`INSERT INTO model_prices ` + columns + ` VALUES (NULL, 'm', 'PROMPT', 1, now(), 'test', 'm', now())`, noRight},
		{`UPDATE model_prices SET unit_pico = 1`, noRight},
		{`DELETE FROM model_prices`, noRight},
		{`INSERT INTO model_price_proposals (id, model, component, min_prompt_tokens, unit_pico, doubt, source, actor,
			proposed_at, state) VALUES (gen_random_uuid(), 'm', 'PROMPT', 0, 1, 'TOO_FAR', 'test', 'm', now(),
			'PENDING')`, noRight},
	} {
		_, err := b.named.Exec(ctx, c.statement)
		if got := refusal(err); got != c.want {
			t.Errorf("%s:\ngot %q, want %q", c.statement, got, c.want)
		}
	}
	done, err := b.named.Exec(ctx, `UPDATE model_prices SET valid_to = now() WHERE organization_id IS NULL`)
	if err != nil || done.RowsAffected() > 0 {
		t.Errorf("the end of the operator's prices: got %d rows, %v, want none to be seen", done.RowsAffected(), err)
	}
}

func TestPrices_OverlapIsAConflict(t *testing.T) {
	t.Parallel()
	b, ctx, at := setup(t), context.Background(), testdb.Now()
	price := cost.PriceChange{
		ListedPrice: cost.ListedPrice{Model: "m", Component: cost.ComponentPrompt, Unit: 1}, Begins: at,
	}
	later := price
	later.Begins = at.Add(time.Second)
	for name, second := range map[string]cost.PriceChange{"FromTheSameMoment": price, "FromASecondLater": later} {
		err := b.store.AddPrices(ctx, b.who, postgres.NewPrices{
			Changes: []cost.PriceChange{price, second}, Source: "test", At: at,
		})
		if fault.KindOf(err) != fault.Conflict {
			t.Errorf("%s: got %v, want CONFLICT", name, err)
		}
	}
	prices, err := b.store.Prices(ctx, b.who.OrganizationID, []string{"m"}, at)
	if err != nil || len(prices) > 0 {
		t.Errorf("got %v, %v, want nothing", prices, err)
	}
}
