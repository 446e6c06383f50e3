package cost

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/infin8content/engine/internal/fault"
)

// The limits of an estimate. They are far above the limits of any provider, and low enough that a typing error is
// answered with a sentence and not with a hold of millions.
const (
	MaxModels           = 8
	MaxModelCharacters  = 200
	MaxPromptBytes      = 64 << 20
	MaxCompletionTokens = 10_000_000
	MaxWebSearches      = 1_000
	MaxItems            = 100_000
)

// Estimate describes a call before it is made. It bounds the cost from above.
type Estimate struct {
	// Models are the models that may answer.
	Models []string
	// PromptBytes is the length of the serialized request. A token is at least one byte, so it is at least the number
	// of prompt tokens.
	PromptBytes int64
	// MaxCompletionTokens is the limit of the answer, hidden reasoning included, that the request carries.
	MaxCompletionTokens int64
	// WebSearches is how many searches of the web the model may make. A model that always searches makes at least one.
	WebSearches int64
	// Items is the most items of a service's answer, which the request carries as its limit.
	// Without it the fingerprint of a reservation is that of earlier programs, whose keys still count.
	Items int64 `json:",omitempty"`
}

// Check returns nil when the estimate can be priced, and otherwise an INVALID_INPUT error about the first field that is
// empty, negative or beyond its limit.
func (e Estimate) Check() error {
	if len(e.Models) < 1 || len(e.Models) > MaxModels {
		return fault.Invalid([]string{"estimate", "models"}, "Name 1 to %d models that may answer.", MaxModels)
	}
	for _, model := range e.Models {
		if !isModelName(model) {
			return fault.Invalid([]string{"estimate", "models"},
				"The name of a model has 1 to %d characters, no spaces and no control characters.", MaxModelCharacters)
		}
	}
	for _, count := range []struct {
		field      string
		value, max int64
	}{
		{"promptBytes", e.PromptBytes, MaxPromptBytes},
		{"maxCompletionTokens", e.MaxCompletionTokens, MaxCompletionTokens},
		{"webSearches", e.WebSearches, MaxWebSearches},
		{"items", e.Items, MaxItems},
	} {
		if count.value < 0 || count.value > count.max {
			return fault.Invalid([]string{"estimate", count.field}, "%s must be from 0 to %d.", count.field, count.max)
		}
	}
	return nil
}

func isModelName(name string) bool {
	return name != "" && utf8.ValidString(name) && utf8.RuneCountInString(name) <= MaxModelCharacters &&
		!strings.ContainsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
}

// Ceiling has the highest unit prices that a call can be charged. A hold is computed from them, and the request sends
// them to the provider as the highest accepted prices.
type Ceiling struct {
	Prompt     Pico // per token sent, read from a cache or written to one
	Completion Pico // per token answered, reasoning included
	Request    Pico // per request
	WebSearch  Pico // per search
	Item       Pico // per item
}

// most returns the cost of a call that uses all that the estimate allows, at these prices.
func (c Ceiling) most(e Estimate) (Pico, error) {
	return sum(
		item{c.Prompt, e.PromptBytes},
		item{c.Completion, e.MaxCompletionTokens},
		item{c.Request, 1},
		item{c.WebSearch, e.WebSearches},
		item{c.Item, e.Items},
	)
}

// item is one line of a bill.
type item struct {
	unit  Pico
	count int64
}

// sum adds up a bill, or returns an INVALID_INPUT error when it is beyond the range of Pico.
func sum(items ...item) (Pico, error) {
	var total Pico
	for _, i := range items {
		line, err := i.unit.Times(i.count)
		if err != nil {
			return 0, err
		}
		if total, err = total.Add(line); err != nil {
			return 0, err
		}
	}
	return total, nil
}

// Hold returns the money to reserve for a call. No usage that the estimate allows costs more at the prices in force,
// for any of the models. It is the maximum over the models of
//
//	PromptBytes · the dearest of PROMPT, CACHE_READ and CACHE_WRITE
//	+ MaxCompletionTokens · the dearest of COMPLETION and REASONING
//	+ REQUEST + WebSearches · WEB_SEARCH + Items · ITEM
//
// where a price counts when it is in force and its MinPromptTokens is at most PromptBytes. Nothing is rounded. A model
// without an unconditional PROMPT and COMPLETION price, or a service without a REQUEST price, is a *PriceUnknownError.
// An estimate beyond its limits, or a hold that cannot be counted, is INVALID_INPUT.
func Hold(prices []Price, e Estimate, at time.Time) (Pico, error) {
	var hold Pico
	err := eachCeiling(prices, e, at, func(c Ceiling) error {
		most, err := c.most(e)
		if err != nil {
			return fault.Invalid([]string{"estimate"}, "The call could cost more than $%s, the most that can be counted.",
				maxAmount)
		}
		hold = max(hold, most)
		return nil
	})
	if err != nil {
		return 0, err
	}
	return hold, nil
}

// Dearest returns, kind by kind, the highest unit price that any of the models can charge: the same figures that Hold
// multiplies. The errors are those of Hold.
func Dearest(prices []Price, e Estimate, at time.Time) (Ceiling, error) {
	var dearest Ceiling
	err := eachCeiling(prices, e, at, func(c Ceiling) error {
		dearest = Ceiling{
			Prompt:     max(dearest.Prompt, c.Prompt),
			Completion: max(dearest.Completion, c.Completion),
			Request:    max(dearest.Request, c.Request),
			WebSearch:  max(dearest.WebSearch, c.WebSearch),
			Item:       max(dearest.Item, c.Item),
		}
		return nil
	})
	if err != nil {
		return Ceiling{}, err
	}
	return dearest, nil
}

// eachCeiling calls visit with the ceiling of every model of the estimate.
func eachCeiling(prices []Price, e Estimate, at time.Time, visit func(Ceiling) error) error {
	if err := e.Check(); err != nil {
		return err
	}
	for _, model := range e.Models {
		t, err := tariffOf(prices, model, at)
		if err != nil {
			return err
		}
		err = visit(Ceiling{
			Prompt:     t.dearest(e.PromptBytes, ComponentPrompt, ComponentCacheRead, ComponentCacheWrite),
			Completion: t.dearest(e.PromptBytes, ComponentCompletion, ComponentReasoning),
			Request:    t.dearest(e.PromptBytes, ComponentRequest),
			WebSearch:  t.dearest(e.PromptBytes, ComponentWebSearch),
			Item:       t.dearest(e.PromptBytes, ComponentItem),
		})
		if err != nil {
			return err
		}
	}
	return nil
}
