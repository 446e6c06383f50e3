package report_test

import (
	"context"
	_ "embed"
	"flag"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/report"
	"github.com/infin8content/engine/internal/testdb"
)

var (
	monthEntries   = flag.Int("month.entries", 0, "ledger entries of the month, for BenchmarkAnalytics; 0: skip it")
	monthWorkflows = flag.Int("month.workflows", 5_000, "workflows that the month's calls are spread over")
)

// monthSQL fills a month with synthetic calls.
//
//go:embed testdata/month.sql
var monthSQL string

// BenchmarkAnalytics asks for the figures of a month in which so many ledger entries were written, half of them in the
// month's account and half in those of workflows:
//
//	go test ./internal/report -run '^$' -bench Analytics -benchtime 20x -month.entries 1000000
func BenchmarkAnalytics(b *testing.B) {
	if *monthEntries == 0 {
		b.Skip("-month.entries says how many")
	}
	db := testdb.New(b)
	who := testdb.Caller(b, db)
	asOf := time.Date(2026, 3, 31, 12, 0, 0, 0, time.UTC)
	r := report.New(db.Store(), func() time.Time { return asOf })
	fillMonth(b, db, who)
	from, to := cost.NewDay(asOf.AddDate(0, 0, -30)), cost.NewDay(asOf.AddDate(0, 0, 1))
	march := cost.Days{From: from, To: to}
	usage := func(dimensions ...report.Dimension) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := r.Usage(ctx, who, report.UsageInput{Days: march, GroupBy: dimensions, First: 1000})
			return err
		}
	}
	flow := uuid.UUID{}
	if err := db.Super.QueryRow(context.Background(), `SELECT id FROM intent_workflows LIMIT 1`).Scan(&flow); err != nil {
		b.Fatal(err)
	}
	for _, question := range []struct {
		name string
		ask  func(context.Context) error
	}{
		{"Total", usage()},
		{"ByDayModelStep", usage(report.ByDay, report.ByModel, report.ByStep)},
		{"ByOutcome", usage(report.ByOutcome)},
		{"ByWorkflow", usage(report.ByWorkflow)},
		{"ByWorkflowDayModel", usage(report.ByWorkflow, report.ByDay, report.ByModel)},
		{"OfOneWorkflow", func(ctx context.Context) error {
			_, err := r.WorkflowUsage(ctx, who, []uuid.UUID{flow}, report.UsageInput{
				Days: march, GroupBy: []report.Dimension{report.ByStep}, First: 1000,
			})
			return err
		}},
		{"Forecast", func(ctx context.Context) error { _, err := r.Forecast(ctx, who); return err }},
		{"ICPCost", func(ctx context.Context) error { _, err := r.ICPCost(ctx, who, march); return err }},
		{"Funnel", func(ctx context.Context) error { _, err := r.Funnel(ctx, who, march); return err }},
	} {
		b.Run(question.name, func(b *testing.B) {
			for b.Loop() {
				if err := question.ask(context.Background()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N), "ms/op")
		})
	}
}

func fillMonth(b *testing.B, db *testdb.DB, who caller.Caller) {
	b.Helper()
	ctx, month := context.Background(), uuid.New()
	conn, err := db.Super.Acquire(ctx)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Release()
	values := strings.NewReplacer("$1", "'"+who.OrganizationID.String()+"'", "$2", "'"+month.String()+"'",
		"$3", strconv.Itoa(*monthEntries/4), "$4", strconv.Itoa(*monthWorkflows))
	statements := strings.Split(values.Replace(monthSQL), ";\n")
	statements = append(statements, testdb.UsageDaysBackfill(b), "VACUUM ANALYZE")
	for _, statement := range statements {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		if _, err := conn.Exec(ctx, statement); err != nil {
			b.Fatalf("%v in %.200s", err, statement)
		}
	}
	var entries, days int
	const counts = `SELECT (SELECT count(*) FROM ai_usage_ledger), (SELECT count(*) FROM usage_days)`
	err = conn.QueryRow(ctx, counts).Scan(&entries, &days)
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("the ledger has %d entries, usage_days %d rows", entries, days)
}
