package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Like the list of the catalog, these statements ask about whatever tables there are, so they are not in queries/.
const listReferences = `
SELECT k.conname::text, k.conrelid::regclass::text, k.confrelid::regclass::text,
    (SELECT array_agg(quote_ident(a.attname) ORDER BY n) FROM unnest(k.conkey) WITH ORDINALITY AS u (number, n)
        JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.number),
    (SELECT array_agg(quote_ident(a.attname) ORDER BY n) FROM unnest(k.confkey) WITH ORDINALITY AS u (number, n)
        JOIN pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = u.number),
    (SELECT array_agg(quote_ident(a.attname) ORDER BY n) FROM pg_constraint AS p,
        unnest(p.conkey) WITH ORDINALITY AS u (number, n)
        JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.number
        WHERE p.conrelid = k.conrelid AND p.contype = 'p'),
    k.conrelid = 'public.organizations'::regclass OR EXISTS (SELECT FROM pg_attribute AS a
        WHERE a.attrelid = k.conrelid AND a.attname = 'organization_id' AND NOT a.attisdropped)
FROM pg_constraint AS k
WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace AND pg_relation_size(k.conrelid) > 0
ORDER BY k.conrelid::regclass::text, k.conname`

// reference is a foreign key, with the columns that name a row of its table.
type reference struct {
	name, table, other   string
	columns, others, key []string
	// ofTenants is true when the rows of the table belong to organizations.
	ofTenants bool
}

// BrokenReferences checks every foreign key again, apart from those of tables without a page, since a superuser can
// write past them. It returns the first rows of each that refer to nothing. It must run in a snapshot.
func (s *Store) BrokenReferences(ctx context.Context, first int32) ([]Disagreement, error) {
	var all []Disagreement
	err := s.withPath(ctx, "pg_catalog", func(tx pgx.Tx) error {
		if err := s.requireAll(ctx, tx); err != nil {
			return err
		}
		rows, _ := tx.Query(ctx, listReferences) // Its error comes back from the rows.
		references, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r reference, err error) {
			err = row.Scan(&r.name, &r.table, &r.other, &r.columns, &r.others, &r.key, &r.ofTenants)
			return r, err
		})
		if err != nil {
			return fmt.Errorf("list the foreign keys: %w", err)
		}
		for _, r := range references {
			if s.audited != nil && !r.ofTenants {
				continue
			}
			rows, _ := tx.Query(ctx, r.broken(), first)
			keys, err := pgx.CollectRows(rows, pgx.RowTo[string])
			if err != nil {
				return fmt.Errorf("check the foreign key %s: %w", r.name, err)
			}
			for _, key := range keys {
				all = append(all, Disagreement{
					Object: strings.TrimPrefix(r.table, "public.") + " " + key,
					Fault: fmt.Sprintf("what it refers to in %s by %s is not there",
						strings.TrimPrefix(r.other, "public."), r.name),
				})
			}
		}
		return nil
	})
	return all, translate(err)
}

// broken is the statement that finds the rows whose columns are all set and refer to nothing.
func (r reference) broken() string {
	given, same, key := make([]string, len(r.columns)), make([]string, len(r.columns)), make([]string, len(r.key))
	for i, column := range r.columns {
		given[i] = "c." + column + " IS NOT NULL"
		same[i] = "p." + r.others[i] + " = c." + column
	}
	for i, column := range r.key {
		key[i] = "c." + column + "::text"
	}
	return fmt.Sprintf(`SELECT concat_ws(' ', %s) AS key FROM %s AS c
		WHERE %s AND NOT EXISTS (SELECT FROM %s AS p WHERE %s) ORDER BY key LIMIT $1`,
		strings.Join(key, ", "), r.table, strings.Join(given, " AND "), r.other, strings.Join(same, " AND "))
}
