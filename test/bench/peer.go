package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/infin8content/engine/internal/workflow"
)

// peerFolder is the folder in which `npm ci` installs PostGraphile.
const peerFolder = "test/bench/postgraphile"

const (
	peerMoveQuery = `mutation ($input: MoveWorkflowInput!) { moveWorkflow(input: $input) {
	intentWorkflow { id state version updatedAt } } }`
	peerListQuery = `{ allIntentWorkflows(first: 20, orderBy: [CREATED_AT_DESC]) { nodes {
	id name state version status step
	usageAccountsByOrganizationIdAndWorkflowId(first: 1) { nodes { limitPico settledPico heldPico } }
	workflowTransitionsByOrganizationIdAndWorkflowId(first: 2, orderBy: [VERSION_ASC]) {
		nodes { version kind fromState toState actor occurredAt } } } } }`
)

// peer compares the server with PostGraphile on the same tables, turn by turn.
func (b *bench) peer() error {
	if _, err := os.Stat(filepath.Join(peerFolder, "node_modules")); err != nil {
		return fmt.Errorf("install PostGraphile first: npm ci --prefix %s", peerFolder)
	}
	if err := b.createPeerSchema(); err != nil {
		return err
	}
	ours, err := b.serve("--workers=false")
	if err != nil {
		return err
	}
	defer ours.stop()
	theirs, err := b.servePeer()
	if err != nil {
		return err
	}
	defer theirs.stop()
	var moved, listed [2]rates
	var servers [2]series
	for round := range b.rounds + 1 {
		for i, p := range []*process{ours, theirs} {
			found, err := b.used(p, func() (float64, []time.Duration, error) { return b.peerMoves(p, i == 1) })
			if err != nil {
				return err
			}
			if round > 0 { // Programs warm up in the first round.
				moved[i].add(found.rate)
			}
			found, err = b.used(p, func() (float64, []time.Duration, error) { return b.peerLists(p, i == 1) })
			if err != nil {
				return err
			}
			if round > 0 {
				listed[i].add(found.rate)
				servers[i] = append(servers[i], found.server)
			}
		}
	}
	b.table.add(row{
		what:    "transitions/s, GraphQL, 32 callers",
		found:   moved[0].perSecond.String(),
		against: "PostGraphile " + moved[1].perSecond.String(),
		ratio:   moved[0].against(moved[1]),
		goal:    "≥ 1.5",
	})
	b.table.add(row{
		what:    "processor time of the server for a list of 20 workflows, µs, 8 callers",
		found:   servers[0].String(),
		against: "PostGraphile " + servers[1].String(),
		ratio:   ratios(servers[0], servers[1]).String(),
		goal:    "≤ 0.9",
	})
	b.table.add(row{
		what:    "lists/s, 8 callers",
		found:   listed[0].perSecond.String(),
		against: "PostGraphile " + listed[1].perSecond.String(),
		ratio:   listed[0].against(listed[1]),
	})
	return nil
}

// createPeerSchema creates the functions that PostGraphile exposes.
func (b *bench) createPeerSchema() error {
	schema, err := os.ReadFile(filepath.Join(peerFolder, "schema.sql"))
	if err != nil {
		return err
	}
	statement, err := query("WorkflowTransition")
	if err != nil {
		return err
	}
	values := map[string]string{
		"organization_id": "move_workflow.organization", "id": "move_workflow.flow",
		"from_state": "from_state", "to_state": "to_state", "kind": "kind",
		"at": "at", "actor": "'bench'", "reason": "''", "failure_message": "''", "worker": "''", "attempt": "0",
		"lease_expires_at": "NULL::timestamptz",
	}
	statement = parameter.ReplaceAllStringFunc(statement, func(found string) string {
		if value, known := values[parameter.FindStringSubmatch(found)[2]]; known {
			return "(" + value + ")"
		}
		return "NULL"
	})
	_, err = b.owner.Exec(b.ctx, strings.Replace(string(schema), "/* WorkflowTransition */", statement, 1))
	return err
}

// servePeer starts PostGraphile.
func (b *bench) servePeer() (*process, error) {
	log, err := os.CreateTemp(b.folder, "postgraphile-*.log")
	if err != nil {
		return nil, err
	}
	p := &process{log: log, cmd: exec.Command("node", filepath.Join(peerFolder, "server.mjs"))}
	p.cmd.Stderr = log
	p.cmd.Env = append(b.environment(), "NODE_ENV=production", "ORGANIZATION="+numbered(organizationIDs, 0).String())
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	for tries := 0; p.address == ""; tries++ {
		if tries == 200 || b.ctx.Err() != nil {
			p.stop()
			text, _ := os.ReadFile(log.Name())
			return nil, errors.New("PostGraphile does not start: " + string(text))
		}
		b.wait(100 * time.Millisecond)
		p.address = listening(log.Name())
	}
	return p, nil
}

// peerMoves lets callers move workflows through the server, or through PostGraphile.
func (b *bench) peerMoves(p *process, theirs bool) (float64, []time.Duration, error) {
	const n = 32
	if !theirs {
		return b.throughHTTP(p, n, b.slice)
	}
	clients, closeAll, err := dialAll(p.address, "", n)
	if err != nil {
		return 0, nil, err
	}
	defer closeAll()
	text, movers, organization := operation(peerMoveQuery), b.movers(n), numbered(organizationIDs, 0).String()
	return callers(n, b.slice, func(i, turn int) error {
		edge := edges[turn%2]
		kind, err := workflow.CheckEdge(edge.from, edge.to)
		if err != nil {
			return err
		}
		_, err = clients[i].ask(text, `{"input":{"organization":"`+organization+`","flow":"`+
			movers[i].next(turn).String()+`","fromState":"`+string(edge.from)+`","toState":"`+string(edge.to)+
			`","kind":"`+string(kind)+`","at":"`+time.Now().UTC().Format(time.RFC3339Nano)+`"}}`)
		return err
	})
}

// peerLists lets callers request the list of the first organization.
func (b *bench) peerLists(p *process, theirs bool) (float64, []time.Duration, error) {
	const n = 8
	text, token := operation(listQuery), ""
	if theirs {
		text = operation(peerListQuery)
	} else {
		var err error
		if token, err = tokenFor(adminOf(organizationIDs, 0)); err != nil {
			return 0, nil, err
		}
	}
	clients, closeAll, err := dialAll(p.address, token, n)
	if err != nil {
		return 0, nil, err
	}
	defer closeAll()
	return callers(n, b.slice, func(i, _ int) error {
		_, err := clients[i].ask(text, "{}")
		return err
	})
}

// dialAll opens connections for one caller.
func dialAll(address, token string, n int) ([]*client, func(), error) {
	var clients []*client
	closeAll := func() {
		for _, c := range clients {
			c.close()
		}
	}
	for range n {
		c, err := dial(address, token)
		if err != nil {
			closeAll()
			return nil, nil, err
		}
		clients = append(clients, c)
	}
	return clients, closeAll, nil
}
