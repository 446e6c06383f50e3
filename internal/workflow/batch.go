package workflow

// BatchKind is the change that a batch makes to each of its workflows.
type BatchKind string

// The kinds of batches.
const (
	BatchCancel BatchKind = "CANCEL"
	BatchRetry  BatchKind = "RETRY"
	BatchStart  BatchKind = "START"
	BatchLimit  BatchKind = "LIMIT"
)

// BatchOutcome is the result of an item of a batch.
type BatchOutcome string

// The outcomes.
const (
	BatchDone    BatchOutcome = "DONE"
	BatchRefused BatchOutcome = "REFUSED"
)
