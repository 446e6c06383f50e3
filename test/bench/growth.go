package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

// growthCallers is the number of callers of each load of growth, each of another organization.
const growthCallers = 8

const filterQuery = `{ workflows(first: 20, filter: {states: [SEED_REVIEW_PENDING], createdBy: "bench"},
	orderBy: {field: UPDATED_AT, direction: DESC}) { nodes { id name state updatedAt } } }`

const searchQuery = `query ($text: String!) { workflows(first: 20, filter: {nameContains: $text}) {
	nodes { id name state } } }`

// growthLoads are what grows with the number of workflows, or must not.
var growthLoads = []struct {
	what string
	load func(*bench, *process) ([]time.Duration, error)
}{
	{"transition", func(b *bench, p *process) ([]time.Duration, error) {
		_, took, err := b.throughHTTP(p, growthCallers, b.slice)
		return took, err
	}},
	{"list of 20 workflows", func(b *bench, p *process) ([]time.Duration, error) { return b.asking(p, listQuery, nil) }},
	{"list with a filter by state and creator, by update", func(b *bench, p *process) ([]time.Duration, error) {
		return b.asking(p, filterQuery, nil)
	}},
	{"search of a name", func(b *bench, p *process) ([]time.Duration, error) {
		return b.asking(p, searchQuery, func(caller int, random *rand.Rand) string {
			flow := organizations*random.IntN(b.workflows/organizations) + caller
			return fmt.Sprintf(`{"text":"%012d"}`, flow)
		})
	}},
	{"overview", func(b *bench, p *process) ([]time.Duration, error) {
		return b.asking(p, overviewQueries[2].text, nil)
	}},
}

// growth compares the latencies of callers with few and with many workflows, on two databases of one PostgreSQL, in
// turns. `verify` proves that the many are as the engine would have written them.
func (b *bench) growth() error {
	grown := *b
	grown.name, grown.owner, grown.workflows = "grown", nil, b.grown
	defer func() {
		if grown.owner != nil {
			grown.owner.Close()
		}
	}()
	if err := grown.prepareDatabase(); err != nil {
		return err
	}
	began := time.Now()
	if err := grown.fill(); err != nil {
		return err
	}
	var size int64
	if err := grown.owner.QueryRow(b.ctx, "SELECT pg_database_size($1)", grown.name).Scan(&size); err != nil {
		return err
	}
	b.say("%d workflows of %.1f GiB, written in %.0f s", grown.workflows, float64(size)/(1<<30),
		time.Since(began).Seconds())
	began = time.Now()
	if err := grown.command("verify"); err != nil {
		return err
	}
	b.table.add(row{
		what:  fmt.Sprintf("verify of %d journal rows, s", grown.workflows*journalRows),
		found: figure(time.Since(began).Seconds()),
	})
	if err := grown.warm(); err != nil {
		return err
	}
	if _, err := b.owner.Exec(b.ctx, "CHECKPOINT"); err != nil { // What the filling wrote is not a cost of the turns.
		return err
	}
	took, err := growthTurns([2]*bench{b, &grown})
	if err != nil {
		return err
	}
	for i, l := range growthLoads {
		for _, percent := range []int{50, 99} {
			few, many := quantile(took[i][0], percent), quantile(took[i][1], percent)
			b.table.add(row{
				what: fmt.Sprintf("%s, %d callers, p%d, ms, with %d workflows and %d journal rows", l.what, growthCallers,
					percent, grown.workflows, grown.workflows*journalRows),
				found:   figure(many),
				against: fmt.Sprintf("with %d: %s", b.workflows, figure(few)),
				ratio:   figure(many / few),
				goal:    "≤ 1.2",
			})
		}
	}
	return nil
}

// warm reads the files of the database once. A server that has worked for a while has them in the memory of its
// machine, if that is large enough. Otherwise the turns would measure the disk.
func (b *bench) warm() error {
	var folder string
	err := b.owner.QueryRow(b.ctx, `SELECT current_setting('data_directory') || '/base/' || d.oid
		FROM pg_database AS d WHERE d.datname = $1`, b.name).Scan(&folder)
	if err != nil {
		return err
	}
	files, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, one := range files {
		file, err := os.Open(filepath.Join(folder, one.Name()))
		if errors.Is(err, fs.ErrNotExist) { // A relation was dropped meanwhile.
			continue
		}
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, file)
		_ = file.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// growthTurns returns the latencies of each load on both databases.
func growthTurns(both [2]*bench) ([][2][]time.Duration, error) {
	var servers [2]*process
	for i, one := range both {
		p, err := one.serve("--workers=false")
		if err != nil {
			return nil, err
		}
		defer p.stop()
		servers[i] = p
	}
	took := make([][2][]time.Duration, len(growthLoads))
	for round := range max(both[0].rounds, 5) + 1 {
		for l, load := range growthLoads {
			for i, one := range both {
				waited, err := load.load(one, servers[i])
				if err != nil {
					return nil, fmt.Errorf("%s: %w", load.what, err)
				}
				if round > 0 { // The first requests read from the disk.
					took[l][i] = append(took[l][i], waited...)
				}
			}
		}
	}
	return took, nil
}

// asking lets callers repeat a query, each for another organization. variables may be nil.
func (b *bench) asking(
	p *process, query string, variables func(caller int, random *rand.Rand) string,
) ([]time.Duration, error) {
	clients := make([]*client, growthCallers)
	randoms := make([]*rand.Rand, growthCallers)
	for i := range clients {
		token, err := tokenFor(adminOf(organizationIDs, i))
		if err != nil {
			return nil, err
		}
		if clients[i], err = dial(p.address, token); err != nil {
			return nil, err
		}
		defer clients[i].close()
		randoms[i] = rand.New(rand.NewPCG(b.random.Uint64(), 0))
	}
	text := operation(query)
	_, took, err := callers(growthCallers, b.slice, func(i, _ int) error {
		given := "{}"
		if variables != nil {
			given = variables(i, randoms[i])
		}
		_, err := clients[i].ask(text, given)
		return err
	})
	return took, err
}
