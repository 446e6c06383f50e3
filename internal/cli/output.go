package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/google/uuid"
)

// outputFlags say how a command prints. They hold for every command.
type outputFlags struct {
	JSON  bool `name:"json" help:"Print the result as JSON."`
	Quiet bool `short:"q" help:"Print results only: no headers, no notes, no progress."`
}

// output prints the results of a command to stdout, as text or as JSON. Notes go to stderr, so that a pipe never gets
// them.
type output struct {
	outputFlags
	stdout, stderr io.Writer
}

// table is a list. A column has its name in JSON, such as createdAt; its header is CREATED AT. The values of a row are
// in the order of the columns; nil is one that is absent.
type table struct {
	columns []string
	rows    [][]any
	// empty is the note for a list without rows.
	empty string
}

func (t *table) add(values ...any) { t.rows = append(t.rows, values) }

// records returns the rows as JSON has them.
func (t *table) records() []map[string]any {
	records := make([]map[string]any, len(t.rows))
	for i, row := range t.rows {
		records[i] = map[string]any{}
		for j, value := range row {
			records[i][t.columns[j]] = plain(value)
		}
	}
	return records
}

// list prints a table.
func (o output) list(t table) error {
	if o.JSON {
		return o.value(t.records())
	}
	if len(t.rows) == 0 {
		o.note("%s", t.empty)
		return nil
	}
	return o.text(t)
}

// text prints a table as aligned columns.
func (o output) text(t table) error {
	w := tabwriter.NewWriter(o.stdout, 0, 0, 2, ' ', 0)
	if !o.Quiet && len(t.rows) > 0 {
		fmt.Fprintln(w, strings.Join(headers(t.columns), "\t"))
	}
	for _, row := range t.rows {
		cells := make([]string, len(row))
		for i, value := range row {
			cells[i] = cell(value)
		}
		fmt.Fprintln(w, strings.TrimRight(strings.Join(cells, "\t"), "\t"))
	}
	return w.Flush()
}

// result prints a result: the text, or the fields in JSON.
func (o output) result(text string, fields map[string]any) error {
	if o.JSON {
		return o.value(fields)
	}
	_, err := fmt.Fprintln(o.stdout, text)
	return err
}

// done reports success: a note, or the fields in JSON.
func (o output) done(fields map[string]any, format string, values ...any) error {
	if o.JSON {
		return o.value(fields)
	}
	o.note(format, values...)
	return nil
}

// note prints a sentence for a person.
func (o output) note(format string, values ...any) {
	if !o.Quiet && !o.JSON {
		fmt.Fprintf(o.stderr, format+"\n", values...)
	}
}

// value prints a value as one JSON document.
func (o output) value(v any) error {
	encoder := json.NewEncoder(o.stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

// plain returns a value as JSON shows it: text, a number, a truth value, a list, or null.
func plain(value any) any {
	switch v := value.(type) {
	case nil, bool, int, int32, int64, uint32, string, []string:
		return v
	case time.Time:
		return v.UTC().Format(time.RFC3339)
	case *time.Time:
		if v == nil {
			return nil
		}
		return plain(*v)
	case *uuid.UUID:
		if v == nil {
			return nil
		}
		return v.String()
	}
	return fmt.Sprint(value)
}

// cell returns a value as a table shows it.
func cell(value any) string {
	if shown := plain(value); shown != nil && shown != "" {
		return fmt.Sprint(shown)
	}
	return "–"
}

// headers returns the headers of columns.
func headers(columns []string) []string {
	all := make([]string, len(columns))
	for i, name := range columns {
		var header strings.Builder
		for _, r := range name {
			if unicode.IsUpper(r) {
				header.WriteByte(' ')
			}
			header.WriteRune(unicode.ToUpper(r))
		}
		all[i] = header.String()
	}
	return all
}
