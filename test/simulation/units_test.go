package simulation_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/workflow"
)

// units are the units of the organization's workflows after the last step, as their journal has them. Each check reads
// the new events and compares them with the rules of the contract. The engine decides nothing here.
type units struct {
	w    *world
	jobs []unitJob
	// planned are all units in the order of their plans.
	planned []uuid.UUID
	rows    map[uuid.UUID]dbsqlc.StepUnit
	flows   map[uuid.UUID]dbsqlc.IntentWorkflow
	before  map[uuid.UUID]int // the version of each workflow at the check before
	last    map[uuid.UUID]int // the last event of each workflow
	// moved and written are the last transition and the number of versions that the judge has seen.
	moved   map[uuid.UUID]int
	written map[uuid.UUID]int
	// asked has the events of people by unit, actor and kind.
	asked map[string]bool
	// refused are the requests of people that were refused, and approvals the versions that approvers have seen.
	refused   map[string]bool
	approvals map[string]int
	// decided are the versions of the decisions at gates, by their actors.
	decided map[string]int
}

func newUnits(w *world) *units {
	return &units{
		w:         w,
		rows:      map[uuid.UUID]dbsqlc.StepUnit{},
		flows:     map[uuid.UUID]dbsqlc.IntentWorkflow{},
		before:    map[uuid.UUID]int{},
		last:      map[uuid.UUID]int{},
		moved:     map[uuid.UUID]int{},
		written:   map[uuid.UUID]int{},
		asked:     map[string]bool{},
		refused:   map[string]bool{},
		approvals: map[string]int{},
		decided:   map[string]int{},
	}
}

const (
	readFlows  = `SELECT w.* FROM intent_workflows AS w WHERE w.organization_id = $1 ORDER BY w.id`
	readUnits  = `SELECT u.* FROM step_units AS u WHERE u.organization_id = $1 ORDER BY u.visit, u.position, u.id`
	readEvents = `SELECT e.* FROM intent_workflows AS w
		LEFT JOIN unnest($2::uuid[], $3::integer[]) AS seen (id, sequence) ON seen.id = w.id
		JOIN step_unit_events AS e ON e.organization_id = w.organization_id AND e.workflow_id = w.id
			AND e.sequence > coalesce(seen.sequence, -1)
		WHERE w.organization_id = $1
		ORDER BY e.workflow_id, e.sequence`
	readMoves = `SELECT t.* FROM intent_workflows AS w
		LEFT JOIN unnest($2::uuid[], $3::integer[]) AS seen (id, version) ON seen.id = w.id
		JOIN workflow_transitions AS t ON t.organization_id = w.organization_id AND t.workflow_id = w.id
			AND t.version > coalesce(seen.version, -1)
		WHERE w.organization_id = $1
		ORDER BY t.workflow_id, t.version`
	readTexts = `SELECT v.* FROM articles AS a
		LEFT JOIN unnest($2::uuid[], $3::integer[]) AS seen (id, revision) ON seen.id = a.article_id
		JOIN article_versions AS v ON v.organization_id = a.organization_id AND v.article_id = a.article_id
			AND v.visit = a.visit AND v.revision > coalesce(seen.revision, 0)
		WHERE a.organization_id = $1
		ORDER BY v.article_id, v.revision`
	readArticles = `SELECT a.* FROM articles AS a WHERE a.organization_id = $1 ORDER BY a.visit, a.position`
)

// ask adds the questions of the judge to a batch. read reads the answers.
func (u *units) ask(batch *pgx.Batch) {
	batch.Queue(readFlows, u.w.organization)
	batch.Queue(readUnits, u.w.organization)
	batch.Queue(readArticles, u.w.organization)
	batch.Queue(readDecisions, u.w.organization)
	batch.Queue(readSettings, u.w.organization)
	for _, q := range []struct {
		sql  string
		seen map[uuid.UUID]int
	}{{readMoves, u.moved}, {readEvents, u.last}, {readTexts, u.written}} {
		ids, numbers := []uuid.UUID{}, []int{}
		for id, number := range q.seen {
			ids, numbers = append(ids, id), append(numbers, number)
		}
		batch.Queue(q.sql, u.w.organization, ids, numbers)
	}
	u.w.press.ask(batch)
}

// found is what a check has read.
type found struct {
	flows     []dbsqlc.IntentWorkflow
	units     []dbsqlc.StepUnit
	articles  []dbsqlc.Article
	decisions []dbsqlc.GateDecision
	settings  []dbsqlc.GateSetting
	moves     []dbsqlc.WorkflowTransition
	events    []dbsqlc.StepUnitEvent
	texts     []dbsqlc.ArticleVersion
}

// into reads the rows of the next question.
func into[Row any](results pgx.BatchResults, rows *[]Row) (err error) {
	*rows, err = rowsOf[Row](results)
	return err
}

// read judges what has happened since the last step.
func (u *units) read(results pgx.BatchResults) error {
	var f found
	err := errors.Join(into(results, &f.flows), into(results, &f.units), into(results, &f.articles),
		into(results, &f.decisions), into(results, &f.settings), into(results, &f.moves), into(results, &f.events),
		into(results, &f.texts))
	if err != nil {
		return err
	}
	for _, flow := range f.flows {
		u.before[flow.ID] = u.flows[flow.ID].Version
		u.flows[flow.ID] = flow
	}
	finished := u.events(f)
	u.caps()
	decisions := map[versionOf]dbsqlc.GateDecision{}
	for _, d := range f.decisions {
		decisions[versionOf{d.WorkflowID, d.Version}] = d
	}
	for _, m := range f.moves {
		u.moved[m.WorkflowID] = m.Version
		u.end(m)
		u.gate(m, decisions, f.settings)
	}
	unitOf := map[uuid.UUID]uuid.UUID{}
	for _, a := range f.articles {
		unitOf[a.ArticleID] = a.UnitID
	}
	for _, v := range f.texts {
		u.written[v.ArticleID] = v.Revision
		u.text(v, finished[unitOf[v.ArticleID]])
	}
	return u.w.press.answer(results)
}

// events judges the new events and compares the units with their journals. It returns the attempts that have ended with
// a result, by unit.
func (u *units) events(f found) map[uuid.UUID]int {
	finished := map[uuid.UUID]int{}
	for _, row := range f.units {
		if _, known := u.rows[row.ID]; !known {
			u.planned = append(u.planned, row.ID)
			u.rows[row.ID] = dbsqlc.StepUnit{ID: row.ID, WorkflowID: row.WorkflowID, Visit: row.Visit, Version: -1}
		}
	}
	for _, e := range f.events {
		u.event(e)
		u.last[e.WorkflowID] = e.Sequence
		if e.Kind == workflow.UnitFinish {
			finished[e.UnitID] = e.Attempt
		}
	}
	for _, row := range f.units {
		u.compare(row)
	}
	return finished
}

// isNow reports whether a token is the version of a workflow at the last step. A commit may let a transition go on that
// has waited for it, and one check then sees both.
func (u *units) isNow(flow uuid.UUID, token int) bool {
	return token == u.flows[flow].Version || token == u.before[flow]
}

// unitMoves are the moves of a unit by the contract.
var unitMoves = map[workflow.UnitMove]struct {
	from []workflow.UnitState
	to   workflow.UnitState
}{
	workflow.UnitPlan:     {[]workflow.UnitState{""}, workflow.UnitPending},
	workflow.UnitClaim:    {[]workflow.UnitState{workflow.UnitPending}, workflow.UnitRunning},
	workflow.UnitProgress: {[]workflow.UnitState{workflow.UnitRunning}, workflow.UnitRunning},
	workflow.UnitFinish:   {[]workflow.UnitState{workflow.UnitRunning}, workflow.UnitDone},
	workflow.UnitRetry:    {[]workflow.UnitState{workflow.UnitRunning}, workflow.UnitPending},
	workflow.UnitFail:     {[]workflow.UnitState{workflow.UnitRunning}, workflow.UnitFailed},
	workflow.UnitSkip:     {[]workflow.UnitState{workflow.UnitPending, workflow.UnitFailed}, workflow.UnitSkipped},
	workflow.UnitReopen: {
		[]workflow.UnitState{
			workflow.UnitPending, workflow.UnitRunning, workflow.UnitDone, workflow.UnitFailed, workflow.UnitSkipped,
		}, workflow.UnitPending,
	},
}

// event checks an event of a unit, and makes it the state of the unit.
func (u *units) event(e dbsqlc.StepUnitEvent) {
	was, rule := u.rows[e.UnitID], unitMoves[e.Kind]
	attempt := was.Attempt
	if e.Kind == workflow.UnitClaim {
		attempt++
	}
	fail := func(format string, args ...any) {
		u.w.failf("event %d (%s) of unit %s by %s: %s", e.Version, e.Kind, e.UnitID, e.Actor, fmt.Sprintf(format, args...))
	}
	flow := u.flows[e.WorkflowID]
	live := u.isNow(e.WorkflowID, e.Token)
	switch {
	case !slices.Contains(rule.from, was.State) || e.ToState != rule.to || e.Version != was.Version+1:
		fail("the unit was %s with version %d, and becomes %s", was.State, was.Version, e.ToState)
	case e.Attempt != attempt:
		fail("it is of attempt %d, the last attempt is %d", e.Attempt, was.Attempt)
	case u.refused[e.Actor]:
		fail("the request was refused")
	}
	switch e.Kind {
	case workflow.UnitClaim:
		if !live || was.RetryAt != nil && was.RetryAt.After(e.OccurredAt) {
			fail("the unit is claimed for version %d before its time %v, the workflow has %d", e.Token, was.RetryAt,
				flow.Version)
		}
	case workflow.UnitProgress, workflow.UnitFinish:
		if !live || e.Actor != was.Worker {
			fail("the attempt belongs to %q and to version %d, the workflow has %d", was.Worker, e.Token, flow.Version)
		}
	case workflow.UnitRetry, workflow.UnitFail:
		u.failed(e, was, fail)
	case workflow.UnitSkip, workflow.UnitReopen:
		u.person(e, fail)
	}
	was.State, was.Version, was.Attempt, was.Token = e.ToState, e.Version, e.Attempt, e.Token
	if was.Worker = ""; e.ToState == workflow.UnitRunning {
		if was.Worker = e.Actor; e.Kind != workflow.UnitClaim {
			was.Worker = u.rows[e.UnitID].Worker
		}
	}
	u.rows[e.UnitID] = was
	u.w.saw("a unit: " + string(e.Kind))
}

// failed checks the end of an attempt without a result. Only its worker ends it before its lease is over.
func (u *units) failed(e dbsqlc.StepUnitEvent, was dbsqlc.StepUnit, fail func(string, ...any)) {
	flow := u.flows[e.WorkflowID]
	live := e.Token == flow.Version
	over := was.LeaseExpiresAt != nil && !was.LeaseExpiresAt.After(e.OccurredAt)
	switch {
	case e.FailureCode == nil:
		fail("it names no failure")
	case e.Actor != was.Worker && !over:
		fail("the lease of %s holds until %v", was.Worker, was.LeaseExpiresAt)
	case live == (*e.FailureCode == workflow.FailureCancelled) && flow.Version == u.before[e.WorkflowID]:
		fail("it says %s for version %d, the workflow has %d", *e.FailureCode, e.Token, flow.Version)
	case !u.isNow(e.WorkflowID, e.Token) && e.Kind == workflow.UnitRetry:
		fail("another attempt is planned for a workflow that has moved on")
	}
	u.w.saw("a unit fails with " + string(*e.FailureCode))
}

// person checks that a request of a person changes a unit once, and only where the workflow is in the step.
func (u *units) person(e dbsqlc.StepUnitEvent, fail func(string, ...any)) {
	flow := u.flows[e.WorkflowID]
	step := flow.State.Step()
	switch key := fmt.Sprintf("%s %s %s", e.UnitID, e.Actor, e.Kind); {
	case u.asked[key]:
		fail("the request is carried out twice")
	case flow.Version == u.before[e.WorkflowID] && (step == nil || !step.Key.HasUnits() || flow.State == step.Pending):
		fail("the workflow is %s", flow.State)
	case e.Kind == workflow.UnitReopen && !u.isNow(e.WorkflowID, e.Token):
		fail("the unit is opened for version %d, the workflow has %d", e.Token, flow.Version)
	case e.Kind == workflow.UnitSkip && e.Reason == "":
		fail("it has no reason")
	default:
		u.asked[key] = true
	}
}

// compare checks that a unit is what its journal says.
func (u *units) compare(row dbsqlc.StepUnit) {
	is := u.rows[row.ID]
	if is.State != row.State || is.Version != row.Version || is.Attempt != row.Attempt || is.Token != row.Token ||
		is.Worker != row.Worker || (row.LeaseExpiresAt != nil) != (row.State == workflow.UnitRunning) {
		u.w.failf("unit %s is %s, version %d, attempt %d, of %q; its journal says %s, %d, %d, %q", row.ID, row.State,
			row.Version, row.Attempt, row.Worker, is.State, is.Version, is.Attempt, is.Worker)
	}
	u.rows[row.ID] = row
}

// isLive reports whether a unit runs for the present version of its workflow.
func (u *units) isLive(row dbsqlc.StepUnit) bool {
	return row.State == workflow.UnitRunning && row.Token == u.flows[row.WorkflowID].Version
}

// call checks that a call for a unit is admitted to the attempt that is under way.
func (u *units) call(c dbsqlc.AiCall) {
	if c.UnitID == nil {
		return
	}
	row := u.rows[*c.UnitID]
	if row.State != workflow.UnitRunning || !u.isNow(row.WorkflowID, row.Token) || row.Attempt != *c.UnitAttempt {
		u.w.failf("call %s is admitted to attempt %d of unit %s, which is %s with attempt %d", c.ID, *c.UnitAttempt,
			row.ID, row.State, row.Attempt)
	}
	u.w.saw("a call for a unit")
}

// caps checks that no more units run at once than the limits allow.
func (u *units) caps() {
	inFlow, inLane, all := map[uuid.UUID]int{}, map[uuid.UUID]int{}, 0
	for _, row := range u.rows {
		if !u.isLive(row) {
			continue
		}
		all++
		inFlow[row.WorkflowID]++
		if row.Lane != nil {
			inLane[*row.Lane]++
		}
	}
	for flow, n := range inFlow {
		if n > unitsOfWorkflow {
			u.w.failf("%d units of workflow %s run at once", n, flow)
		}
	}
	for lane, n := range inLane {
		if n > 1 {
			u.w.failf("%d units of lane %s run at once", n, lane)
		}
	}
	if all > unitsOfOrganization {
		u.w.failf("%d units of the organization run at once", all)
	}
	if all == unitsOfOrganization {
		u.w.saw("all places of units are taken")
	}
}

// end checks the end of a step that is done in units against the completion rule.
func (u *units) end(m dbsqlc.WorkflowTransition) {
	if m.FromState == nil || m.FromState.Step() == nil {
		return
	}
	step := m.FromState.Step()
	if !step.Key.HasUnits() || *m.FromState != step.Processing || m.ToState != step.Completed {
		return
	}
	counts, visit := map[workflow.UnitState]int{}, u.visitOf(m.WorkflowID, step.Key)
	for _, row := range u.rows {
		if row.WorkflowID == m.WorkflowID && row.Visit == visit {
			counts[row.State]++
		}
	}
	if counts[workflow.UnitDone] == 0 ||
		counts[workflow.UnitPending]+counts[workflow.UnitRunning]+counts[workflow.UnitFailed] > 0 {
		u.w.failf("workflow %s becomes %s with the units %v", m.WorkflowID, m.ToState, counts)
	}
	u.w.saw("the step " + string(step.Key) + " is completed")
}

// visitOf returns the last visit of a step that has units.
func (u *units) visitOf(flow uuid.UUID, step workflow.StepKey) (visit int) {
	for _, row := range u.rows {
		if row.WorkflowID == flow && row.Step == step {
			visit = max(visit, row.Visit)
		}
	}
	return visit
}

// text checks that the engine writes a text only with the end of the attempt that has made it.
func (u *units) text(v dbsqlc.ArticleVersion, finished int) {
	if v.AuthorKind != content.AuthorEngine {
		u.w.saw("a person writes a text")
		return
	}
	if v.PreviousAuthor != nil && *v.PreviousAuthor == content.AuthorPerson && v.BasedOn == nil &&
		v.PreviousVisit != nil && *v.PreviousVisit == v.Visit {
		u.w.failf("revision %d of article %s replaces the text of a person", v.Revision, v.ArticleID)
	}
	if named := strings.TrimPrefix(v.Title, "Attempt "); named != fmt.Sprint(finished) {
		u.w.failf("revision %d of article %s is of attempt %s, and attempt %d has ended", v.Revision, v.ArticleID, named,
			finished)
	}
	u.w.saw("the engine writes a text")
}
