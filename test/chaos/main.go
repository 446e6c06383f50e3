//go:build unix

// Command chaos runs three servers of the real program on one PostgreSQL and injects failures while clients work. Then
// it compares the answers that clients got with the database: docs/reliability.md explains how. It ends with status 0
// when every promise is kept.
//
// With -without it first removes a guard from the program, and ends with status 0 when the checker finds that.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/workflow"
	"github.com/infin8content/engine/test/chaos/history"
)

// options are the flags of a run.
type options struct {
	length, round time.Duration
	seed          uint64
	without       string
	only          roundKind
	keep          bool
}

func main() {
	ctx, _ := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	os.Exit(runSuite(ctx, os.Args[1:], os.Stdout))
}

func parse(args []string, out io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("chaos", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.DurationVar(&o.length, "for", time.Minute, "`duration` of the run; the last round is finished")
	flags.DurationVar(&o.round, "round", 8*time.Second, "`duration` of the injections in a round")
	flags.Uint64Var(&o.seed, "seed", 0, "`seed` of injections and of clients' choices; random when 0")
	flags.StringVar(&o.without, "without", "", "`guard` to remove: state, fence, limit, unit-fence or publish-lookup")
	flags.Func("only", "`kind` of the rounds: moves or posts; both in turn when absent", func(text string) error {
		o.only = roundKind(text)
		if _, known := injectionKinds[o.only]; !known {
			return errors.New("moves or posts")
		}
		return nil
	})
	flags.BoolVar(&o.keep, "keep", false, "keep the folder with the data and the servers' logs")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if _, known := guards[o.without]; o.without != "" && !known {
		return o, fmt.Errorf("there is no guard %q", o.without)
	}
	if o.without != "" {
		o.only = guards[o.without].rounds
	}
	if o.seed == 0 {
		o.seed = uint64(rand.Uint32())
	}
	return o, nil
}

// totals are the figures of a run.
type totals struct {
	rounds, operations, attempts, unanswered, reads, rows, calls, injections, starts int

	live, units int // publications that readers see, and units

	byKind map[injectionKind]int
	// longest is the longest time from the kill of a worker to the next attempt of its step.
	longest time.Duration
	// internal is the number of answers with the code INTERNAL.
	internal int64
}

func runSuite(ctx context.Context, args []string, out io.Writer) int {
	o, err := parse(args, out)
	if err != nil {
		fmt.Fprintln(out, err)
		return 2
	}
	say := func(format string, args ...any) { fmt.Fprintf(out, format+"\n", args...) }
	say("seed %d: -seed %d repeats the run", o.seed, o.seed)
	began := time.Now()
	c, err := newCluster(ctx, o, say)
	if err != nil {
		say("%v", err)
		return 1
	}
	defer c.close(o.keep)
	if o.keep {
		say("the data and the logs are in %s", c.folder)
	}
	say("three servers are up after %s", time.Since(began).Round(100*time.Millisecond))
	violations, t, err := c.rounds(ctx, o)
	if ctx.Err() != nil {
		say("interrupted")
		return 1
	}
	t.report(say, len(violations))
	if err != nil {
		say("%v", err)
	}
	return exitStatus(o, violations, err, say)
}

// kindOf returns the kind of a round: both kinds in turn, unless one is asked for.
func (o options) kindOf(number int) roundKind {
	switch {
	case o.only != "":
		return o.only
	case number%2 == 1:
		return moves
	}
	return posts
}

// isFound reports whether the violations are what the run looks for: any, or without a guard one of its rules.
func (o options) isFound(violations []history.Violation) bool {
	if o.without == "" {
		return len(violations) > 0
	}
	return slices.ContainsFunc(violations, func(v history.Violation) bool {
		return slices.Contains(guards[o.without].rules, v.Rule)
	})
}

// lengthOf multiplies the length of a round: a workflow takes longer to its posts than the other clients to their ends.
var lengthOf = map[roundKind]time.Duration{moves: 1, posts: 3}

// rounds plays rounds until the time is over or a round finds a violation; without a guard, one of a rule that needs
// it. It plays each kind at least once.
func (c *cluster) rounds(ctx context.Context, o options) (found []history.Violation, t totals, err error) {
	t.byKind = map[injectionKind]int{}
	decks := map[roundKind]*deck{}
	for kind, kinds := range injectionKinds {
		decks[kind] = &deck{kinds: kinds}
	}
	least := 2
	if o.only != "" {
		least = 1
	}
	end := time.Now().Add(o.length)
	for !o.isFound(found) && err == nil && (t.rounds < least || time.Now().Before(end)) {
		t.rounds++
		kind := o.kindOf(t.rounds)
		length := min(o.round*lengthOf[kind], max(3*time.Second, time.Until(end)))
		plans := schedule(o.seed, t.rounds, length, decks[kind])
		c.say("round %d, of %s", t.rounds, kind)
		if err = c.prepareRound(ctx, kind); err != nil {
			break
		}
		r := c.newRound(t.rounds, o.seed)
		play := r.play
		if kind == posts {
			play = r.playPosts
		}
		began := time.Now()
		var h history.History
		if h, err = play(ctx, length, plans); err == nil {
			rested := time.Now()
			found = append(append(found, history.Check(h)...), r.checkProgram(ctx)...)
			t.count(h, plans)
			t.longest = max(t.longest, r.longestPause(ctx))
			c.say("round %d: %s; quiescent %s after the injections, checked in %s; %d violations",
				t.rounds, summary(h), rested.Sub(began.Add(length)).Round(time.Millisecond*100),
				time.Since(rested).Round(time.Millisecond*100), len(found))
		}
		if !o.isFound(found) && err == nil {
			err = r.cancelRest(ctx)
		}
		c.forget()
	}
	for _, s := range c.servers {
		t.starts += s.starts
	}
	t.internal = c.internal.Load()
	return found, t, err
}

// summary returns the figures of one round.
func summary(h history.History) string {
	if len(h.Units) == 0 && len(h.Ops) > 0 {
		return fmt.Sprintf("%d operations, %d rows, %d calls", len(h.Ops), len(h.Rows), len(h.Calls))
	}
	ended := map[workflow.State]int{}
	for _, flow := range h.Flows {
		ended[flow.State]++
	}
	return fmt.Sprintf("%d workflows (%d completed), %d rows, %d calls, %d units, %d posts, %d of them live",
		len(h.Flows), ended[workflow.Completed], len(h.Rows), len(h.Calls), countUnits(h), len(h.Posts), countLive(h))
}

func countUnits(h history.History) int {
	units := map[uuid.UUID]bool{}
	for _, e := range h.Units {
		units[e.Unit] = true
	}
	return len(units)
}

func countLive(h history.History) (live int) {
	for _, p := range h.Publications {
		if p.State == workflow.PublicationLive {
			live++
		}
	}
	return live
}

// forget closes the books of an ended round.
func (c *cluster) forget() {
	c.provider.forget()
	c.searches.begin()
	c.website.begin()
}

// checkProgram runs the checks that need the program or the database.
func (r *round) checkProgram(ctx context.Context) (found []history.Violation) {
	for _, odd := range r.unexpectedAnswers {
		found = append(found, history.Violation{Rule: "answer", Detail: odd})
	}
	if output, err := r.run(ctx, "verify"); err != nil {
		found = append(found, history.Violation{Rule: "verify", Detail: fmt.Sprintf("%v: %s", err, output)})
	}
	for _, s := range r.servers {
		s.mu.Lock()
		for _, end := range s.unexpectedEnds {
			found = append(found, history.Violation{Rule: "alive", Detail: end})
		}
		s.unexpectedEnds = nil
		s.mu.Unlock()
	}
	return found
}

func (t *totals) count(h history.History, plans []injection) {
	t.operations += len(h.Ops)
	t.reads += len(h.Reads)
	t.rows += len(h.Rows)
	t.calls += len(h.Calls)
	t.injections += len(plans)
	t.units += countUnits(h)
	t.live += countLive(h)
	for _, p := range plans {
		t.byKind[p.kind]++
	}
	for _, op := range h.Ops {
		t.attempts += len(op.Attempts)
		for _, a := range op.Attempts {
			if a.Outcome == history.Unknown {
				t.unanswered++
			}
		}
	}
}

func (t *totals) report(say func(string, ...any), violations int) {
	say("%d rounds, %d operations in %d attempts (%d without an answer), %d reads, %d transitions, %d calls, "+
		"%d units, %d live posts, %d injections, %d starts of servers, %d violations",
		t.rounds, t.operations, t.attempts, t.unanswered, t.reads, t.rows, t.calls, t.units, t.live, t.injections,
		t.starts, violations)
	for _, kind := range slices.Sorted(maps.Keys(t.byKind)) {
		say("%6d %s", t.byKind[kind], kind)
	}
	say("%6d answers with the code INTERNAL", t.internal)
	if t.longest > 0 {
		say("from the kill of a worker to the next attempt: %s at most, with a lease of 3 s",
			t.longest.Round(100*time.Millisecond))
	}
}

// exitStatus prints the result and returns the exit status.
func exitStatus(o options, violations []history.Violation, err error, say func(string, ...any)) int {
	const most = 20
	for i, v := range violations {
		if i == most {
			say("… and %d more", len(violations)-most)
			break
		}
		say("%s", v)
	}
	if o.without == "" {
		if err != nil || len(violations) > 0 {
			say("FAILED with seed %d", o.seed)
			return 1
		}
		say("no violation")
		return 0
	}
	if !o.isFound(violations) {
		say("FAILED: no checker has found that the guard %q is gone; want a violation of one of %s", o.without,
			strings.Join(guards[o.without].rules, ", "))
		return 1
	}
	say("the checker has found that the guard %q is gone", o.without)
	return 0
}
