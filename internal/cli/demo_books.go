package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/server"
)

// booksPatience is how long the demo waits for calls of other workflows to end before it compares the books.
const booksPatience = 5 * time.Second

// errUnequalBooks means that a sandbox and the engine have recorded different things.
var errUnequalBooks = errors.New("the books of the sandboxes and those of the engine differ")

// bookLine compares one sandbox with the engine.
type bookLine struct {
	name, theirs, ours string
	fault              string // the first difference; "" for none
}

// compareBooks compares the sandboxes' own records with what the engine has recorded since the server started, prints
// both, and returns an error when they differ. Calls of other workflows may be under way, so it waits a little.
func (d *demoClient) compareBooks(
	ctx context.Context, out io.Writer, books server.SandboxBooks, at demoPlace,
) error {
	var lines []bookLine
	for end := time.Now().Add(booksPatience); ; {
		var err error
		if lines, err = d.compareOnce(ctx, books, at); err != nil {
			return fmt.Errorf("compare the books: %w", err)
		}
		if !slices.ContainsFunc(lines, func(l bookLine) bool { return l.fault != "" }) || time.Now().After(end) {
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
	return printBooks(out, lines)
}

// demoPlace is a workflow and the site that its articles go to, in a server that runs since a time.
type demoPlace struct {
	flow  string
	site  string
	since time.Time
	demos []*demoClient // one for each organization whose calls count
}

func (d *demoClient) compareOnce(
	ctx context.Context, books server.SandboxBooks, at demoPlace,
) (lines []bookLine, err error) {
	for _, b := range []struct {
		name, provider string
		charges        map[string]cost.Pico
	}{
		{"models", books.ModelsName, books.Models()},
		{"search data", books.SearchName, books.Search()},
	} {
		booked := map[string]cost.Pico{}
		for _, demo := range at.demos {
			if err := demo.addBooked(ctx, booked, b.provider, at.since); err != nil {
				return nil, err
			}
		}
		line, err := compareCharges(b.charges, booked)
		if err != nil {
			return nil, err
		}
		line.name = b.name
		lines = append(lines, line)
	}
	read, err := d.articles(ctx, at.flow)
	if err != nil {
		return nil, err
	}
	live := []string{}
	for _, p := range read.Publications.Nodes {
		if p.State == "LIVE" && strings.HasPrefix(p.URL, at.site) {
			live = append(live, p.URL)
		}
	}
	return append(lines, comparePosts(books.Posts(), live)), nil
}

// addBooked adds the costs of all calls to a provider since a time, by the provider's id of the answer.
func (d *demoClient) addBooked(
	ctx context.Context, booked map[string]cost.Pico, provider string, since time.Time,
) error {
	for after := ""; ; {
		var answer struct {
			Organization struct {
				Calls struct {
					Nodes    []struct{ GenerationID, Cost string }
					PageInfo struct {
						EndCursor   string
						HasNextPage bool
					}
				}
			}
		}
		variables := map[string]any{"provider": provider, "since": since.UTC().Format(time.RFC3339Nano)}
		if after != "" {
			variables["after"] = after
		}
		if err := d.ask(ctx, "Booked", variables, &answer); err != nil {
			return err
		}
		for _, call := range answer.Organization.Calls.Nodes {
			amount, err := cost.ParseUSD(cmp.Or(call.Cost, "0"))
			if err != nil {
				return err
			}
			booked[call.GenerationID] += amount
		}
		page := answer.Organization.Calls.PageInfo
		if after = page.EndCursor; !page.HasNextPage {
			return nil
		}
	}
}

// compareCharges compares the charges of a provider with the booked costs, answer by answer. What costs nothing is in
// neither.
func compareCharges(charged, booked map[string]cost.Pico) (bookLine, error) {
	free := func(_ string, amount cost.Pico) bool { return amount == 0 }
	maps.DeleteFunc(charged, free)
	maps.DeleteFunc(booked, free)
	line := bookLine{}
	for _, side := range []struct {
		of   map[string]cost.Pico
		text *string
	}{{charged, &line.theirs}, {booked, &line.ours}} {
		var total cost.Pico
		for _, amount := range side.of {
			var err error
			if total, err = total.Add(amount); err != nil {
				return line, err
			}
		}
		*side.text = fmt.Sprintf("%d answers, $%s", len(side.of), total)
	}
	all := maps.Clone(charged)
	maps.Copy(all, booked)
	for _, id := range slices.Sorted(maps.Keys(all)) {
		if charged[id] != booked[id] {
			line.fault = fmt.Sprintf("answer %q: charged $%s, booked $%s", id, charged[id], booked[id])
			break
		}
	}
	return line, nil
}

// comparePosts compares the public posts of a site with the addresses of the LIVE publications.
func comparePosts(public, live []string) bookLine {
	slices.Sort(public)
	slices.Sort(live)
	line := bookLine{
		name:   "posts",
		theirs: fmt.Sprintf("%d public", len(public)),
		ours:   fmt.Sprintf("%d live", len(live)),
	}
	if !slices.Equal(public, live) {
		line.fault = fmt.Sprintf("public are %v, live are %v", public, live)
	}
	return line
}

// printBooks prints the lines, and returns an error when one has a fault.
func printBooks(out io.Writer, lines []bookLine) (err error) {
	fmt.Fprintln(out, "\nBooks")
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "  \tthe sandbox has\tthe engine has\t")
	for _, l := range lines {
		verdict := "equal"
		if l.fault != "" {
			verdict, err = "DIFFERENT: "+l.fault, errUnequalBooks
		}
		fmt.Fprintf(table, "  %s\t%s\t%s\t%s\n", l.name, l.theirs, l.ours, verdict)
	}
	_ = table.Flush()
	return err
}
