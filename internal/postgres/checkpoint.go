package postgres

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Position is a row of something that only grows: its place in its chain, which rises from row to row, and its hash. Of
// a row that has no chain the place is 1.
type Position struct {
	Key  string // without a line break
	At   int64
	Hash [sha256.Size]byte
}

// ChainKind is one kind of what a checkpoint covers.
type ChainKind struct {
	Name string
	// heads lists the last row of each chain, rows lists all; both in the order of their keys. The columns are the key,
	// the place, and either the hash that the row has or the texts of its columns.
	heads, rows string
	// chained says that the rows have no hash of their own: each is hashed with the one before it.
	chained bool
}

// rowsAlone is a kind whose rows have no chain.
func rowsAlone(name, key, order, columns, from string) ChainKind {
	statement := fmt.Sprintf(`SELECT %s, 1::bigint, NULL::bytea, ARRAY[%s] FROM %s ORDER BY %s`, key, columns, from, order)
	return ChainKind{Name: name, heads: statement, rows: statement}
}

// rowsChained is a kind whose rows have no hash of their own.
func rowsChained(name, key, at, order, columns, from string) ChainKind {
	rows := fmt.Sprintf(`SELECT %s, %s, NULL::bytea, ARRAY[%s] FROM %s ORDER BY %s`, key, at, columns, from, order)
	return ChainKind{Name: name, chained: true, rows: rows}
}

// accounts is the kind of the ledger's chains.
func accounts() ChainKind {
	return ChainKind{
		Name: "account",
		heads: `SELECT organization_id || ' ' || id, sequence + 1, hash, NULL::text[] FROM public.usage_accounts
			ORDER BY organization_id, id`,
		rows: `SELECT organization_id || ' ' || account_id, sequence + 1, hash, NULL::text[]
			FROM public.ai_usage_ledger ORDER BY organization_id, account_id, sequence`,
	}
}

// transitions is the kind of the journal's chains.
func transitions() ChainKind {
	return ChainKind{
		Name: "transition",
		heads: `SELECT organization_id || ' ' || id, version::bigint + 1, hash, NULL::text[]
			FROM public.intent_workflows ORDER BY organization_id, id`,
		rows: `SELECT organization_id || ' ' || workflow_id, version::bigint + 1, hash, NULL::text[]
			FROM public.workflow_transitions ORDER BY organization_id, workflow_id, version`,
	}
}

// Covers reports whether the kind has the rows of a table.
func (k ChainKind) Covers(table string) bool {
	return strings.Contains(k.rows, "FROM public."+table+" ")
}

// ChainKinds returns all kinds, in the order in which a checkpoint lists them. Like the list of the catalog their
// statements are not in queries/: what they read of a row is its text. Of a row only those columns count that never
// change.
func ChainKinds() []ChainKind {
	const (
		id       = `organization_id || ' ' || id`
		workflow = `organization_id || ' ' || workflow_id`
		request  = `organization_id || ' ' || to_json(key)`
		part     = `organization_id || ' ' || workflow_id || ' ' || visit || ' ' || to_json(part_key)`
		price    = `list_id || ' ' || to_json(model) || ' ' || component || ' ' || min_prompt_tokens || ' '
			|| to_json(valid_from)`
	)
	kinds := []ChainKind{
		accounts(),
		rowsAlone("article_budget", `organization_id || ' ' || article_id`, `organization_id, article_id`,
			`workflow_id::text, cap_pico::text, opened_by::text, opened_at::text`, `public.article_budgets`),
		// The items stand beside the searches and the article beside the workflow, so that a call without them has the text
		// of earlier checkpoints.
		rowsAlone("call", id, `organization_id, id`, `workflow_id || coalesce('/' || article_id, ''),
			month_id::text, step::text, run_token::text, state::text, recorded::text, models::text, prompt_bytes::text,
			max_completion_tokens::text,
			web_searches::text || coalesce('/' || items_reserved, ''), hold_pico::text, cost_pico::text,
			list_cost_pico::text, provider, answered_model, prompt_tokens::text, completion_tokens::text,
			cached_tokens::text, reasoning_tokens::text, made_searches::text || coalesce('/' || items_billed, ''),
			failure_code::text, actor::text, reserved_at::text, ended_at::text`,
			`public.ai_calls WHERE ended_at IS NOT NULL`),
		rowsChained("decision", `organization_id || ' ' || workflow_id || ' ' || keyword_id`, `sequence::bigint`,
			`organization_id, workflow_id, keyword_id, sequence`,
			`visit::text, choice::text, origin::text, actor::text, reason::text, decided_at::text`,
			`public.keyword_decisions`),
		rowsChained("gate", `organization_id::text`, `version::bigint + 1`, `organization_id, version`,
			`seeds::text, plan::text, publish::text, four_eyes::text, actor::text, reason::text, occurred_at::text`,
			`public.gate_settings`),
		rowsChained("gate_decision", workflow, `version::bigint`, `organization_id, workflow_id, version`,
			`gate::text, verdict::text, reset_to::text, feedback, selection_digest::text,
			selected::text || coalesce('/' || likely_pico || '/' || most_pico, ''),
			settings_version::text, four_eyes::text, prepared_by::text,
			decided_by::text, decided_at::text`, `public.gate_decisions`),
		rowsAlone("key", id, `organization_id, id`, `name, role::text, prefix, digest::text, expires_at::text,
			created_by::text, created_at::text, created_version::text`, `public.api_keys`),
		rowsAlone("part", part, `(`+part+`) COLLATE "C"`, `step::text, digest::text, call_id::text, provider, model,
			created_at::text`, `public.step_parts`),
		rowsAlone("price", price, `(`+price+`) COLLATE "C"`, `unit_pico::text, source, actor::text, recorded_at::text`,
			`public.model_prices`),
		rowsAlone("request", request, `(`+request+`) COLLATE "C"`,
			`fingerprint::text, workflow_id::text, call_id::text, actor::text, created_at::text`,
			`public.idempotency_keys`),
		rowsChained("result", workflow, `token::bigint`, `organization_id, workflow_id, token`,
			`step::text, content::text, provider, model, created_at::text`, `public.step_results`),
		rowsChained("settings", `organization_id::text`, `version::bigint + 1`, `organization_id, version`,
			`time_zone, workflow_limit_pico::text, month_limit_pico::text, actor::text, reason::text, occurred_at::text,
			api_key_id::text, api_key_event, webhook_url`, `public.organization_changes`),
		transitions(),
		rowsAlone("workflow", id, `organization_id, id`, `name, company_name, company_url, linkedin_url,
			graph_version::text, created_by::text, created_at::text`, `public.intent_workflows`),
	}
	kinds = slices.Concat(kinds, settingKinds(), contentKinds(), unitKinds(), batchKinds(), researchKinds())
	slices.SortFunc(kinds, func(a, b ChainKind) int { return strings.Compare(a.Name, b.Name) })
	return kinds
}

// batchKinds are the kinds of batches and of verifications.
func batchKinds() []ChainKind {
	return []ChainKind{
		rowsAlone("verification", `organization_id || ' ' || id`, `organization_id, id`, `state::text, actor::text,
			created_at::text, started_at::text, rows_read::text, found::text, findings::text, checkpoint, failure,
			attempt::text, ended_at::text`, `public.verifications WHERE ended_at IS NOT NULL`),
		rowsAlone("batch", `organization_id || ' ' || id`, `organization_id, id`,
			`kind::text, actor::text, role::text, api_key_id::text, reason::text,
			new_limit_pico::text, digest::text, total::text, created_at::text`, `public.batches`),
		rowsChained("batch_item", `organization_id || ' ' || batch_id`, `position::bigint + 1`,
			`organization_id, batch_id, position`, `workflow_id::text, step::text`, `public.batch_items`),
		rowsChained("batch_result", `organization_id || ' ' || batch_id`, `position::bigint + 1`,
			`organization_id, batch_id, position`, `workflow_id::text, outcome::text, succeeded::text, version::text,
			sequence::text, code, message, occurred_at::text`, `public.batch_results`),
	}
}

func unitKinds() []ChainKind {
	return []ChainKind{
		rowsChained("publication", `organization_id || ' ' || publication_id`, `version::bigint + 1`,
			`organization_id, publication_id, version`,
			`workflow_id::text, kind::text, from_state::text, to_state::text, article_id::text, revision::text,
			approval::text, policy::text, publish_at::text, remote_id, remote_url, remote_modified, remote_sha256::text,
			remote_revision::text, overwrite::text, lost::text, failure_code::text, failure_message, unit_id::text,
			attempt::text, actor::text, reason::text, occurred_at::text`, `public.publication_events`),
		rowsChained("unit", `organization_id || ' ' || workflow_id`, `sequence::bigint + 1`,
			`organization_id, workflow_id, sequence`,
			`unit_id::text, version::text, kind::text, from_state::text, to_state::text, attempt::text, token::text,
			tries::text, done::text, total::text, actor::text, reason::text, failure_code::text, failure_message,
			retry_at::text, occurred_at::text`, `public.step_unit_events`),
	}
}

// settingKinds are the kinds of publish targets and of the steps that programs outside drive.
func settingKinds() []ChainKind {
	return []ChainKind{
		rowsAlone("alert_read", `organization_id || ' ' || to_json(actor::text) || ' ' || alert_id`,
			`(organization_id || ' ' || to_json(actor::text) || ' ' || alert_id) COLLATE "C"`, `read_at::text`,
			`public.alert_reads`),
		rowsChained("name", `organization_id::text`, `version::bigint + 1`, `organization_id, version`,
			`name, actor::text, reason::text, occurred_at::text`, `public.organization_names`),
		rowsAlone("key_workflow", `organization_id || ' ' || id`, `organization_id, id`, `workflow_id::text`,
			`public.api_keys WHERE workflow_id IS NOT NULL`),
		rowsChained("outside", `organization_id::text`, `version::bigint + 1`, `organization_id, version`,
			`steps::text, actor::text, reason::text, occurred_at::text`, `public.outside_steps`),
		rowsAlone("target", `organization_id || ' ' || id`, `organization_id, id`, `name, kind::text, policy::text, base_url,
			username, created_by::text, created_at::text`, `public.publish_targets`),
		rowsChained("target_version", `organization_id || ' ' || target_id`, `version::bigint + 1`,
			`organization_id, target_id, version`, `state::text, secret::text, api_root, site_name, account, failure::text,
			message, actor::text, reason::text, occurred_at::text`, `public.publish_target_versions`),
	}
}

// researchKinds are the kinds of what is searched for and what was found.
func researchKinds() []ChainKind {
	return []ChainKind{
		rowsChained("competitors", `organization_id || ' ' || workflow_id`, `revision::bigint`,
			`organization_id, workflow_id, revision`, `domains::text, actor::text, created_at::text`,
			`public.workflow_competitors`),
		rowsAlone("keyword", `organization_id || ' ' || id`, `organization_id, id`, `workflow_id::text, visit::text, text,
			normalised, volume::text, difficulty::text, cpc_pico::text, intent::text, language, source::text, competitor,
			score::text, reasons::text || coalesce(nullif('/' || similar_to, '/'), ''), is_synthetic::text, created_by::text,
			created_at::text`, `public.keywords`),
		rowsChained("market", `organization_id::text`, `version::bigint + 1`, `organization_id, version`,
			`location_code::text, language_code, negative_words::text, mode::text, actor::text, reason::text,
			occurred_at::text`, `public.market_settings`),
		rowsChained("brand", `organization_id::text`, `version::bigint + 1`, `organization_id, version`,
			`tone, audience, dos::text, donts::text, banned_words::text, examples, actor::text, reason::text,
			occurred_at::text`, `public.brand_settings`),
	}
}

// asText are the settings that decide how a value is written as text.
const asText = `SELECT set_config('TimeZone', 'UTC', true), set_config('DateStyle', 'ISO, MDY', true),
	set_config('bytea_output', 'hex', true)`

// EachChainHead calls visit for the last position of every chain of a kind, in the order of their keys.
func (s *Store) EachChainHead(ctx context.Context, kind ChainKind, visit func(Position) error) error {
	if kind.heads != "" {
		return s.eachPosition(ctx, kind, kind.heads, visit)
	}
	var last *Position
	err := s.eachPosition(ctx, kind, kind.rows, func(p Position) error {
		if last != nil && last.Key != p.Key {
			if err := visit(*last); err != nil {
				return err
			}
		}
		last = &p
		return nil
	})
	if err != nil || last == nil {
		return err
	}
	return visit(*last)
}

// EachPosition calls visit for every row of a kind, in the order of their keys and places.
func (s *Store) EachPosition(ctx context.Context, kind ChainKind, visit func(Position) error) error {
	return s.eachPosition(ctx, kind, kind.rows, visit)
}

func (s *Store) eachPosition(ctx context.Context, kind ChainKind, statement string, visit func(Position) error) error {
	return s.withPath(ctx, "pg_catalog", func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, asText); err != nil {
			return translate(err)
		}
		if err := s.requireAll(ctx, tx); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, statement)
		if err != nil {
			return fmt.Errorf("read what the checkpoint covers of kind %s: %w", kind.Name, translate(err))
		}
		defer rows.Close()
		var before Position
		for rows.Next() {
			var p Position
			var hash []byte
			var texts []*string
			if err := rows.Scan(&p.Key, &p.At, &hash, &texts); err != nil {
				return err
			}
			if texts == nil {
				copy(p.Hash[:], hash)
			} else {
				var previous []byte
				if kind.chained && before.Key == p.Key {
					previous = before.Hash[:]
				}
				p.Hash = hashTexts(previous, kind.Name, p, texts)
			}
			before = p
			if err := visit(p); err != nil {
				return err
			}
		}
		return translate(rows.Err())
	})
}

// hashTexts is sha256 of the hash before and the netstrings of kind, key, place and columns. "~," is NULL, as
// in the canonical rows of the journals.
func hashTexts(previous []byte, kind string, p Position, texts []*string) [sha256.Size]byte {
	text := append([]byte{}, previous...)
	add := func(field string) {
		text = strconv.AppendInt(text, int64(len(field)), 10)
		text = append(append(append(text, ':'), field...), ',')
	}
	add(kind)
	add(p.Key)
	add(strconv.FormatInt(p.At, 10))
	for _, field := range texts {
		if field == nil {
			text = append(text, "~,"...)
			continue
		}
		add(*field)
	}
	return sha256.Sum256(text)
}
