package cli

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
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/web"
	"github.com/infin8content/engine/internal/workflow"
)

type exportCommand struct {
	Journal exportJournalCommand `cmd:"" help:"Print every transition."`
	Ledger  exportLedgerCommand  `cmd:"" help:"Print every money event of every account."`
}

type exportFlags struct {
	Organization string `required:"" help:"The organization's UUID."`
	Format       string `enum:"csv,ndjson" default:"csv" help:"csv or ndjson: one JSON object in each line."`
	From         string `help:"First day, such as 2026-03-01, in the organization's time zone; the beginning when absent."`
	To           string `help:"The day after the last; up to now when absent."`
}

type exportJournalCommand struct {
	exportFlags `embed:""`
}

// Run prints the journal.
func (c *exportJournalCommand) Run(p *program) error { return c.run(p, web.Journal) }

type exportLedgerCommand struct {
	exportFlags `embed:""`
}

// Run prints the ledger.
func (c *exportLedgerCommand) Run(p *program) error { return c.run(p, web.Ledger) }

func (f exportFlags) run(p *program, table web.Table) error {
	organization, err := uuid.Parse(f.Organization)
	if err != nil {
		return fmt.Errorf("--organization: %q is no UUID", f.Organization)
	}
	who := caller.Caller{Actor: "export", OrganizationID: organization, Role: caller.Admin}
	return withOwner(p, func(pool *pgxpool.Pool) error {
		e, err := newEngine(settings{WorkflowLimit: "0", MonthLimit: "0"}, postgres.New(pool), p.logger, engineParts{})
		if err != nil {
			return err
		}
		in := web.Export{Table: table, Format: web.Format(f.Format), From: f.From, To: f.To}
		err = exporter{e}.export(p.ctx, who, in, p.stdout)
		if field := fault.FieldOf(err); len(field) == 1 {
			return fmt.Errorf("--%s: %w", field[0], err)
		}
		return err
	})
}

// exporter writes the journals as files. Each row carries its hash and the one before it, and all that they are
// computed from, so that the file can be verified without the database: docs/exports.md says how.
type exporter struct{ engine *engine.Engine }

// export streams one table. Nothing has been written when it returns a fault.
func (x exporter) export(ctx context.Context, who caller.Caller, in web.Export, to io.Writer) error {
	var days engine.ExportInput
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
		err = x.engine.EachTransition(ctx, who, days, func(t workflow.Transition) error {
			return out.row(journalRow(t))
		})
	case web.Ledger:
		out.columns = ledgerColumns
		err = x.engine.EachEntry(ctx, who, days, func(e engine.AccountEntry) error { return out.row(ledgerRow(e)) })
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
}

func ledgerRow(e engine.AccountEntry) []any {
	var call, corrects any
	if e.CallID != nil {
		call = e.CallID.String()
	}
	if e.Corrects != nil {
		corrects = *e.Corrects
	}
	return []any{
		e.OrganizationID.String(), e.AccountID.String(), string(e.Account), e.Sequence, string(e.Kind), call,
		pico(e.Delta.Settled), pico(e.Delta.Held), pico(e.Delta.Limit), pico(e.After.Settled), pico(e.After.Held),
		pico(e.After.Limit), e.After.Stopped, e.Overage, words(e.Actor), words(e.Reason), e.At.UnixMicro(),
		moment(e.At), e.Delta.Settled.String(), e.Delta.Held.String(), hex.EncodeToString(e.PreviousHash),
		hex.EncodeToString(e.Hash), corrects,
	}
}

// words is text that a caller wrote.
type words string

// pico is an amount as text: a reader of JSON may keep numbers in 53 bits.
func pico(p cost.Pico) string { return strconv.FormatInt(int64(p), 10) }

// null is nil for what the database keeps as NULL.
func null(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func moment(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000000Z") }

// table writes rows of equal columns.
type table struct {
	to      *bufio.Writer
	columns []string
	format  web.Format
	csv     *csv.Writer // once there is a row of CSV
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

// inert keeps a spreadsheet from taking a caller's text for a formula: what begins like one gets an apostrophe in
// front. So does what begins with an apostrophe, so that taking one away gives the text back.
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

// end writes what is left; a CSV file has its heading also when it has no row.
func (t *table) end() error {
	if t.format != web.NDJSON {
		if err := t.heading(); err != nil {
			return err
		}
		t.csv.Flush()
	}
	return t.to.Flush()
}
