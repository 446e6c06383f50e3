package simulation_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/publish/sandbox"
	"github.com/infin8content/engine/internal/workflow"
)

// press are the publications of the organization after the last step. Each check compares their new events with the
// contract, and the publications with the posts that the sites have.
type press struct {
	w    *world
	rows map[uuid.UUID]dbsqlc.Publication
	last map[uuid.UUID]int
	// lost is the time of the last lost draft, sent the number of drafts that were to be sent, and created the number that
	// went out.
	lost          map[uuid.UUID]time.Time
	sent, created map[uuid.UUID]int
	// read are the texts that approvers have read.
	read map[string][]engine.ApprovedText
}

func newPress(w *world) *press {
	return &press{
		w:       w,
		rows:    map[uuid.UUID]dbsqlc.Publication{},
		last:    map[uuid.UUID]int{},
		lost:    map[uuid.UUID]time.Time{},
		sent:    map[uuid.UUID]int{},
		created: map[uuid.UUID]int{},
		read:    map[string][]engine.ApprovedText{},
	}
}

const (
	readPublications = `SELECT p.* FROM publications AS p WHERE p.organization_id = $1 ORDER BY p.id`
	readPosted       = `SELECT e.* FROM publications AS p
		LEFT JOIN unnest($2::uuid[], $3::integer[]) AS seen (id, version) ON seen.id = p.id
		JOIN publication_events AS e ON e.organization_id = p.organization_id AND e.publication_id = p.id
			AND e.version > coalesce(seen.version, -1)
		WHERE p.organization_id = $1
		ORDER BY e.publication_id, e.version`
)

// ask adds the questions of the judge to a batch.
func (p *press) ask(batch *pgx.Batch) {
	if len(p.w.sites.all) == 0 {
		return
	}
	ids, versions := []uuid.UUID{}, []int{}
	for id, version := range p.last {
		ids, versions = append(ids, id), append(versions, version)
	}
	batch.Queue(readPublications, p.w.organization)
	batch.Queue(readPosted, p.w.organization, ids, versions)
}

// answer judges what has happened since the last step.
func (p *press) answer(results pgx.BatchResults) error {
	if len(p.w.sites.all) == 0 {
		return nil
	}
	var rows []dbsqlc.Publication
	var events []dbsqlc.PublicationEvent
	if err := errors.Join(into(results, &rows), into(results, &events)); err != nil {
		return err
	}
	states := map[uuid.UUID]workflow.PublicationState{}
	for id, row := range p.rows {
		states[id] = row.State
	}
	for _, e := range events {
		p.event(e, states[e.PublicationID])
		states[e.PublicationID], p.last[e.PublicationID] = e.ToState, e.Version
	}
	for _, row := range rows {
		if row.State != states[row.ID] || row.Version != p.last[row.ID] {
			p.w.failf("publication %s is %s with version %d, its journal says %s, %d", row.ID, row.State, row.Version,
				states[row.ID], p.last[row.ID])
		}
		p.rows[row.ID] = row
	}
	p.posts()
	return nil
}

// proof is how long after a lost answer a site must not have the post before another draft is sent: five minutes, less
// the difference of two servers' clocks.
const proof = 5*time.Minute - 3*time.Second

// event checks an event of a publication.
func (p *press) event(e dbsqlc.PublicationEvent, was workflow.PublicationState) {
	fail := func(format string, args ...any) {
		p.w.failf("event %d (%s) of publication %s by %s: %s", e.Version, e.Kind, e.PublicationID, e.Actor,
			fmt.Sprintf(format, args...))
	}
	if e.Version > 0 && (e.FromState == nil || *e.FromState != was) {
		fail("the publication was %s", was)
	}
	switch e.Kind {
	case workflow.PublicationSend:
		p.sent[e.PublicationID]++
	case workflow.PublicationLose:
		p.lost[e.PublicationID] = e.OccurredAt
	case workflow.PublicationAbsent:
		if was == workflow.PublicationUnknown {
			p.absent(e, fail)
		}
	case workflow.PublicationPlan, workflow.PublicationReplan:
		if !slices.Contains(p.read[e.Actor], engine.ApprovedText{ArticleID: e.ArticleID, ExpectedRevision: e.Revision}) {
			fail("the approver has not read revision %d of article %s", e.Revision, e.ArticleID)
		}
	}
	if e.Kind == workflow.PublicationSend || e.Kind == workflow.PublicationUpdate ||
		e.Kind == workflow.PublicationMakePublic {
		p.attempt(e, fail)
	}
	p.w.saw("a publication: " + string(e.Kind))
}

// attempt checks that a request to a site belongs to the attempt that is under way.
func (p *press) attempt(e dbsqlc.PublicationEvent, fail func(string, ...any)) {
	if e.UnitID == nil {
		fail("no attempt sends it")
		return
	}
	unit := p.w.units.rows[*e.UnitID]
	if unit.State != workflow.UnitRunning || unit.Attempt != *e.Attempt || unit.Worker != e.Actor ||
		!p.w.units.isNow(unit.WorkflowID, unit.Token) {
		fail("attempt %d of unit %s sends it, which is %s with attempt %d of %q", *e.Attempt, unit.ID, unit.State,
			unit.Attempt, unit.Worker)
	}
}

// absent checks a proof that the site has no post: it was asked for long enough, and has none.
func (p *press) absent(e dbsqlc.PublicationEvent, fail func(string, ...any)) {
	if waited := e.OccurredAt.Sub(p.lost[e.PublicationID]); waited < proof {
		fail("the answer was lost only %s ago", waited)
	}
	if posts := p.marked(e.PublicationID, "draft", "publish"); posts > p.w.sites.arrived[e.PublicationID] {
		fail("the site has %d posts of it", posts)
	}
}

// marked counts the posts of a publication with some states on all sites.
func (p *press) marked(id uuid.UUID, states ...string) (n int) {
	for _, s := range p.w.sites.all {
		for _, post := range s.Posts() {
			if publicationIn(post.Content) == id && slices.Contains(states, post.Status) {
				n++
			}
		}
	}
	return n
}

// sends checks a request that makes a draft: its publication was moved to SENT for it by a commit.
func (p *press) sends(a *actor, id uuid.UUID) {
	p.created[id]++
	if p.rows[id].State != workflow.PublicationSent && p.rows[id].State != workflow.PublicationOrphaned ||
		p.created[id] > p.sent[id] {
		p.w.failf("%s sends draft %d of publication %s, which is %s and was to be sent %d times", a.name, p.created[id], id,
			p.rows[id].State, p.sent[id])
	}
}

// mayReplace reports whether a person's text in a post may be replaced: a person has decided so, or it is the text that
// the publication was found with.
func (p *press) mayReplace(id uuid.UUID, content string) bool {
	row, sum := p.rows[id], sha256.Sum256([]byte(content))
	return row.Overwrite || row.RemoteSha256 == nil || string(row.RemoteSha256) == string(sum[:])
}

// posts checks the sites: a publication has at most one public post, one that is live has it with the text that was
// approved, and one that was withdrawn has none.
func (p *press) posts() {
	public := map[uuid.UUID]int{}
	for _, s := range p.w.sites.all {
		for _, post := range s.Posts() {
			if post.Status != "publish" {
				continue
			}
			id := publicationIn(post.Content)
			public[id]++
			row := p.rows[id]
			if row.RemoteID != "" && row.RemoteID != strconv.FormatInt(post.ID, 10) {
				p.w.failf("publication %s has the public post %d, and names %s", id, post.ID, row.RemoteID)
			}
			p.post(row, post, s.edits[post.ID] != nil)
		}
	}
	for id, row := range p.rows {
		switch {
		case public[id] > 1:
			p.w.failf("publication %s has %d public posts", id, public[id])
		case row.State == workflow.PublicationLive && public[id] != 1:
			p.w.failf("publication %s is LIVE without a public post", id)
		}
	}
}

// post checks a public post against its publication.
func (p *press) post(row dbsqlc.Publication, post sandbox.Post, edited bool) {
	switch row.State {
	case workflow.PublicationPlanned, workflow.PublicationSent, workflow.PublicationUnknown,
		workflow.PublicationUnpublished:
		p.w.failf("publication %s is %s and has the public post %d", row.ID, row.State, post.ID)
	case workflow.PublicationLive:
		comment := fmt.Sprintf("<!-- infin8:%s %d -->", row.ID, row.RemoteRevision)
		if !edited && row.RemoteRevision > 0 && !strings.Contains(post.Content, comment) {
			p.w.failf("post %d is not revision %d of publication %s", post.ID, row.RemoteRevision, row.ID)
		}
	}
}

// atRest checks that no request is under way when the work rests. The only twins of posts are drafts that arrived after
// their time.
func (p *press) atRest() {
	for id, row := range p.rows {
		unit, open := p.unitOf(row), false
		switch row.State {
		case workflow.PublicationPlanned, workflow.PublicationSent, workflow.PublicationUnknown,
			workflow.PublicationPublishSent, workflow.PublicationUpdateSent, workflow.PublicationDrafted:
			open = row.State != workflow.PublicationDrafted || row.Policy != workflow.PublishDraft
		}
		if open && unit != nil && unit.State == workflow.UnitDone {
			p.w.failf("publication %s is %s, and its unit is done", id, row.State)
		}
		if row.State != workflow.PublicationLive || unit == nil || unit.State != workflow.UnitDone {
			continue
		}
		if drafts := p.marked(id, "draft"); drafts > p.w.sites.arrived[id] {
			p.w.failf("publication %s is LIVE and has left %d drafts", id, drafts)
		}
		p.w.saw("a post is live at rest")
	}
}

// unitOf returns the unit of a publication in its last visit, while the workflow is not over by a cancellation.
func (p *press) unitOf(row dbsqlc.Publication) *dbsqlc.StepUnit {
	visit := p.w.units.visitOf(row.WorkflowID, workflow.StepPublish)
	of := workflow.Publication{ID: row.ID}
	if unit, there := p.w.units.rows[of.UnitOf(visit)]; there {
		return &unit
	}
	return nil
}
