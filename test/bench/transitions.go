package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// edges are the two edges that all measurements take in turn. Neither starts a run or needs a worker.
var edges = [2]struct{ from, to workflow.State }{
	{workflow.SeedReviewPending, workflow.SeedReviewCompleted},
	{workflow.SeedReviewCompleted, workflow.SeedReviewPending},
}

// connections is the server's default number of connections.
const connections = 20

// noJobs enqueues no job: the workflows need no worker.
type noJobs struct{}

func (noJobs) Drive(context.Context, postgres.Tx, uuid.UUID, uuid.UUID, time.Time) error {
	return nil
}

func (noJobs) Batch(context.Context, postgres.Tx, uuid.UUID, uuid.UUID, time.Time) error { return nil }

func (noJobs) Verify(context.Context, postgres.Tx, uuid.UUID, uuid.UUID, time.Time) error { return nil }

// Unpublish does nothing.
func (noJobs) Unpublish(context.Context, postgres.Tx, uuid.UUID, uuid.UUID, time.Time) error {
	return nil
}

func (noJobs) CheckTarget(context.Context, postgres.Tx, uuid.UUID, uuid.UUID, time.Time) error {
	return nil
}

// Unit does nothing.
func (noJobs) Unit(context.Context, postgres.Tx, workflow.Unit, time.Time) error { return nil }

func (noJobs) Deliver(context.Context, postgres.Tx, uuid.UUID, uuid.UUID, time.Time) error {
	return nil
}

// newEngine returns an engine without a server, with the server's role.
func (b *bench) newEngine() (*engine.Engine, func(), error) {
	pool, err := postgres.Connect(b.ctx, b.url(), postgres.AppRole, connections)
	if err != nil {
		return nil, nil, err
	}
	e, err := engine.New(engine.Options{
		Store:         postgres.New(pool),
		Jobs:          noJobs{},
		WorkflowLimit: riches,
		MonthLimit:    riches,
	})
	return e, pool.Close, err
}

// flowsOf returns the number of a caller's first workflow, and how many it has. All belong to the first organization,
// and no two callers share one.
func (b *bench) flowsOf(caller, callers int) (first, count int) {
	count = b.workflows / organizations / callers
	return caller * count, count
}

// transitionScript returns a script that takes both edges of one of the client's own workflows.
func (b *bench) transitionScript(clients int) (*script, error) {
	s := newScript()
	s.settings = "-c infin8.organization_id=" + numbered(organizationIDs, 0).String()
	_, count := b.flowsOf(0, clients)
	fmt.Fprintf(&s.text, "\\set n %d * (:client_id * %d + random(0, %d))\n", organizations, count, count-1)
	for i, edge := range edges {
		kind, err := workflow.CheckEdge(edge.from, edge.to)
		if err != nil {
			return nil, err
		}
		err = s.add("WorkflowMove", "edge"+strconv.Itoa(i)+"_", values{
			"id":      idExpression(flowIDs, "n"),
			"version": "NULL",
			"wake_at": "NULL",
		}, map[string]string{
			"organization_id": numbered(organizationIDs, 0).String(),
			"from_state":      string(edge.from),
			"to_state":        string(edge.to),
			"kind":            string(kind),
			"actor":           "bench",
			"reason":          "",
			"at":              b.began.UTC().Format(time.RFC3339Nano),
		})
		if err != nil {
			return nil, err
		}
	}
	return s, nil
}

// mover moves one of the caller's own workflows along the edge of the turn.
type mover struct {
	random *rand.Rand
	first  int
	count  int
	flow   uuid.UUID
}

func (b *bench) movers(n int) []mover {
	all := make([]mover, n)
	for i := range all {
		first, count := b.flowsOf(i, n)
		all[i] = mover{random: rand.New(rand.NewPCG(b.random.Uint64(), 0)), first: first, count: count}
	}
	return all
}

// next returns the workflow of the turn: another one after both edges.
func (m *mover) next(turn int) uuid.UUID {
	if turn%2 == 0 {
		m.flow = numbered(flowIDs, organizations*(m.first+m.random.IntN(m.count)))
	}
	return m.flow
}

const transitionQuery = `mutation ($input: TransitionWorkflowInput!) { transitionWorkflow(input: $input) {
	workflow { id state version } transition { version occurredAt } userErrors { code message } } }`

// throughHTTP lets callers move workflows through the server.
func (b *bench) throughHTTP(p *process, n int, slice time.Duration) (float64, []time.Duration, error) {
	token, err := tokenFor(adminOf(organizationIDs, 0))
	if err != nil {
		return 0, nil, err
	}
	clients := make([]*client, n)
	for i := range clients {
		if clients[i], err = dial(p.address, token); err != nil {
			return 0, nil, err
		}
		defer clients[i].close()
	}
	text, movers := operation(transitionQuery), b.movers(n)
	return callers(n, slice, func(i, turn int) error {
		edge := edges[turn%2]
		_, err := clients[i].ask(text, `{"input":{"workflowId":"`+id(movers[i].next(turn))+`","from":"`+
			string(edge.from)+`","to":"`+string(edge.to)+`"}}`)
		return err
	})
}

// transitions compares the bare statement, the engine, and GraphQL over HTTP.
func (b *bench) transitions() error {
	e, closeEngine, err := b.newEngine()
	if err != nil {
		return err
	}
	defer closeEngine()
	p, err := b.serve("--workers=false")
	if err != nil {
		return err
	}
	defer p.stop()
	results := make([]transitionFigures, len(b.callers))
	for range b.rounds {
		for i, n := range b.callers {
			if err := b.transitionTurn(e, p, n, &results[i]); err != nil {
				return err
			}
		}
	}
	for i, n := range b.callers {
		results[i].print(&b.table, n)
	}
	return nil
}

// transitionFigures are the rates of the three, and the processor time of server and client per request in
// microseconds.
type transitionFigures struct {
	bare, engine, graph rates
	server, client      series
}

func (b *bench) transitionTurn(e *engine.Engine, p *process, n int, f *transitionFigures) error {
	s, err := b.transitionScript(n)
	if err != nil {
		return err
	}
	bare, err := b.runScript(s, n, b.slice)
	if err != nil {
		return err
	}
	f.bare.add(rate{bare.perSecond * 2, bare.processor / 2}) // Each has two statements.
	who, movers := adminOf(organizationIDs, 0), b.movers(n)
	inside, err := b.used(nil, func() (float64, []time.Duration, error) {
		return callers(n, b.slice, func(i, turn int) error {
			edge := edges[turn%2]
			_, err := e.Transition(b.ctx, who, engine.TransitionInput{
				WorkflowID: movers[i].next(turn), From: edge.from, To: edge.to,
			})
			return err
		})
	})
	if err != nil {
		return err
	}
	f.engine.add(inside.rate)
	graph, err := b.used(p, func() (float64, []time.Duration, error) { return b.throughHTTP(p, n, b.slice) })
	if err != nil {
		return err
	}
	f.graph.add(graph.rate)
	f.server, f.client = append(f.server, graph.server), append(f.client, graph.client)
	return nil
}

func (f transitionFigures) print(t *table, n int) {
	t.add(row{
		what:    fmt.Sprintf("transitions/s, engine without HTTP, %d callers", n),
		found:   f.engine.perSecond.String(),
		against: "pgbench " + f.bare.perSecond.String(),
		ratio:   f.engine.against(f.bare),
	})
	t.add(row{
		what: fmt.Sprintf("transitions/s, GraphQL, %d callers", n),
		found: fmt.Sprintf("%s; processor: server %s µs, client %s µs", f.graph.perSecond, figure(f.server.median()),
			figure(f.client.median())),
		against: "pgbench " + f.bare.perSecond.String(),
		ratio:   f.graph.against(f.bare),
		goal:    "≥ 0.55",
	})
}

// latency measures the latency of one of twenty callers.
func (b *bench) latency() error {
	p, err := b.serve("--workers=false")
	if err != nil {
		return err
	}
	defer p.stop()
	var half, most series
	for range b.rounds {
		_, took, err := b.throughHTTP(p, 20, b.slice)
		if err != nil {
			return err
		}
		half, most = append(half, quantile(took, 50)), append(most, quantile(took, 99))
	}
	b.table.add(row{what: "transition latency at 20 callers, p50, ms", found: half.String()})
	b.table.add(row{
		what: "transition latency at 20 callers, p99, ms", found: most.String(), goal: "< 25 (promised: < 100)",
	})
	return nil
}
