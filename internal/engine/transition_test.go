package engine_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

func TestTransition_OneOfTwentyCallersWins(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, c := range map[string]struct {
		to     workflow.State
		losers fault.Kind
	}{
		"ToAStateThatGoesOn": {workflow.ICPPending, fault.StaleState},
		"ToTheEnd":           {workflow.Cancelled, fault.TerminalState},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			servers := b.servers(t)
			for range 50 {
				flow := b.Flow(t, workflow.Created)
				errs := testdb.Together(20, func(i int) error {
					_, err := servers[i%2].Transition(ctx, b.Who, engine.TransitionInput{
						WorkflowID: flow.ID, From: workflow.Created, To: c.to,
					})
					var stale *engine.StaleStateError
					if errors.As(err, &stale) && stale.Current.State != c.to {
						t.Errorf("a loser got %s, want %s", stale.Current.State, c.to)
					}
					return err
				})
				if diff := cmp.Diff(map[fault.Kind]int{"": 1, c.losers: 19}, kinds(errs)); diff != "" {
					t.Errorf("outcomes (-want +got):\n%s", diff)
				}
				if rows := b.journal(t, flow.ID); len(rows) != 2 {
					t.Errorf("journal: got %d rows, want 2", len(rows))
				}
			}
			if jobs := b.Jobs.All(); c.to == workflow.ICPPending && len(jobs) != 50 {
				t.Errorf("workers asked for: got %d, want 50, one for each winner", len(jobs))
			}
			b.Sound(t)
		})
	}
}

func TestTransition_ExplainsARefusal(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	pending, over := b.Flow(t, workflow.ICPPending), b.Flow(t, workflow.Cancelled)
	before, wrong := b.rows(t), 7
	for name, c := range map[string]struct {
		in   engine.TransitionInput
		want fault.Kind
	}{
		"NoEdge": {
			engine.TransitionInput{WorkflowID: pending.ID, From: workflow.ICPPending, To: workflow.Completed},
			fault.IllegalTransition,
		},
		"NoState": {
			engine.TransitionInput{WorkflowID: pending.ID, From: workflow.ICPPending, To: "NOWHERE"}, fault.IllegalTransition,
		},
		"AnotherState": {
			engine.TransitionInput{WorkflowID: pending.ID, From: workflow.Created, To: workflow.ICPPending}, fault.StaleState,
		},
		"AnotherVersion": {
			engine.TransitionInput{
				WorkflowID: pending.ID, From: workflow.ICPPending, To: workflow.ICPProcessing, Version: &wrong,
			}, fault.StaleState,
		},
		"Over": {
			engine.TransitionInput{WorkflowID: over.ID, From: workflow.ICPPending, To: workflow.ICPProcessing},
			fault.TerminalState,
		},
		"OverAndNoEdge": {
			engine.TransitionInput{WorkflowID: over.ID, From: workflow.Cancelled, To: workflow.Created}, fault.TerminalState,
		},
		"BelievedToBeOver": {
			engine.TransitionInput{WorkflowID: pending.ID, From: workflow.Cancelled, To: workflow.Created}, fault.StaleState,
		},
		"NotThere": {
			engine.TransitionInput{WorkflowID: uuid.New(), From: workflow.Created, To: workflow.ICPPending}, fault.NotFound,
		},
		"NotThereAndNoEdge": {
			engine.TransitionInput{WorkflowID: uuid.New(), From: workflow.Created, To: workflow.Completed}, fault.NotFound,
		},
		"AReasonThatCannotBeKept": {
			engine.TransitionInput{
				WorkflowID: pending.ID, From: workflow.ICPPending, To: workflow.ICPProcessing, Reason: "\x00",
			}, fault.InvalidInput,
		},
		"AKeyThatCannotBeKept": {
			engine.TransitionInput{
				WorkflowID: pending.ID, From: workflow.ICPPending, To: workflow.ICPProcessing, IdempotencyKey: "a\x00b",
			}, fault.InvalidInput,
		},
	} {
		moved, err := b.Engine.Transition(ctx, b.Who, c.in)
		if fault.KindOf(err) != c.want {
			t.Errorf("%s: got %v, %v, want %s", name, moved, err, c.want)
		}
	}
	_, err := b.Engine.Transition(ctx, b.Stranger(t), engine.TransitionInput{
		WorkflowID: pending.ID, From: workflow.ICPPending, To: workflow.ICPProcessing,
	})
	if fault.KindOf(err) != fault.NotFound {
		t.Errorf("another organization's workflow: got %v, want NOT_FOUND", err)
	}
	if diff := cmp.Diff(before, b.rows(t)); diff != "" {
		t.Errorf("refused transitions have written something:\n%s", diff)
	}
}

func TestCancel_EndsAWorkflowInEveryState(t *testing.T) {
	t.Parallel()
	ctx := context.Background()

	t.Run("FromEveryStateThatIsNotTheEnd", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		for _, state := range workflow.States() {
			flow := b.Flow(t, state)
			_, err := b.Engine.Cancel(ctx, b.Who, engine.CancelInput{WorkflowID: flow.ID, Reason: "enough"})
			if state.IsTerminal() {
				var over *engine.TerminalError
				if !errors.As(err, &over) || over.Current.State != state || len(b.journal(t, flow.ID)) != flow.Version+1 {
					t.Errorf("%s: got %v, want it refused as over and nothing written", state, err)
				}
				continue
			}
			if got := b.state(t, flow.ID); err != nil || got != workflow.Cancelled {
				t.Errorf("%s: got %s, %v, want CANCELLED", state, got, err)
			}
		}
		b.Sound(t)
	})
	t.Run("AndTheKeyOfARefusedCancelStaysUnused", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		over := b.Flow(t, workflow.Cancelled)
		before := b.rows(t)
		_, err := b.Engine.Cancel(ctx, b.Who, engine.CancelInput{WorkflowID: over.ID, IdempotencyKey: "k"})
		if fault.KindOf(err) != fault.TerminalState {
			t.Errorf("got %v, want TERMINAL_STATE", err)
		}
		if diff := cmp.Diff(before, b.rows(t)); diff != "" {
			t.Errorf("a refused cancel has written something:\n%s", diff)
		}
	})
	t.Run("WhileItMovesUnderItsHands", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		servers := b.servers(t)
		for range 20 {
			flow := b.Flow(t, workflow.SeedReviewPending)
			errs := testdb.Together(6, func(i int) (err error) {
				switch i {
				case 0, 1:
					_, err = servers[i].Cancel(ctx, b.Who, engine.CancelInput{WorkflowID: flow.ID})
				case 2, 3:
					_, err = servers[i-2].Transition(ctx, b.Who, engine.TransitionInput{
						WorkflowID: flow.ID, From: workflow.SeedReviewPending, To: workflow.SeedReviewCompleted,
					})
				default:
					_, err = servers[i-4].Transition(ctx, b.Who, engine.TransitionInput{
						WorkflowID: flow.ID, From: workflow.SeedReviewCompleted, To: workflow.ClusteringPending,
					})
				}
				return err
			})
			if got := b.state(t, flow.ID); got != workflow.Cancelled {
				t.Errorf("got %s, want CANCELLED", got)
			}
			if kinds(errs[:2])[""] != 1 || kinds(errs[:2])[fault.TerminalState] != 1 {
				t.Errorf("two cancels: got %v, want one done and one refused", errs[:2])
			}
		}
		b.Sound(t)
	})
}

func TestGenerateICP_StartsTheFirstStep(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	for _, state := range workflow.States() {
		flow := b.Flow(t, state)
		before := len(b.Jobs.All())
		moved, err := b.Engine.GenerateICP(ctx, b.Who, engine.GenerateICPInput{WorkflowID: flow.ID})
		want, wantKind := workflow.State(""), fault.StaleState
		switch {
		case state == workflow.Created:
			want, wantKind = workflow.ICPPending, ""
		case state == workflow.ICPFailed:
			want, wantKind = workflow.ICPProcessing, ""
		case state.IsTerminal():
			wantKind = fault.TerminalState
		}
		if moved.Workflow.State != want || fault.KindOf(err) != wantKind {
			t.Errorf("%s: got %q, %v, want %q, %q", state, moved.Workflow.State, err, want, wantKind)
		}
		jobs := b.Jobs.All()[before:]
		if wanted := want != ""; wanted != (len(jobs) == 1 && jobs[0].ID == flow.ID) {
			t.Errorf("%s: workers asked for: %v, want one: %t", state, jobs, wanted)
		}
	}
	b.Sound(t)
}

func TestCheck_ProvesTheGraphsEqual(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	var enum []string
	for _, s := range workflow.States() {
		enum = append(enum, string(s))
	}
	b.Flow(t, workflow.ICPFailed)
	if err := b.Engine.Check(ctx, enum); err != nil {
		t.Errorf("the real graph: %v", err)
	}
	if _, err := b.DB.Owner.Exec(ctx, `INSERT INTO legal_transitions VALUES
		(1, 'COMPLETED', 'CREATED', 'RESET')`); err != nil {
		t.Fatal(err)
	}
	if err := b.Engine.Check(ctx, enum[1:]); err == nil {
		t.Error("an edge too many and a state too few: got no error")
	}
}
