package steps

import (
	"fmt"
	"slices"
)

// dated maps the dated names of models to the requested and priced names. A dated name that is missing here is another
// model.
var dated = map[string]string{
	"openai/gpt-4o-mini-2024-07-18": "openai/gpt-4o-mini",
}

// priced returns the name under which an answering model has its price.
func priced(model string) string {
	if name, found := dated[model]; found {
		return name
	}
	return model
}

// driftError means that a model answered that was not requested.
type driftError struct{ model string }

func (e *driftError) Error() string {
	if e.model == "" {
		return "The answer does not name its model."
	}
	return fmt.Sprintf("The model %.100q answered, which was not requested.", e.model)
}

// checkModel returns nil when the answering model is a requested one, and a *driftError otherwise.
func checkModel(asked []string, answered string) error {
	if slices.Contains(asked, answered) || slices.Contains(asked, priced(answered)) {
		return nil
	}
	return &driftError{model: answered}
}
