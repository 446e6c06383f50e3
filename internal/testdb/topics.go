package testdb

import (
	"context"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// Clustered is a workflow whose keywords are clustered.
type Clustered struct {
	Flow       workflow.Workflow
	Visit      int
	Clustering content.Clustering
}

// Cluster takes a workflow in SEED_REVIEW_COMPLETED to CLUSTERING_COMPLETED. Its selected keywords and some others make
// at least one topic, one keyword fits no topic, and one is left out.
func Cluster(t testing.TB, db *DB, who caller.Caller, r Reviewed) Clustered {
	t.Helper()
	var seeds []content.SeedKeyword
	for _, k := range r.Keywords {
		if k.Choice == content.ChoiceSelected {
			seeds = append(seeds, k)
		}
	}
	keywords := content.Expand(content.Expansion{
		Seeds:  seeds,
		Source: content.SourceModel,
		Found: []content.Candidate{
			{Text: "dentist software list", Intent: "COMMERCIAL"},
			{Text: "crm for dentist"},
			{Text: "software dentist"},
			{Text: "office plants"},
			{Text: "quartz kitchen"},
		},
	})
	return cluster(t, db, who, r, content.Arrange(keywords, content.Signals{}, newID))
}

func idOf(id uuid.UUID) *uuid.UUID { return &id }

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// pageWords are the second words of the keywords of ClusterPages.
var pageWords = strings.Fields(`invoices reminders payroll inventory shipping training hiring security support reports
	budgets contracts leads surveys tickets travel assets quality audits forms`)

// pagesOfTopic is the most pages of a topic.
const pagesOfTopic = 9

// ClusterPages is Cluster with a number of pages, at most 400, of one keyword each.
func ClusterPages(t testing.TB, db *DB, who caller.Caller, r Reviewed, pages int) Clustered {
	t.Helper()
	var clustering content.Clustering
	for i := range pages {
		text := "software for " + pageWords[i%len(pageWords)]
		if i >= len(pageWords) {
			text += " and " + pageWords[i/len(pageWords)]
		}
		if i%pagesOfTopic == 0 {
			clustering.Topics = append(clustering.Topics, content.PageTopic{
				ID:       newID(),
				Position: len(clustering.Topics) + 1,
				Label:    text,
			})
		}
		topic := &clustering.Topics[len(clustering.Topics)-1]
		page := content.TopicPage{ID: newID(), TopicID: idOf(topic.ID), Position: i%pagesOfTopic + 1}
		keyword := content.TopicKeyword{
			ID:         newID(),
			Text:       text,
			Normalised: content.Normalise(text),
			Source:     content.SourceModel,
			Score:      1 - float64(i)/1000,
			PageID:     &page.ID,
		}
		page.Keywords = []content.TopicKeyword{keyword}
		topic.Pages = append(topic.Pages, page)
		clustering.Keywords = append(clustering.Keywords, keyword)
	}
	return cluster(t, db, who, r, clustering)
}

// cluster takes a workflow to CLUSTERING_COMPLETED with a result.
func cluster(t testing.TB, db *DB, who caller.Caller, r Reviewed, clustering content.Clustering) Clustered {
	t.Helper()
	ctx, store := context.Background(), db.Store()
	flow, found, err := store.Workflow(ctx, who, r.Flow.ID)
	if err != nil || !found {
		t.Fatalf("read the workflow: found %t, %v", found, err)
	}
	for _, to := range []workflow.State{workflow.ClusteringPending, workflow.ClusteringProcessing} {
		flow = Move(t, store, who, flow, to)
	}
	step, _ := workflow.StepOf(workflow.StepClustering)
	visit, found, err := store.OpenVisit(ctx, who, flow.ID, step)
	if err != nil || !found {
		t.Fatalf("open a visit: found %t, %v", found, err)
	}
	err = store.InTx(ctx, func(tx *postgres.Store) error {
		err := tx.AddClustering(ctx, who, postgres.NewClustering{
			WorkflowID: flow.ID,
			Visit:      visit,
			Clustering: clustering,
			At:         Now(),
		})
		if err != nil {
			return err
		}
		return tx.AddSnapshots(ctx, who, []content.Snapshot{{
			LocationCode: 2840,
			LanguageCode: "en",
			Normalised:   "dentist software",
			Day:          Now(),
			Results:      []content.SearchResult{{Rank: 1, URL: "https://a.example/software", Title: "Software"}},
			Provider:     "sandbox",
		}}, Now())
	})
	if err != nil {
		t.Fatalf("write topics: %v", err)
	}
	flow = Move(t, store, who, flow, workflow.ClusteringCompleted)
	return Clustered{Flow: flow, Visit: visit, Clustering: clustering}
}

// Attach puts the first keyword that fits no topic on the first page.
func Attach(t testing.TB, db *DB, who caller.Caller, c Clustered) {
	t.Helper()
	err := db.Store().InTx(context.Background(), func(tx *postgres.Store) error {
		return tx.AttachKeyword(context.Background(), who, postgres.Attachment{
			WorkflowID: c.Flow.ID,
			Visit:      c.Visit,
			KeywordID:  c.Clustering.Unclustered()[0].ID,
			PageID:     c.Clustering.Pages()[0].ID,
			At:         Now(),
		})
	})
	if err != nil {
		t.Fatalf("attach a keyword: %v", err)
	}
}
