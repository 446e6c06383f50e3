// Command bench compares the engine with PostgreSQL alone, side by side in one run. It starts a PostgreSQL with durable
// settings. pgbench with the statements of queries/, the engine without HTTP, and the real server take turns. It prints
// one table of medians, spreads and ratios. It sets no pass mark, changes nothing outside its own folders, and leaves
// no process behind.
//
//	go run ./test/bench                 everything that fits into five minutes
//	go run ./test/bench -only pairs     one part
//	go run ./test/bench -growth         10 000 against 1 000 000 workflows as well; takes 25 GB of disk
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

// options are the flags of a run.
type options struct {
	rounds    int
	slice     time.Duration
	callers   []int
	seed      uint64
	sockets   int
	workflows int
	ledger    int
	growth    bool
	grown     int
	server    string
	programs  string
	only      string
	against   string
}

// parts are the measurements, in this order.
var parts = []struct {
	name string
	run  func(*bench) error
	// asked reports whether the part runs when -only names none.
	asked func(options) bool
}{
	{"start", (*bench).start, always},
	{"transitions", (*bench).transitions, always},
	{"latency", (*bench).latency, always},
	{"list", (*bench).list, always},
	{"pairs", (*bench).pairs, always},
	{"sockets", (*bench).sockets, always},
	{"fairness", (*bench).fairness, func(options) bool { return false }},
	{"icp", (*bench).icps, always},
	{"plan", (*bench).plan, always},
	{"content", (*bench).content, always},
	{"articles", (*bench).articles, always},
	{"steps", (*bench).sevenSteps, always},
	{"profile", (*bench).profile, always},
	{"ledger", (*bench).ledger, func(o options) bool { return o.ledger > 0 }},
	{"overview", (*bench).overview, func(options) bool { return false }},
	{"indexes", (*bench).indexes, func(options) bool { return false }},
	{"growth", (*bench).growth, func(o options) bool { return o.growth }},
	{"postgraphile", (*bench).peer, func(options) bool { return false }},
	{"versions", (*bench).versions, func(o options) bool { return o.against != "" }},
}

func always(options) bool { return true }

func main() {
	ctx, _ := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	if err := run(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

func read() (options, error) {
	o := options{callers: []int{1, 8, 32, 128}}
	flag.IntVar(&o.rounds, "rounds", 3, "number of rounds in which the measurements take turns")
	flag.DurationVar(&o.slice, "slice", 2*time.Second, "`duration` of each turn")
	flag.Uint64Var(&o.seed, "seed", 1, "`seed` of the choice of workflows")
	flag.IntVar(&o.sockets, "sockets", 1000, "subscribers of one workflow")
	flag.IntVar(&o.workflows, "workflows", 10_000, "number of first workflows, with 30 journal rows each")
	flag.IntVar(&o.ledger, "ledger", 0, "number of ledger entries to verify; 0 skips this part")
	flag.BoolVar(&o.growth, "growth", false, "compare with many more workflows")
	flag.IntVar(&o.grown, "grown", 1_000_000, "number of workflows of the large database of -growth")
	flag.StringVar(&o.server, "server", "", "`path` of the engine's binary; built when empty")
	flag.StringVar(&o.programs, "programs", "", "`folder` with pgbench; PATH and the usual folders when empty")
	flag.StringVar(&o.against, "against", "", "`path` of another engine's binary to compare with")
	var names []string
	for _, p := range parts {
		names = append(names, p.name)
	}
	flag.StringVar(&o.only, "only", "", "comma-separated `parts` to measure: "+strings.Join(names, ", "))
	flag.Parse()
	for name := range strings.SplitSeq(o.only, ",") {
		if name != "" && !slices.Contains(names, name) {
			return o, fmt.Errorf("there is no part %q", name)
		}
	}
	if o.rounds < 1 || o.slice < 100*time.Millisecond || o.workflows < organizations*200 || o.sockets < 1 {
		return o, fmt.Errorf("at least one round of 100ms, one socket and %d workflows", organizations*200)
	}
	return o, nil
}

func run(ctx context.Context) (err error) {
	if text, attacks := os.LookupEnv(attackVariable); attacks {
		return runAttackers(ctx, text)
	}
	o, err := read()
	if err != nil {
		return err
	}
	// A folder in memory would make fsync cost nothing. PostgreSQL's temporary folder lies there unless TMPDIR is set.
	if err := os.Setenv("TMPDIR", os.TempDir()); err != nil {
		return err
	}
	b, err := open(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	for _, p := range parts {
		if o.only == "" && !p.asked(o) || o.only != "" && !slices.Contains(strings.Split(o.only, ","), p.name) {
			continue
		}
		began := time.Now()
		if err := p.run(b); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		b.say("%s: measured in %.0f s", p.name, time.Since(began).Seconds())
	}
	return b.table.print(os.Stdout, b)
}

// say prints progress to standard error.
func (b *bench) say(format string, values ...any) {
	fmt.Fprintf(os.Stderr, "bench: "+format+"\n", values...)
}
