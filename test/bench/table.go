package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"
)

// row is a line of the table. Goal and ratio may be empty.
type row struct{ what, found, against, ratio, goal string }

// table is the result of a run.
type table struct {
	rows      []row
	expensive []expensiveFunctions
}

// expensiveFunctions are the server's most expensive functions under a load, in the form of pprof.
type expensiveFunctions struct {
	load      string
	functions []string
}

func (t *table) add(r row) { t.rows = append(t.rows, r) }

// print writes the table as Markdown.
func (t *table) print(to io.Writer, b *bench) error {
	var version string
	if err := b.owner.QueryRow(b.ctx, "SELECT split_part(version(), ' ', 2)").Scan(&version); err != nil {
		return err
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%s, %d processors (%s), PostgreSQL %s with fsync on, %s; load average %s before and %s after; "+
		"medians of %d rounds of %s, least and greatest in brackets.\n\n", time.Now().UTC().Format(time.DateOnly),
		runtime.NumCPU(), processorName(), version, runtime.Version(), b.load, loadAverage(), b.rounds, b.slice)
	out.WriteString("| what | measured | against | ratio | goal |\n|---|---|---|---|---|\n")
	for _, r := range t.rows {
		fmt.Fprintf(&out, "| %s | %s | %s | %s | %s |\n", r.what, r.found, r.against, r.ratio, r.goal)
	}
	for _, d := range t.expensive {
		fmt.Fprintf(&out, "\nThe most expensive functions of the server under %s, with own and cumulative time:\n\n",
			d.load)
		for _, line := range d.functions {
			fmt.Fprintf(&out, "    %s\n", line)
		}
	}
	_, err := io.WriteString(to, out.String())
	return err
}

// processorName returns the model of the processor.
func processorName() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	for line := range strings.Lines(string(text)) {
		if name, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}
