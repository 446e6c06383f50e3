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

// script is what pgbench executes over and over: statements of queries/ with its own variables and constants.
type script struct {
	text strings.Builder
	// constants are bound as parameters, as the program binds them.
	constants map[string]string
	// settings are options of the sessions.
	settings string
}

var (
	beginOfQuery = regexp.MustCompile(`(?m)^-- name: (\w+) :\w+\n`)
	parameter    = regexp.MustCompile(`sqlc\.narg\('(\w+)'\)|@(\w+)`)
	comment      = regexp.MustCompile(`(?m)--.*$`)
)

// query returns the text of a query as it stands in queries/.
func query(name string) (string, error) {
	files, err := filepath.Glob("queries/*.sql")
	if err != nil || len(files) == 0 {
		return "", errors.Join(errors.New("there is no folder queries: start this in the repository's root"), err)
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

// values say what stands for the parameters of a query: an expression with pgbench's variables; "" is a constant of the
// script with the parameter's own name, and what is not named is one too.
type values map[string]string

// add appends a query. Constants of this query, and of no other, have the prefix.
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
		if value == "" { // pgbench defines no empty variables.
			return "''"
		}
		s.constants[prefix+parameter] = value
		return ":" + prefix + parameter
	})
	if missing != "" {
		return fmt.Errorf("nobody gives %s of %s", missing, name)
	}
	s.text.WriteString(text + ";\n")
	return nil
}

func newScript() *script { return &script{constants: map[string]string{}} }

// id is an expression for the numbered id whose number a variable has.
func idExpression(kind, variable string) string {
	return "('00000000-0000-7000-" + kind + "-' || lpad(:" + variable + "::text, 12, '0'))::uuid"
}

var (
	transactionsPerSecond = regexp.MustCompile(`(?m)^tps = ([0-9.]+)`)
	transactions          = regexp.MustCompile(`(?m)^number of transactions actually processed: ([0-9]+)`)
)

// rate is how often something was done in a second, and the processor time for each, over all processes that had to do
// with it.
type rate struct{ perSecond, processor float64 }

// rates are series of them.
type rates struct{ perSecond, processor series }

func (r *rates) add(found rate) {
	r.perSecond, r.processor = append(r.perSecond, found.perSecond), append(r.processor, found.processor)
}

// against is the ratio of two rates by time, and by what the processors had to do: the latter is what an idle machine
// would make of it, more or less, when the processors are what there is too little of.
func (r rates) against(other rates) string {
	return ratios(r.perSecond, other.perSecond).String() + "; by processor " +
		figure(ratios(other.processor, r.processor).median())
}

// runScript lets clients execute the script for a time, prepared and as the server's role.
func (b *bench) runScript(s *script, clients int, slice time.Duration) (rate, error) {
	file := filepath.Join(b.folder, "script.sql")
	if err := os.WriteFile(file, []byte(s.text.String()), 0o600); err != nil {
		return rate{}, err
	}
	// Connecting counts towards its time, and not towards its figures.
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
		return rate{}, fmt.Errorf("pgbench says\n%s%s", out, complaints.String())
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

// awaitEnd waits until nobody of that name is connected any more: only then is it known what was done for them.
func (b *bench) awaitEnd(name string) error {
	const count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1"
	for connected := 1; connected > 0; b.wait(20 * time.Millisecond) { // The last wait is for the processes to be gone.
		if err := b.owner.QueryRow(b.ctx, count, name).Scan(&connected); err != nil {
			return err
		}
	}
	return nil
}
