package steps_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/llm/sandbox"
	"github.com/infin8content/engine/internal/workflow"
)

// embeddingModel is the model of the tests. It has a built-in price.
const embeddingModel = "openai/text-embedding-3-small"

// approveSeeds runs the first two steps and approves the first keywords.
func (b *bundle) approveSeeds(t *testing.T, count int) {
	t.Helper()
	ctx := context.Background()
	b.next(t)
	b.next(t)
	var ids []uuid.UUID
	for _, k := range b.keywords(t)[:count] {
		ids = append(ids, k.ID)
	}
	decided, err := b.engine.DecideKeywords(ctx, b.who, engine.DecideKeywordsInput{
		WorkflowID: b.flow.ID, IDs: ids, Choice: content.ChoiceSelected,
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.engine.ApproveSeeds(ctx, b.who, engine.ApproveSeedsInput{
		WorkflowID:      b.flow.ID,
		ExpectedVersion: decided.Workflow.Version,
		SelectionDigest: decided.Selection.Digest[:],
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (b *bundle) clustering(t *testing.T) content.Clustering {
	t.Helper()
	found, err := b.engine.Clusterings(context.Background(), b.who, []uuid.UUID{b.flow.ID})
	if err != nil {
		t.Fatal(err)
	}
	return found[b.flow.ID]
}

// threeSteps are driven by workers in the tests of topic clustering.
func threeSteps() []workflow.StepKey { return append(twoSteps(), workflow.StepClustering) }

// outline returns the texts of topics, pages and other keywords, in their order.
func outline(c content.Clustering) string {
	var lines []string
	for _, topic := range c.Topics {
		lines = append(lines, "topic "+topic.Label)
		for _, page := range topic.Pages {
			var texts []string
			for _, k := range page.Keywords {
				texts = append(texts, k.Text)
			}
			lines = append(lines, "  page "+strings.Join(texts, ", "))
		}
	}
	for _, k := range c.Keywords {
		if k.PageID == nil {
			lines = append(lines, k.Text+" "+string(k.Dropped))
		}
	}
	return strings.Join(lines, "\n")
}

func TestClustering(t *testing.T) {
	t.Parallel()
	t.Run("PlacesEveryKeyword", func(t *testing.T) {
		t.Parallel()
		b := setup(t, options{drives: threeSteps(), embedding: embeddingModel})
		b.approveSeeds(t, 10)
		if flow := b.next(t); flow.State != workflow.ClusteringCompleted {
			t.Fatalf("got %s, want %s", flow.State, workflow.ClusteringCompleted)
		}
		c := b.clustering(t)
		seeds := 0
		for _, k := range c.Keywords {
			if k.SeedID != nil {
				seeds++
			}
			if !k.IsSynthetic || k.SeedID != nil && k.Dropped != "" {
				t.Errorf("got %+v, want a synthetic keyword, and every selected one", k)
			}
		}
		if seeds != 10 || len(c.Topics) == 0 || len(c.Keywords) < 40 {
			t.Errorf("got %d selected ones of %d keywords in %d topics", seeds, len(c.Keywords), len(c.Topics))
		}
		for _, topic := range c.Topics {
			if len(topic.Pages) > 9 || topic.Pages[0].Position != 1 || topic.Label != topic.Pages[0].Keywords[0].Text {
				t.Errorf("got the topic %+v, want at most 9 pages, the hub first", topic)
			}
			if len(topic.Similarity.Methods) != 1 || topic.Similarity.Methods[0] != content.MethodEmbedding {
				t.Errorf("got the methods %v, want embeddings alone", topic.Similarity.Methods)
			}
		}
		b.audit(t)
		calls := b.calls(t)
		last := calls[len(calls)-1]
		if last.AnsweredModel != embeddingModel || last.Cost == nil || *last.Cost == 0 || last.State != cost.CallSettled {
			t.Errorf("got the call %+v, want a settled one of the embedding model with a cost", last)
		}
	})
	t.Run("ComparesLettersWithoutAPrice", func(t *testing.T) {
		t.Parallel()
		b := setup(t, options{drives: threeSteps(), embedding: "no/price"})
		b.approveSeeds(t, 5)
		if flow := b.next(t); flow.State != workflow.ClusteringCompleted {
			t.Fatalf("got %s, want %s", flow.State, workflow.ClusteringCompleted)
		}
		for _, topic := range b.clustering(t).Topics {
			if !slices.Equal(topic.Similarity.Methods, []content.Method{content.MethodLexical}) {
				t.Errorf("got the methods %v, want letters alone", topic.Similarity.Methods)
			}
		}
		b.audit(t)
	})
	t.Run("GivesTheSameTopicsEachTime", func(t *testing.T) {
		t.Parallel()
		b := setup(t, options{drives: threeSteps()})
		b.approveSeeds(t, 8)
		b.next(t)
		want := outline(b.clustering(t))
		_, err := b.engine.Transition(context.Background(), b.who, engine.TransitionInput{
			WorkflowID: b.flow.ID, From: workflow.ClusteringCompleted, To: workflow.ClusteringPending,
		})
		if err != nil {
			t.Fatal(err)
		}
		if c := b.clustering(t); len(c.Keywords) != 0 {
			t.Errorf("got %d current keywords after the reset, want none", len(c.Keywords))
		}
		b.next(t)
		if got := outline(b.clustering(t)); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	})
	t.Run("AsksAgainOnlyForWhatIsMissing", func(t *testing.T) {
		t.Parallel()
		b := setup(t, options{drives: threeSteps(), embedding: embeddingModel})
		b.approveSeeds(t, 5)
		b.sandbox.Next(sandbox.Injection{}, sandbox.Status(503, ""))
		if flow := b.next(t); flow.State != workflow.ClusteringFailed {
			t.Fatalf("got %s, want %s", flow.State, workflow.ClusteringFailed)
		}
		asked := len(b.sandbox.Charges())
		b.later.Add(int64(time.Minute))
		if flow := b.next(t); flow.State != workflow.ClusteringCompleted {
			t.Fatalf("got %s, want %s", flow.State, workflow.ClusteringCompleted)
		}
		if got := len(b.sandbox.Charges()); got != asked+1 {
			t.Errorf("the provider charged %d answers for the second attempt, want 1", got-asked)
		}
		b.audit(t)
	})
	t.Run("HasNoResultWithoutTwoKeywords", func(t *testing.T) {
		t.Parallel()
		b := setup(t, options{drives: threeSteps()})
		b.next(t)
		b.next(t)
		_, err := b.engine.Transition(context.Background(), b.who, engine.TransitionInput{
			WorkflowID: b.flow.ID, From: workflow.SeedReviewPending, To: workflow.SeedReviewCompleted,
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = b.engine.StartStep(context.Background(), b.who, engine.StartStepInput{WorkflowID: b.flow.ID})
		if err != nil {
			t.Fatal(err)
		}
		if flow := b.next(t); flow.State != workflow.ClusteringFailed {
			t.Fatalf("got %s, want %s", flow.State, workflow.ClusteringFailed)
		}
		rows, err := b.engine.Transitions(context.Background(), b.who, engine.TransitionsInput{
			Workflows: []uuid.UUID{b.flow.ID}, First: 50,
		})
		if err != nil {
			t.Fatal(err)
		}
		all := rows[b.flow.ID]
		if code := failureOf(all[len(all)-1].Reason); code != workflow.FailureNoResult {
			t.Errorf("got %q, want %s", all[len(all)-1].Reason, workflow.FailureNoResult)
		}
	})
}

func TestClustering_KeepsTheSummary(t *testing.T) {
	t.Parallel()
	keywords := content.Expand(content.Expansion{
		Found: []content.Candidate{{Text: "seo tool"}, {Text: "tool seo"}},
	})
	encoded, err := json.Marshal(content.SummaryOf(keywords))
	if want := `{"clustered":1,"dropped":{"DUPLICATE":1}}`; err != nil || string(encoded) != want {
		t.Errorf("got %s, %v, want %s", encoded, err, want)
	}
}

func TestClustering_UsesSearchData(t *testing.T) {
	t.Parallel()
	b := setup(t, options{drives: threeSteps(), workflowLimit: 2 * cost.Dollar})
	box := b.searching(t)
	b.approveSeeds(t, 5)
	if flow := b.next(t); flow.State != workflow.ClusteringCompleted {
		t.Fatalf("got %s, want %s", flow.State, workflow.ClusteringCompleted)
	}
	c := b.clustering(t)
	pages := 0
	for _, k := range c.Keywords {
		if k.SeedID == nil && k.Source != content.SourceDataForSEO || !k.IsSynthetic {
			t.Errorf("got %+v, want synthetic search data", k)
		}
		if k.Dropped == "" && pages < 60 {
			pages++
		}
	}
	if got, want := box.Requests(), int64(5+pages); got != want {
		t.Errorf("got %d requests for search data, want %d", got, want)
	}
	if got := b.settled(t); got.Held != 0 || got.Settled != b.sandbox.Total()+box.Total() {
		t.Errorf("got %+v, the providers charged $%s and $%s", got, b.sandbox.Total(), box.Total())
	}
	asked := box.Requests()
	_, err := b.engine.Transition(context.Background(), b.who, engine.TransitionInput{
		WorkflowID: b.flow.ID, From: workflow.ClusteringCompleted, To: workflow.ClusteringPending,
	})
	if err != nil {
		t.Fatal(err)
	}
	b.next(t)
	if got := box.Requests() - asked; got != 5 {
		t.Errorf("got %d requests in the second visit, want 5: its result pages are stored", got)
	}
	if got, want := outline(b.clustering(t)), outline(c); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
