package main

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

const (
	// payers are the numbers of organizations that reserve and settle.
	payers = 100
	// payingCallers is the number of concurrent callers. Each has its own workflow in each organization.
	payingCallers = 32
	// payingFlows is the number of the first of these workflows. It is beyond the workflows of -growth.
	payingFlows = 100_000_000

	heldForPair = cost.Dollar / 10_000
	costOfPair  = cost.Dollar / 20_000 // small, so that a month of $25 lasts for a long comparison
	// listCostOfPair is what 1000 tokens of the prompt and 100 of the completion cost by the price list.
	listCostOfPair = 21 * cost.Dollar / 100_000
	pairModel      = "openai/gpt-4o-mini"

	pairProvider = "OpenAI"
)

// pairs compares a reservation and its settlement through the engine with the same statements in pgbench.
func (b *bench) pairs() error {
	if err := b.fillPayers(); err != nil {
		return err
	}
	e, closeEngine, err := b.newEngine()
	if err != nil {
		return err
	}
	defer closeEngine()
	for _, n := range []int{1, payers} {
		var bare, inside rates
		s, err := b.pairScript(n)
		if err != nil {
			return err
		}
		for range b.rounds {
			found, err := b.runScript(s, payingCallers, b.slice)
			if err != nil {
				return err
			}
			bare.add(found)
			if found, err = b.enginePairs(e, n); err != nil {
				return err
			}
			inside.add(found)
		}
		b.table.add(row{
			what:    fmt.Sprintf("reserve + settle pairs/s, engine, on %d organizations, %d callers", n, payingCallers),
			found:   inside.perSecond.String(),
			against: "pgbench " + bare.perSecond.String(),
			ratio:   inside.against(bare),
			goal:    "≥ 0.50",
		})
	}
	return nil
}

// fillPayers writes the paying organizations, their months and their workflows.
func (b *bench) fillPayers() error {
	if b.hasPayers {
		return nil
	}
	b.hasPayers = true
	store := postgres.New(b.owner)
	month, err := cost.MonthAfter(b.began, "UTC", cost.Period{})
	if err != nil {
		return err
	}
	for n := range payers {
		who := adminOf(payerIDs, n)
		if err := b.createOrganization(who); err != nil {
			return err
		}
		err := store.OpenMonth(b.ctx, who, postgres.NewMonth{
			ID:       numbered(monthIDs, n),
			Period:   month,
			TimeZone: "UTC",
			At:       b.began.UTC(),
		})
		if err != nil {
			return err
		}
	}
	return b.plantPayingFlows()
}

// plantPayingFlows writes the workflows of the paying organizations.
func (b *bench) plantPayingFlows() error {
	return b.plantAll(payingFlows, payingFlows+payers*payingCallers, func(n int) uuid.UUID {
		return numbered(payerIDs, (n-payingFlows)/payingCallers)
	}, 8)
}

// pairScript returns the two writing statements of a reservation and its settlement, each in a transaction of its own.
func (b *bench) pairScript(organizations int) (*script, error) {
	s := newScript()
	s.settings = "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off"
	fmt.Fprintf(&s.text, "\\set o random(0, %d)\n\\set w %d + :o * %d + :client_id\n", organizations-1, payingFlows,
		payingCallers)
	s.text.WriteString("\\set call random(1, 9000000000000000000)\n")
	constants := pairConstants()
	at := b.began.UTC().Format(time.RFC3339Nano)
	fields := `jsonb_build_object('number', 0, 'id', md5(:call::text)::uuid, 'actor', 'bench', 'fingerprint', sha256(''),
		'at', '` + at + `', 'key', %s)`
	call := fmt.Sprintf(`%s || jsonb_build_object('workflow_id', %s, 'step', 'SEED_REVIEW', 'models', '[]'::jsonb,
		'prompt_bytes', 0, 'max_completion_tokens', 0, 'web_searches', 0, 'hold_pico', %d, 'check_at', '%s')`,
		fmt.Sprintf(fields, "'RESERVE' || :call"), idExpression(flowIDs, "w"), heldForPair, at)
	bill := fmt.Sprintf(`%s || jsonb_build_object('cost_pico', %d, 'model', '%s', 'provider', '%s', 'prompt_tokens', 1000,
		'completion_tokens', 100, 'cached_tokens', 0, 'reasoning_tokens', 0, 'web_searches', 0)`,
		fmt.Sprintf(fields, "'SETTLE' || :call"), costOfPair, pairModel, pairProvider)
	for _, statement := range []struct{ name, kind, fields string }{
		{"CallHoldCreate", "RESERVE", call}, {"CallSettlementCreate", "SETTLE", bill},
	} {
		constants["kind"] = statement.kind
		s.text.WriteString("BEGIN;\nSELECT set_config('infin8.organization_id', (" + idExpression(payerIDs, "o") +
			")::text, true);\n")
		if err := s.add(statement.name, statement.kind+"_", values{
			"organization_id": idExpression(payerIDs, "o"),
			"calls":           "jsonb_build_array(" + statement.fields + ")",
			"bills":           "jsonb_build_array(" + statement.fields + ")",
		}, constants); err != nil {
			return nil, err
		}
		s.text.WriteString("END;\n")
	}
	return s, nil
}

// pairConstants returns the parameters that are the same for all pairs.
func pairConstants() map[string]string {
	thresholds := "{" + strings.Trim(strings.ReplaceAll(fmt.Sprint(cost.Thresholds()), " ", ","), "[]") + "}"
	return map[string]string{
		"terminal":    "{COMPLETED,CANCELLED}",
		"reserved":    "RESERVED",
		"settled":     "SETTLED",
		"from_states": "{RESERVED,DISPATCHED,UNKNOWN}",
		"key_class":   "7",
		"thresholds":  thresholds,
	}
}

// enginePairs lets callers reserve and settle for a time. Each reservation has an idempotency key, as the API requires.
func (b *bench) enginePairs(e *engine.Engine, organizations int) (rate, error) {
	var keys atomic.Int64
	run := strconv.FormatUint(b.random.Uint64(), 36) + "-"
	random := make([]*rand.Rand, payingCallers)
	for i := range random {
		random[i] = rand.New(rand.NewPCG(b.random.Uint64(), 0))
	}
	u, err := b.used(nil, func() (float64, []time.Duration, error) {
		return callers(payingCallers, b.slice, func(i, _ int) error {
			o := random[i].IntN(organizations)
			return b.pair(e, adminOf(payerIDs, o), numbered(flowIDs, payingFlows+o*payingCallers+i),
				run+strconv.FormatInt(keys.Add(1), 10))
		})
	})
	return u.rate, err
}

func (b *bench) pair(e *engine.Engine, who caller.Caller, flow uuid.UUID, key string) error {
	hold, paid := heldForPair, costOfPair
	held, err := e.Reserve(b.ctx, who, engine.ReserveInput{
		WorkflowID:     flow,
		Step:           workflow.StepSeedReview,
		Amount:         &hold,
		IdempotencyKey: key,
	})
	if err != nil {
		return err
	}
	_, err = e.Settle(b.ctx, who, engine.SettleInput{
		CallID:   held.Call.ID,
		Model:    pairModel,
		Provider: pairProvider,
		Usage:    cost.Usage{PromptTokens: 1000, CompletionTokens: 100},
		Cost:     &paid,
	})
	return err
}
