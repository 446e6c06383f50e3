package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/migrations"
)

// spender is an organization whose workflows have settled calls.
type spender struct {
	number       int // of the organization and its month
	first, flows int // the numbers of its workflows
	calls        int // each with four ledger entries
}

// spenderFlows is the number of the first workflow of a spender. The workflows of spenders follow those of the payers.
const spenderFlows = payingFlows + payers*payingCallers

// who returns an administrator of the organization.
func (s spender) who() caller.Caller { return adminOf(payerIDs, s.number) }

// ledger measures the time of `verify` for a ledger with many entries.
func (b *bench) ledger() error {
	calls := b.options.ledger / 4
	flows := max(1, calls/100)
	err := b.plantSpender(spender{number: payers, first: spenderFlows, flows: flows, calls: calls})
	if err != nil {
		return err
	}
	began := time.Now()
	if err := b.command("verify"); err != nil {
		return err
	}
	b.table.add(row{
		what: fmt.Sprintf("verify of %d ledger entries and %d journal rows, s", calls*4,
			b.workflows*journalRows+flows*8),
		found: figure(time.Since(began).Seconds()), goal: "< 60",
	})
	return nil
}

// plantSpender writes an organization, its month, its workflows with 8 journal rows each, and their calls.
func (b *bench) plantSpender(s spender) error {
	who := s.who()
	if err := b.createOrganization(who); err != nil {
		return err
	}
	month, err := cost.MonthAfter(b.began, "UTC", cost.Period{})
	if err != nil {
		return err
	}
	err = postgres.New(b.owner).OpenMonth(b.ctx, who, postgres.NewMonth{
		ID:       numbered(monthIDs, s.number),
		Period:   month,
		TimeZone: "UTC",
		At:       month.Start,
	})
	if err != nil {
		return err
	}
	err = b.plantAll(s.first, s.first+s.flows, func(int) uuid.UUID { return who.OrganizationID }, 8)
	if err != nil {
		return err
	}
	began := time.Now()
	if err := b.spend(s, month.Start); err != nil {
		return err
	}
	b.say("%d ledger entries, written in %.0f s", s.calls*4, time.Since(began).Seconds())
	return nil
}

// chain is the growing ledger of one account.
type chain struct{ last cost.Entry }

func (c *chain) add(kind cost.EntryKind, call uuid.UUID, delta cost.Delta, at time.Time) (cost.Entry, error) {
	after, err := c.last.After.Plus(delta)
	if err != nil {
		return cost.Entry{}, err
	}
	c.last = cost.Entry{
		OrganizationID: c.last.OrganizationID,
		AccountID:      c.last.AccountID,
		Sequence:       c.last.Sequence + 1,
		Kind:           kind,
		CallID:         &call,
		Before:         c.last.After,
		After:          after,
		Delta:          delta,
		Actor:          "bench",
		At:             at,
		PreviousHash:   c.last.Hash,
	}
	c.last.Hash = c.last.ComputeHash()
	return c.last, nil
}

// spend writes settled calls with four entries each, like the engine.
func (b *bench) spend(s spender, start time.Time) error {
	organization, calls := s.who().OrganizationID, s.calls
	accounts, err := b.chains(organization)
	if err != nil {
		return err
	}
	month := numbered(monthIDs, s.number)
	return pgx.BeginFunc(b.ctx, b.owner, func(tx pgx.Tx) error {
		if _, err := tx.Exec(b.ctx, "SET LOCAL session_replication_role = replica"); err != nil {
			return err
		}
		// PostgreSQL would plan the lookups of each entry's check once, while the tables are still empty.
		if _, err := tx.Exec(b.ctx, "SET LOCAL enable_seqscan = off"); err != nil {
			return err
		}
		for first := 0; first < calls; first += planted {
			made := copied{table: "ai_calls", columns: callColumns}
			entries := copied{table: "ai_usage_ledger", columns: entryColumns}
			for n := first; n < min(first+planted, calls); n++ {
				flow, call, hold := numbered(flowIDs, s.first+n%s.flows), uuid.New(), int64(heldForPair)
				at := start.Add(time.Duration(n) * time.Millisecond)
				made.rows = append(made.rows, callRow(organization, call, flow, month, at))
				for _, step := range []struct {
					kind  cost.EntryKind
					delta cost.Delta
				}{
					{cost.EntryReserve, cost.Delta{Held: heldForPair}},
					{cost.EntrySettle, cost.Delta{Held: -heldForPair, Settled: costOfPair}},
				} {
					for _, account := range []uuid.UUID{flow, month} {
						entry, err := accounts[account].add(step.kind, call, step.delta, at)
						if err != nil {
							return err
						}
						entries.rows = append(entries.rows, entryRow(entry, &hold))
					}
				}
			}
			for _, c := range []copied{made, entries} {
				if _, err := tx.CopyFrom(b.ctx, pgx.Identifier{c.table}, c.columns, pgx.CopyFromRows(c.rows)); err != nil {
					return fmt.Errorf("copy into %s: %w", c.table, err)
				}
			}
		}
		return b.balance(tx, organization, accounts)
	})
}

// chains returns the accounts of an organization, each at its first entry.
func (b *bench) chains(organization uuid.UUID) (map[uuid.UUID]*chain, error) {
	const heads = "SELECT id, limit_pico, hash FROM usage_accounts WHERE organization_id = $1"
	rows, err := b.owner.Query(b.ctx, heads, organization)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	accounts := map[uuid.UUID]*chain{}
	for rows.Next() {
		var id uuid.UUID
		var limit int64
		var hash []byte
		if err := rows.Scan(&id, &limit, &hash); err != nil {
			return nil, err
		}
		accounts[id] = &chain{cost.Entry{
			OrganizationID: organization,
			AccountID:      id,
			After:          cost.Balance{Limit: cost.Limit(limit)},
			Hash:           hash,
		}}
	}
	return accounts, rows.Err()
}

var callColumns = []string{
	"organization_id", "id", "workflow_id", "month_id", "step", "state", "models", "prompt_bytes",
	"max_completion_tokens", "web_searches", "hold_pico", "cost_pico", "list_cost_pico", "answered_model",
	"prompt_tokens", "completion_tokens", "actor", "reserved_at", "ended_at", "admitted_on",
}

func callRow(organization, call, flow, month uuid.UUID, at time.Time) []any {
	return []any{
		organization, call, flow, month, "SEED_REVIEW", string(cost.CallSettled),
		[]string{},
		0, 0, 0, int64(heldForPair),
		int64(costOfPair), int64(listCostOfPair), pairModel, 1000, 100, "bench", at, at, at,
	}
}

// balance sets the accounts to their last entries, and counts the days with the statement of the migration that added
// them.
func (b *bench) balance(tx pgx.Tx, organization uuid.UUID, accounts map[uuid.UUID]*chain) error {
	batch := &pgx.Batch{}
	const set = `UPDATE usage_accounts SET sequence = $3, settled_pico = $4, previous_hash = $5, hash = $6
		WHERE organization_id = $1 AND id = $2`
	for id, c := range accounts {
		last := c.last
		batch.Queue(set, last.OrganizationID, id, last.Sequence, int64(last.After.Settled), last.PreviousHash, last.Hash)
	}
	if err := tx.SendBatch(b.ctx, batch).Close(); err != nil {
		return err
	}
	text, err := migrations.Files.ReadFile("0006_usage_days.sql")
	if err != nil {
		return err
	}
	_, rest, found := strings.Cut(string(text), "INSERT INTO usage_days")
	statement, _, ended := strings.Cut(rest, "\nGROUP BY")
	grouping, _, grouped := strings.Cut(strings.TrimPrefix(rest, statement), ";\n")
	if !found || !ended || !grouped {
		return errors.New("the migration has no statement that counts days")
	}
	_, err = tx.Exec(b.ctx, "INSERT INTO usage_days"+statement+" AND l.organization_id = $1"+grouping,
		organization)
	return err
}

// copied is rows of a table.
type copied struct {
	table   string
	columns []string
	rows    [][]any
}

// entryColumns are the columns of the ledger that entryRow fills.
var entryColumns = []string{
	"organization_id", "account_id", "sequence", "kind", "call_id", "call_hold_pico", "settled_before", "settled_delta",
	"settled_after", "held_before", "held_delta", "held_after", "limit_before", "limit_delta", "limit_after",
	"stopped_before", "stopped_after", "overage", "actor", "reason", "occurred_at", "previous_hash", "hash",
}

func entryRow(e cost.Entry, hold *int64) []any {
	return []any{
		e.OrganizationID, e.AccountID, e.Sequence, string(e.Kind), e.CallID, hold, int64(e.Before.Settled),
		int64(e.Delta.Settled), int64(e.After.Settled), int64(e.Before.Held), int64(e.Delta.Held), int64(e.After.Held),
		int64(e.Before.Limit), int64(e.Delta.Limit), int64(e.After.Limit), e.Before.Stopped, e.After.Stopped, e.Overage,
		e.Actor, e.Reason, e.At, bytesOf(e.PreviousHash), e.Hash,
	}
}

// bytesOf returns a hash, or an empty one instead of NULL.
func bytesOf(hash []byte) []byte {
	if hash == nil {
		return []byte{}
	}
	return hash
}
