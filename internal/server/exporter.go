package server

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/audit"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/web"
	"github.com/infin8content/engine/internal/workflow"
)

// Exporter writes the journals as files. Each row has its hash, the hash before it, and every field that the hash is
// computed from, so that the file can be verified without the database: docs/exports.md says how.
type Exporter struct{ Auditor *audit.Auditor }

// Export streams one table. Nothing has been written when it returns a fault.
func (x Exporter) Export(ctx context.Context, who caller.Caller, in web.Export, to io.Writer) error {
	var days audit.ExportInput
	for _, bound := range []struct {
		name, text string
		day        **cost.Day
	}{{"from", in.From, &days.From}, {"to", in.To, &days.To}} {
		if bound.text == "" {
			continue
		}
		day, err := cost.ParseDay([]string{bound.name}, bound.text)
		if err != nil {
			return err
		}
		*bound.day = &day
	}
	out := &table{to: bufio.NewWriterSize(to, 32<<10), columns: journalColumns, format: in.Format}
	var err error
	switch in.Table {
	case web.Journal:
		err = x.Auditor.EachTransition(ctx, who, days, func(t workflow.Transition) error {
			return out.row(journalRow(t))
		})
	case web.Ledger:
		out.columns = ledgerColumns
		err = x.Auditor.EachEntry(ctx, who, days, func(e audit.AccountEntry) error { return out.row(ledgerRow(e)) })
	case web.Records:
		out.columns = recordColumns
		err = x.records(ctx, who, days, out)
	default:
		err = fault.New(fault.NotFound, "There is no such export.")
	}
	if err != nil {
		return err
	}
	return out.end()
}

var journalColumns = []string{
	"organization_id", "workflow_id", "version", "graph_version", "kind", "from_state", "to_state", "actor", "reason",
	"occurred_at", "time", "previous_hash", "hash",
}

func journalRow(t workflow.Transition) []any {
	return []any{
		t.OrganizationID.String(), t.WorkflowID.String(), t.Version, t.GraphVersion, string(t.Kind),
		null(string(t.From)), string(t.To), words(t.Actor), words(t.Reason), t.At.UnixMicro(), moment(t.At),
		hex.EncodeToString(t.PreviousHash), hex.EncodeToString(t.Hash),
	}
}

var ledgerColumns = []string{
	"organization_id", "account_id", "account_kind", "sequence", "kind", "call_id", "settled_delta", "held_delta",
	"limit_delta", "settled_after", "held_after", "limit_after", "stopped_after", "overage", "actor", "reason",
	"occurred_at", "time", "settled_delta_usd", "held_delta_usd", "previous_hash", "hash", "corrects",
	"article_id",
}

func ledgerRow(e audit.AccountEntry) []any {
	var call, corrects, article any
	if e.CallID != nil {
		call = e.CallID.String()
	}
	if e.Corrects != nil {
		corrects = *e.Corrects
	}
	if e.ArticleID != nil {
		article = e.ArticleID.String()
	}
	return []any{
		e.OrganizationID.String(), e.AccountID.String(), string(e.Account), e.Sequence, string(e.Kind), call,
		pico(e.Delta.Settled), pico(e.Delta.Held), pico(e.Delta.Limit), pico(e.After.Settled), pico(e.After.Held),
		pico(e.After.Limit), e.After.Stopped, e.Overage, words(e.Actor), words(e.Reason), e.At.UnixMicro(),
		moment(e.At), e.Delta.Settled.String(), e.Delta.Held.String(), hex.EncodeToString(e.PreviousHash),
		hex.EncodeToString(e.Hash), corrects, article,
	}
}

// recordColumns are the columns of records as CSV. As NDJSON a line is the object of the last column, which has the
// table too.
var recordColumns = []string{"organization_id", "table", "row"}

// lastRecord is the table of the line behind the last record. The line has the number of records, so that a file that
// was cut between two lines is found.
const lastRecord = "records"

// records writes all records, and a last line with their number.
func (x Exporter) records(ctx context.Context, who caller.Caller, days audit.ExportInput, out *table) error {
	rows := 0
	until, err := x.Auditor.EachRecord(ctx, who, days, func(r audit.Record) error {
		rows++
		return out.record(who.OrganizationID, r)
	})
	if err != nil {
		return err
	}
	end := fmt.Sprintf(`{"table":"%s","organization_id":"%s","rows":%d,"to":%d}`, lastRecord, who.OrganizationID, rows,
		until.UnixMicro())
	return out.record(who.OrganizationID, audit.Record{Table: lastRecord, Row: json.RawMessage(end)})
}

// words is text that a caller has written.
type words string

// pico returns an amount as text, because many readers of JSON keep numbers in 53 bits.
func pico[N cost.Pico | cost.Limit](n N) string { return strconv.FormatInt(int64(n), 10) }

// null returns nil for a text that is NULL in the database.
func null(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func moment(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000000Z") }

// table writes rows that all have the same columns.
type table struct {
	to      *bufio.Writer
	columns []string
	format  web.Format
	csv     *csv.Writer // nil until the heading is written
}

func (t *table) row(values []any) error {
	if t.format == web.NDJSON {
		return t.object(values)
	}
	if err := t.heading(); err != nil {
		return err
	}
	cells := make([]string, len(values))
	for i, value := range values {
		switch value := value.(type) {
		case nil:
		case words:
			cells[i] = inert(string(value))
		default:
			cells[i] = fmt.Sprint(value)
		}
	}
	return t.csv.Write(cells)
}

// inert stops a spreadsheet from reading a caller's text as a formula: it puts an apostrophe before a text that begins
// like one. A text that begins with an apostrophe gets one too, so that removing one gives the original.
func inert(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r'", rune(text[0])) {
		return "'" + text
	}
	return text
}

func (t *table) heading() error {
	if t.csv != nil {
		return nil
	}
	t.csv = csv.NewWriter(t.to)
	return t.csv.Write(t.columns)
}

// object writes a row as a JSON object, the fields in the order of the columns.
func (t *table) object(values []any) error {
	for i, value := range values {
		encoded, err := json.Marshal(value)
		if err != nil {
			return fmt.Errorf("write %s: %w", t.columns[i], err)
		}
		before := `,"`
		if i == 0 {
			before = `{"`
		}
		// A bufio.Writer keeps its first error and returns it again.
		_, _ = t.to.WriteString(before + t.columns[i] + `":`)
		_, _ = t.to.Write(encoded)
	}
	_, err := t.to.WriteString("}\n")
	return err
}

// record writes a row that is a JSON object already.
func (t *table) record(organization uuid.UUID, r audit.Record) error {
	if t.format != web.NDJSON {
		return t.row([]any{organization.String(), r.Table, string(r.Row)})
	}
	_, _ = t.to.Write(r.Row)
	return t.to.WriteByte('\n')
}

// end writes the rest. A CSV file has a heading even if it has no row.
func (t *table) end() error {
	if t.format != web.NDJSON {
		if err := t.heading(); err != nil {
			return err
		}
		t.csv.Flush()
	}
	return t.to.Flush()
}
