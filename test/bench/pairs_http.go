package main

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strconv"
	"sync/atomic"
	"time"
)

const (
	reserveQuery = `mutation ($input: ReserveUsageInput!) { reserveUsage(input: $input) {
	call { id } userErrors { code message } } }`
	settleQuery = `mutation ($input: SettleUsageInput!) { settleUsage(input: $input) {
	call { id } userErrors { code message } } }`
)

// pairsThroughHTTP lets callers reserve and settle through the server for a time. Each caller has its own workflow in
// each organization.
func (b *bench) pairsThroughHTTP(p *process, organizations, n int) (used, error) {
	payers, err := b.dialPayers(p, organizations, n)
	for _, p := range payers {
		defer p.close()
	}
	if err != nil {
		return used{}, err
	}
	var keys atomic.Int64
	run := strconv.FormatUint(b.random.Uint64(), 36) + "-"
	return b.used(p, func() (float64, []time.Duration, error) {
		return callers(n, b.slice, func(i, _ int) error {
			return payers[i].pair(run + strconv.FormatInt(keys.Add(1), 10))
		})
	})
}

// payer is a caller with a connection, and a token of each organization in the head of its requests.
type payer struct {
	*client
	caller          int
	heads           []string
	random          *rand.Rand
	reserve, settle string
}

func (b *bench) dialPayers(p *process, organizations, n int) ([]*payer, error) {
	heads := make([]string, organizations)
	for o := range heads {
		token, err := tokenFor(adminOf(payerIDs, o))
		if err != nil {
			return nil, err
		}
		heads[o] = headFor(p.address, token)
	}
	var all []*payer
	for i := range n {
		c, err := dial(p.address, "")
		if err != nil {
			return all, err
		}
		all = append(all, &payer{
			client:  c,
			caller:  i,
			heads:   heads,
			random:  rand.New(rand.NewPCG(b.random.Uint64(), 0)),
			reserve: operation(reserveQuery),
			settle:  operation(settleQuery),
		})
	}
	return all, nil
}

// pair reserves for one of the caller's workflows and settles.
func (p *payer) pair(key string) error {
	o := p.random.IntN(len(p.heads))
	p.head = p.heads[o]
	flow := id(numbered(flowIDs, payingFlows+o*payingCallers+p.caller))
	answer, err := p.ask(p.reserve, `{"input":{"workflowId":"`+flow+`","step":"SEED_REVIEW","amount":"`+
		heldForPair.String()+`","idempotencyKey":"`+key+`"}}`)
	if err != nil {
		return err
	}
	_, rest, _ := bytes.Cut(answer, []byte(`"id":"`))
	call, _, there := bytes.Cut(rest, []byte(`"`))
	if !there {
		return errors.New("the answer names no call")
	}
	_, err = p.ask(p.settle, `{"input":{"callId":"`+string(call)+`","model":"`+pairModel+
		`","promptTokens":1000,"completionTokens":100,"cost":"`+costOfPair.String()+`"}}`)
	return err
}
