package graph

import (
	"unicode"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"github.com/infin8content/engine/graph/scalar"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/publicid"
)

const (
	maxKeyCharacters    = 255
	maxReasonCharacters = 2000
	maxNameCharacters   = 200 // of a model, a provider, an actor, a part of a name
)

// decoded is an input as the engine takes it, or all that is wrong with it.
type decoded[In any] struct {
	value In
	decoder
}

// decoder reads what a client wrote and collects what cannot be read, each with its field.
type decoder struct {
	faults []error
	// blame says which field a fault of the engine is about when it does not say so itself.
	blame map[fault.Kind][]string
}

// err is the first fault, or nil.
func (d *decoder) err() error {
	if len(d.faults) == 0 {
		return nil
	}
	return d.faults[0]
}

// note keeps a fault of a field.
func (d *decoder) note(err error, field []string) {
	if err != nil {
		d.faults = append(d.faults, fault.Invalid(field, "%s", err.Error()))
	}
}

func (d *decoder) id(id publicid.ID, kind publicid.Kind, field ...string) uuid.UUID {
	read, err := id.As(kind)
	d.note(err, field)
	return read
}

func (d *decoder) amount(written graphql.Omittable[*scalar.WrittenUSD], field ...string) *cost.Pico {
	if written.Value() == nil {
		return nil
	}
	read, err := written.Value().Pico()
	d.note(err, field)
	return &read
}

// text accepts what the database can keep: valid UTF-8 without NUL, of at most so many characters.
func (d *decoder) text(text string, most int, field ...string) string {
	if !utf8.ValidString(text) || utf8.RuneCountInString(text) > most || containsNUL(text) {
		d.note(fault.New(fault.InvalidInput, "This text must be valid, without NUL, and have at most %d characters.", most),
			field)
	}
	return text
}

// key accepts an idempotency key: not empty, and printable, so that it can be found again in logs.
func (d *decoder) key(key *string) string {
	field := []string{"idempotencyKey"}
	d.blames(fault.IdempotencyMismatch, field...)
	if key == nil {
		return ""
	}
	characters := utf8.RuneCountInString(*key)
	if characters < 1 || characters > maxKeyCharacters || !isPrintable(*key) {
		d.note(fault.New(fault.InvalidInput,
			"An idempotency key has 1 to %d characters, none of them a control character.", maxKeyCharacters), field)
	}
	return *key
}

func (d *decoder) blames(kind fault.Kind, field ...string) {
	if d.blame == nil {
		d.blame = map[fault.Kind][]string{}
	}
	d.blame[kind] = field
}

// orEmpty is how the engine takes text that may be absent.
func orEmpty(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

func containsNUL(text string) bool {
	for i := range len(text) {
		if text[i] == 0 {
			return true
		}
	}
	return false
}

func isPrintable(text string) bool {
	for _, r := range text {
		if unicode.IsControl(r) {
			return false
		}
	}
	return utf8.ValidString(text)
}

// decodeAmount reads the amount that a query names.
func decodeAmount(written scalar.WrittenUSD) (cost.Pico, error) {
	var d decoder
	amount := d.given(written, "amount")
	return amount, d.err()
}

// given reads an amount that must be there.
func (d *decoder) given(written scalar.WrittenUSD, field ...string) cost.Pico {
	read, err := written.Pico()
	d.note(err, field)
	return read
}

// limit reads a limit: an amount, or the explicit word that there is none.
func (d *decoder) limit(
	written graphql.Omittable[*scalar.WrittenUSD], unlimited graphql.Omittable[*bool],
) cost.Limit {
	field := []string{"limit"}
	without := unlimited.Value() != nil && *unlimited.Value()
	amount := d.amount(written, field...)
	switch {
	case without == (amount != nil):
		d.note(fault.New(fault.InvalidInput, "Name either a limit or unlimited: true."), field)
		return 0
	case without:
		return cost.Unlimited
	}
	return cost.Limit(*amount)
}

// entry reads the id of a ledger entry: the account and the place in its ledger.
func (d *decoder) entry(id publicid.ID, field ...string) (account uuid.UUID, sequence int64) {
	account = d.id(id, publicid.LedgerEntry, field...)
	read, _ := id.Parse() // What is wrong with it is noted.
	return account, read.Number
}
