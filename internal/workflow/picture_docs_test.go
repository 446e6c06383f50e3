package workflow_test

import (
	"os"
	"strings"
	"testing"

	"github.com/infin8content/engine/internal/workflow"
)

func TestMermaid_EqualsTheDocument(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/state-machine.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "\n```mermaid\n"+workflow.Mermaid()+"```\n") {
		t.Error("docs/state-machine.md has another graph: replace its diagram by the output of go run . graph")
	}
}
