package scalar

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/99designs/gqlgen/graphql"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
)

// WrittenUSD is what a client wrote where an amount is wanted.
type WrittenUSD struct {
	text   string
	isText bool
}

// WriteUSD is the amount as a client would write it.
func WriteUSD(text string) WrittenUSD { return WrittenUSD{text: text, isText: true} }

// UnmarshalGQL accepts everything; Pico judges it.
func (u *WrittenUSD) UnmarshalGQL(v any) error {
	u.text, u.isText = v.(string)
	return nil
}

// MarshalGQL writes what was written.
func (u WrittenUSD) MarshalGQL(w io.Writer) {
	// A string always has a JSON form.
	text, _ := json.Marshal(u.text)
	_, _ = w.Write(text)
}

// Pico returns the amount, or an INVALID_INPUT fault without a field. A number without quotes is refused however it
// looks, since on its way it may have been rounded to binary.
func (u WrittenUSD) Pico() (cost.Pico, error) {
	if !u.isText {
		return 0, fault.New(fault.InvalidInput, `An amount is text: write "0.03", in quotes.`)
	}
	return cost.ParseUSD(u.text)
}

// MarshalUSD writes an amount in dollars as exact decimal text. cost.Unlimited is no amount: the model turns it into
// null before it comes here, and if it did not, that is a fault of ours.
func MarshalUSD(p cost.Pico) graphql.Marshaler {
	if p == cost.Unlimited {
		panic("scalar: the absence of a limit is not an amount")
	}
	return quoted(p.String())
}

// UnmarshalUSD is never asked: amounts arrive as WrittenUSD.
func UnmarshalUSD(v any) (cost.Pico, error) {
	return 0, fmt.Errorf("an amount arrived as %T past its reader", v)
}
