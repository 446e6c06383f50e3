package history

import (
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/workflow"
)

// Publication is one article on the site.
type Publication struct {
	ID, Flow uuid.UUID
	State    workflow.PublicationState
	Remote   string // the site's id of its post
	Lost     int    // drafts whose answer was lost
}

// Post is a post of the site, and the publication that its marker names.
type Post struct {
	ID          int64
	Publication uuid.UUID
	Public      bool
	Trashed     bool
}

// UnitEvent is a row of the journal of units.
type UnitEvent struct {
	Unit, Flow uuid.UUID
	Version    int
	Kind       workflow.UnitMove
	To         workflow.UnitState
	Attempt    int
	Token      int
	Actor      string
	Failure    string
}

// Answer is a paid answer for one part of a step.
type Answer struct {
	Call, Flow uuid.UUID
	Visit      int
	Part       string
	State      cost.CallState
	// WasUnknown says that the answer was lost for a time, Failed that it could not be used, Kept that the part has it,
	// Late that the request was sent after the part had an answer, and Lost that the attempt was taken from its worker.
	WasUnknown, Failed, Kept, Late, Lost bool
}

// posts compares the publications with the posts of the site: a LIVE one has one public post, no other post is public,
// and no publication has two posts, not even in the trash. An answer that arrives after the last look at the site could
// leave one there, so the schedule of looks must be longer than a pause of a server.
func (c *checker) posts() {
	of := map[uuid.UUID][]Post{}
	for _, post := range c.Posts {
		of[post.Publication] = append(of[post.Publication], post)
	}
	for _, p := range c.Publications {
		public, kept := 0, 0
		for _, post := range of[p.ID] {
			if post.Public {
				public++
			}
			if !post.Trashed {
				kept++
			}
		}
		fail := func(format string, args ...any) {
			c.violated(RulePosted, "publication %s of workflow %s is %s, and "+format,
				append([]any{p.ID, p.Flow, p.State}, args...)...)
		}
		if n := len(of[p.ID]); n > 1 {
			fail("was posted %d times", n)
		}
		ended := c.flows[p.Flow].State != workflow.Cancelled
		switch {
		case p.State == workflow.PublicationLive && public != 1:
			fail("has %d public posts", public)
		case p.State != workflow.PublicationLive && p.State != workflow.PublicationOrphaned && ended && public > 0:
			fail("has %d public posts", public)
		case p.State != workflow.PublicationLive && p.State != workflow.PublicationSkipped && ended && kept > public:
			fail("has %d drafts", kept-public)
		}
		delete(of, p.ID)
	}
	for id, rest := range of {
		c.violated(RulePosted, "the site has %d posts of the unknown publication %s", len(rest), id)
	}
}

// sweeper is the actor that ends attempts whose lease has expired.
const sweeper = "sweeper"

// units checks that each attempt at a unit is ended once, by the worker that began it or by the sweeper. The sweeper
// ends it with LEASE_EXPIRED, or with CANCELLED when the workflow has moved on. A worker that ends the attempt of
// another one has no fence. No unit of a living workflow is open.
func (c *checker) units() {
	claims := map[uuid.UUID]UnitEvent{}
	cancelled := map[uuid.UUID]int{} // the tokens of attempts that the sweeper has cancelled
	last := map[uuid.UUID]UnitEvent{}
	for _, e := range c.Units {
		fail := func(text string) {
			c.violated(RuleUnit, "event %d (%s of attempt %d by %s) of unit %s %s", e.Version, e.Kind, e.Attempt,
				e.Actor, e.Unit, text)
		}
		claim, running := claims[e.Unit]
		switch e.Kind {
		case workflow.UnitClaim:
			if running {
				fail("begins beside the attempt of " + claim.Actor)
			}
			if token, ended := cancelled[e.Unit]; ended && token == e.Token {
				fail("begins after the sweeper has cancelled the unit")
			}
			claims[e.Unit] = e
		case workflow.UnitProgress, workflow.UnitFinish:
			if !running || claim.Attempt != e.Attempt || claim.Actor != e.Actor {
				fail("belongs to an attempt of " + claim.Actor)
			}
		case workflow.UnitRetry, workflow.UnitFail:
			expired := e.Failure == string(workflow.FailureLeaseExpired)
			cancels := e.Kind == workflow.UnitFail && e.Failure == string(workflow.FailureCancelled) &&
				c.flows[e.Flow].Version != e.Token
			swept := e.Actor == sweeper && (expired || cancels)
			if swept && cancels {
				cancelled[e.Unit] = e.Token
			}
			if !running || claim.Attempt != e.Attempt || claim.Actor != e.Actor && !swept {
				fail("belongs to an attempt of " + claim.Actor)
			}
		}
		if e.To != workflow.UnitRunning {
			delete(claims, e.Unit)
		}
		last[e.Unit] = e
	}
	for unit, e := range last {
		if flow := c.flows[e.Flow]; e.To.IsOpen() && !flow.State.IsTerminal() && flow.Version == e.Token {
			c.violated(RuleUnit, "unit %s of workflow %s is %s after quiescence", unit, e.Flow, e.To)
		}
	}
}

// answers checks that an answer is paid for once: no request follows an answer that a part has, and an answer that no
// part has was lost on its way, could not be used, or belongs to an attempt that was taken from its worker.
func (c *checker) answers() {
	for _, a := range c.Answers {
		switch {
		case a.Late:
			c.violated(RulePaid, "call %s for %s of visit %d of workflow %s was sent after the part had its answer", a.Call,
				a.Part, a.Visit, a.Flow)
		case a.State == cost.CallSettled && !a.Kept && !a.WasUnknown && !a.Failed && !a.Lost:
			c.violated(RulePaid, "call %s for %s of visit %d of workflow %s is paid, and its answer was neither kept nor lost",
				a.Call, a.Part, a.Visit, a.Flow)
		}
	}
}
