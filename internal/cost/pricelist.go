package cost

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/infin8content/engine/internal/fault"
)

// The limits of a price list: several times the size of the largest published one.
const (
	MaxListBytes  = 16 << 20
	MaxListPrices = 20_000
)

// ListedPrice is one price of a list.
type ListedPrice struct {
	Model           string
	Component       Component
	MinPromptTokens int64
	Unit            Pico
	// Below says that the listed price is above zero and below one picodollar. Unit is then one picodollar.
	Below bool
}

// SkippedModel is a model whose prices stay unchanged, and the reason.
type SkippedModel struct {
	Model string
	Line  int
	Why   string
}

// PriceList is the content of a provider's list, in its order.
type PriceList struct {
	Prices  []ListedPrice
	Skipped []SkippedModel
}

// listedField maps the names of a provider's list to components.
var listedField = map[string]Component{
	"prompt":             ComponentPrompt,
	"completion":         ComponentCompletion,
	"request":            ComponentRequest,
	"web_search":         ComponentWebSearch,
	"internal_reasoning": ComponentReasoning,
	"input_cache_read":   ComponentCacheRead,
	"input_cache_write":  ComponentCacheWrite,
	"item":               ComponentItem, // of services only
}

// unusedField has prices of services that the engine does not use, and remarks that are no price.
var unusedField = map[string]bool{
	"image": true, "image_token": true, "image_output": true, "audio": true, "audio_output": true,
	"input_audio_cache": true, "input_cache_write_1h": true, "discount": true,
}

// ParsePriceList reads the model list of the OpenRouter API: `{"data": [{"id", "pricing": {…}}]}`, where a price is the
// decimal text of US dollars for one token, request or search, and `overrides` of the pricing hold the prices from a
// `min_prompt_tokens` on. A price is rounded up to whole picodollars, so that a hold stays an upper bound. A zero or
// null for reasoning or a cache means that there is no separate price. A list of services has the same form: the name
// begins with "service/", and the pricing has `request` and may have `item`, the price of an item of the answer.
//
// A model is skipped, and named, when its bill has no bound that the engine can compute. Reasons: the price is "-1", so
// it depends on the answering model; a price has an unknown item or condition; prompt or completion has no price, or
// request if it is a service. An
// unreadable line, a repeated model or size, and a list beyond the limits are INVALID_INPUT. The sentence names line,
// model and component, and no part of the list is returned.
func ParsePriceList(text []byte) (PriceList, error) {
	if len(text) > MaxListBytes {
		return PriceList{}, fault.New(fault.InvalidInput, "A price list has at most %d bytes.", MaxListBytes)
	}
	r := listReader{models: map[string]bool{}}
	w := newJSONLines(text, 1)
	found := false
	err := w.object(func(key string) error {
		if key != "data" {
			_, err := w.value()
			return err
		}
		found = true
		return w.array(func() error {
			entry, err := w.value()
			if err != nil {
				return err
			}
			return r.model(entry)
		})
	})
	if err == nil {
		err = w.end()
	}
	if err == nil && !found {
		err = &lineError{line: 1, why: "the list has no \"data\""}
	}
	if err != nil {
		return PriceList{}, fault.New(fault.InvalidInput, "The price list cannot be read: %s. Nothing of it was taken.", err)
	}
	return r.list, nil
}

// lineError is the error of one line of a list.
type lineError struct {
	line int
	why  string
}

func (e *lineError) Error() string { return fmt.Sprintf("line %d: %s", e.line, e.why) }

// skip ends the reading of a model's prices with the reason for skipping it.
type skip string

func (s skip) Error() string { return string(s) }

type listReader struct {
	list   PriceList
	models map[string]bool
}

// model reads one entry of the list.
func (r *listReader) model(entry value) error {
	var id, pricing value
	w := entry.lines()
	err := w.object(func(key string) (err error) {
		v, err := w.value()
		switch key {
		case "id":
			id = v
		case "pricing":
			pricing = v
		}
		return err
	})
	if err != nil {
		return err
	}
	name, isText := id.text()
	switch {
	case !isText || !isModelName(name):
		return &lineError{entry.line, fmt.Sprintf("the \"id\" is no name of a model: 1 to %d characters without spaces",
			MaxModelCharacters)}
	case r.models[name]:
		return &lineError{entry.line, fmt.Sprintf("the model %q comes twice", name)}
	}
	r.models[name] = true
	m := modelReader{name: name}
	err = m.read(pricing)
	var skipped skip
	if errors.As(err, &skipped) {
		r.list.Skipped = append(r.list.Skipped, SkippedModel{Model: name, Line: entry.line, Why: string(skipped)})
		return nil
	}
	r.list.Prices = append(r.list.Prices, m.prices...)
	if err == nil && len(r.list.Prices) > MaxListPrices {
		err = &lineError{entry.line, fmt.Sprintf("a list has at most %d prices", MaxListPrices)}
	}
	return err
}

// modelReader reads the prices of one model.
type modelReader struct {
	name   string
	prices []ListedPrice
}

func (m *modelReader) bad(line int, key, why string) error {
	return &lineError{line, fmt.Sprintf("model %q, %s: %s", m.name, key, why)}
}

func (m *modelReader) read(pricing value) error {
	if pricing.isNull() {
		return skip("it has no prices")
	}
	var overrides value
	ground, err := m.tier(pricing, func(key string, v value) (bool, error) {
		if key == "overrides" {
			overrides = v
		}
		return key == "overrides", nil
	})
	if err != nil {
		return err
	}
	has := map[Component]bool{}
	for _, p := range ground {
		has[p.Component] = true
	}
	if IsService(m.name) && !has[ComponentRequest] {
		return skip("it has no price for request")
	}
	if !IsService(m.name) && (!has[ComponentPrompt] || !has[ComponentCompletion]) {
		return skip("it has no price for prompt or for completion")
	}
	m.prices = ground
	if overrides.isNull() {
		return nil
	}
	sizes, w := map[int64]bool{0: true}, overrides.lines()
	return w.array(func() error {
		v, err := w.value()
		if err != nil {
			return err
		}
		return m.override(v, sizes)
	})
}

// override reads the prices from a prompt size on. sizes has the earlier sizes of the model.
func (m *modelReader) override(v value, sizes map[int64]bool) error {
	var size int64
	prices, err := m.tier(v, func(key string, v value) (bool, error) {
		if key != "min_prompt_tokens" {
			return false, nil
		}
		var err error
		if size, err = strconv.ParseInt(string(v.raw), 10, 64); err != nil || size <= 0 ||
			size > MaxPromptBytes {
			return true, m.bad(v.line, key, fmt.Sprintf("%.40q is no number of tokens from 1 to %d", v.raw, MaxPromptBytes))
		}
		if sizes[size] {
			return true, m.bad(v.line, key, fmt.Sprintf("the size %d comes twice", size))
		}
		sizes[size] = true
		return true, nil
	})
	if err != nil {
		return err
	}
	if size == 0 {
		return skip("it has prices under another condition than the size of the prompt")
	}
	for _, p := range prices {
		p.MinPromptTokens = size
		m.prices = append(m.prices, p)
	}
	return nil
}

// tier reads the prices of one object. other is called first for each key, and reports whether it has read it.
func (m *modelReader) tier(v value, other func(key string, v value) (bool, error)) ([]ListedPrice, error) {
	var prices []ListedPrice
	w := v.lines()
	err := w.object(func(key string) error {
		v, err := w.value()
		if err != nil {
			return err
		}
		if known, err := other(key, v); known || err != nil {
			return err
		}
		component, known := listedField[key]
		switch {
		case known && (component != ComponentItem || IsService(m.name)):
			p, taken, err := m.price(component, key, v)
			if taken {
				prices = append(prices, p)
			}
			return err
		case unusedField[key] || v.isNothing():
			return nil
		}
		return skip(fmt.Sprintf("it has a price for %.40q, or under that condition, which is not known here", key))
	})
	return prices, err
}

// price reads one price. taken is false when the value means that there is no price.
func (m *modelReader) price(component Component, key string, v value) (p ListedPrice, taken bool, err error) {
	if v.isNull() {
		return p, false, nil
	}
	text, isText := v.text()
	if !isText {
		return p, false, m.bad(v.line, key, fmt.Sprintf("%.40q is not decimal text in quotes", v.raw))
	}
	if text == "-1" {
		return p, false, skip("its price depends on who answers")
	}
	p = ListedPrice{Model: m.name, Component: component}
	if p.Unit, p.Below, err = parseUnit(text); err != nil {
		return p, false, m.bad(v.line, key, fmt.Sprintf("%.40q is %s", text, err))
	}
	switch component {
	case ComponentReasoning, ComponentCacheRead, ComponentCacheWrite:
		return p, p.Unit > 0, nil
	}
	return p, true, nil
}
