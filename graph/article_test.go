package graph_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/graph/graphtest"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/publicid"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

func TestArticles_TakeAsManyStatementsAsOne(t *testing.T) {
	t.Parallel()
	b, statements := counting(t)
	db := b.DB
	testdb.Gates(t, db, b.Who, false)
	for range 3 {
		reviewed := testdb.Review(t, db, b.Who)
		if err := testdb.Approve(t.Context(), db.Store(), b.Who, reviewed, b.Who.Actor); err != nil {
			t.Fatal(err)
		}
		testdb.Write(t, db, b.Who, testdb.Plan(t, db, b.Who, testdb.Cluster(t, db, b.Who, reviewed)))
	}
	for name, test := range map[string]struct {
		fields string
		most   int64
	}{
		"the list of a console": {`totalCount nodes { title revision words needsReview unit { state }
			spend { settled } }`, 4},
		"texts": {`nodes { markdown html evidence { quote isCited } }`, 7},
		"everything": {`nodes { html evidence { quote } parts { kind cost } spend { forecast }
			versions(first: 2) { totalCount nodes { markdown } } workflow { name } }`, 12},
	} {
		var counts []int64
		for _, first := range []int{1, 3} {
			operation := fmt.Sprintf(`{ workflows(first: %d) { nodes { articles(first: 5) { %s } } } }`, first, test.fields)
			b.Ask(t, operation, nil) // The first round connects and prepares.
			before := statements.n.Load()
			body := b.Ask(t, operation, nil)
			if errs := graphtest.Get(t, body, "errors"); errs != nil {
				t.Fatalf("%s: %v", name, errs)
			}
			counts = append(counts, statements.n.Load()-before)
		}
		if counts[0] != counts[1] || counts[1] > test.most {
			t.Errorf("%s: got %d statements for 1 and %d for 3, want the same and at most %d", name, counts[0], counts[1],
				test.most)
		}
	}
}

// planned returns a workflow whose first article is approved.
func planned(t *testing.T, b graphtest.Bundle) testdb.Planned {
	t.Helper()
	reviewed := testdb.Review(t, b.DB, b.Who)
	if err := testdb.Approve(t.Context(), b.DB.Store(), b.Who, reviewed, b.Who.Actor); err != nil {
		t.Fatal(err)
	}
	return testdb.Plan(t, b.DB, b.Who, testdb.Cluster(t, b.DB, b.Who, reviewed))
}

// Failed articles of many workflows take as many statements as one, with all that an inbox shows.
func TestFailedArticles_OfManyWorkflowsTakeAsManyStatementsAsOne(t *testing.T) {
	t.Parallel()
	b, statements := counting(t)
	testdb.Gates(t, b.DB, b.Who, false)
	for range 3 {
		testdb.FailArticles(t, b.DB, b.Who, planned(t, b), 2)
	}
	var counts []int64
	for _, first := range []int{1, 6} {
		operation := fmt.Sprintf(`{ organization { failedArticles(first: %d) { totalCount nodes {
			title revision decision { verdict } unit { since message } markdown parts { kind }
			versions(first: 1) { totalCount }
			workflow { name spend { settled } } } } } }`, first)
		b.Ask(t, operation, nil) // The first round connects and prepares.
		before := statements.n.Load()
		body := b.Ask(t, operation, nil)
		nodes := graphtest.Get(t, body, "data", "organization", "failedArticles", "nodes").([]any)
		if len(nodes) != first {
			t.Fatalf("got %s, want %d articles", body, first)
		}
		counts = append(counts, statements.n.Load()-before)
	}
	if counts[0] != counts[1] || counts[1] > 12 {
		t.Errorf("got %d statements for 1 article and %d for 6, want the same and at most 12", counts[0], counts[1])
	}
}

// The pages have the articles by the time of their failure. One that waits no more is on none: it is tried again, or
// its workflow is cancelled or has another visit of the step.
func TestFailedArticles_ArePagesOfThoseThatWait(t *testing.T) {
	t.Parallel()
	b := graphtest.New(t)
	testdb.Gates(t, b.DB, b.Who, false)
	var failed []testdb.Written
	for range 3 {
		failed = append(failed, testdb.FailArticles(t, b.DB, b.Who, planned(t, b), 2)...)
	}
	testdb.Write(t, b.DB, b.Who, planned(t, b))
	titles := func(arguments string) (found []string) {
		t.Helper()
		body := b.Ask(t, fmt.Sprintf(`{ organization { failedArticles(%s) { nodes { id } } } }`, arguments), nil)
		for _, node := range graphtest.Get(t, body, "data", "organization", "failedArticles", "nodes").([]any) {
			found = append(found, node.(map[string]any)["id"].(string))
		}
		return found
	}
	ids := func(places ...int) (wanted []string) {
		for _, place := range places {
			wanted = append(wanted, string(publicid.New(publicid.Article, failed[place].Article.ID)))
		}
		return wanted
	}
	cursor := func(first int) string {
		operation := fmt.Sprintf(`{ organization { failedArticles(first: %d) { pageInfo { endCursor } } } }`, first)
		body := b.Ask(t, operation, nil)
		return graphtest.Get(t, body, "data", "organization", "failedArticles", "pageInfo", "endCursor").(string)
	}
	for arguments, want := range map[string][]string{
		"first: 10": ids(0, 1, 2, 3, 4, 5),
		"last: 2":   ids(4, 5),
		fmt.Sprintf("first: 2, after: %q", cursor(2)): ids(2, 3),
		fmt.Sprintf("last: 2, before: %q", cursor(4)): ids(1, 2),
	} {
		if diff := cmp.Diff(want, titles(arguments)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", arguments, diff)
		}
	}
	if _, err := b.Engine.RetryArticle(t.Context(), b.Who, engine.RetryArticleInput{
		ArticleID: failed[0].Article.ID, IdempotencyKey: "again",
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Engine.Cancel(t.Context(), b.Who, engine.CancelInput{
		WorkflowID: failed[2].Flow.ID, IdempotencyKey: "cancel",
	}); err != nil {
		t.Fatal(err)
	}
	again := failed[4].Flow
	again = testdb.Move(t, b.DB.Store(), b.Who, again, workflow.ArticleCompleted)
	again = testdb.Move(t, b.DB.Store(), b.Who, again, workflow.ArticlePending)
	testdb.Move(t, b.DB.Store(), b.Who, again, workflow.ArticleProcessing)
	if diff := cmp.Diff(ids(1), titles("first: 10")); diff != "" {
		t.Errorf("those that wait (-want +got):\n%s", diff)
	}
}

// Texts to review of many workflows take as many statements as one, with all that an inbox shows.
func TestArticlesToReview_OfManyWorkflowsTakeAsManyStatementsAsOne(t *testing.T) {
	t.Parallel()
	b, statements := counting(t)
	testdb.Gates(t, b.DB, b.Who, false)
	for range 3 {
		for _, written := range testdb.WriteArticles(t, b.DB, b.Who, planned(t, b), 2) {
			testdb.DoubtText(t, b.DB, b.Who, written)
		}
	}
	var counts []int64
	for _, first := range []int{1, 6} {
		operation := fmt.Sprintf(`{ organization { articlesToReview(first: %d) { totalCount nodes {
			title revision needsReview checks { message isBlocking } decision { verdict }
			versions(last: 1) { nodes { createdAt } } workflow { id name } } } } }`, first)
		b.Ask(t, operation, nil) // The first round connects and prepares.
		before := statements.n.Load()
		body := b.Ask(t, operation, nil)
		nodes := graphtest.Get(t, body, "data", "organization", "articlesToReview", "nodes").([]any)
		if len(nodes) != first {
			t.Fatalf("got %s, want %d articles", body, first)
		}
		counts = append(counts, statements.n.Load()-before)
	}
	if counts[0] != counts[1] || counts[1] > 8 {
		t.Errorf("got %d statements for 1 article and %d for 6, want the same and at most 8", counts[0], counts[1])
	}
}

// The pages have the articles by the age of their text. One that waits no more is on none: a person has judged its text
// or its last text has no finding, or its workflow is cancelled or has another visit of the step.
func TestArticlesToReview_ArePagesOfThoseThatWait(t *testing.T) {
	t.Parallel()
	b := graphtest.New(t)
	testdb.Gates(t, b.DB, b.Who, false)
	var doubted []testdb.Written
	for range 3 {
		for _, written := range testdb.WriteArticles(t, b.DB, b.Who, planned(t, b), 2) {
			doubted = append(doubted, testdb.DoubtText(t, b.DB, b.Who, written))
		}
	}
	testdb.Write(t, b.DB, b.Who, planned(t, b))
	page := func(arguments string) (found []string, end string, count float64) {
		t.Helper()
		body := b.Ask(t, fmt.Sprintf(`{ organization { articlesToReview(%s) { totalCount nodes { id }
			pageInfo { endCursor } } } }`, arguments), nil)
		list := func(field string) any {
			return graphtest.Get(t, body, "data", "organization", "articlesToReview", field)
		}
		for _, node := range list("nodes").([]any) {
			found = append(found, node.(map[string]any)["id"].(string))
		}
		end, _ = list("pageInfo").(map[string]any)["endCursor"].(string)
		return found, end, list("totalCount").(float64)
	}
	cursor := func(first int) string {
		_, end, _ := page(fmt.Sprintf("first: %d", first))
		return end
	}
	check := func(arguments string, total int, places ...int) {
		t.Helper()
		var want []string
		for _, place := range places {
			want = append(want, string(publicid.New(publicid.Article, doubted[place].Article.ID)))
		}
		got, _, count := page(arguments)
		if diff := cmp.Diff(want, got); diff != "" || int(count) != total {
			t.Errorf("%s: %v of all, want %d (-want +got):\n%s", arguments, count, total, diff)
		}
	}
	check("first: 10", 6, 0, 1, 2, 3, 4, 5)
	check("last: 2", 6, 4, 5)
	check(fmt.Sprintf("first: 2, after: %q", cursor(2)), 6, 2, 3)
	check(fmt.Sprintf("last: 2, before: %q", cursor(4)), 6, 1, 2)

	testdb.DecideText(t, b.DB, b.Who, doubted[0])
	if _, err := b.Engine.Cancel(t.Context(), b.Who, engine.CancelInput{
		WorkflowID: doubted[2].Flow.ID, IdempotencyKey: "cancel",
	}); err != nil {
		t.Fatal(err)
	}
	again := doubted[4].Flow
	again = testdb.Move(t, b.DB.Store(), b.Who, again, workflow.ArticleCompleted)
	again = testdb.Move(t, b.DB.Store(), b.Who, again, workflow.ArticlePending)
	testdb.Move(t, b.DB.Store(), b.Who, again, workflow.ArticleProcessing)
	check("first: 10", 1, 1)
}
