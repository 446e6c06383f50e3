package workflow_test

import (
	"slices"
	"testing"

	"github.com/infin8content/engine/internal/workflow"
)

func TestModels_OwnOnesComeFirst(t *testing.T) {
	t.Parallel()
	mini, sonar := []string{"openai/gpt-4o-mini"}, []string{"perplexity/sonar", "openai/gpt-4o-mini"}
	common := workflow.Models{Common: []string{"a/common"}}
	own := workflow.Models{Common: []string{"a/common"}, Own: map[workflow.StepKey][]string{
		workflow.StepICP: {"a/first"}, workflow.StepArticle: {"a/writer"}, workflow.StepValidation: {},
	}}
	for _, row := range []struct {
		models workflow.Models
		step   workflow.StepKey
		want   []string
	}{
		{workflow.Models{}, workflow.StepICP, sonar},
		{workflow.Models{}, workflow.StepArticle, mini},
		{common, workflow.StepICP, sonar},
		{common, workflow.StepArticle, common.Common},
		{own, workflow.StepICP, []string{"a/first"}},
		{own, workflow.StepArticle, []string{"a/writer"}},
		{own, workflow.StepValidation, own.Common},
	} {
		if got := row.models.Of(row.step); !slices.Equal(got, row.want) {
			t.Errorf("%s of %+v: got %v, want %v", row.step, row.models, got, row.want)
		}
	}
}
