package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/infin8content/engine/internal/cost"
)

// demoCall is a paid call as the demo reads it.
type demoCall struct {
	Step, State, AnsweredModel, Provider, Hold, Cost string
	Usage                                            struct{ PromptTokens, CompletionTokens, Items int64 }
}

// billLine is the sum of all calls of one step to one model.
type billLine struct {
	step, model, provider, state string
	calls, tokens, items         int64
	hold, cost                   cost.Pico
}

// bill returns every call of a workflow, summed up by step and model, in the order of the first call.
func (d *demoClient) bill(ctx context.Context, id string) ([]billLine, error) {
	var lines []billLine
	for after := ""; ; {
		var answer struct {
			Workflow struct {
				Calls struct {
					Nodes    []demoCall
					PageInfo struct {
						EndCursor   string
						HasNextPage bool
					}
				}
			}
		}
		variables := map[string]any{"id": id}
		if after != "" {
			variables["after"] = after
		}
		if err := d.ask(ctx, "Bill", variables, &answer); err != nil {
			return nil, err
		}
		for _, call := range answer.Workflow.Calls.Nodes {
			var err error
			if lines, err = addCall(lines, call); err != nil {
				return nil, err
			}
		}
		page := answer.Workflow.Calls.PageInfo
		if after = page.EndCursor; !page.HasNextPage {
			return lines, nil
		}
	}
}

// addCall adds a call to its line.
func addCall(lines []billLine, call demoCall) ([]billLine, error) {
	hold, err := cost.ParseUSD(call.Hold)
	if err != nil {
		return nil, err
	}
	paid, err := cost.ParseUSD(cmp.Or(call.Cost, "0"))
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(lines, func(l billLine) bool {
		return l.step == call.Step && l.model == call.AnsweredModel && l.provider == call.Provider && l.state == call.State
	})
	if at < 0 {
		at = len(lines)
		lines = append(lines, billLine{
			step:     call.Step,
			model:    call.AnsweredModel,
			provider: call.Provider,
			state:    call.State,
		})
	}
	line := &lines[at]
	line.calls++
	line.tokens += call.Usage.PromptTokens + call.Usage.CompletionTokens
	line.items += call.Usage.Items
	if line.hold, err = line.hold.Add(hold); err != nil {
		return nil, err
	}
	line.cost, err = line.cost.Add(paid)
	return lines, err
}

// printBill prints what each step has paid for each model, and the balance.
func printBill(out io.Writer, lines []billLine, flow demoWorkflow) {
	fmt.Fprintln(out, "\nBill")
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "  step\tmodel\tprovider\tstate\tcalls\ttokens\titems\theld at most\tcost")
	for _, l := range lines {
		fmt.Fprintf(table, "  %s\t%s\t%s\t%s\t%d\t%d\t%d\t$%s\t$%s\n",
			l.step, l.model, l.provider, l.state, l.calls, l.tokens, l.items, l.hold, l.cost)
	}
	_ = table.Flush()
	fmt.Fprintf(out, "  settled $%s, held $%s, remaining $%s of $%s\n",
		flow.Spend.Settled, flow.Spend.Held, flow.Spend.Remaining, flow.Spend.Limit)
}
