package cost

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/fault"
)

// Component is one kind of item on a bill.
type Component string

// The components.
const (
	ComponentPrompt     Component = "PROMPT"      // per token sent
	ComponentCompletion Component = "COMPLETION"  // per token answered
	ComponentRequest    Component = "REQUEST"     // per request, whatever its size
	ComponentWebSearch  Component = "WEB_SEARCH"  // per search of the web that the model makes
	ComponentReasoning  Component = "REASONING"   // per token of hidden reasoning, instead of COMPLETION
	ComponentCacheRead  Component = "CACHE_READ"  // per token read from the provider's cache, instead of PROMPT
	ComponentCacheWrite Component = "CACHE_WRITE" // per token written to the provider's cache, instead of PROMPT
	ComponentItem       Component = "ITEM"        // per item of a service's answer, in addition to REQUEST
)

// Components returns all components.
func Components() []Component {
	return []Component{
		ComponentPrompt, ComponentCompletion, ComponentRequest, ComponentWebSearch,
		ComponentReasoning, ComponentCacheRead, ComponentCacheWrite, ComponentItem,
	}
}

// Known reports whether c is one of the components.
func (c Component) Known() bool { return slices.Contains(Components(), c) }

// servicePrefix begins the names of services. They are priced for each request and item, and have no tokens.
const servicePrefix = "service/"

// IsService reports whether a name is one of a service, such as "service/dataforseo/labs". Wherever the books have a
// model, they may have a service.
func IsService(name string) bool { return strings.HasPrefix(name, servicePrefix) }

// Price is one version of one price of one model or service.
type Price struct {
	// OrganizationID owns the list of the price. The nil UUID is the operator, whose prices apply to organizations without
	// own prices for the model.
	OrganizationID uuid.UUID

	Model     string
	Component Component
	// Unit is the price of one token, request, search or item.
	Unit Pico
	// MinPromptTokens is the least size of a prompt that pays this price. Of several rows of a component, the prompt pays
	// the one with the greatest size that it reaches.
	MinPromptTokens int64
	// ValidFrom is the first instant of the price, ValidTo the first after it; nil is open-ended.
	ValidFrom time.Time
	ValidTo   *time.Time
	// Source names the publication of the price.
	Source string
}

// ValidAt reports whether the price is in force at an instant: from ValidFrom on, before ValidTo.
func (p Price) ValidAt(at time.Time) bool {
	return !at.Before(p.ValidFrom) && (p.ValidTo == nil || at.Before(*p.ValidTo))
}

// PriceUnknownError says that a model has no usable price at the time of a call.
type PriceUnknownError struct {
	Model string
	// Made says that the call was made. Its cost can still be booked if the caller states it.
	Made bool
}

// Error is the sentence for the client.
func (e *PriceUnknownError) Error() string {
	if e.Made {
		return fmt.Sprintf(
			"The model %q had no price when the call was made, so its cost cannot be computed: send `cost`.", e.Model)
	}
	return fmt.Sprintf("The price of the model %q is not known, so it cannot be called.", e.Model)
}

// Kind is the code for the client.
func (e *PriceUnknownError) Kind() fault.Kind { return fault.PriceUnknown }

// Field is the cost when that is what is missing; otherwise the caller's own field for the model.
func (e *PriceUnknownError) Field() []string {
	if e.Made {
		return []string{"cost"}
	}
	return nil
}

// tariff is the price list of one model at one instant.
type tariff map[Component][]Price

// complete reports whether the tariff bounds a bill. It has an unconditional price for PROMPT and for COMPLETION, or
// for REQUEST when it is a service.
func (t tariff) complete(model string) bool {
	required := []Component{ComponentPrompt, ComponentCompletion}
	if IsService(model) {
		required = []Component{ComponentRequest}
	}
	for _, needed := range required {
		if _, found := t.charged(needed, 0); !found {
			return false
		}
	}
	return true
}

// tariffOf picks a model's prices in force at an instant, from one list: the organization's own when that is complete,
// else the operator's. The two are never mixed: a tier of one list is no tier of the other. A model without a complete
// list is a *PriceUnknownError, since its bill has no bound. So is one with a negative price: some lists write it for
// "it depends".
func tariffOf(prices []Price, model string, at time.Time) (tariff, error) {
	own, operators := tariff{}, tariff{}
	for _, p := range prices {
		if p.Model != model || !p.ValidAt(at) {
			continue
		}
		if p.Unit < 0 {
			return nil, &PriceUnknownError{Model: model}
		}
		t := operators
		if p.OrganizationID != uuid.Nil {
			t = own
		}
		t[p.Component] = append(t[p.Component], p)
	}
	for _, t := range []tariff{own, operators} {
		if t.complete(model) {
			return t, nil
		}
	}
	return nil, &PriceUnknownError{Model: model}
}

// charged returns the price that a prompt of this many tokens pays for a component. Should two rows claim the same
// size, which the database excludes, the dearer one does.
func (t tariff) charged(c Component, promptTokens int64) (unit Pico, found bool) {
	var size int64
	for _, p := range t[c] {
		if p.MinPromptTokens > promptTokens {
			continue
		}
		if !found || p.MinPromptTokens > size || (p.MinPromptTokens == size && p.Unit > unit) {
			unit, size, found = p.Unit, p.MinPromptTokens, true
		}
	}
	return unit, found
}

// dearest returns the highest price of any of the components that a prompt of at most this many tokens can meet, and
// zero when there is none.
func (t tariff) dearest(promptTokens int64, components ...Component) Pico {
	var unit Pico
	for _, c := range components {
		for _, p := range t[c] {
			if p.MinPromptTokens <= promptTokens {
				unit = max(unit, p.Unit)
			}
		}
	}
	return unit
}
