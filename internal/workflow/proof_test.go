package workflow_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/workflow"
)

// sound returns the proof of a server whose parts agree.
func sound() workflow.Proof {
	p := workflow.Table()
	p.Executors = []workflow.StepKey{workflow.StepICP}
	p.Outside = []workflow.StepKey{
		workflow.StepCompetitor, workflow.StepClustering, workflow.StepValidation,
		workflow.StepArticle, workflow.StepPublish,
	}
	p.Enum = allStateNames()
	p.Rows = workflow.Edges()
	p.Live = []workflow.LiveGraph{
		{GraphVersion: 1, State: workflow.Created},
		{GraphVersion: 1, State: workflow.SeedReviewPending},
	}
	return p
}

func TestProof_AcceptsTheGraph(t *testing.T) {
	t.Parallel()
	if err := sound().Check(); err != nil {
		t.Error(err)
	}
	// The order of the enum and of the rows does not matter.
	p := sound()
	slices.Reverse(p.Enum)
	slices.Reverse(p.Rows)
	if err := p.Check(); err != nil {
		t.Error(err)
	}
}

// link adds an edge, and its row, so that only the graph itself is at fault.
func link(p *workflow.Proof, from, to workflow.State, kind workflow.EdgeKind) {
	p.Edges[from] = append(p.Edges[from], workflow.Edge{To: to, Kind: kind})
	p.Rows = append(p.Rows, workflow.LegalTransition{From: from, To: to, Kind: kind})
}

// cut removes the edges and the rows for which drop says so.
func cut(p *workflow.Proof, drop func(workflow.LegalTransition) bool) {
	p.Rows = slices.DeleteFunc(p.Rows, drop)
	for from := range p.Edges {
		p.Edges[from] = slices.DeleteFunc(p.Edges[from], func(e workflow.Edge) bool {
			return drop(workflow.LegalTransition{From: from, To: e.To, Kind: e.Kind})
		})
	}
}

// addState lists a state with a row of its own that can be cancelled, in the enum too.
func addState(p *workflow.Proof, state workflow.State) {
	p.States = append(p.States, state)
	p.Enum = append(p.Enum, string(state))
	link(p, state, workflow.Cancelled, workflow.Cancel)
}

type faultCase struct {
	spoil func(*workflow.Proof)
	want  []string
}

func checkFaults(t *testing.T, cases map[string]faultCase) {
	t.Helper()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := sound()
			c.spoil(&p)
			if diff := cmp.Diff(c.want, faultsOf(t, p)); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}

func faultsOf(t *testing.T, p workflow.Proof) []string {
	t.Helper()
	err := p.Check()
	var proof *workflow.ProofError
	if !errors.As(err, &proof) {
		t.Fatalf("error: got %v, want *ProofError", err)
	}
	return proof.Faults
}

func TestProof_FindsEachFaultOfAStateOrStep(t *testing.T) {
	t.Parallel()
	checkFaults(t, map[string]faultCase{
		"AStateWithoutAStep": {func(p *workflow.Proof) {
			addState(p, "LIMBO")
			link(p, "LIMBO", workflow.ICPPending, workflow.Reset)
			link(p, workflow.Created, "LIMBO", workflow.Advance)
		}, []string{"The state LIMBO belongs to no step and is not global."}},
		"AStateOfTwoSteps": {
			func(p *workflow.Proof) { p.Steps[1].Failed = workflow.ICPFailed },
			[]string{
				"The state ICP_FAILED belongs to more than one step: ICP, COMPETITOR.",
				"The state COMPETITOR_FAILED belongs to no step and is not global.",
			},
		},
		"AGlobalStateOfAStep": {
			func(p *workflow.Proof) { p.Steps[0].Failed = workflow.Cancelled },
			[]string{
				"The state ICP_FAILED belongs to no step and is not global.",
				"The state CANCELLED belongs to more than one step: ICP, none, because it is global.",
			},
		},
		"AStepWithAStateThatIsNone": {
			func(p *workflow.Proof) { p.Steps[0].Failed = "ICP_BROKEN" },
			[]string{
				"The state ICP_FAILED belongs to no step and is not global.",
				"The step ICP owns ICP_BROKEN, which is not a state.",
			},
		},
		"AStateListedTwice": {func(p *workflow.Proof) {
			p.States = append(p.States, workflow.ICPFailed)
			p.Enum = append(p.Enum, "ICP_FAILED")
		}, []string{"The state ICP_FAILED is listed twice."}},
		"AGapInTheNumbers": {
			func(p *workflow.Proof) { p.Steps[6].Number = 8 },
			[]string{"The step PUBLISH has the number 8 where 7 is next."},
		},
		"TwoStepsOfOneKey": {func(p *workflow.Proof) {
			p.Steps[6].Key = workflow.StepArticle
			p.Outside = p.Outside[:len(p.Outside)-1]
		}, []string{"The step ARTICLE is listed twice."}},
		"AnAutomaticStepOfThreeStates": {
			func(p *workflow.Proof) { p.Steps[0].Failed = "" },
			[]string{
				"The state ICP_FAILED belongs to no step and is not global.",
				"The automatic step ICP has 3 states, not all four.",
			},
		},
		"AHumanStepOfThreeStates": {
			func(p *workflow.Proof) { p.Steps[2].Failed = "SEED_REVIEW_FAILED" },
			[]string{
				"The step SEED_REVIEW owns SEED_REVIEW_FAILED, which is not a state.",
				"The human step SEED_REVIEW must have a pending and a completed state and no other.",
			},
		},
		"AStepOfAnUnknownKind": {
			func(p *workflow.Proof) { p.Steps[2].Kind = "ROBOTIC" },
			[]string{`The step SEED_REVIEW has the unknown kind "ROBOTIC".`},
		},
	})
}

func TestProof_FindsEachFaultOfAnEdge(t *testing.T) {
	t.Parallel()
	checkFaults(t, map[string]faultCase{
		"AStateWithoutARow": {
			func(p *workflow.Proof) { delete(p.Edges, workflow.Cancelled) },
			[]string{"The state CANCELLED has no row in the table of edges."},
		},
		"ARowForNoState": {
			func(p *workflow.Proof) { p.Edges["LIMBO"] = nil },
			[]string{"The table of edges has a row for LIMBO, which is not a state."},
		},
		"AnEdgeToNoState": {
			func(p *workflow.Proof) { link(p, workflow.Created, "LIMBO", workflow.Advance) },
			[]string{"The edge CREATED → LIMBO leads to what is not a state."},
		},
		"AnEdgeListedTwice": {
			func(p *workflow.Proof) { link(p, workflow.Created, workflow.ICPPending, workflow.Advance) },
			[]string{"The edge CREATED → ICP_PENDING is listed twice."},
		},
		"AnEdgeOfAnUnknownKind": {
			func(p *workflow.Proof) { link(p, workflow.Created, workflow.SeedReviewPending, workflow.Create) },
			[]string{`The edge CREATED → SEED_REVIEW_PENDING has the unknown kind "CREATE".`},
		},
		"NoInitialState": {
			func(p *workflow.Proof) { link(p, workflow.ICPFailed, workflow.Created, workflow.Reset) },
			[]string{"The states that no edge enters must be CREATED alone; they are none."},
		},
		"TwoInitialStates": {func(p *workflow.Proof) {
			cut(p, func(e workflow.LegalTransition) bool { return e.To == workflow.ICPFailed })
		}, []string{
			"The states that no edge enters must be CREATED alone; they are CREATED, ICP_FAILED.",
			"The state ICP_FAILED cannot be reached from CREATED.",
		}},
		"StatesThatCannotBeReached": {func(p *workflow.Proof) {
			cut(p, func(e workflow.LegalTransition) bool {
				return e.To == workflow.ICPProcessing && e.Kind == workflow.Advance ||
					e.To == workflow.ICPCompleted || e.From == workflow.ICPPending && e.Kind == workflow.Advance
			})
			link(p, workflow.ICPPending, workflow.CompetitorPending, workflow.Advance)
			link(p, workflow.CompetitorFailed, workflow.ICPCompleted, workflow.Reset)
		}, []string{
			"The state ICP_PROCESSING cannot be reached from CREATED.",
			"The state ICP_PROCESSING does not reach COMPLETED.",
			"The state ICP_FAILED cannot be reached from CREATED.",
			"The state ICP_FAILED does not reach COMPLETED.",
		}},
		"AStateThatDoesNotReachTheEnd": {func(p *workflow.Proof) {
			cut(p, func(e workflow.LegalTransition) bool {
				return e.From == workflow.ICPFailed && e.Kind == workflow.Retry
			})
		}, []string{"The state ICP_FAILED does not reach COMPLETED."}},
		"AStateWithoutAnyEdge": {func(p *workflow.Proof) {
			cut(p, func(e workflow.LegalTransition) bool { return e.From == workflow.PublishFailed })
		}, []string{
			"The state PUBLISH_FAILED does not reach COMPLETED.",
			"The state PUBLISH_FAILED cannot be cancelled: it has no CANCEL edge to CANCELLED.",
		}},
		"AStateThatCannotBeCancelled": {func(p *workflow.Proof) {
			cut(p, func(e workflow.LegalTransition) bool {
				return e.From == workflow.ArticlePending && e.Kind == workflow.Cancel
			})
		}, []string{"The state ARTICLE_PENDING cannot be cancelled: it has no CANCEL edge to CANCELLED."}},
		"ACancelEdgeToSomewhereElse": {
			func(p *workflow.Proof) { link(p, workflow.ICPFailed, workflow.Completed, workflow.Cancel) },
			[]string{
				"The edge ICP_FAILED → COMPLETED has the kind CANCEL: CANCEL, and nothing else, leads to CANCELLED.",
			},
		},
		"AnEdgeOutOfATerminalState": {
			func(p *workflow.Proof) { link(p, workflow.Completed, workflow.PublishPending, workflow.Reset) },
			[]string{"The edge COMPLETED → PUBLISH_PENDING leaves a terminal state."},
		},
	})
}

func TestProof_FindsEachDisagreementWithTheProgram(t *testing.T) {
	t.Parallel()
	checkFaults(t, map[string]faultCase{
		"AStepThatNobodyExecutes": {
			func(p *workflow.Proof) { p.Executors = nil },
			[]string{"The automatic step ICP has no executor and is not declared to be driven from outside."},
		},
		"AStepThatTwoExecute": {
			func(p *workflow.Proof) { p.Outside = append(p.Outside, workflow.StepICP) },
			[]string{"The step ICP has an executor and is declared to be driven from outside."},
		},
		"AnExecutorOfAHumanStep": {
			func(p *workflow.Proof) { p.Executors = append(p.Executors, workflow.StepSeedReview) },
			[]string{`There is an executor for "SEED_REVIEW", which is not an automatic step.`},
		},
		"AnUnknownStepDrivenFromOutside": {
			func(p *workflow.Proof) { p.Outside = append(p.Outside, "INDEX") },
			[]string{`"INDEX" is declared to be driven from outside, but it is not an automatic step.`},
		},
		"AnEnumWithoutAState": {
			func(p *workflow.Proof) { p.Enum = p.Enum[2:] },
			[]string{"The GraphQL enum lacks: CREATED, ICP_PENDING."},
		},
		"AnEnumWithMore": {
			func(p *workflow.Proof) { p.Enum = append(p.Enum, "PAUSED", "CREATED") },
			[]string{"The GraphQL enum has what the program has not: PAUSED, CREATED."},
		},
		"ARowThatIsMissing": {func(p *workflow.Proof) {
			p.Rows = p.Rows[1:]
		}, []string{"The table legal_transitions lacks: CREATED → ICP_PENDING (ADVANCE)."}},
		"ARowTooMany": {func(p *workflow.Proof) {
			p.Rows = append(p.Rows, workflow.LegalTransition{From: "CREATED", To: "COMPLETED", Kind: "ADVANCE"})
		}, []string{"The table legal_transitions has what the program has not: CREATED → COMPLETED (ADVANCE)."}},
		"ARowOfAnotherKind": {func(p *workflow.Proof) {
			p.Rows[0].Kind = workflow.Retry
		}, []string{
			"The table legal_transitions lacks: CREATED → ICP_PENDING (ADVANCE).",
			"The table legal_transitions has what the program has not: CREATED → ICP_PENDING (RETRY).",
		}},
		"ALiveWorkflowOfAnotherGraph": {func(p *workflow.Proof) {
			p.Live = append(p.Live, workflow.LiveGraph{GraphVersion: 2, State: "ICP_PENDING"})
		}, []string{
			"A live workflow in the state ICP_PENDING has the graph version 2, which this program does not have.",
		}},
		"ALiveWorkflowInNoState": {func(p *workflow.Proof) {
			p.Live = append(p.Live, workflow.LiveGraph{GraphVersion: 1, State: "PAUSED"})
		}, []string{`A live workflow stands on "PAUSED", which is not a state.`}},
	})
}

func TestProof_ListsAllFaultsInOneOrder(t *testing.T) {
	t.Parallel()
	broken := func() workflow.Proof {
		p := sound()
		p.Steps[6].Number = 9
		p.Executors = nil
		p.Enum = p.Enum[1:]
		link(&p, workflow.Cancelled, workflow.ICPPending, workflow.Reset)
		p.Rows = p.Rows[1:]
		p.Live[0].GraphVersion = 0
		return p
	}
	const want = `The workflow graph has faults:
- The step PUBLISH has the number 9 where 7 is next.
- The edge CANCELLED → ICP_PENDING leaves a terminal state.
- The automatic step ICP has no executor and is not declared to be driven from outside.
- The GraphQL enum lacks: CREATED.
- The table legal_transitions lacks: CREATED → ICP_PENDING (ADVANCE).
- A live workflow in the state CREATED has the graph version 0, which this program does not have.`
	for range 5 {
		if diff := cmp.Diff(want, broken().Check().Error()); diff != "" {
			t.Fatalf("message (-want +got):\n%s", diff)
		}
	}
}

func TestProof_FindsFaultsInAnEmptyGraph(t *testing.T) {
	t.Parallel()
	if err := (workflow.Proof{}).Check(); err == nil {
		t.Error("the empty proof: got no fault")
	}
	// The table alone lacks what the rest of the program has to say.
	faults := strings.Join(faultsOf(t, workflow.Table()), "\n")
	for _, part := range []string{"no executor", "The GraphQL enum lacks", "legal_transitions lacks"} {
		if !strings.Contains(faults, part) {
			t.Errorf("faults of the bare table: got %q, want one with %q", faults, part)
		}
	}
	if got, want := len(slices.Collect(maps.Keys(workflow.Table().Edges))), 29; got != want {
		t.Errorf("rows of the table: got %d, want %d", got, want)
	}
}
