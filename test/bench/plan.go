package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
)

const (
	gatesQuery = `mutation ($input: SetGatesInput!) { setGates(input: $input) {
	gates { seeds } userErrors { code message } } }`
	marketQuery = `mutation ($input: SetMarketInput!) { setMarket(input: $input) {
	market { mode } userErrors { code message } } }`
	startQuery = `mutation ($input: StartStepInput!) { startStep(input: $input) {
	workflow { state } userErrors { code message } } }`
	addQuery = `mutation ($input: AddKeywordsInput!) { addKeywords(input: $input) {
	affected userErrors { code message } } }`
	keywordsQuery = `query ($id: ID!) { workflow(id: $id) {
	keywords(filter: {search: "keyword", choices: [SELECTED]}, first: 20) { totalCount nodes {
		id text volume difficulty cpc intent source score reasons choice } } } }`
	// keywordsListed is the number of keywords of the list.
	keywordsListed = 300
)

// planned is how many workflows are planned in each mode. The search data of more workflows would measure the limit of
// requests to the provider, 1500 a minute after the first 200.
var planned = []struct {
	mode  string
	flows int
}{{"MODEL", 12}, {"CRAWL", 12}, {"DATAFORSEO", 2}}

// plan measures steps 2 to 5 of workflows, with sandboxes without delay, and the list of a workflow's keywords.
func (b *bench) plan() error {
	for i, of := range planned {
		if err := b.planIn(of.mode, i+2, of.flows); err != nil {
			return fmt.Errorf("mode %s: %w", of.mode, err)
		}
	}
	return b.keywordList(len(planned) + 2)
}

// planIn measures the workflows of one organization in one mode.
func (b *bench) planIn(mode string, organization, flows int) error {
	first, err := b.serve("--sandbox", "--steps=ICP")
	if err != nil {
		return err
	}
	ids, err := b.profiles(first, mode, organization, flows)
	first.stop()
	if err != nil {
		return err
	}
	p, err := b.serve("--sandbox")
	if err != nil {
		return err
	}
	defer p.stop()
	c, err := b.dialAs(p, organization)
	if err != nil {
		return err
	}
	defer c.close()
	before, err := b.statements()
	if err != nil {
		return err
	}
	began, processor := time.Now(), p.processor()
	for _, id := range ids {
		if _, err := c.ask(operation(startQuery), `{"input":{"workflowId":"`+id+`"}}`); err != nil {
			return err
		}
	}
	if err := b.reach("VALIDATION_COMPLETED", organization, flows); err != nil {
		return err
	}
	took := time.Since(began)
	after, err := b.statements()
	if err != nil {
		return err
	}
	var calls int
	err = b.owner.QueryRow(b.ctx, `SELECT count(*) FROM ai_calls WHERE organization_id = $1 AND step <> 'ICP'`,
		numbered(organizationIDs, organization)).Scan(&calls)
	b.table.add(row{
		what: "workflows through steps 2 to 5/s, mode " + mode + ", sandboxes without delay, 10 workers",
		found: fmt.Sprintf("%s; for each %s calls, %s statements; processor: server %s ms",
			figure(float64(flows)/took.Seconds()), figure(float64(calls)/float64(flows)),
			figure(float64(after-before)/float64(flows)),
			figure(milliseconds(p.processor()-processor)/float64(flows))),
	})
	return err
}

func (b *bench) dialAs(p *process, organization int) (*client, error) {
	token, err := tokenFor(adminOf(organizationIDs, organization))
	if err != nil {
		return nil, err
	}
	return dial(p.address, token)
}

// profiles creates workflows whose first step is done and whose keywords the server's own client approves.
func (b *bench) profiles(p *process, mode string, organization, flows int) ([]string, error) {
	c, err := b.dialAs(p, organization)
	if err != nil {
		return nil, err
	}
	defer c.close()
	if _, err := c.ask(operation(gatesQuery), `{"input":{"seeds":"AUTO"}}`); err != nil {
		return nil, err
	}
	if _, err := c.ask(operation(marketQuery), `{"input":{"mode":"`+mode+`"}}`); err != nil {
		return nil, err
	}
	var ids []string
	for i := range flows {
		id, err := c.begin(mode + " " + strconv.Itoa(i))
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, b.reach("ICP_COMPLETED", organization, flows)
}

// begin creates a workflow and starts its first step.
func (c *client) begin(name string) (string, error) {
	answer, err := c.ask(operation(createQuery), `{"input":{"name":"`+name+
		`","company":{"name":"`+name+` Robotics","url":"https://acme-robotics.example"}}}`)
	if err != nil {
		return "", err
	}
	_, rest, _ := bytes.Cut(answer, []byte(`"id":"`))
	found, _, _ := bytes.Cut(rest, []byte(`"`))
	id := string(found)
	_, err = c.ask(operation(generateQuery), `{"input":{"workflowId":"`+id+`"}}`)
	return id, err
}

// reach waits until workflows of an organization are in a state.
func (b *bench) reach(state string, organization, flows int) error {
	for began := time.Now(); ; b.wait(10 * time.Millisecond) {
		var done, failed int
		err := b.owner.QueryRow(b.ctx, `SELECT count(*) FILTER (WHERE state = $2),
				count(*) FILTER (WHERE state LIKE '%\_FAILED') FROM intent_workflows
			WHERE organization_id = $1 AND created_at >= $3`,
			numbered(organizationIDs, organization), state, b.began).Scan(&done, &failed)
		switch {
		case err != nil:
			return err
		case done >= flows:
			return nil
		case time.Since(began) > time.Minute:
			return fmt.Errorf("only %d of %d workflows are %s after a minute, %d have failed", done, flows, state, failed)
		}
	}
}

// keywordList measures a filtered page of a workflow's keywords.
func (b *bench) keywordList(organization int) error {
	p, err := b.serve("--sandbox")
	if err != nil {
		return err
	}
	defer p.stop()
	clients := make([]*client, 8)
	for i := range clients {
		if clients[i], err = b.dialAs(p, organization); err != nil {
			return err
		}
		defer clients[i].close()
	}
	id, err := clients[0].begin("keywords")
	if err != nil {
		return err
	}
	if err := b.reach("SEED_REVIEW_PENDING", organization, 1); err != nil {
		return err
	}
	for page := range keywordsListed / 100 {
		texts := make([]string, 100)
		for i := range texts {
			texts[i] = fmt.Sprintf("keyword %d of the list", 100*page+i)
		}
		input, err := json.Marshal(map[string]any{"workflowId": id, "texts": texts})
		if err != nil {
			return err
		}
		if _, err := clients[0].ask(operation(addQuery), `{"input":`+string(input)+`}`); err != nil {
			return err
		}
	}
	text, variables := operation(keywordsQuery), `{"id":"`+id+`"}`
	answer, err := clients[0].ask(text, variables)
	if err == nil && !bytes.Contains(answer, []byte(`"totalCount":`+strconv.Itoa(keywordsListed))) {
		err = errors.New("the list has other keywords")
	}
	if err != nil {
		return err
	}
	return b.pages(p, clients, text, variables)
}

// pages lets the clients ask for a page of keywords.
func (b *bench) pages(p *process, clients []*client, text, variables string) error {
	var took, server, statements series
	for range b.rounds {
		before, err := b.statements()
		if err != nil {
			return err
		}
		processor := p.processor()
		_, each, err := callers(len(clients), b.slice, func(i, _ int) error {
			_, err := clients[i].ask(text, variables)
			return err
		})
		if err != nil {
			return err
		}
		after, err := b.statements()
		if err != nil {
			return err
		}
		requests := float64(len(each))
		took = append(took, quantile(each, 50))
		server = append(server, float64((p.processor()-processor).Microseconds())/requests)
		statements = append(statements, float64(after-before)/requests)
	}
	b.table.add(row{
		what:  fmt.Sprintf("page of 20 of %d keywords with a filter, 8 callers, p50, ms", keywordsListed),
		found: fmt.Sprintf("%s; %s statements; processor: server %s µs", took, figure(statements.median()), server),
		goal:  "≤ 4 statements",
	})
	return nil
}
