package workflow

// Status is the progress within a step, without the step's name.
type Status string

// The statuses.
const (
	StatusCreated        Status = "CREATED"
	StatusPending        Status = "PENDING"         // the step waits for a worker
	StatusAwaitingReview Status = "AWAITING_REVIEW" // the step waits for a person
	StatusProcessing     Status = "PROCESSING"
	StatusStepCompleted  Status = "STEP_COMPLETED"
	StatusFailed         Status = "FAILED"
	StatusCompleted      Status = "COMPLETED"
	StatusCancelled      Status = "CANCELLED"
)

// Statuses returns all statuses in the order of a workflow's life. The caller may change the slice.
func Statuses() []Status {
	return []Status{
		StatusCreated, StatusPending, StatusAwaitingReview, StatusProcessing,
		StatusStepCompleted, StatusFailed, StatusCompleted, StatusCancelled,
	}
}

// owners has the index in steps of the step that owns each state. CANCELLED has none.
var owners = indexOwners()

func indexOwners() map[State]int {
	index := map[State]int{Created: 0, Completed: len(steps) - 1}
	for i, step := range steps {
		for _, state := range step.States() {
			index[state] = i
		}
	}
	return index
}

// Step returns the step that owns the state; the first one for CREATED, the last one for COMPLETED, and nil for
// CANCELLED and for unknown text. The step is a copy.
func (s State) Step() *Step {
	i, owned := owners[s]
	if !owned {
		return nil
	}
	step := steps[i]
	return &step
}

// Status returns the status of the state; "" for unknown text.
func (s State) Status() Status {
	switch s {
	case Created:
		return StatusCreated
	case Completed:
		return StatusCompleted
	case Cancelled:
		return StatusCancelled
	}
	step := s.Step()
	if step == nil {
		return ""
	}
	switch {
	case s == step.Pending && step.Kind == Human:
		return StatusAwaitingReview
	case s == step.Pending:
		return StatusPending
	case s == step.Processing:
		return StatusProcessing
	case s == step.Completed:
		return StatusStepCompleted
	default:
		return StatusFailed
	}
}

// Progress returns the finished steps as a percentage of all steps, rounded down; 0 for CANCELLED and for
// unknown text.
func (s State) Progress() int {
	step := s.Step()
	if step == nil {
		return 0
	}
	finished := step.Number - 1
	if s.finishes(*step) {
		finished = step.Number
	}
	return 100 * finished / len(steps)
}

// IsTerminal reports whether the state has no outgoing edge. Unknown text is not terminal.
func (s State) IsTerminal() bool { return s.Known() && len(edges[s]) == 0 }

// NextStates returns the states that an edge leads to, in the order of the table: ADVANCE first. The slice is never
// nil, and the caller may change it.
func (s State) NextStates() []State {
	next := make([]State, 0, len(edges[s]))
	for _, edge := range edges[s] {
		next = append(next, edge.To)
	}
	return next
}

// CanAccessStep reports whether a person may open the page of step k: a step that the workflow has reached, or the one
// after a completed step. In a cancelled workflow no step can be opened.
func (s State) CanAccessStep(k StepKey) bool {
	asked, known := StepOf(k)
	step := s.Step()
	if !known || step == nil {
		return false
	}
	return asked.Number <= step.Number || asked.Number == step.Number+1 && s.finishes(*step)
}

// finishes reports whether the step is done when the workflow is in the state s.
func (s State) finishes(step Step) bool { return s == step.Completed || s == Completed }
