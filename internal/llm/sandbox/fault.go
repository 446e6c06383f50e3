package sandbox

import (
	"fmt"
	"net/http"
	"time"
)

// FaultKind is a way in which a provider fails.
type FaultKind string

// The faults. Which part of a Fault each one reads stands in its constructor.
const (
	FaultNone              FaultKind = ""
	FaultSlow              FaultKind = "SLOW"
	FaultUnstoppable       FaultKind = "UNSTOPPABLE"
	FaultStatus            FaultKind = "STATUS"
	FaultStatusCharged     FaultKind = "STATUS_CHARGED"
	FaultErrorInBody       FaultKind = "ERROR_IN_BODY"
	FaultErrorInStream     FaultKind = "ERROR_IN_STREAM"
	FaultErrorAfterUsage   FaultKind = "ERROR_AFTER_USAGE"
	FaultFirstModelDown    FaultKind = "FIRST_MODEL_DOWN"
	FaultDrift             FaultKind = "DRIFT"
	FaultCutStream         FaultKind = "CUT_STREAM"
	FaultUnreadableJSON    FaultKind = "UNREADABLE_JSON"
	FaultFencedJSON        FaultKind = "FENCED_JSON"
	FaultEmpty             FaultKind = "EMPTY"
	FaultContentFilter     FaultKind = "CONTENT_FILTER"
	FaultOvercharge        FaultKind = "OVERCHARGE"
	FaultNoUsage           FaultKind = "NO_USAGE"
	FaultHangBeforeHeaders FaultKind = "HANG_BEFORE_HEADERS"
	FaultHangAfterHeaders  FaultKind = "HANG_AFTER_HEADERS"
)

var faultKinds = map[FaultKind]bool{
	FaultNone: true, FaultSlow: true, FaultUnstoppable: true, FaultStatus: true, FaultStatusCharged: true,
	FaultErrorInBody: true, FaultErrorInStream: true, FaultErrorAfterUsage: true, FaultFirstModelDown: true,
	FaultDrift: true, FaultCutStream: true, FaultUnreadableJSON: true, FaultFencedJSON: true, FaultEmpty: true,
	FaultContentFilter: true, FaultOvercharge: true, FaultNoUsage: true, FaultHangBeforeHeaders: true,
	FaultHangAfterHeaders: true,
}

// Fault is what goes wrong with one request. The zero Fault is none.
type Fault struct {
	Kind FaultKind
	// Delay is added before the first word.
	Delay time.Duration
	// Status is the HTTP status, or the code of an error within the answer.
	Status int
	// RetryAfter is sent as the header of that name, as it is.
	RetryAfter string
	// Model is who answers in place of the one that was asked.
	Model string
	// After is the number of events that come through before it happens.
	After int
	// Factor multiplies the charge.
	Factor int64
}

// Slow answers well, but only after d. A client that leaves before is charged for the prompt.
func Slow(d time.Duration) Fault { return Fault{Kind: FaultSlow, Delay: d} }

// Unstoppable answers after d, and charges for the whole answer even when the client has left: not every provider can
// be aborted.
func Unstoppable(d time.Duration) Fault { return Fault{Kind: FaultUnstoppable, Delay: d} }

// Status refuses with an HTTP status and, unless retryAfter is empty, a Retry-After header. Nothing is charged. From
// 500 on, but for 503, the books have a generation that cost nothing, since a model may have been asked.
func Status(code int, retryAfter string) Fault {
	return Fault{Kind: FaultStatus, Status: code, RetryAfter: retryAfter}
}

// StatusCharged answers with an HTTP status though the model has done its work, and charges for it: 408, or any from
// 500 on but for 503.
func StatusCharged(code int) Fault { return Fault{Kind: FaultStatusCharged, Status: code} }

// ErrorInBody answers 200 with an error body, charging for the prompt.
func ErrorInBody(code int) Fault { return Fault{Kind: FaultErrorInBody, Status: code} }

// ErrorInStream ends the stream with an error event after that many events, charging for what came before it.
func ErrorInStream(after int) Fault {
	return Fault{Kind: FaultErrorInStream, Status: http.StatusBadGateway, After: after}
}

// ErrorAfterUsage sends the whole answer and its cost, and then an error.
func ErrorAfterUsage() Fault { return Fault{Kind: FaultErrorAfterUsage, Status: http.StatusBadGateway} }

// FirstModelDown lets the next model of the request answer, or refuses with 503 when there is none.
func FirstModelDown() Fault { return Fault{Kind: FaultFirstModelDown} }

// Drift lets another model answer than any that was asked, at its own price where it has one.
func Drift(model string) Fault { return Fault{Kind: FaultDrift, Model: model} }

// CutStream breaks the connection after that many events, charging for what came before.
func CutStream(after int) Fault { return Fault{Kind: FaultCutStream, After: after} }

// UnreadableJSON answers with prose in place of JSON.
func UnreadableJSON() Fault { return Fault{Kind: FaultUnreadableJSON} }

// FencedJSON wraps the JSON into a fenced block, as models like to do.
func FencedJSON() Fault { return Fault{Kind: FaultFencedJSON} }

// Empty answers without a word.
func Empty() Fault { return Fault{Kind: FaultEmpty} }

// ContentFilter breaks the answer off half-way with the finish reason "content_filter".
func ContentFilter() Fault { return Fault{Kind: FaultContentFilter} }

// Overcharge multiplies what the answer costs.
func Overcharge(factor int64) Fault { return Fault{Kind: FaultOvercharge, Factor: factor} }

// NoUsage leaves the usage out of the stream. The books have it.
func NoUsage() Fault { return Fault{Kind: FaultNoUsage} }

// HangBeforeHeaders sends nothing at all until the client leaves, and charges for the prompt.
func HangBeforeHeaders() Fault { return Fault{Kind: FaultHangBeforeHeaders} }

// HangAfterHeaders sends the headers and then nothing until the client leaves, and charges for the prompt.
func HangAfterHeaders() Fault { return Fault{Kind: FaultHangAfterHeaders} }

// check says what makes no sense in a fault.
func (f Fault) check() error {
	switch {
	case !faultKinds[f.Kind]:
		return fmt.Errorf("there is no fault of the kind %q", f.Kind)
	case f.Status != 0 && (f.Status < 300 || f.Status > 599):
		return fmt.Errorf("the status %d is no failure", f.Status)
	case f.Status == 0 && f.Kind == FaultStatus:
		return fmt.Errorf("the fault %s needs a status", f.Kind)
	case f.Kind == FaultStatusCharged && f.Status != http.StatusRequestTimeout && !started(f.Status):
		return fmt.Errorf("the status %d proves that no model started, so it cannot be charged", f.Status)
	case f.Delay < 0 || f.After < 0 || f.Factor < 0:
		return fmt.Errorf("the fault %s has a negative number", f.Kind)
	case f.Kind == FaultOvercharge && f.Factor == 0:
		return fmt.Errorf("the fault %s needs a factor", f.Kind)
	case f.Kind == FaultDrift && f.Model == "":
		return fmt.Errorf("the fault %s needs a model", f.Kind)
	}
	return nil
}

// must panics at a fault that makes no sense: the process that owns the sandbox wrote it.
func must(faults ...Fault) {
	for _, f := range faults {
		if err := f.check(); err != nil {
			panic("sandbox: " + err.Error())
		}
	}
}

// Next queues faults for the next chat requests, one each, in the order of their arrival.
func (s *Sandbox) Next(faults ...Fault) {
	must(faults...)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next = append(s.next, faults...)
}

// Always sets the fault of all requests that no other was queued for. The zero Fault ends it.
func (s *Sandbox) Always(f Fault) {
	must(f)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.always = f
}

// takeFault returns the fault of the request that has just come.
func (s *Sandbox) takeFault() Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.next) == 0 {
		return s.always
	}
	f := s.next[0]
	s.next = s.next[1:]
	return f
}
