package history_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/workflow"
	"github.com/infin8content/engine/test/chaos/history"
)

var (
	live    = uuid.MustParse("00000000-0000-7000-8000-000000000011") // a publication
	left    = uuid.MustParse("00000000-0000-7000-8000-000000000012") // a publication that a person left out
	article = uuid.MustParse("00000000-0000-7000-8000-000000000013") // a unit
)

// published returns a good history with a post, a draft, a unit whose first worker was too slow, and paid answers.
func published() history.History {
	h := good()
	h.Publications = []history.Publication{
		{
			ID:     live,
			Flow:   flow,
			State:  workflow.PublicationLive,
			Remote: "1",
		},
		{ID: left, Flow: flow, State: workflow.PublicationSkipped},
	}
	h.Posts = []history.Post{{ID: 1, Publication: live, Public: true}, {ID: 2, Publication: left}}
	event := func(kind workflow.UnitMove, to workflow.UnitState, attempt int, actor string) {
		e := history.UnitEvent{
			Unit:    article,
			Flow:    flow,
			Version: len(h.Units),
			Kind:    kind,
			To:      to,
			Attempt: attempt,
			Token:   6,
			Actor:   actor,
		}
		if actor == "sweeper" {
			e.Failure = "LEASE_EXPIRED"
		}
		h.Units = append(h.Units, e)
	}
	event(workflow.UnitPlan, workflow.UnitPending, 0, "worker")
	event(workflow.UnitClaim, workflow.UnitRunning, 1, "slow")
	event(workflow.UnitRetry, workflow.UnitPending, 1, "sweeper")
	event(workflow.UnitClaim, workflow.UnitRunning, 2, "quick")
	event(workflow.UnitProgress, workflow.UnitRunning, 2, "quick")
	event(workflow.UnitFinish, workflow.UnitDone, 2, "quick")
	h.Answers = []history.Answer{
		{
			Call:  paid,
			Flow:  flow,
			Part:  "outline",
			State: cost.CallSettled,
			Kept:  true,
		},
		{
			Call:       lost,
			Flow:       flow,
			Part:       "outline",
			State:      cost.CallSettled,
			WasUnknown: true,
		},
	}
	return h
}

// move puts all events of units in the run of a token.
func move(h *history.History, token int) {
	for i := range h.Units {
		h.Units[i].Token = token
	}
}

func TestCheck_FindsNothingInGoodPosts(t *testing.T) {
	t.Parallel()
	for _, v := range history.Check(published()) {
		t.Error(v)
	}
}

// badPosts has one mistake for each sentence of the rules about posts, units and paid answers.
var badPosts = map[string]struct {
	rule, detail string
	change       func(*history.History)
}{
	"a lost post": {history.RulePosted, "has 0 public posts", func(h *history.History) { h.Posts = h.Posts[1:] }},
	"a draft of a live publication": {history.RulePosted, "has 0 public posts", func(h *history.History) {
		h.Posts[0].Public = false
	}},
	"a twin": {history.RulePosted, "was posted 2 times", func(h *history.History) {
		h.Posts = append(h.Posts, history.Post{ID: 3, Publication: live, Trashed: true})
	}},
	"a public post of a skipped publication": {history.RulePosted, "has 1 public posts", func(h *history.History) {
		h.Posts[1].Public = true
	}},
	"a draft that nothing explains": {history.RulePosted, "has 1 drafts", func(h *history.History) {
		h.Publications[1].State = workflow.PublicationPlanned
	}},
	"a post without a publication": {history.RulePosted, "unknown publication", func(h *history.History) {
		h.Posts = append(h.Posts, history.Post{ID: 3, Publication: uuid.New(), Public: true})
	}},
	"a unit that another worker ends": {history.RuleUnit, "belongs to an attempt of quick", func(h *history.History) {
		h.Units[5].Actor = "slow"
	}},
	"progress of an old attempt": {history.RuleUnit, "belongs to an attempt of quick", func(h *history.History) {
		h.Units[4].Attempt = 1
	}},
	"two attempts at once": {history.RuleUnit, "begins beside the attempt of slow", func(h *history.History) {
		h.Units = append(h.Units[:2], h.Units[3:]...)
	}},
	"an attempt that a stranger fails": {history.RuleUnit, "belongs to an attempt of slow", func(h *history.History) {
		h.Units[2].Failure = "NETWORK"
	}},
	"a stranger that says that the lease has expired": {
		history.RuleUnit, "belongs to an attempt of slow", func(h *history.History) { h.Units[2].Actor = "quick" },
	},
	"a cancelled attempt that is retried": {
		history.RuleUnit, "belongs to an attempt of slow", func(h *history.History) {
			move(h, 2)
			h.Units[2].Failure = "CANCELLED"
		},
	},
	"an attempt after the sweeper has cancelled": {
		history.RuleUnit, "begins after the sweeper has cancelled", func(h *history.History) {
			move(h, 2)
			h.Units[2].Kind, h.Units[2].Failure = workflow.UnitFail, "CANCELLED"
		},
	},
	"a unit without an end": {history.RuleUnit, "is RUNNING after quiescence", func(h *history.History) {
		h.Units = h.Units[:5]
	}},
	"a question for a known answer": {history.RulePaid, "after the part had its answer", func(h *history.History) {
		h.Answers[1].Late = true
	}},
	"a paid answer that is dropped": {history.RulePaid, "neither kept nor lost", func(h *history.History) {
		h.Answers[1].WasUnknown = false
	}},
}

func TestCheck_FindsEveryMistakeAboutPosts(t *testing.T) {
	t.Parallel()
	for name, test := range badPosts {
		h := published()
		test.change(&h)
		found := false
		for _, v := range history.Check(h) {
			found = found || v.Rule == test.rule && strings.Contains(v.Detail, test.detail)
		}
		if !found {
			t.Errorf("%s: got %v, want %s: %s", name, history.Check(h), test.rule, test.detail)
		}
	}
}

// A cancelled workflow may leave a post of which nothing more is known.
func TestCheck_ACancelledWorkflowMayLeaveAPost(t *testing.T) {
	t.Parallel()
	h := history.History{
		Flows:        []history.Flow{{ID: flow, State: workflow.Cancelled}},
		Publications: []history.Publication{{ID: left, Flow: flow, State: workflow.PublicationPublishSent}},
		Posts:        []history.Post{{ID: 2, Publication: left, Public: true}},
	}
	for _, v := range history.Check(h) {
		if v.Rule == history.RulePosted {
			t.Error(v)
		}
	}
}

// The sweeper cancels an attempt of a workflow that has moved on, and no other one.
func TestCheck_TheSweeperCancelsOldAttempts(t *testing.T) {
	t.Parallel()
	for token, mistakes := range map[int]int{5: 0, 6: 1} {
		h := published()
		h.Units = h.Units[:3]
		h.Units[2].Kind, h.Units[2].To, h.Units[2].Failure = workflow.UnitFail, workflow.UnitFailed, "CANCELLED"
		move(&h, token)
		got := 0
		for _, v := range history.Check(h) {
			if v.Rule == history.RuleUnit {
				got++
			}
		}
		if got != mistakes {
			t.Errorf("token %d: got %d mistakes, want %d", token, got, mistakes)
		}
	}
}
