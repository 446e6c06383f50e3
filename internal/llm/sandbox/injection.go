package sandbox

import (
	"fmt"
	"net/http"
	"time"
)

// InjectionKind is the kind of an injected failure.
type InjectionKind string

// The kinds. The constructor of each shows its parameters.
const (
	InjectionNone              InjectionKind = ""
	InjectionSlow              InjectionKind = "SLOW"
	InjectionUnstoppable       InjectionKind = "UNSTOPPABLE"
	InjectionStatus            InjectionKind = "STATUS"
	InjectionStatusCharged     InjectionKind = "STATUS_CHARGED"
	InjectionErrorInBody       InjectionKind = "ERROR_IN_BODY"
	InjectionErrorInStream     InjectionKind = "ERROR_IN_STREAM"
	InjectionErrorAfterUsage   InjectionKind = "ERROR_AFTER_USAGE"
	InjectionFirstModelDown    InjectionKind = "FIRST_MODEL_DOWN"
	InjectionDrift             InjectionKind = "DRIFT"
	InjectionCutStream         InjectionKind = "CUT_STREAM"
	InjectionUnreadableJSON    InjectionKind = "UNREADABLE_JSON"
	InjectionFencedJSON        InjectionKind = "FENCED_JSON"
	InjectionEmpty             InjectionKind = "EMPTY"
	InjectionContentFilter     InjectionKind = "CONTENT_FILTER"
	InjectionOvercharge        InjectionKind = "OVERCHARGE"
	InjectionNoUsage           InjectionKind = "NO_USAGE"
	InjectionHangBeforeHeaders InjectionKind = "HANG_BEFORE_HEADERS"
	InjectionHangAfterHeaders  InjectionKind = "HANG_AFTER_HEADERS"
	InjectionOwnKey            InjectionKind = "OWN_KEY"
	InjectionWire              InjectionKind = "WIRE"
	InjectionInventCitation    InjectionKind = "INVENT_CITATION"
)

var injectionKinds = map[InjectionKind]bool{
	InjectionNone:              true,
	InjectionSlow:              true,
	InjectionUnstoppable:       true,
	InjectionStatus:            true,
	InjectionStatusCharged:     true,
	InjectionErrorInBody:       true,
	InjectionErrorInStream:     true,
	InjectionErrorAfterUsage:   true,
	InjectionFirstModelDown:    true,
	InjectionDrift:             true,
	InjectionCutStream:         true,
	InjectionUnreadableJSON:    true,
	InjectionFencedJSON:        true,
	InjectionEmpty:             true,
	InjectionContentFilter:     true,
	InjectionOvercharge:        true,
	InjectionNoUsage:           true,
	InjectionHangBeforeHeaders: true,
	InjectionHangAfterHeaders:  true,
	InjectionOwnKey:            true,
	InjectionWire:              true,
	InjectionInventCitation:    true,
}

// Injection is an injected failure of one request. The zero Injection is none.
type Injection struct {
	Kind InjectionKind
	// Delay is the additional pause before the first word.
	Delay time.Duration
	// Status is the HTTP status, or the code of an error within the answer.
	Status int
	// RetryAfter is the value of the Retry-After header.
	RetryAfter string
	// Model is the model that answers instead of the requested one.
	Model string
	// After is the number of events before the failure.
	After int
	// Factor is the factor of the charge.
	Factor int64
	// Variant is the name of a Variant of the answer.
	Variant string
}

// Slow answers well after d. A client that disconnects before is charged for the prompt.
func Slow(d time.Duration) Injection { return Injection{Kind: InjectionSlow, Delay: d} }

// Unstoppable answers after d, and charges for the whole answer even after a disconnect: some providers cannot abort.
func Unstoppable(d time.Duration) Injection { return Injection{Kind: InjectionUnstoppable, Delay: d} }

// Status refuses with an HTTP status and, unless retryAfter is empty, a Retry-After header. Nothing is charged. For a
// status from 500 on, except 503, the books have a generation without a cost, since a model may have started.
func Status(code int, retryAfter string) Injection {
	return Injection{Kind: InjectionStatus, Status: code, RetryAfter: retryAfter}
}

// StatusCharged answers with an HTTP status after the model's work, and charges for it. The status is 408, or from 500
// on except 503.
func StatusCharged(code int) Injection { return Injection{Kind: InjectionStatusCharged, Status: code} }

// ErrorInBody answers 200 with an error body, and charges for the prompt.
func ErrorInBody(code int) Injection { return Injection{Kind: InjectionErrorInBody, Status: code} }

// ErrorInStream ends the stream with an error after a number of events, and charges for the tokens before it.
func ErrorInStream(after int) Injection {
	return Injection{Kind: InjectionErrorInStream, Status: http.StatusBadGateway, After: after}
}

// ErrorAfterUsage sends the whole answer with its cost, and then an error.
func ErrorAfterUsage() Injection {
	return Injection{Kind: InjectionErrorAfterUsage, Status: http.StatusBadGateway}
}

// FirstModelDown answers with the next model of the request, or refuses with 503 when there is none.
func FirstModelDown() Injection { return Injection{Kind: InjectionFirstModelDown} }

// Drift answers with a model that was not requested, at its own price where it has one.
func Drift(model string) Injection { return Injection{Kind: InjectionDrift, Model: model} }

// CutStream breaks the connection after a number of events, and charges for the tokens before it.
func CutStream(after int) Injection { return Injection{Kind: InjectionCutStream, After: after} }

// UnreadableJSON answers with prose instead of JSON.
func UnreadableJSON() Injection { return Injection{Kind: InjectionUnreadableJSON} }

// FencedJSON wraps the JSON into a fenced block.
func FencedJSON() Injection { return Injection{Kind: InjectionFencedJSON} }

// Empty answers without text.
func Empty() Injection { return Injection{Kind: InjectionEmpty} }

// ContentFilter ends the answer half-way with the finish reason "content_filter".
func ContentFilter() Injection { return Injection{Kind: InjectionContentFilter} }

// Overcharge multiplies the cost of the answer.
func Overcharge(factor int64) Injection { return Injection{Kind: InjectionOvercharge, Factor: factor} }

// NoUsage omits the usage from the stream. The books have it.
func NoUsage() Injection { return Injection{Kind: InjectionNoUsage} }

// HangBeforeHeaders sends nothing until the client disconnects, and charges for the prompt.
func HangBeforeHeaders() Injection { return Injection{Kind: InjectionHangBeforeHeaders} }

// HangAfterHeaders sends only the headers until the client disconnects, and charges for the prompt.
func HangAfterHeaders() Injection { return Injection{Kind: InjectionHangAfterHeaders} }

// OwnKey answers well. An upstream provider charges the answer to a key of the organization's own.
func OwnKey() Injection { return Injection{Kind: InjectionOwnKey} }

// Wire sends the answer as the variant of this name.
func Wire(variant string) Injection { return Injection{Kind: InjectionWire, Variant: variant} }

// check returns an error for an invalid injection.
func (f Injection) check() error {
	switch {
	case !injectionKinds[f.Kind]:
		return fmt.Errorf("there is no injection of the kind %q", f.Kind)
	case f.Status != 0 && (f.Status < 300 || f.Status > 599):
		return fmt.Errorf("the status %d is not a failure", f.Status)
	case f.Status == 0 && f.Kind == InjectionStatus:
		return fmt.Errorf("the injection %s needs a status", f.Kind)
	case f.Kind == InjectionStatusCharged && f.Status != http.StatusRequestTimeout && !started(f.Status):
		return fmt.Errorf("the status %d proves that no model started, so it cannot be charged", f.Status)
	case f.Delay < 0 || f.After < 0 || f.Factor < 0:
		return fmt.Errorf("the injection %s has a negative number", f.Kind)
	case f.Kind == InjectionOvercharge && f.Factor == 0:
		return fmt.Errorf("the injection %s needs a factor", f.Kind)
	case f.Kind == InjectionWire && variants()[f.Variant].Name == "":
		return fmt.Errorf("there is no variant of the name %.100q", f.Variant)
	case f.Kind == InjectionDrift && f.Model == "":
		return fmt.Errorf("the injection %s needs a model", f.Kind)
	}
	return nil
}

// must panics for an invalid injection, which is a mistake of the owning process.
func must(injections ...Injection) {
	for _, f := range injections {
		if err := f.check(); err != nil {
			panic("sandbox: " + err.Error())
		}
	}
}

// Next queues injections, one for each of the next chat requests.
func (s *Sandbox) Next(injections ...Injection) {
	must(injections...)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next = append(s.next, injections...)
}

// Always sets the injection for requests without one in the queue. The zero Injection resets it.
func (s *Sandbox) Always(f Injection) {
	must(f)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.always = f
}

// takeInjection returns the injection for a new request.
func (s *Sandbox) takeInjection() Injection {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.next) == 0 {
		return s.always
	}
	f := s.next[0]
	s.next = s.next[1:]
	return f
}

// InventCitation gives the texts of an article sources that do not exist: addresses, ids of evidence and quotes.
func InventCitation() Injection { return Injection{Kind: InjectionInventCitation} }
