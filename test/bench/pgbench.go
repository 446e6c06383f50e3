package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/infin8content/engine/internal/postgres"
)

// script is a pgbench script: statements of queries/ with variables and constants of pgbench.
type script struct {
	text strings.Builder
	// constants are bound as parameters, like those of the program.
	constants map[string]string
	// settings are options of the sessions.
	settings string
}

var (
	beginOfQuery = regexp.MustCompile(`(?m)^-- name: (\w+) :\w+\n`)
	parameter    = regexp.MustCompile(`sqlc\.narg\('(\w+)'\)|@(\w+)`)
	comment      = regexp.MustCompile(`(?m)--.*$`)
)

// query returns the text of a query in queries/.
func query(name string) (string, error) {
	files, err := filepath.Glob("queries/*.sql")
	if err != nil || len(files) == 0 {
		return "", errors.Join(errors.New("there is no folder queries: run bench in the root of the repository"), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		for _, found := range beginOfQuery.FindAllSubmatchIndex(text, -1) {
			if string(text[found[2]:found[3]]) == name {
				rest := comment.ReplaceAll(text[found[1]:], nil)
				statement, _, _ := bytes.Cut(rest, []byte(";\n"))
				return strings.TrimSpace(string(statement)), nil
			}
		}
	}
	return "", fmt.Errorf("there is no query %s", name)
}

// values maps the parameters of a query to expressions with pgbench's variables. A parameter with "", or without an
// entry, is a constant with the parameter's name.
type values map[string]string

// add appends a query. The prefix marks constants of this query only.
func (s *script) add(name, prefix string, v values, constants map[string]string) error {
	text, err := query(name)
	if err != nil {
		return err
	}
	missing := ""
	text = parameter.ReplaceAllStringFunc(text, func(found string) string {
		groups := parameter.FindStringSubmatch(found)
		parameter := groups[1] + groups[2]
		if expression, named := v[parameter]; named {
			return expression
		}
		value, known := constants[parameter]
		if !known {
			missing = parameter
		}
		if value == "" { // pgbench has no empty variables.
			return "''"
		}
		s.constants[prefix+parameter] = value
		return ":" + prefix + parameter
	})
	if missing != "" {
		return fmt.Errorf("there is no value for %s of %s", missing, name)
	}
	s.text.WriteString(text + ";\n")
	return nil
}

func newScript() *script { return &script{constants: map[string]string{}} }

// idExpression returns an expression for the numbered id with the number in a variable.
func idExpression(kind, variable string) string {
	return "('00000000-0000-7000-" + kind + "-' || lpad(:" + variable + "::text, 12, '0'))::uuid"
}

var (
	transactionsPerSecond = regexp.MustCompile(`(?m)^tps = ([0-9.]+)`)
	transactions          = regexp.MustCompile(`(?m)^number of transactions actually processed: ([0-9]+)`)
)

// rate is a number of operations per second, and the processor time per operation over all involved processes.
type rate struct{ perSecond, processor float64 }

// rates is a series of rates.
type rates struct{ perSecond, processor series }

func (r *rates) add(found rate) {
	r.perSecond, r.processor = append(r.perSecond, found.perSecond), append(r.processor, found.processor)
}

// against returns the ratio of two rates by time and by processor time. The latter approximates the ratio on a machine
// whose processors are the bottleneck.
func (r rates) against(other rates) string {
	return ratios(r.perSecond, other.perSecond).String() + "; by processor " +
		figure(ratios(other.processor, r.processor).median())
}

// runScript lets clients execute the script for a time, with prepared statements and the server's role.
func (b *bench) runScript(s *script, clients int, slice time.Duration) (rate, error) {
	file := filepath.Join(b.folder, "script.sql")
	if err := os.WriteFile(file, []byte(s.text.String()), 0o600); err != nil {
		return rate{}, err
	}
	// pgbench counts connecting towards its duration, but not towards its figures.
	seconds := max(1, int(slice.Round(time.Second)/time.Second)) + clients/32
	arguments := []string{
		"--no-vacuum", "--protocol=prepared", "--client=" + strconv.Itoa(clients), "--jobs=" + strconv.Itoa(min(2, clients)),
		"--time=" + strconv.Itoa(seconds), "--file=" + file, "--random-seed=" + strconv.FormatUint(b.random.Uint64()>>32, 10),
	}
	for name, value := range s.constants {
		arguments = append(arguments, "--define="+name+"="+value)
	}
	cmd := exec.CommandContext(b.ctx, b.pgbench, append(arguments, b.url())...)
	cmd.Env = append(os.Environ(), "PGOPTIONS=-c role="+postgres.AppRole+" -c timezone=UTC "+s.settings)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	before := b.usedByDatabase()
	out, err := cmd.Output()
	if err != nil {
		return rate{}, fmt.Errorf("pgbench: %w\n%s%s", err, out, complaints.String())
	}
	found := transactionsPerSecond.FindSubmatch(out)
	if found == nil || !transactions.Match(out) || bytes.Contains(complaints.Bytes(), []byte("ERROR")) {
		return rate{}, fmt.Errorf("pgbench prints\n%s%s", out, complaints.String())
	}
	perSecond, err := strconv.ParseFloat(string(found[1]), 64)
	if err != nil {
		return rate{}, err
	}
	if err := b.awaitEnd("pgbench"); err != nil {
		return rate{}, err
	}
	used := b.usedByDatabase() - before + cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	times, err := strconv.ParseFloat(string(transactions.FindSubmatch(out)[1]), 64)
	return rate{perSecond, float64(used.Microseconds()) / times}, err
}

// awaitEnd waits until no connection with that name is left: only then is their processor time complete.
func (b *bench) awaitEnd(name string) error {
	const count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1"
	for connected := 1; connected > 0; b.wait(20 * time.Millisecond) { // The last wait lets the processes end.
		if err := b.owner.QueryRow(b.ctx, count, name).Scan(&connected); err != nil {
			return err
		}
	}
	return nil
}
