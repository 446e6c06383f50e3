package steps

import (
	"errors"
	"testing"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/workflow"
)

func TestCheckModel_AcceptsRequestedModelsOnly(t *testing.T) {
	t.Parallel()
	asked := workflow.Models{}.Of(workflow.StepICP)
	for _, c := range []struct {
		answered string
		fits     bool
	}{
		{"perplexity/sonar", true},
		{"openai/gpt-4o-mini", true},
		{"openai/gpt-4o-mini-2024-07-18", true},
		{"openai/gpt-4o-mini-2099-01-01", false}, // dated, but not on the map
		{"openai/gpt-4o", false},
		{"perplexity/sonar-pro", false},
		{"Perplexity/Sonar", false},
		{"gpt-4o-mini", false},
		{" perplexity/sonar", false},
		{"", false},
	} {
		err := checkModel(asked, c.answered)
		var drift *driftError
		if c.fits != (err == nil) || (!c.fits && !errors.As(err, &drift)) {
			t.Errorf("%q: got %v, want it to fit: %t", c.answered, err, c.fits)
		}
	}
	if err := checkModel([]string{"perplexity/sonar"}, "openai/gpt-4o-mini-2024-07-18"); err == nil {
		t.Error("a dated name of a model that was not asked fits, want it refused")
	}
}

func TestDated_LeadsToAPrice(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, p := range cost.StartPrices() {
		known[p.Model] = true
	}
	for from, to := range dated {
		if !known[to] || priced(from) != to || priced(to) != to {
			t.Errorf("%s leads to %s, want a priced model that leads to itself", from, to)
		}
	}
}
