package workflow

// VerificationState is how far a verification of an organization is.
type VerificationState string

// The states of a verification. The last three are final.
const (
	VerificationPending  VerificationState = "PENDING"  // it waits for a worker
	VerificationRunning  VerificationState = "RUNNING"  // a worker reads the rows
	VerificationClean    VerificationState = "CLEAN"    // it has no finding
	VerificationFindings VerificationState = "FINDINGS" // it has findings
	VerificationFailed   VerificationState = "FAILED"   // it ended without a result
)
