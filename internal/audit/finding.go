package audit

import (
	"context"
	"strings"
)

// Kind names a part of a verification.
type Kind string

// The parts of a verification.
const (
	KindGraph   Kind = "GRAPH"   // the edges of the state machine
	KindJournal Kind = "JOURNAL" // the chains of the workflows
	KindLedger  Kind = "LEDGER"  // the chains of the accounts
	KindAlerts  Kind = "ALERTS"  // the alerts that the ledger must have caused
	KindCalls   Kind = "CALLS"   // the calls against the ledger and the prices
	KindUsage   Kind = "USAGE"   // the counts of each day
	KindTables  Kind = "TABLES"  // every table against those that explain it
	KindQuotes  Kind = "QUOTES"  // the quotes of articles
	KindMonths  Kind = "MONTHS"  // the periods of the months
	KindCatalog Kind = "CATALOG" // the migrations and the guards of the database
	KindAnchor  Kind = "ANCHOR"  // the rows that a checkpoint covers
)

// Finding is one fault, with its first row.
type Finding struct {
	Kind Kind
	Row  string // such as "workflow_transitions wf_… version 3"
	What string
}

func (f Finding) String() string { return f.Row + ": " + f.What }

// Table returns the table of the row, and the row's name within it.
func (f Finding) Table() (table, row string) {
	table, row, _ = strings.Cut(f.Row, " ")
	return table, row
}

// part is one part of a verification.
type part struct {
	kind  Kind
	check func(context.Context) error
}

// ofTenants are the parts that compare rows of organizations with each other.
func (v *verification) ofTenants() []part {
	return []part{
		{KindJournal, v.journal},
		{KindLedger, v.ledger},
		{KindAlerts, v.alerts},
		{KindCalls, v.calls},
		{KindUsage, v.usage},
		{KindTables, v.tables},
		{KindQuotes, v.quotes},
		{KindMonths, v.months},
	}
}

func (v *verification) run(ctx context.Context, parts []part) error {
	for _, part := range parts {
		v.kind = part.kind
		if err := part.check(ctx); err != nil {
			return err
		}
	}
	return nil
}
