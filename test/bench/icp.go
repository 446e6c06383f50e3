package main

import (
	"bytes"
	"fmt"
	"strconv"
	"time"
)

const (
	createQuery = `mutation ($input: CreateWorkflowInput!) { createWorkflow(input: $input) {
	workflow { id } userErrors { code message } } }`
	generateQuery = `mutation ($input: GenerateIcpInput!) { generateIcp(input: $input) {
	workflow { state } userErrors { code message } } }`
	// icpFlows is the number of workflows whose profile is generated.
	icpFlows = 300
)

// icps measures the workflows per second that complete their first step, with a sandbox without delay.
func (b *bench) icps() error {
	p, err := b.serve("--sandbox", "--steps=ICP")
	if err != nil {
		return err
	}
	defer p.stop()
	token, err := tokenFor(adminOf(organizationIDs, 1))
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
			return fmt.Errorf("only %d of %d profiles are complete after a minute", done, icpFlows)
		}
	}
	took := time.Since(began)
	b.table.add(row{
		what: "workflows with a complete ICP/s, sandbox without delay, 10 workers",
		found: fmt.Sprintf("%s; processor: server %s ms", figure(icpFlows/took.Seconds()),
			figure(milliseconds(p.processor()-processor)/icpFlows)),
	})
	return nil
}
