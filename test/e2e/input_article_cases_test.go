package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// ofArticles are the mutations whose fixture needs a press.
var ofArticles = map[string]bool{
	"updateArticle": true, "retryArticle": true, "skipArticle": true, "regenerateSection": true, "decideArticles": true,
	"approvePublishing": true, "rejectPublishing": true, "decidePublication": true,
	"testPublishTarget": true, "setPublishTargetSecret": true, "retirePublishTarget": true, "createPublishTarget": true,
}

// press is what an organization writes and publishes.
type press struct {
	// An article in ARTICLE_PROCESSING, one at the gate PUBLISH, and one in PUBLISH_PROCESSING.
	writing, ready testdb.Written
	published      testdb.Published
	// Targets of the kinds FILE and WEBHOOK, and the name of the first one.
	target, hook, name string
}

func art(id uuid.UUID) string { return "art_" + id.String() }

func (p press) article() string { return art(p.writing.Article.ID) }

func (p press) publication(i int) string { return "pub_" + p.published.Publications[i].ID.String() }

// write gives the fixture a press.
func (f *fixture) write(t *testing.T) {
	t.Helper()
	testdb.Gates(t, f.db, f.who, false)
	planned := func() testdb.Planned {
		reviewed := testdb.Review(t, f.db, f.who)
		if err := testdb.Approve(t.Context(), f.db.Store(), f.who, reviewed, f.who.Actor); err != nil {
			t.Fatal(err)
		}
		return testdb.Plan(t, f.db, f.who, testdb.Cluster(t, f.db, f.who, reviewed))
	}
	p := &press{writing: testdb.Write(t, f.db, f.who, planned()), ready: testdb.Write(t, f.db, f.who, planned())}
	p.ready.Flow = testdb.Move(t, f.db.Store(), f.who, p.ready.Flow, workflow.ArticleCompleted)
	approved := planned()
	testdb.DecidePlan(t, f.db, f.who, approved)
	p.published = testdb.Publish(t, f.db, f.who, approved)
	f.press = p
	p.name = "Files"
	p.target = f.client.do(t, "createPublishTarget", map[string]any{"name": p.name, "kind": "FILE"}).Target.ID
	p.hook = "target_" + testdb.PublishTargetOf(t, f.db, f.who, hookTarget()).ID.String()
}

// goodArticle returns a valid input of a mutation about articles and publishing.
func (f fixture) goodArticle(mutation string) map[string]any {
	if f.press == nil {
		f.press = &press{published: testdb.Published{Publications: make([]workflow.Publication, 2)}}
	}
	p := f.press
	return map[string]map[string]any{
		"updateArticle": {
			"articleId": p.article(), "expectedRevision": 1, "markdown": "## The fee\n\nMost teams pay ten euro [E1].\n",
		},
		"retryArticle":      {"articleId": p.article()},
		"skipArticle":       {"articleId": p.article(), "reason": "Not now."},
		"regenerateSection": {"articleId": p.article(), "expectedRevision": 1, "section": 0, "instruction": "Shorter."},
		"decideArticles":    {"workflowId": wf(p.writing.Flow), "items": []any{f.verdict(nil)}},
		"approvePublishing": {
			"workflowId": wf(p.ready.Flow), "expectedVersion": p.ready.Flow.Version,
			"articles": []any{text(art(p.ready.Article.ID), 1)}, "targetIds": []string{p.target}, "policy": "PUBLISH",
		},
		"rejectPublishing":       {"workflowId": wf(p.ready.Flow), "resetTo": "ARTICLE", "feedback": "Shorter."},
		"decidePublication":      {"publicationId": p.publication(1), "choice": "SKIP", "reason": "Not there."},
		"createPublishTarget":    {"name": "Target " + uuid.NewString(), "kind": "FILE"},
		"testPublishTarget":      {"targetId": p.target},
		"setPublishTargetSecret": {"targetId": p.hook},
		"retirePublishTarget":    {"targetId": p.target},
	}[mutation]
}

// text names a revision of an article.
func text(article string, revision int) map[string]any {
	return map[string]any{"articleId": article, "expectedRevision": revision}
}

// verdict returns a valid item of decideArticles with changes.
func (f fixture) verdict(changes map[string]any) map[string]any {
	item := map[string]any{"articleId": f.press.article(), "expectedRevision": 1, "verdict": "APPROVED"}
	for name, value := range changes {
		item[name] = value
	}
	return item
}

// unclean are texts that no line of text may be.
var unclean = []string{
	"NUL\x00", "bell\a", "\x1b[31mred", "left\u202eright", "zero\u200bwidth", "\u2060", "x\u0080",
}

func badArticles() []badInput {
	rows := []badInput{
		{"updateArticle", "nothing", map[string]any{"markdown": nil}, "INVALID_INPUT", "markdown"},
		bad("updateArticle", "title", "", "INVALID_INPUT"),
		bad("updateArticle", "title", " \t\n", "INVALID_INPUT"),
		bad("updateArticle", "title", strings.Repeat("🦊", content.MaxVersionTitle+1), "INVALID_INPUT"),
		bad("updateArticle", "metaDescription", strings.Repeat("é", content.MaxMetaDescription+1), "INVALID_INPUT"),
		bad("updateArticle", "markdown", "", "INVALID_INPUT"),
		bad("updateArticle", "markdown", " \n\t\r\n", "INVALID_INPUT"),
		bad("updateArticle", "markdown", "# A title\n\nText.", "INVALID_INPUT"),
		bad("updateArticle", "markdown", "NUL\x00", "INVALID_INPUT"),
		bad("updateArticle", "markdown", "\x1b[31mred", "INVALID_INPUT"),
		bad("updateArticle", "markdown", "bell\a", "INVALID_INPUT"),
		bad("updateArticle", "markdown", "next\u0085line", "INVALID_INPUT"),
		bad("updateArticle", "markdown", "none\ufffe", "INVALID_INPUT"),
		bad("updateArticle", "title", "none\uffff", "INVALID_INPUT"),
		bad("updateArticle", "markdown", strings.Repeat("a", content.MaxMarkdown), "INVALID_INPUT"), // It gets a line end.
		bad("updateArticle", "markdown", strings.Repeat("é", content.MaxMarkdown/2), "INVALID_INPUT"),
		bad("updateArticle", "markdown", strings.Repeat("[", 50_000), "INVALID_INPUT"),
		bad("updateArticle", "articleId", published, "STALE_STATE"),
		bad("regenerateSection", "articleId", published, "STALE_STATE"),
		bad("regenerateSection", "section", -1, "INVALID_INPUT"),
		bad("regenerateSection", "section", 1, "INVALID_INPUT"),
		bad("regenerateSection", "section", 2147483647, "INVALID_INPUT"),
		{"regenerateSection", "a dry run of no section", map[string]any{
			"section": 1, "dryRun": true,
		}, "INVALID_INPUT", "section"},
		{"regenerateSection", "a dry run about another text", map[string]any{
			"expectedRevision": 2, "dryRun": true,
		}, "REVISION_CONFLICT", "expectedRevision"},
		bad("regenerateSection", "instruction", "", "INVALID_INPUT"),
		bad("regenerateSection", "instruction", " \n", "INVALID_INPUT"),
		bad("regenerateSection", "instruction", strings.Repeat("🦊", 2001), "INVALID_INPUT"),
		bad("regenerateSection", "instruction", "NUL\x00", "INVALID_INPUT"),
		bad("skipArticle", "reason", "", "INVALID_INPUT"),
		bad("skipArticle", "reason", " \t", "INVALID_INPUT"),
		bad("skipArticle", "articleId", written, "CONFLICT"),
		bad("skipArticle", "articleId", published, "STALE_STATE"),
		bad("retryArticle", "articleId", written, "CONFLICT"),
		bad("retryArticle", "articleId", published, "STALE_STATE"),
	}
	for _, text := range unclean {
		rows = append(rows, bad("updateArticle", "title", text, "INVALID_INPUT"),
			bad("updateArticle", "metaDescription", text, "INVALID_INPUT"))
	}
	for _, mutation := range []string{"updateArticle", "regenerateSection"} {
		for _, revision := range []int{-1, 0, 2, 2147483647} {
			rows = append(rows, bad(mutation, "expectedRevision", revision, "REVISION_CONFLICT"))
		}
	}
	for _, mutation := range []string{
		"updateArticle", "retryArticle", "skipArticle", "decidePublication", "createPublishTarget",
		"setPublishTargetSecret", "retirePublishTarget",
	} {
		rows = append(rows, bad(mutation, "reason", strings.Repeat("🦊", 2001), "INVALID_INPUT"),
			bad(mutation, "reason", "NUL\x00", "INVALID_INPUT"))
	}
	return rows
}

func written(f fixture) any { return f.press.article() }

func published(f fixture) any { return art(f.press.published.Publications[0].ArticleID) }

func badVerdicts() []badInput {
	items := func(changes ...map[string]any) any {
		return func(f fixture) any {
			var all []any
			for _, change := range changes {
				for name, value := range change {
					if compute, is := value.(func(fixture) any); is {
						change = map[string]any{name: compute(f)}
					}
				}
				all = append(all, f.verdict(change))
			}
			return all
		}
	}
	one := func(name string, change map[string]any, code, field string) badInput {
		return badInput{"decideArticles", name, map[string]any{"items": items(change)}, code, "items.0." + field}
	}
	flow := func(name string, id func(f fixture) workflow.Workflow, code string) badInput {
		return badInput{"decideArticles", name, map[string]any{
			"workflowId": func(f fixture) any { return wf(id(f)) },
		}, code, "workflowId"}
	}
	where := func(name string, changes map[string]any, field string) badInput {
		changes["items"] = nil
		return badInput{"decideArticles", name, changes, "INVALID_INPUT", field}
	}
	return []badInput{
		{"decideArticles", "nothing", map[string]any{"items": nil}, "INVALID_INPUT", "items"},
		{"decideArticles", "no items", map[string]any{"items": []any{}}, "INVALID_INPUT", "items"},
		{"decideArticles", "items and filter", map[string]any{
			"where": map[string]any{}, "verdict": "APPROVED",
		}, "INVALID_INPUT", "items"},
		{"decideArticles", "a verdict beside items", map[string]any{"verdict": "APPROVED"}, "INVALID_INPUT", "verdict"},
		{"decideArticles", "feedback beside items", map[string]any{"feedback": "No."}, "INVALID_INPUT", "verdict"},
		{"decideArticles", "too many", map[string]any{
			"items": items(make([]map[string]any, 101)...),
		}, "INVALID_INPUT", "items"},
		{"decideArticles", "twice", map[string]any{
			"items": items(nil, nil),
		}, "INVALID_INPUT", "items.1.articleId"},
		where("no verdict", map[string]any{"where": map[string]any{}}, "verdict"),
		where("an approval with feedback", map[string]any{
			"where": map[string]any{}, "verdict": "APPROVED", "feedback": "Good.",
		}, "feedback"),
		where("long feedback", map[string]any{
			"where": map[string]any{}, "verdict": "REJECTED", "feedback": strings.Repeat("🦊", 2001),
		}, "feedback"),
		where("feedback with NUL", map[string]any{
			"where": map[string]any{}, "verdict": "REJECTED", "feedback": "NUL\x00",
		}, "feedback"),
		one("a malformed id", map[string]any{"articleId": "art_1"}, "INVALID_INPUT", "articleId"),
		one("another kind of id", map[string]any{
			"articleId": func(f fixture) any { return wf(f.fresh) },
		}, "INVALID_INPUT", "articleId"),
		one("an unknown article", map[string]any{"articleId": art(uuid.Max)}, "NOT_FOUND", "articleId"),
		one("an article of another organization", map[string]any{
			"articleId": func(f fixture) any { return f.other.press.article() },
		}, "NOT_FOUND", "articleId"),
		one("an article of another workflow", map[string]any{
			"articleId": func(f fixture) any { return art(f.press.ready.Article.ID) },
		}, "NOT_FOUND", "articleId"),
		one("an older text", map[string]any{"expectedRevision": 0}, "REVISION_CONFLICT", "expectedRevision"),
		one("a text to come", map[string]any{"expectedRevision": 2}, "REVISION_CONFLICT", "expectedRevision"),
		one("an approval with feedback", map[string]any{"feedback": "Good."}, "INVALID_INPUT", "feedback"),
		flow("a published workflow", func(f fixture) workflow.Workflow { return f.press.published.Flow }, "STALE_STATE"),
		flow("a fresh workflow", func(f fixture) workflow.Workflow { return f.fresh }, "STALE_STATE"),
		flow("a workflow that is over", func(f fixture) workflow.Workflow { return f.over }, "TERMINAL_STATE"),
	}
}

func badPublishing() []badInput {
	of := func(mutation, name string, id func(f fixture) workflow.Workflow, code, field string) badInput {
		return badInput{mutation, name, map[string]any{"workflowId": func(f fixture) any { return wf(id(f)) }}, code, field}
	}
	approve := func(name, field string, value any, code string) badInput {
		return badInput{"approvePublishing", name, map[string]any{field: value}, code, field}
	}
	at := func(policy string, when any) badInput {
		return badInput{"approvePublishing", policy + " at a bad time", map[string]any{
			"policy": policy, "scheduleAt": when,
		}, "INVALID_INPUT", "scheduleAt"}
	}
	ids := func(id func(fixture) string) any { return func(f fixture) any { return []string{id(f)} } }
	article := func(name string, id func(fixture) string, revision int, code, field string) badInput {
		return badInput{"approvePublishing", name, map[string]any{
			"articles": func(f fixture) any { return []any{text(id(f), revision)} },
		}, code, field}
	}
	ready := func(f fixture) string { return art(f.press.ready.Article.ID) }
	target := func(f fixture) string { return f.press.target }
	many := make([]any, 501)
	for i := range many {
		many[i] = text(art(uuid.New()), 1)
	}
	writing := func(f fixture) workflow.Workflow { return f.press.writing.Flow }
	over := func(f fixture) workflow.Workflow { return f.over }
	return []badInput{
		approve("no article", "articles", []any{}, "NOTHING_APPROVED"),
		approve("too many", "articles", many, "SELECTION_TOO_LARGE"),
		article("an unknown article", func(fixture) string { return art(uuid.Max) }, 1, "NOT_FOUND",
			"articles.0.articleId"),
		article("an article of another workflow", func(f fixture) string { return f.press.article() }, 1, "NOT_FOUND",
			"articles.0.articleId"),
		article("an article of another organization", func(f fixture) string {
			return art(f.other.press.ready.Article.ID)
		}, 1, "NOT_FOUND", "articles.0.articleId"),
		article("a malformed article", func(fixture) string { return "art_1" }, 1, "INVALID_INPUT", "articles.0.articleId"),
		article("no text", ready, 0, "REVISION_CONFLICT", "articles.0.expectedRevision"),
		article("a text before the first", ready, -1, "REVISION_CONFLICT", "articles.0.expectedRevision"),
		article("a text to come", ready, 2, "REVISION_CONFLICT", "articles.0.expectedRevision"),
		article("a text of a far future", ready, 2147483647, "REVISION_CONFLICT", "articles.0.expectedRevision"),
		{"approvePublishing", "an article twice", map[string]any{
			"articles": func(f fixture) any { return []any{text(ready(f), 1), text(ready(f), 1)} },
		}, "INVALID_INPUT", "articles.1.articleId"},
		{"approvePublishing", "an article twice, in two revisions", map[string]any{
			"articles": func(f fixture) any { return []any{text(ready(f), 1), text(ready(f), 2)} },
		}, "INVALID_INPUT", "articles.1.articleId"},
		approve("an unknown target", "targetIds", []string{"target_" + uuid.Max.String()}, "INVALID_INPUT"),
		approve("a target of another organization", "targetIds",
			ids(func(f fixture) string { return f.other.press.target }), "INVALID_INPUT"),
		approve("a target twice", "targetIds",
			func(f fixture) any { return []string{target(f), target(f)} }, "INVALID_INPUT"),
		approve("no target", "targetIds", []string{}, "NOTHING_APPROVED"),
		approve("an older version", "expectedVersion", 0, "STALE_STATE"),
		approve("a version to come", "expectedVersion", 2147483647, "STALE_STATE"),
		at("SCHEDULE", nil), at("SCHEDULE", fromNow(-time.Hour)), at("SCHEDULE", fromNow(367*24*time.Hour)),
		at("DRAFT", fromNow(time.Hour)), at("PUBLISH", fromNow(time.Hour)),
		of("approvePublishing", "a workflow in step 6", writing, "STALE_STATE", "expectedVersion"),
		of("approvePublishing", "a workflow that is over", over, "TERMINAL_STATE", "workflowId"),
		of("rejectPublishing", "a workflow in step 6", writing, "STALE_STATE", "workflowId"),
		of("rejectPublishing", "a workflow that is over", over, "TERMINAL_STATE", "workflowId"),
		bad("rejectPublishing", "resetTo", "PUBLISH", "INVALID_INPUT"),
		bad("rejectPublishing", "feedback", strings.Repeat("🦊", 2001), "INVALID_INPUT"),
		bad("rejectPublishing", "feedback", "NUL\x00", "INVALID_INPUT"),
		{"rejectPublishing", "another version", map[string]any{"expectedVersion": 0}, "STALE_STATE", "workflowId"},
		bad("decidePublication", "reason", "", "INVALID_INPUT"),
		bad("decidePublication", "reason", " \t", "INVALID_INPUT"),
		bad("decidePublication", "remoteId", "7", "INVALID_INPUT"), // with SKIP
		bad("decidePublication", "choice", "OVERWRITE", "CONFLICT"),
		bad("decidePublication", "choice", "UNPUBLISH", "CONFLICT"),
		{"decidePublication", "no post", map[string]any{"choice": "ADOPT"}, "INVALID_INPUT", "remoteId"},
		{"decidePublication", "a post that nothing waits for", map[string]any{
			"choice": "ADOPT", "remoteId": "7",
		}, "CONFLICT", "choice"},
		{"decidePublication", "a path", map[string]any{
			"choice": "ADOPT", "remoteId": "../users/1",
		}, "INVALID_INPUT", "remoteId"},
		{"decidePublication", "dots", map[string]any{"choice": "ADOPT", "remoteId": ".."}, "INVALID_INPUT", "remoteId"},
		{"decidePublication", "a long id", map[string]any{
			"choice": "ADOPT", "remoteId": strings.Repeat("7", 201),
		}, "INVALID_INPUT", "remoteId"},
		{"decidePublication", "NUL", map[string]any{"choice": "ADOPT", "remoteId": "7\x00"}, "INVALID_INPUT", "remoteId"},
		{"decidePublication", "what is being sent", map[string]any{
			"publicationId": func(f fixture) any { return f.press.publication(0) },
		}, "CONFLICT", "choice"},
	}
}
