package graph

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"

	"github.com/infin8content/engine/graph/model"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/report"
	"github.com/infin8content/engine/internal/workflow"
)

func schemaTypes() map[string]*ast.Definition {
	types := map[string]*ast.Definition{}
	for name, definition := range NewSchema(nil).Schema().Types {
		if !definition.BuiltIn && !strings.HasPrefix(name, "__") {
			types[name] = definition
		}
	}
	return types
}

func TestSchema_DescribesEverything(t *testing.T) {
	t.Parallel()
	check := func(description string, where ...string) {
		switch {
		case description == "":
			t.Errorf("%s has no description", strings.Join(where, "."))
		case !strings.HasSuffix(description, ".") && !strings.HasSuffix(description, "`."):
			t.Errorf("the description of %s is no sentence: %q", strings.Join(where, "."), description)
		}
	}
	for name, definition := range schemaTypes() {
		check(definition.Description, name)
		for _, field := range definition.Fields {
			if strings.HasPrefix(field.Name, "__") {
				continue
			}
			check(field.Description, name, field.Name)
			for _, argument := range field.Arguments {
				check(argument.Description, name, field.Name, argument.Name)
			}
		}
		for _, value := range definition.EnumValues {
			check(value.Description, name, value.Name)
		}
	}
	directive := NewSchema(nil).Schema().Directives["requires"]
	check(directive.Description, "@requires")
	check(directive.Arguments.ForName("permission").Description, "@requires", "permission")
}

func TestSchema_EnumsHaveTheValuesOfTheirGoTypes(t *testing.T) {
	t.Parallel()
	kinds := []workflow.EdgeKind{
		workflow.Create, workflow.Advance, workflow.Fail, workflow.Retry, workflow.Cancel, workflow.Reset,
	}
	var keys []workflow.StepKey
	for _, step := range workflow.Steps() {
		keys = append(keys, step.Key)
	}
	var codes []fault.Kind
	for kind := range expected {
		codes = append(codes, kind)
	}
	activities := []engine.ActivityCode{
		engine.NotStarted, engine.WaitingForWorker, engine.WaitingOutside, engine.AwaitingReview, engine.Running,
		engine.RetryScheduled, engine.Failed, engine.StepFinished, engine.Finished, engine.WasCancelled,
		engine.UnitsRunning, engine.NeedsDecision, engine.AwaitingPlanApproval, engine.AwaitingPublishApproval,
	}
	want := map[string][]string{
		"WorkflowState":      texts(workflow.States()),
		"WorkflowStatus":     texts(workflow.Statuses()),
		"StepKey":            texts(keys),
		"StepKind":           texts([]workflow.StepKind{workflow.Automatic, workflow.Human}),
		"TransitionKind":     texts(kinds),
		"FailureCode":        texts(workflow.FailureCodes()),
		"CallState":          texts(cost.CallStates()),
		"LedgerEntryKind":    texts(cost.EntryKinds()),
		"AccountKind":        texts(cost.AccountKinds()),
		"ForecastBasis":      texts(cost.Bases()),
		"ResearchMode":       texts(cost.ResearchModes()),
		"AlertKind":          texts(cost.AlertKinds()),
		"AlertDeliveryState": texts(cost.DeliveryStates()),
		"PriceComponent":     texts(cost.Components()),
		"PriceProposalState": texts(cost.ProposalStates()),
		"PriceDoubt":         texts([]cost.Doubt{cost.DoubtTooFar, cost.DoubtOutOfBounds}),
		"PriceChangeKind": texts([]cost.ChangeKind{
			cost.PriceAdded, cost.PriceChanged, cost.PriceUnchanged, cost.PriceGone,
		}),
		"ActivityCode":    texts(activities),
		"ApiKeyState":     texts([]engine.APIKeyState{engine.APIKeyActive, engine.APIKeyExpired, engine.APIKeyRevoked}),
		"ApiKeyEventKind": texts([]engine.APIKeyEventKind{engine.APIKeyWasCreated, engine.APIKeyWasRevoked}),
		"PriceEventKind": texts([]engine.PriceEventKind{
			engine.PriceAdded, engine.PriceQuarantined, engine.PriceAccepted, engine.PriceRejected, engine.PriceSuperseded,
		}),
		"Setting":        texts(engine.Settings()),
		"ErrorCode":      texts(codes),
		"Role":           texts(caller.Roles()),
		"Permission":     texts(caller.Permissions()),
		"UsageDimension": texts(report.Dimensions()),
		"WorkflowOrderField": texts([]engine.OrderField{
			engine.ByCreated, engine.ByUpdated, engine.ByName, engine.BySpend,
		}),
		"OrderDirection": {"ASC", "DESC"},
		"AnalysisMode": texts([]content.Mode{
			content.ModeBest, content.ModeDataForSEO, content.ModeCrawl, content.ModeModel,
		}),
		"CompetitorSource":  texts(model.AllCompetitorSource),
		"GateKey":           texts(workflow.Gates()),
		"GateMode":          texts([]workflow.GateMode{workflow.GateHuman, workflow.GateAuto, workflow.GateOff}),
		"GateVerdict":       texts([]workflow.GateVerdict{workflow.GateApproved, workflow.GateRejected}),
		"PublishPolicy":     texts([]workflow.TargetPolicy{workflow.PolicyDraft, workflow.PolicyPublish}),
		"PublishTargetKind": texts(workflow.TargetKinds()),
		"PublishTargetState": texts([]workflow.TargetState{
			workflow.TargetUnchecked, workflow.TargetChecking, workflow.TargetReady, workflow.TargetFailed,
			workflow.TargetRetired,
		}),
		"ArticleCheckCode":  texts(content.CheckCodes()),
		"ArticleVerdict":    texts([]content.ArticleVerdict{content.ArticleApproved, content.ArticleRejected}),
		"PlanVerdict":       texts([]content.Verdict{content.VerdictValid, content.VerdictWeak, content.VerdictInvalid}),
		"PlanChoice":        texts([]content.PlanChoice{content.PlanApproved, content.PlanRejected, content.PlanCleared}),
		"AuthorKind":        texts([]content.AuthorKind{content.AuthorEngine, content.AuthorPerson}),
		"KeywordDropReason": texts(content.DropReasons()),
		"SimilarityMethod": texts([]content.Method{
			content.MethodSERP, content.MethodEmbedding, content.MethodLexical,
		}),
		"KeywordChoice": texts([]content.Choice{
			content.ChoiceSelected, content.ChoiceRejected, content.ChoiceCleared,
		}),
		"KeywordOrderField": texts([]content.OrderField{
			content.OrderScore, content.OrderVolume, content.OrderDifficulty, content.OrderText,
		}),
		"KeywordSource": texts([]content.Source{
			content.SourceDataForSEO, content.SourceCrawl, content.SourceModel, content.SourceManual, content.SourceWorker,
		}),
		"ResultSource": texts([]workflow.ResultSource{workflow.ResultOfEngine, workflow.ResultOfWorker}),
		"BatchKind": texts([]workflow.BatchKind{
			workflow.BatchCancel, workflow.BatchRetry, workflow.BatchStart, workflow.BatchLimit,
		}),
		"VerificationState": texts([]workflow.VerificationState{
			workflow.VerificationPending, workflow.VerificationRunning, workflow.VerificationClean,
			workflow.VerificationFindings, workflow.VerificationFailed,
		}),
		"BatchOutcome":         texts([]workflow.BatchOutcome{workflow.BatchDone, workflow.BatchRefused}),
		"UnitState":            texts(workflow.UnitStates()),
		"UnitEventKind":        texts(workflow.UnitMoves()),
		"PublicationState":     texts(workflow.PublicationStates()),
		"PublicationEventKind": texts(workflow.PublicationMoves()),
		"PublicationPolicy": texts([]workflow.PublicationPolicy{
			workflow.PublishDraft, workflow.PublishNow, workflow.PublishSchedule,
		}),
		"PublicationChoice": texts([]engine.PublicationChoice{
			engine.ChoiceAdopt, engine.ChoiceOverwrite, engine.ChoiceSkip, engine.ChoiceUnpublish,
		}),
		"SearchIntent": texts([]content.Intent{
			content.IntentInformational, content.IntentNavigational, content.IntentCommercial, content.IntentTransactional,
		}),
	}
	got := map[string][]string{}
	for name, definition := range schemaTypes() {
		if definition.Kind != ast.Enum {
			continue
		}
		for _, value := range definition.EnumValues {
			got[name] = append(got[name], value.Name)
		}
		slices.Sort(got[name])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the enums differ (-Go +GraphQL):\n%s", diff)
	}
	if diff := cmp.Diff(want["WorkflowState"], slices.Sorted(slices.Values(States()))); diff != "" {
		t.Errorf("States differ:\n%s", diff)
	}
}

func texts[T ~string](values []T) []string {
	all := make([]string, len(values))
	for i, value := range values {
		all[i] = string(value)
	}
	slices.Sort(all)
	return all
}

func TestSchema_AcceptsTheExamplesOfThePlayground(t *testing.T) {
	t.Parallel()
	examples, err := filepath.Glob("../internal/web/playground/examples/*.graphql")
	if err != nil || len(examples) == 0 {
		t.Fatalf("got %d examples, %v", len(examples), err)
	}
	for _, path := range examples {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		schema := NewSchema(nil).Schema()
		document, problems := gqlparser.LoadQueryWithRules(schema, string(text), nil)
		if problems != nil {
			t.Errorf("%s: %v", path, problems)
			continue
		}
		values, err := os.ReadFile(strings.TrimSuffix(path, ".graphql") + ".json")
		if err != nil {
			t.Fatal(err)
		}
		variables := map[string]any{}
		if err := json.Unmarshal(values, &variables); len(bytes.TrimSpace(values)) > 0 && err != nil {
			t.Errorf("%s: the variables: %v", path, err)
		}
		for _, operation := range document.Operations {
			if _, err := validator.VariableValues(schema, operation, variables); err != nil {
				t.Errorf("%s: the variables: %v", path, err)
			}
		}
	}
}

// A newcomer finds an example of everything that changes something or follows it.
func TestSchema_EveryMutationAndSubscriptionHasAnExample(t *testing.T) {
	t.Parallel()
	schema, shown := NewSchema(nil).Schema(), map[ast.Operation]map[string]bool{ast.Mutation: {}, ast.Subscription: {}}
	examples, err := filepath.Glob("../internal/web/playground/examples/*.graphql")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range examples {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		document, problems := gqlparser.LoadQueryWithRules(schema, string(text), nil)
		if problems != nil {
			t.Fatalf("%s: %v", path, problems)
		}
		for _, operation := range document.Operations {
			for _, selection := range operation.SelectionSet {
				if field, is := selection.(*ast.Field); is && operation.Operation != ast.Query {
					shown[operation.Operation][field.Name] = true
				}
			}
		}
	}
	for kind, root := range map[ast.Operation]*ast.Definition{
		ast.Mutation: schema.Mutation, ast.Subscription: schema.Subscription,
	} {
		for _, field := range root.Fields {
			if !strings.HasPrefix(field.Name, "__") && !shown[kind][field.Name] {
				t.Errorf("the %s %s has no example in internal/web/playground/examples", kind, field.Name)
			}
		}
	}
}

func TestSchema_EveryMutationHasOneInputAndUserErrors(t *testing.T) {
	t.Parallel()
	types := schemaTypes()
	for _, field := range types["Mutation"].Fields {
		name := strings.ToUpper(field.Name[:1]) + field.Name[1:]
		if len(field.Arguments) != 1 || field.Arguments[0].Type.String() != name+"Input!" {
			t.Errorf("%s: got other arguments than input: %sInput!", field.Name, name)
		}
		if got, want := field.Type.String(), name+"Payload!"; got != want {
			t.Errorf("%s: got %s, want %s", field.Name, got, want)
			continue
		}
		errors := types[name+"Payload"].Fields.ForName("userErrors")
		if errors == nil || errors.Type.String() != "[UserError!]!" {
			t.Errorf("%sPayload has no userErrors: [UserError!]!", name)
		}
	}
}

// A mutation that moves money requires a key, so that no client sends it twice by accident. A reserved call is a key
// itself: it has one outcome (decision 0005).
func TestSchema_EveryMutationTakesAnIdempotencyKeyAndMoneyNeedsOne(t *testing.T) {
	t.Parallel()
	types := schemaTypes()
	// Its answer has a secret. Without a key, a repetition after a lost answer would make another secret.
	required := []string{"setAlertWebhook"}
	for _, mutation := range types["Mutation"].Fields {
		if strings.HasPrefix(mutation.Name, "__") {
			continue
		}
		input := types[mutation.Arguments.ForName("input").Type.Name()]
		payload := types[mutation.Type.Name()]
		key := input.Fields.ForName("idempotencyKey")
		if key == nil {
			t.Errorf("%s takes no idempotencyKey", mutation.Name)
			continue
		}
		want := "String"
		if movesMoney(payload) && input.Fields.ForName("callId") == nil || slices.Contains(required, mutation.Name) {
			want = "String!"
		}
		if got := key.Type.String(); got != want {
			t.Errorf("%s: idempotencyKey is %s, want %s", mutation.Name, got, want)
		}
		if !strings.Contains(key.Description, "1 to 255 characters") {
			t.Errorf("%s: the description of idempotencyKey does not say how long it may be", mutation.Name)
		}
		if replayed := payload.Fields.ForName("replayed"); replayed == nil || replayed.Type.String() != "Boolean!" {
			t.Errorf("%s does not say whether it was replayed", mutation.Name)
		}
	}
}

// movesMoney reports whether a payload has a call or a ledger entry.
func movesMoney(payload *ast.Definition) bool {
	return slices.ContainsFunc(payload.Fields, func(field *ast.FieldDefinition) bool {
		return slices.Contains([]string{"Call", "LedgerEntry"}, field.Type.Name())
	})
}

func TestSchema_EveryListHasTheSameShape(t *testing.T) {
	t.Parallel()
	for name, definition := range schemaTypes() {
		item, isList := strings.CutSuffix(name, "Connection")
		if !isList {
			continue
		}
		got := map[string]string{}
		for _, field := range definition.Fields {
			got[field.Name] = field.Type.String()
		}
		want := map[string]string{
			"nodes": "[" + item + "!]!", "edges": "[" + item + "Edge!]!", "pageInfo": "PageInfo!", "totalCount": "Int!",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

func TestSchema_EveryListPagesInBothDirections(t *testing.T) {
	t.Parallel()
	found := 0
	for name, definition := range schemaTypes() {
		for _, field := range definition.Fields {
			if !strings.HasSuffix(field.Type.Name(), "Connection") {
				continue
			}
			found++
			for argument, want := range map[string]string{
				"first": "Int", "after": "String", "last": "Int", "before": "String",
			} {
				got := field.Arguments.ForName(argument)
				if got == nil || got.Type.String() != want || got.DefaultValue != nil {
					t.Errorf("%s.%s has no argument %s: %s without a default", name, field.Name, argument, want)
				}
			}
		}
	}
	if found == 0 {
		t.Error("there are no lists")
	}
}
