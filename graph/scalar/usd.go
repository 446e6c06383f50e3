package scalar

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/99designs/gqlgen/graphql"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
)

// WrittenUSD is the text of a client in the place of an amount.
type WrittenUSD struct {
	text   string
	isText bool
}

// WriteUSD returns an amount as a client writes it.
func WriteUSD(text string) WrittenUSD { return WrittenUSD{text: text, isText: true} }

// UnmarshalGQL accepts every value; Pico checks it.
func (u *WrittenUSD) UnmarshalGQL(v any) error {
	u.text, u.isText = v.(string)
	return nil
}

// MarshalGQL writes the text.
func (u WrittenUSD) MarshalGQL(w io.Writer) {
	// A string always has a JSON form.
	text, _ := json.Marshal(u.text)
	_, _ = w.Write(text)
}

// Pico returns the amount, or an INVALID_INPUT error without a field. It refuses every number without quotes: a JSON
// library may have rounded it to binary.
func (u WrittenUSD) Pico() (cost.Pico, error) {
	if !u.isText {
		return 0, fault.New(fault.InvalidInput, `An amount is text: write "0.03", in quotes.`)
	}
	return cost.ParseUSD(u.text)
}

// MarshalUSD writes a stored amount in dollars as exact decimal text.
func MarshalUSD(p cost.Pico) graphql.Marshaler { return quoted(p.String()) }

// MarshalComputedUSD writes a computed amount in dollars as exact decimal text, however large it is.
func MarshalComputedUSD(f cost.Figure) graphql.Marshaler { return quoted(f.String()) }

// UnmarshalComputedUSD is never called: amounts arrive as WrittenUSD.
func UnmarshalComputedUSD(v any) (cost.Figure, error) {
	return cost.Figure{}, fmt.Errorf("a computed amount arrived as %T instead of WrittenUSD", v)
}

// UnmarshalUSD is never called: amounts arrive as WrittenUSD.
func UnmarshalUSD(v any) (cost.Pico, error) {
	return 0, fmt.Errorf("an amount arrived as %T past its reader", v)
}
