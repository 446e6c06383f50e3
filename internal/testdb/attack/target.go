package attack

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// Target is a database with something of each kind in it. Of an organization it has a workflow at COMPETITOR_PENDING
// (version 4) with an ended run, one in the middle of its run, calls in four states, an article of ten cents with an
// open call and a settled one, a webhook, an API key, a price, idempotency records, a review that a second person
// approved, a review that waits for its approval, a parked run with a unit that is done, one that runs and one that
// waits, and an article with an approved version that quotes a page; of another organization a workflow, a month and a
// call; and an organization with nothing.
type Target struct {
	DB     *testdb.DB
	Who    caller.Caller
	keys   *strings.Replacer
	server *pgxpool.Pool
}

// rest writes what has no verb in the store's language that is short: a webhook, a key and a price.
const rest = `
WITH changed AS (
	UPDATE organizations SET version = 1, webhook_version = 1, webhook_url = 'https://example.com' WHERE id = {org}
	RETURNING *
)
INSERT INTO organization_changes (organization_id, version, time_zone, workflow_limit_pico, month_limit_pico, actor,
	reason, occurred_at, webhook_url)
SELECT id, 1, time_zone, workflow_limit_pico, month_limit_pico, 'alice', '', now(), webhook_url FROM changed;
WITH changed AS (UPDATE organizations SET version = 2 WHERE id = {org} RETURNING *)
INSERT INTO organization_changes (organization_id, version, time_zone, workflow_limit_pico, month_limit_pico, actor,
	reason, occurred_at, api_key_id, api_key_event)
SELECT id, 2, time_zone, workflow_limit_pico, month_limit_pico, 'alice', '', now(), {key}, 'CREATED' FROM changed;
INSERT INTO api_keys (organization_id, id, name, role, prefix, digest, expires_at, created_by, created_at,
	created_version) VALUES ({org}, {key}, 'ci', 'VIEWER', 'abcdefgh', sha256('x'), now() + interval '1 day', 'alice',
	now(), 2);
INSERT INTO model_prices (organization_id, model, component, unit_pico, valid_from, source, actor, recorded_at)
VALUES ({org}, 'm', 'PROMPT', 7, now(), 'test', 'alice', now());
INSERT INTO idempotency_keys (organization_id, key, fingerprint, workflow_id, actor, created_at)
VALUES ({org}, 'open', sha256('x'), {flow}, 'alice', now());
INSERT INTO idempotency_keys (organization_id, key, fingerprint, workflow_id, version, actor, created_at)
VALUES ({org}, 'answered', sha256('x'), {flow}, 1, 'alice', now());`

// filled is the target that all are copies of.
var filled *Target

var targets = testdb.NewKind(func(t testing.TB, db *testdb.DB) {
	t.Helper()
	filled = fill(t, db)
})

// NewTarget returns a target on a database of its own. All targets of a test binary have the same rows.
func NewTarget(t testing.TB) *Target {
	t.Helper()
	return &Target{DB: targets.New(t), Who: filled.Who, keys: filled.keys}
}

func fill(t testing.TB, db *testdb.DB) *Target {
	t.Helper()
	f := fixture{t: t, store: db.Store(), who: testdb.Caller(t, db)}
	flow := testdb.Workflow(t, db, f.who, testdb.WorkflowOpts{State: workflow.CompetitorPending})
	running := testdb.Workflow(t, db, f.who, testdb.WorkflowOpts{State: workflow.ICPProcessing})
	over := testdb.Workflow(t, db, f.who, testdb.WorkflowOpts{State: workflow.Cancelled})
	f.gates(db)
	approved, waiting := testdb.Review(t, db, f.who), testdb.Review(t, db, f.who)
	f.approve(approved)
	planned := f.plan(db)
	parked := f.park(db)
	published := testdb.Publish(t, db, f.who, f.plan(db))
	text := testdb.DecideText(t, db, f.who, testdb.Write(t, db, f.who, f.plan(db)))
	batch := testdb.Batch(t, db, f.who)
	month := f.month()
	reserved, dispatched := f.reserve(flow.ID, nil), f.reserve(flow.ID, nil)
	unknown, paid := f.reserve(flow.ID, nil), f.reserve(flow.ID, nil)
	article := testdb.Article(t, db, f.who, flow.ID, 10*cent)
	f.reserve(flow.ID, &article)
	f.settle(f.reserve(flow.ID, &article))
	f.move(dispatched, `state = 'DISPATCHED', dispatched_at = now()`)
	f.move(unknown, `state = 'UNKNOWN', unknown_since = now()`)
	f.settle(paid)
	other := fixture{t: t, store: f.store, who: testdb.Caller(t, db)}
	theirs, theirMonth := testdb.Workflow(t, db, other.who, testdb.WorkflowOpts{}), other.month()
	theirCall := other.reserve(theirs.ID, nil)
	g := &Target{DB: db, Who: f.who}
	words := f.verifications(db)
	for word, id := range map[string]uuid.UUID{
		"org":        f.who.OrganizationID,
		"flow":       flow.ID,
		"running":    running.ID,
		"written":    article,
		"over":       over.ID,
		"approved":   approved.Flow.ID,
		"unchosen":   approved.Keywords[2].ID,
		"review":     waiting.Flow.ID,
		"planned":    planned.Flow.ID,
		"article":    planned.Plan.Items[0].Page.ID,
		"text":       text.Article.ID,
		"waiting":    waiting.Keywords[2].ID,
		"parked":     parked.Flow.ID,
		"publishing": published.Flow.ID,
		"sent":       published.Publications[0].ID,
		"plannedPub": published.Publications[1].ID,
		"sending":    published.Units[0].ID,
		"unit":       parked.Units[1].ID,
		"batch":      batch.ID,
		"month":      month,
		"reserved":   reserved.ID,
		"dispatched": dispatched.ID,
		"unknown":    unknown.ID,
		"settled":    paid.ID,
		"key":        uuid.New(),
		"other":      other.who.OrganizationID,
		"theirs":     theirs.ID,
		"theirMonth": theirMonth,
		"theirCall":  theirCall.ID,
		"bare":       testdb.Caller(t, db).OrganizationID,
		"new":        uuid.New(),
	} {
		words = append(words, "{"+word+"}", "'"+id.String()+"'::uuid")
	}
	g.keys = strings.NewReplacer(words...)
	if err := g.Try(t, Attack{SQL: rest}, Owner, true); err != nil {
		t.Fatalf("fill the target: %v", err)
	}
	return g
}

// Key returns the id that a word of the attacks stands for.
func (g *Target) Key(word string) string {
	return strings.TrimSuffix(strings.Trim(g.keys.Replace("{"+word+"}"), "'"), "'::uuid")
}

// verifications makes two verifications, and returns the words of their ids.
func (f fixture) verifications(db *testdb.DB) []string {
	f.t.Helper()
	verified, verifying := testdb.Verification(f.t, db, f.who)
	return []string{
		"{verified}", "'" + verified.ID.String() + "'::uuid", "{verifying}", "'" + verifying.ID.String() + "'::uuid",
	}
}

// fixture writes the rows of one organization.
type fixture struct {
	t     testing.TB
	store *postgres.Store
	who   caller.Caller
}

const cent = cost.Dollar / 100

func (f fixture) month() uuid.UUID {
	f.t.Helper()
	ctx, at := context.Background(), testdb.Now()
	period, err := cost.Month(at, "UTC")
	if err != nil {
		f.t.Fatal(err)
	}
	opened := postgres.NewMonth{ID: uuid.New(), Period: period, TimeZone: "UTC", At: at}
	if err := f.store.OpenMonth(ctx, f.who, opened); err != nil {
		f.t.Fatalf("open the month: %v", err)
	}
	return opened.ID
}

// gates sets the gates and the name as they were an hour ago. The trigger that asks for the time of now is off for that
// statement.
func (f fixture) gates(db *testdb.DB) {
	f.t.Helper()
	_, err := db.Super.Exec(context.Background(), fmt.Sprintf(`BEGIN; SET LOCAL session_replication_role = replica;
		INSERT INTO gate_settings (organization_id, version, seeds, plan, publish, four_eyes, actor, reason, occurred_at)
		VALUES ('%[1]s', 0, 'HUMAN', 'OFF', 'OFF', true, 'alice', '', now() - interval '1 hour');
		INSERT INTO outside_steps (organization_id, version, steps, actor, reason, occurred_at)
		VALUES ('%[1]s', 0, '{ARTICLE}', 'alice', '', now() - interval '1 hour');
		INSERT INTO organization_names (organization_id, version, name, actor, reason, occurred_at)
		VALUES ('%[1]s', 0, 'Okapi', 'alice', '', now() - interval '1 hour'); COMMIT`,
		f.who.OrganizationID))
	if err != nil {
		f.t.Fatalf("set the gates: %v", err)
	}
}

// plan returns an article plan whose first article is approved, after a review that a second person approved.
func (f fixture) plan(db *testdb.DB) testdb.Planned {
	f.t.Helper()
	reviewed := testdb.Review(f.t, db, f.who)
	f.approve(reviewed)
	planned := testdb.Plan(f.t, db, f.who, testdb.Cluster(f.t, db, f.who, reviewed))
	testdb.DecidePlan(f.t, db, f.who, planned)
	return planned
}

// park parks a workflow whose review a second person has approved.
func (f fixture) park(db *testdb.DB) testdb.Parked {
	f.t.Helper()
	reviewed := testdb.Review(f.t, db, f.who)
	f.approve(reviewed)
	flow, there, err := f.store.Workflow(context.Background(), f.who, reviewed.Flow.ID)
	if err != nil || !there {
		f.t.Fatalf("read an approved workflow: %t, %v", there, err)
	}
	return testdb.Units(f.t, db, f.who, flow)
}

// approve ends a review by the decision of a second person.
func (f fixture) approve(r testdb.Reviewed) {
	f.t.Helper()
	second := f.who
	second.Actor = "bob"
	if err := testdb.Approve(context.Background(), f.store, second, r, f.who.Actor); err != nil {
		f.t.Fatalf("approve a review: %v", err)
	}
}

// reserve holds a cent for a call of a workflow in the present month, and of an article if there is one.
func (f fixture) reserve(flow uuid.UUID, article *uuid.UUID) postgres.Call {
	f.t.Helper()
	at := testdb.Now()
	made, err := f.store.ReserveCalls(context.Background(), []postgres.NewCall{{
		OrganizationID: f.who.OrganizationID,
		ID:             uuid.New(),
		WorkflowID:     flow,
		Step:           workflow.StepICP,
		Hold:           cent,
		At:             at,
		CheckAt:        at.Add(time.Hour),
		ArticleID:      article,
		Actor:          f.who.Actor,
	}}, 0)
	if err != nil || !made[0].Held {
		f.t.Fatalf("reserve: got %+v, %v", made, err)
	}
	return made[0].Call
}

// move updates a call.
func (f fixture) move(call postgres.Call, assignment string) {
	f.t.Helper()
	ctx := context.Background()
	err := f.store.InTx(ctx, func(tx *postgres.Store) error {
		if _, _, err := tx.Call(ctx, f.who, call.ID); err != nil { // It names the organization.
			return err
		}
		_, err := tx.Tx().Exec(ctx, `UPDATE ai_calls SET `+assignment+` WHERE id = $1`, call.ID)
		return err
	})
	if err != nil {
		f.t.Fatalf("move a call: %v", err)
	}
}

// settle ends a call with half of its hold.
func (f fixture) settle(call postgres.Call) {
	f.t.Helper()
	ctx, at := context.Background(), testdb.Now()
	err := f.store.InTx(ctx, func(tx *postgres.Store) error {
		ended, won, err := tx.SettleCall(ctx, f.who, call.ID, postgres.Bill{Cost: cent / 2, Model: "m", At: at})
		if err != nil || !won {
			return errors.Join(err, errors.New("not settled"))
		}
		_, err = tx.Book(ctx, f.who, postgres.Booking{
			Kind:  cost.EntrySettle,
			Call:  ended,
			Delta: cost.Delta{Settled: cent / 2, Held: -ended.Hold},
			At:    at,
		})
		return err
	})
	if err != nil {
		f.t.Fatalf("settle: %v", err)
	}
}
