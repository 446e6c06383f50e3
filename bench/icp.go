package main

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	createQuery = `mutation ($input: CreateWorkflowInput!) { createWorkflow(input: $input) {
	workflow { id } userErrors { code message } } }`
	generateQuery = `mutation ($input: GenerateIcpInput!) { generateIcp(input: $input) {
	workflow { state } userErrors { code message } } }`
	// icpFlows is how many workflows have their profile made.
	icpFlows = 300
)

// icps measures how many workflows go through their first step in a second, with a sandbox that answers at once.
func (b *bench) icps() error {
	p, err := b.serve("--sandbox")
	if err != nil {
		return err
	}
	defer p.stop()
	token, err := tokenFor(whoOf(organizationIDs, 1))
	if err != nil {
		return err
	}
	c, err := dial(p.address, token)
	if err != nil {
		return err
	}
	defer c.close()
	var ids []string
	for i := range icpFlows {
		answer, err := c.ask(operation(createQuery), `{"input":{"name":"ICP `+strconv.Itoa(i)+
			`","company":{"name":"Example","url":"https://example.com"}}}`)
		if err != nil {
			return err
		}
		_, rest, _ := bytes.Cut(answer, []byte(`"id":"`))
		id, _, _ := bytes.Cut(rest, []byte(`"`))
		ids = append(ids, string(id))
	}
	began, processor := time.Now(), p.processor()
	for _, id := range ids {
		if _, err := c.ask(operation(generateQuery), `{"input":{"workflowId":"`+id+`"}}`); err != nil {
			return err
		}
	}
	for done := 0; done < icpFlows; b.wait(20 * time.Millisecond) {
		err := b.owner.QueryRow(b.ctx, `SELECT count(*) FROM workflow_transitions
			WHERE organization_id = $1 AND to_state = 'ICP_COMPLETED' AND occurred_at >= $2`,
			numbered(organizationIDs, 1), began.UTC()).Scan(&done)
		if err != nil {
			return err
		}
		if time.Since(began) > time.Minute {
			return fmt.Errorf("only %d of %d profiles were made in a minute", done, icpFlows)
		}
	}
	took := time.Since(began)
	b.table.add(row{
		what: "workflows through their ICP/s, sandbox without delay, 10 workers",
		found: fmt.Sprintf("%s; processor: server %s ms", figure(icpFlows/took.Seconds()),
			figure(milliseconds(p.processor()-processor)/icpFlows)),
	})
	return nil
}

// profile finds the dearest functions of a server under transitions.
func (b *bench) profile() error {
	p, err := b.serve("--workers=false")
	if err != nil {
		return err
	}
	stop := sync.OnceFunc(p.stop)
	defer stop()
	if err := p.cmd.Process.Signal(syscall.SIGUSR1); err != nil {
		return err
	}
	if _, _, err := b.throughHTTP(p, 32, max(b.slice, 3*time.Second)); err != nil {
		return err
	}
	if err := p.cmd.Process.Signal(syscall.SIGUSR1); err != nil {
		return err
	}
	for tries := 0; ; tries++ {
		if found, _ := filepath.Glob(p.profiler); len(found) > 0 {
			break
		}
		if tries == 100 {
			return errors.New("the program wrote no profile: build it with -tags profile")
		}
		b.wait(50 * time.Millisecond)
	}
	out, err := exec.CommandContext(b.ctx, "go", "tool", "pprof", "-top", "-nodecount=5", b.server, p.profiler).Output()
	if err != nil {
		return fmt.Errorf("go tool pprof: %w", err)
	}
	_, functions, _ := strings.Cut(string(out), "flat%")
	_, functions, _ = strings.Cut(functions, "\n")
	functions = typeArguments.ReplaceAllString(strings.TrimSpace(functions), "")
	b.table.dearest = strings.Split(functions, "\n")
	return nil
}

// typeArguments are a page long where types have no names.
var typeArguments = regexp.MustCompile(`\[go\.shape.*\]`)
