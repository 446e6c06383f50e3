package cost

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/fault"
)

// Doubt is the reason why a price goes into quarantine; "" for no doubt.
type Doubt string

// The doubts.
const (
	DoubtTooFar      Doubt = "TOO_FAR"       // more than MaxFactor times the price before it, or less than a MaxFactor-th
	DoubtOutOfBounds Doubt = "OUT_OF_BOUNDS" // outside the plausible range of its component
)

// MaxFactor is how many times dearer or cheaper a new price may be without a doubt.
const MaxFactor = 5

// PriceNotice is the time from writing a changed price of a known model to its first instant. It is longer than a
// transaction and than the difference of two servers' clocks. So no server prices a call by the old row at an instant
// when the new one is in force.
const PriceNotice = time.Minute

// The bounds of plausible prices. Tokens: from a picodollar to a cent; the dearest model so far costs a twentieth of
// that. Requests, searches and items: from a millionth of a dollar to a dollar; they cost from a hundredth of a cent to
// some cents.
const (
	minTokenPrice, maxTokenPrice Pico = 1, Dollar / 100
	minOncePrice, maxOncePrice   Pico = Dollar / 1_000_000, Dollar
)

// ChangeKind is the effect of a list on a price.
type ChangeKind string

// The kinds of change.
const (
	PriceAdded     ChangeKind = "ADDED"     // the list has a new price
	PriceChanged   ChangeKind = "CHANGED"   // the price differs from the one before
	PriceUnchanged ChangeKind = "UNCHANGED" // the price is the same
	PriceGone      ChangeKind = "GONE"      // no longer listed; it stays in force, since a price ends only by a successor
)

// PriceChange is one line of the difference between a list and the prices in force.
type PriceChange struct {
	ListedPrice
	Kind ChangeKind
	// Old is the price before; nil when there was none. For an ADDED price of an organization it is the operator's.
	Old   *Pico
	Doubt Doubt
	// Begins is the earliest instant of the price; zero when no price begins.
	Begins time.Time
}

// Taken reports whether the change is made without a person's decision.
func (c PriceChange) Taken() bool {
	return c.Doubt == "" && (c.Kind == PriceAdded || c.Kind == PriceChanged)
}

// Factor is new price / old price, for display: 0 without an old price, +Inf for an old price of zero.
func (c PriceChange) Factor() float64 {
	if c.Old == nil {
		return 0
	}
	return float64(c.Unit) / float64(*c.Old)
}

// priceKey identifies a price: at any time a list has at most one price per key.
type priceKey struct {
	model     string
	component Component
	size      int64
}

// CheckListed returns nil for valid prices, and otherwise an INVALID_INPUT error about the first invalid one: a bad
// name, an unknown component, a negative price or size, or a repeated price.
func CheckListed(prices []ListedPrice) error {
	if len(prices) > MaxListPrices {
		return fault.Invalid([]string{"prices"}, "A price list has at most %d prices.", MaxListPrices)
	}
	seen := make(map[priceKey]bool, len(prices))
	for _, p := range prices {
		key := priceKey{p.Model, p.Component, p.MinPromptTokens}
		switch {
		case !isModelName(p.Model):
			return fault.Invalid([]string{"prices", "model"},
				"The name of a model has 1 to %d characters, no spaces and no control characters.", MaxModelCharacters)
		case !p.Component.Known():
			return fault.Invalid([]string{"prices", "component"}, "There is no component %.40q.", p.Component)
		case p.Unit < 0 || p.Unit > maxAmount:
			return fault.Invalid([]string{"prices", "unit"}, "The price of %s for the model %q must not be negative.",
				p.Component, p.Model)
		case p.MinPromptTokens < 0 || p.MinPromptTokens > MaxPromptBytes:
			return fault.Invalid([]string{"prices", "minPromptTokens"}, "A size of prompt is from 0 to %d tokens.",
				MaxPromptBytes)
		case seen[key]:
			return fault.Invalid([]string{"prices"},
				"The price of %s for the model %q from %d prompt tokens on is there twice.", p.Component, p.Model,
				p.MinPromptTokens)
		}
		seen[key] = true
	}
	return nil
}

// Comparison is a list and the prices to compare it with.
type Comparison struct {
	// OrganizationID will own the prices of the list; the nil UUID is the operator.
	OrganizationID uuid.UUID
	// Open has the prices without an end: the owner's and the operator's.
	Open []Price
	List PriceList
	At   time.Time
}

// open has the prices without an end, by key.
type open struct {
	own, operators map[priceKey]Price
	known          map[string]bool // models that have any price
}

func (in Comparison) open() open {
	o := open{own: map[priceKey]Price{}, operators: map[priceKey]Price{}, known: map[string]bool{}}
	for _, p := range in.Open {
		o.known[p.Model] = true
		key := priceKey{p.Model, p.Component, p.MinPromptTokens}
		if p.OrganizationID == uuid.Nil {
			o.operators[key] = p
		}
		if p.OrganizationID == in.OrganizationID {
			o.own[key] = p
		}
	}
	return o
}

// begins returns the first instant of a price that is written at a moment. It is that moment for a model without
// prices, and else a PriceNotice later. It is always after the start of the price that it replaces.
func (o open) begins(p ListedPrice, at time.Time) time.Time {
	if o.known[p.Model] {
		at = at.Add(PriceNotice)
	}
	before, found := o.own[priceKey{p.Model, p.Component, p.MinPromptTokens}]
	if found && !at.After(before.ValidFrom) {
		at = before.ValidFrom.Add(time.Microsecond) // the database's resolution
	}
	return at
}

// Accept returns a doubtful price, which a person has accepted, as a change to be written. It does not use the list of
// the comparison.
func (in Comparison) Accept(p ListedPrice) PriceChange {
	return PriceChange{ListedPrice: p, Begins: in.open().begins(p, in.At)}
}

// Compare returns the changes by the list: first its prices in its order, then the prices that are missing in it,
// except those of skipped models. A price of an organization is compared with the one before it, or with the operator's
// when the organization has none.
func (in Comparison) Compare() []PriceChange {
	o := in.open()
	var changes []PriceChange
	listed := map[priceKey]bool{}
	for _, p := range in.List.Prices {
		key := priceKey{p.Model, p.Component, p.MinPromptTokens}
		listed[key] = true
		if c, counts := o.change(p); counts {
			c.Begins = o.begins(p, in.At)
			changes = append(changes, c)
		}
	}
	return append(changes, in.gone(o, listed)...)
}

// change compares one listed price with the one before it. counts is false for a listed zero without a price before.
func (o open) change(p ListedPrice) (c PriceChange, counts bool) {
	key := priceKey{p.Model, p.Component, p.MinPromptTokens}
	c = PriceChange{ListedPrice: p, Kind: PriceAdded}
	before, found := o.own[key]
	if found {
		c.Kind, c.Old = PriceChanged, &before.Unit
	} else if operators, found := o.operators[key]; found {
		c.Old = &operators.Unit
	}
	once := p.Component == ComponentRequest || p.Component == ComponentWebSearch || p.Component == ComponentItem
	if found && before.Unit == p.Unit {
		c.Kind = PriceUnchanged
		return c, true
	}
	low, high := minTokenPrice, maxTokenPrice
	if once {
		low, high = minOncePrice, maxOncePrice
	}
	switch {
	case c.Old == nil && once && p.Unit == 0:
		return c, false
	case p.Below || p.Unit < low || p.Unit > high:
		c.Doubt = DoubtOutOfBounds
	case c.Old != nil && (beyond(p.Unit, *c.Old) || beyond(*c.Old, p.Unit)):
		c.Doubt = DoubtTooFar
	}
	return c, true
}

// beyond reports whether a is more than MaxFactor times b.
func beyond(a, b Pico) bool {
	limit, err := b.Times(MaxFactor)
	return err == nil && a > limit
}

// gone returns the prices that are missing in the list, ordered by model, component and size. Services are not missing
// in a list of models, which names no service.
func (in Comparison) gone(o open, listed map[priceKey]bool) []PriceChange {
	services := slices.ContainsFunc(in.List.Prices, func(p ListedPrice) bool { return IsService(p.Model) })
	skipped := map[string]bool{}
	for _, s := range in.List.Skipped {
		skipped[s.Model] = true
	}
	var changes []PriceChange
	for key, p := range o.own {
		if listed[key] || skipped[p.Model] || !services && IsService(p.Model) {
			continue
		}
		changes = append(changes, PriceChange{Kind: PriceGone, Old: &p.Unit, ListedPrice: ListedPrice{
			Model:           p.Model,
			Component:       p.Component,
			MinPromptTokens: p.MinPromptTokens,
			Unit:            p.Unit,
		}})
	}
	slices.SortFunc(changes, func(a, b PriceChange) int {
		return cmp.Or(
			cmp.Compare(a.Model, b.Model), cmp.Compare(a.Component, b.Component),
			cmp.Compare(a.MinPromptTokens, b.MinPromptTokens),
		)
	})
	return changes
}
