package graph

import (
	"strconv"
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

// decoded is an input of the engine, or the errors of a client's input.
type decoded[In any] struct {
	value In
	decoder
}

// decoder reads a client's input and collects its errors, each with its field.
type decoder struct {
	faults []error
	// blame has the field for an error of the engine that names none, by kind.
	blame map[fault.Kind][]string
}

// err returns the first error, or nil.
func (d *decoder) err() error {
	if len(d.faults) == 0 {
		return nil
	}
	return d.faults[0]
}

// note adds an error of a field; it ignores nil.
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

// ids reads a list of ids of one kind.
func (d *decoder) ids(all []publicid.ID, kind publicid.Kind, field string) []uuid.UUID {
	read := make([]uuid.UUID, len(all))
	for i, id := range all {
		read[i] = d.id(id, kind, field, strconv.Itoa(i))
	}
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

// text accepts text that the database can store: valid UTF-8 without NUL, of at most most characters.
func (d *decoder) text(text string, most int, field ...string) string {
	if !utf8.ValidString(text) || utf8.RuneCountInString(text) > most || containsNUL(text) {
		d.note(fault.New(fault.InvalidInput, "This text must be valid, without NUL, and have at most %d characters.", most),
			field)
		return "" // A later check would refuse the same text again.
	}
	return text
}

// key accepts an idempotency key: not empty, and printable, because people search for it in logs.
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

// orEmpty returns "" for nil, as the engine takes optional text.
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

// decodeAmount reads the amount in a query.
func decodeAmount(written scalar.WrittenUSD) (cost.Pico, error) {
	var d decoder
	amount := d.requiredAmount(written, "amount")
	return amount, d.err()
}

// requiredAmount reads an amount that an input must have.
func (d *decoder) requiredAmount(written scalar.WrittenUSD, field ...string) cost.Pico {
	read, err := written.Pico()
	d.note(err, field)
	return read
}

// limit reads a limit: an amount, or the explicit unlimited.
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

// entry reads the id of a ledger entry: its account and its sequence.
func (d *decoder) entry(id publicid.ID, field ...string) (account uuid.UUID, sequence int64) {
	account = d.id(id, publicid.LedgerEntry, field...)
	read, _ := id.Parse() // The line above has noted its error.
	return account, read.Number
}
