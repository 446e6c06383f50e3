package steps

// unitsError means that units of a step have failed. Its sentence names them.
type unitsError struct{ sentence string }

func (e *unitsError) Error() string { return e.sentence }
