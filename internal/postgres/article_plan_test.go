package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// published is the number of articles of an organization in workflows that have ended. Their texts had findings, and a
// person has judged half of them.
const published = 4000

var plantPublished = []string{
	`SET session_replication_role = replica`,
	`INSERT INTO intent_workflows (organization_id, id, name, company_name, company_url, graph_version, version, state,
			previous_hash, hash, created_by, created_at, updated_at)
		SELECT w.organization_id, md5('flow ' || n)::uuid, 'Old ' || n, 'c', 'u', 1, 0, 'COMPLETED', '', sha256(''), 'a',
			w.created_at, w.updated_at
		FROM intent_workflows AS w, generate_series(1, {published} / 10) AS n
		WHERE w.organization_id = {organization}`,
	`INSERT INTO step_visits (organization_id, workflow_id, visit, step, graph_version, state, hash)
		SELECT v.organization_id, md5('flow ' || n)::uuid, v.visit, v.step, v.graph_version, v.state, v.hash
		FROM step_visits AS v, generate_series(1, {published} / 10) AS n
		WHERE v.organization_id = {organization} AND v.step = 'ARTICLE'`,
	`INSERT INTO step_units (organization_id, id, workflow_id, visit, step, position, label, state, version, attempt,
			token, tries, worker, done, total, failure_message, changed_at)
		SELECT u.organization_id, md5('unit ' || n)::uuid, md5('flow ' || (n / 10))::uuid, u.visit, u.step, n % 10 + 1,
			'a', u.state, u.version, u.attempt, u.token, u.tries, '', u.done, u.total, '', u.changed_at
		FROM step_units AS u, generate_series(10, {published} + 9) AS n
		WHERE u.organization_id = {organization} AND u.step = 'ARTICLE' AND u.position = 1`,
	`INSERT INTO articles (organization_id, workflow_id, visit, article_id, position, unit_id, plan_visit, plan_revision,
			created_at)
		SELECT a.organization_id, md5('flow ' || (n / 10))::uuid, a.visit, md5('article ' || n)::uuid, n % 10 + 1,
			md5('unit ' || n)::uuid, 1, 1, a.created_at
		FROM articles AS a, generate_series(10, {published} + 9) AS n
		WHERE a.organization_id = {organization} AND a.position = 1`,
	`INSERT INTO article_versions (organization_id, article_id, revision, workflow_id, visit, title, meta_description,
			markdown, digest, words, fingerprint, checks, needs_review, mode, author_kind, is_synthetic, actor, created_at)
		SELECT v.organization_id, md5('article ' || n)::uuid, 1, md5('flow ' || (n / 10))::uuid, v.visit, 'a', 'a',
			v.markdown, v.digest, v.words, v.fingerprint, v.checks, true, v.mode, 'ENGINE', true, 'a',
			v.created_at - n * interval '1 second'
		FROM article_versions AS v, generate_series(10, {published} + 9) AS n
		WHERE v.organization_id = {organization} AND v.revision = 1
			AND v.article_id = (SELECT a.article_id FROM articles AS a
				WHERE a.organization_id = {organization} AND a.position = 1 AND a.workflow_id = v.workflow_id)`,
	`INSERT INTO article_decisions (organization_id, article_id, sequence, revision, verdict, feedback, actor, decided_at)
		SELECT {organization}, md5('article ' || n)::uuid, 1, 1, 'APPROVED', '', 'a', now()
		FROM generate_series(10, {published} + 9, 2) AS n`,
	`RESET session_replication_role`,
	`VACUUM ANALYZE`,
}

// newReviewed returns a store with two texts to review, the oldest first, and many of workflows that have ended.
func newReviewed(t *testing.T) (*postgres.Store, caller.Caller, []uuid.UUID) {
	t.Helper()
	ctx, db := context.Background(), testdb.New(t)
	who := testdb.Caller(t, db)
	testdb.Gates(t, db, who, false)
	reviewed := testdb.Review(t, db, who)
	if err := testdb.Approve(ctx, db.Store(), who, reviewed, who.Actor); err != nil {
		t.Fatal(err)
	}
	var ids []uuid.UUID
	planned := testdb.Plan(t, db, who, testdb.Cluster(t, db, who, reviewed))
	for _, written := range testdb.WriteArticles(t, db, who, planned, 2) {
		ids = append(ids, testdb.DoubtText(t, db, who, written).Article.ID)
	}
	conn, err := db.Super.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	values := strings.NewReplacer("{organization}", "'"+who.OrganizationID.String()+"'",
		"{published}", strconv.Itoa(published))
	for _, statement := range plantPublished {
		if _, err := conn.Exec(ctx, values.Replace(statement)); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	return db.Store(), who, ids
}

// The list of texts to review and its count read the articles of live workflows, not those of ended ones.
func TestArticlesToReview_ReadLiveWorkOnly(t *testing.T) {
	t.Parallel()
	store, who, want := newReviewed(t)
	ctx := context.Background()
	tables := []string{
		"intent_workflows", "workflow_transitions", "step_visits", "step_units", "articles", "article_plans",
		"article_budgets", "article_versions", "article_decisions",
	}
	of := postgres.UnitStates{
		Step:  workflow.StepArticle,
		State: workflow.UnitDone,
		Flows: []workflow.State{workflow.ArticleProcessing, workflow.PublishPending},
	}
	check := func(name string, do func(*postgres.Store) error) {
		t.Helper()
		for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
			read := reads(t, store, func(tx *postgres.Store) error {
				if _, err := tx.Tx().Exec(ctx, "SET LOCAL plan_cache_mode = "+mode); err != nil {
					return err
				}
				return do(tx)
			}, tables...)
			if t.Logf("%s, %s: %d rows are read", name, mode, read); read > published/10 {
				t.Errorf("%s, %s: %d rows are read", name, mode, read)
			}
		}
	}
	for _, descending := range []bool{false, true} {
		page := postgres.UnitStatePage{UnitStates: of, Descending: descending, First: 20}
		if descending {
			page.At, page.ID = distant, uuid.Max
		}
		check(fmt.Sprintf("list, descending %t", descending), func(tx *postgres.Store) error {
			articles, err := tx.ArticlesToReview(ctx, who, page)
			var got []uuid.UUID
			for _, article := range articles {
				got = append(got, article.ID)
			}
			if descending {
				slices.Reverse(got)
			}
			if !slices.Equal(got, want) {
				t.Errorf("descending %t: got %v, want %v", descending, got, want)
			}
			return err
		})
	}
	check("count", func(tx *postgres.Store) error {
		n, err := tx.CountArticlesToReview(ctx, who, of)
		if n != len(want) {
			t.Errorf("got %d articles, want %d", n, len(want))
		}
		return err
	})
}
