package simulation_test

import (
	"errors"
	"slices"

	"github.com/infin8content/engine/internal/fault"
)

// answers are the refusals of each verb. Any other error is a fault of the engine, unless a connection has broken.
var answers = map[string][]fault.Kind{
	"reserve":  {fault.BudgetExhausted, fault.BudgetHeld, fault.TerminalState, fault.LostRun},
	"dispatch": {fault.LostRun, fault.Conflict},
	"release":  {fault.Conflict, fault.IdempotencyMismatch}, // A sweeper may have released the call for another reason.
	"settle":   {fault.Conflict},
	"finish":   {fault.LostRun},
	"fail":     {fault.LostRun},
	"renew":    {fault.LostRun},
	"cancel":   {fault.TerminalState},
	"generate": {fault.TerminalState, fault.StaleState},
	"mismatch": {fault.IdempotencyMismatch},
	"adjust":   {fault.Conflict},

	"keep a part":  {fault.LostRun},
	"add keywords": {fault.StaleState, fault.TerminalState, fault.Conflict},
	// A keyword of an earlier visit is in no review.
	"decide":    {fault.StaleState, fault.TerminalState, fault.Conflict, fault.NotFound},
	"approve":   {fault.StaleState, fault.TerminalState, fault.Conflict, fault.FourEyes, fault.SelectionTooSmall},
	"reject":    {fault.StaleState, fault.TerminalState, fault.Conflict},
	"set gates": {fault.Conflict},
	"cross":     {fault.StaleState, fault.TerminalState, fault.GateClosed},
	"reset":     {fault.StaleState, fault.TerminalState},
	"start":     {fault.StaleState, fault.TerminalState, fault.GateClosed},
	"retry":     {fault.StaleState, fault.TerminalState},

	"decide about a plan": {fault.StaleState, fault.TerminalState, fault.Conflict},
	"approve a plan": {
		fault.StaleState, fault.TerminalState, fault.Conflict, fault.FourEyes, fault.NothingApproved, fault.BudgetExhausted,
		fault.BudgetHeld,
	},
	"approve publishing": {
		fault.StaleState, fault.TerminalState, fault.Conflict, fault.FourEyes, fault.RevisionConflict,
	},
	"reject the texts":    {fault.StaleState, fault.TerminalState, fault.Conflict},
	"decide about a post": {fault.StaleState, fault.TerminalState, fault.Conflict, fault.InvalidInput},
	"reject a plan":       {fault.StaleState, fault.TerminalState, fault.Conflict},
	"open an article":     {fault.NotFound},
	"finish a unit":       {fault.LostRun},
	"fail a unit":         {fault.LostRun},
	"renew a unit":        {fault.LostRun},
	"watch a unit":        {fault.LostRun},
	"skip":                {fault.StaleState, fault.TerminalState, fault.Conflict, fault.NotFound},
	"reopen":              {fault.StaleState, fault.TerminalState, fault.Conflict, fault.NotFound},
	"decide about texts": {
		fault.StaleState, fault.TerminalState, fault.Conflict, fault.NotFound, fault.RevisionConflict,
	},
	"edit": {fault.StaleState, fault.TerminalState, fault.Conflict, fault.NotFound, fault.RevisionConflict},
}

// checkAnswer fails the simulation when a verb returns an unexpected error.
func (w *world) checkAnswer(a *actor, verb string, err error) {
	if verb == "sweep calls" && errors.Is(err, errLookup) || slices.Contains(answers[verb], fault.KindOf(err)) {
		return
	}
	if a.broken && !expected(err) {
		return
	}
	w.failf("%s: %s answers %s: %v", a.name, verb, fault.KindOf(err), err)
}

// note counts the result of a verb.
func (w *world) note(a *actor, verb string, err error) {
	what := verb
	switch kind := fault.KindOf(err); {
	case errors.Is(err, errLookup):
		what += " with a failed lookup"
	case err != nil && !expected(err):
		what += " without an answer"
	case err != nil:
		what += " " + string(kind)
	}
	w.saw(what)
	w.tracef("%s: %s", a.name, what)
}

// expected reports whether this error decides the result for the caller: success, or a refusal.
func expected(err error) bool {
	kind := fault.KindOf(err)
	return kind != fault.Internal && kind != fault.Unavailable
}
