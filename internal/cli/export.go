package cli

import (
	"bytes"
	"fmt"
	"io"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/audit"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/server"
	"github.com/infin8content/engine/internal/web"
)

type exportCommand struct {
	Journal exportJournalCommand `cmd:"" help:"Print every transition."`
	Ledger  exportLedgerCommand  `cmd:"" help:"Print every money event of every account."`
	Records exportRecordsCommand `cmd:"" help:"Print every call, budget, decision and setting."`
}

type exportFlags struct {
	Organization string `required:"" help:"The organization's UUID."`
	Format       string `enum:"csv,ndjson" default:"csv" help:"csv or ndjson: one JSON object in each line."`
	From         string `help:"First day, such as 2026-03-01, in the organization's time zone; no limit when absent."`
	To           string `help:"The day after the last one; no limit when absent."`
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

type exportRecordsCommand struct {
	exportFlags `embed:""`
}

// Run prints the records.
func (c *exportRecordsCommand) Run(p *program) error { return c.run(p, web.Records) }

func (f exportFlags) run(p *program, table web.Table) error {
	organization, err := uuid.Parse(f.Organization)
	if err != nil {
		return fmt.Errorf("--organization: %q is no UUID", f.Organization)
	}
	who := caller.Caller{Actor: "export", OrganizationID: organization, Role: caller.Admin}
	return withAuditor(p, func(a *audit.Auditor) error {
		in := web.Export{
			Table:  table,
			Format: web.Format(f.Format),
			From:   f.From,
			To:     f.To,
		}
		if p.JSON {
			in.Format = web.NDJSON
		}
		rows := &counter{to: p.stdout, line: p.beginBeside("Exporting")}
		err := server.Exporter{Auditor: a}.Export(p.ctx, who, in, rows)
		rows.line.end()
		if field := fault.FieldOf(err); len(field) == 1 {
			return fmt.Errorf("--%s: %w", field[0], err)
		}
		return err
	})
}

// counter counts the lines that it passes on.
type counter struct {
	to          io.Writer
	line        *progress
	lines, size int64
}

// Write passes bytes on.
func (c *counter) Write(text []byte) (int, error) {
	n, err := c.to.Write(text)
	c.lines += int64(bytes.Count(text[:n], []byte{'\n'}))
	c.size += int64(n)
	c.line.set(fmt.Sprintf("Exporting: %d lines, %d kB", c.lines, c.size/1000), 0, 0)
	return n, err
}
