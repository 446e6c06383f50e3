package steps

import (
	"fmt"
	"slices"
)

// dated is the explicit map of dated names to the names that are asked for and priced. A name that is not here is
// another model.
var dated = map[string]string{
	"openai/gpt-4o-mini-2024-07-18": "openai/gpt-4o-mini",
}

// priced returns the name under which a model that answered has its price.
func priced(model string) string {
	if name, found := dated[model]; found {
		return name
	}
	return model
}

// driftError says that a model answered that was not asked.
type driftError struct{ model string }

func (e *driftError) Error() string {
	if e.model == "" {
		return "The answer does not say which model gave it."
	}
	return fmt.Sprintf("The model %.100q answered, which was not asked.", e.model)
}

// checkModel returns nil when the model that answered is one of those that were asked, and a *driftError otherwise.
func checkModel(asked []string, answered string) error {
	if slices.Contains(asked, answered) || slices.Contains(asked, priced(answered)) {
		return nil
	}
	return &driftError{model: answered}
}
