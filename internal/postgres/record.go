package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
)

// RecordRow is one row of a table of records, as a JSON object with the table's name and its columns.
type RecordRow struct {
	Table string
	Row   json.RawMessage
}

// recordTable is a table that EachRecord reads.
type recordTable struct {
	name string
	// at is the column with the time of writing; "" when the rows of all times are read.
	at string
	// without are columns that can contain a secret.
	without []string
	// texts is true for rows of up to 200 kB: a page has a few of them.
	texts bool
}

// textPage is how many rows of long texts an export has in memory at a time.
const textPage = 20

// size is how many rows a page has.
func (t recordTable) size() int {
	if t.texts {
		return textPage
	}
	return exportPage
}

// recordTables are the tables with money, decisions or settings that have no export of their own, in the order of an
// export. The balances come before the budgets: recompute.py counts a budget's entries up to the balance's sequence.
// A test compares the list with the catalog.
var recordTables = []recordTable{
	{name: "usage_accounts"},
	{name: "article_budgets", at: "opened_at"},
	{name: "ai_calls", at: "reserved_at"},
	{name: "model_prices", at: "recorded_at"},
	{name: "model_price_proposals", at: "proposed_at"},
	{name: "alerts", at: "created_at"},
	{name: "batches", at: "created_at"},
	{name: "organization_changes", at: "occurred_at", without: []string{"webhook_url"}},
	{name: "organization_names", at: "occurred_at"},
	{name: "gate_settings", at: "occurred_at"},
	{name: "market_settings", at: "occurred_at"},
	{name: "brand_settings", at: "occurred_at"},
	{name: "outside_steps", at: "occurred_at"},
	{name: "gate_decisions", at: "decided_at"},
	{name: "workflow_competitors", at: "created_at"},
	{name: "keywords", at: "created_at"},
	{name: "keyword_decisions", at: "decided_at"},
	{name: "topic_pages", at: "created_at"},
	{name: "keyword_attachments", at: "attached_at"},
	{name: "plan_verdicts", at: "created_at"},
	{name: "article_plans", at: "created_at"},
	{name: "plan_decisions", at: "decided_at"},
	{name: "article_versions", at: "created_at", texts: true},
	{name: "article_decisions", at: "decided_at"},
	{name: "step_unit_events", at: "occurred_at"},
	{name: "publish_targets", at: "created_at"},
	{name: "publish_target_versions", at: "occurred_at", without: []string{"secret"}},
	{name: "publication_events", at: "occurred_at"},
}

// RecordTables returns the names of the tables that EachRecord reads.
func RecordTables() []string {
	names := make([]string, len(recordTables))
	for i, t := range recordTables {
		names[i] = t.name
	}
	return names
}

// Like the list of the foreign keys, these statements ask about a table by its name, so they are not in queries/. A
// domain counts as its type. A column that is computed from others is left out, unless it is a part of the key.
const listRecordColumns = `
SELECT a.attname::text, format_type(coalesce(nullif(t.typbasetype, 0), t.oid), NULL),
    coalesce(array_position(k.conkey::int2[], a.attnum), 0)
FROM pg_attribute AS a
JOIN pg_type AS t ON t.oid = a.atttypid
JOIN pg_constraint AS k ON k.conrelid = a.attrelid AND k.contype = 'p'
WHERE a.attrelid = ('public.' || quote_ident($1))::regclass AND a.attnum > 0 AND NOT a.attisdropped
    AND (a.attgenerated = '' OR a.attnum = ANY(k.conkey)) AND a.attname <> ALL($2::text[])
ORDER BY a.attnum`

// recordColumn is a column of a table of records. key is its place in the primary key; 0 when it is not in it.
type recordColumn struct {
	name, kind string
	key        int
}

// value is the column in the form of a file: numbers of 64 bits as text, because many readers keep numbers in 53 bits.
func (c recordColumn) value() string {
	column := "t." + pgx.Identifier{c.name}.Sanitize()
	switch {
	case c.kind == "bigint":
		return column + "::text"
	case c.kind == "bytea":
		return "encode(" + column + ", 'hex')"
	case c.kind == "timestamp with time zone":
		return "to_char(" + column + ` AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
	}
	return column
}

// statement reads the next page of the table after a key, whose columns are texts.
func (t recordTable) statement(columns []recordColumn, first bool) string {
	var key []recordColumn
	values := make([]string, len(columns))
	for i, c := range columns {
		values[i] = c.value() + " AS " + pgx.Identifier{c.name}.Sanitize()
		if c.key > 0 && c.name != "organization_id" {
			key = append(key, c)
		}
	}
	slices.SortFunc(key, func(a, b recordColumn) int { return a.key - b.key })
	names, texts, after := make([]string, len(key)), make([]string, len(key)), make([]string, len(key))
	for i, c := range key {
		names[i] = "t." + pgx.Identifier{c.name}.Sanitize()
		texts[i] = names[i] + "::text"
		after[i] = fmt.Sprintf("($5::text[])[%d]::%s", i+1, c.kind)
	}
	from, to := "$2::timestamptz <= $3::timestamptz", "true"
	if t.at != "" {
		from, to = "t."+t.at+" >= $2::timestamptz", "t."+t.at+" < $3::timestamptz"
	}
	follows := "cardinality($5::text[]) = 0"
	if !first {
		follows = fmt.Sprintf("(%s) > (%s)", strings.Join(names, ", "), strings.Join(after, ", "))
	}
	return fmt.Sprintf(`SELECT row_to_json(r)::text, t.record_key FROM (
			SELECT t.*, ARRAY[%s] AS record_key FROM public.%s AS t
			WHERE t.organization_id = $1 AND %s AND %s AND %s
			ORDER BY %s LIMIT $4
		) AS t CROSS JOIN LATERAL (SELECT '%s' AS "table", %s) AS r ORDER BY %s`,
		strings.Join(texts, ", "), t.name, from, to, follows, strings.Join(names, ", "), t.name,
		strings.Join(values, ", "), strings.Join(names, ", "))
}

// EachRecord visits the organization's rows of every table of records that were written within a period, table by table
// and in the order of their keys. It reads page by page, and nothing is locked or kept open between two pages.
func (s *Store) EachRecord(
	ctx context.Context, who caller.Caller, within cost.Period, visit func(RecordRow) error,
) error {
	for _, t := range recordTables {
		if err := s.eachRecordOf(ctx, t, who, within, visit); err != nil {
			return fmt.Errorf("read the records of %s: %w", t.name, err)
		}
	}
	return nil
}

func (s *Store) eachRecordOf(
	ctx context.Context, t recordTable, who caller.Caller, within cost.Period, visit func(RecordRow) error,
) error {
	for after := []string{}; ; {
		var page []keyedRow
		err := s.InTx(ctx, func(tx *Store) error {
			return tx.withPath(ctx, "pg_catalog", func(tx pgx.Tx) (err error) {
				page, err = t.page(ctx, tx, who, within, after)
				return err
			})
		})
		if err != nil {
			return err
		}
		for _, row := range page {
			if err := visit(RecordRow{Table: t.name, Row: json.RawMessage(row.Row)}); err != nil {
				return err
			}
			after = row.Key
		}
		if len(page) < t.size() {
			return nil
		}
	}
}

// keyedRow is a row as JSON, with its key as texts.
type keyedRow struct {
	Row string
	Key []string
}

// page reads the rows after a key.
func (t recordTable) page(
	ctx context.Context, tx pgx.Tx, who caller.Caller, within cost.Period, after []string,
) ([]keyedRow, error) {
	if _, err := tx.Exec(ctx, setOrganization, who.OrganizationID.String()); err != nil {
		return nil, err
	}
	rows, _ := tx.Query(ctx, listRecordColumns, t.name, orNone(t.without)) // Its error comes back from the rows.
	columns, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c recordColumn, err error) {
		err = row.Scan(&c.name, &c.kind, &c.key)
		return c, err
	})
	if err != nil {
		return nil, fmt.Errorf("list the columns: %w", err)
	}
	rows, _ = tx.Query(ctx, t.statement(columns, len(after) == 0),
		who.OrganizationID, within.Start, within.End, t.size(), after)
	return pgx.CollectRows(rows, pgx.RowToStructByPos[keyedRow])
}
