package sandbox

import (
	"fmt"
	"net/http"
	"time"
)

// InjectionKind is a way in which a provider fails.
type InjectionKind string

// The injections. Which part of an Injection each one reads stands in its constructor.
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
}

// Injection is what goes wrong with one request. The zero Injection is none.
type Injection struct {
	Kind InjectionKind
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
	// Variant is the name of a Variant.
	Variant string
}

// Slow answers well, but only after d. A client that leaves before is charged for the prompt.
func Slow(d time.Duration) Injection { return Injection{Kind: InjectionSlow, Delay: d} }

// Unstoppable answers after d, and charges for the whole answer even when the client has left: not every provider can
// be aborted.
func Unstoppable(d time.Duration) Injection { return Injection{Kind: InjectionUnstoppable, Delay: d} }

// Status refuses with an HTTP status and, unless retryAfter is empty, a Retry-After header. Nothing is charged. From
// 500 on, but for 503, the books have a generation that cost nothing, since a model may have been asked.
func Status(code int, retryAfter string) Injection {
	return Injection{Kind: InjectionStatus, Status: code, RetryAfter: retryAfter}
}

// StatusCharged answers with an HTTP status though the model has done its work, and charges for it: 408, or any from
// 500 on but for 503.
func StatusCharged(code int) Injection { return Injection{Kind: InjectionStatusCharged, Status: code} }

// ErrorInBody answers 200 with an error body, charging for the prompt.
func ErrorInBody(code int) Injection { return Injection{Kind: InjectionErrorInBody, Status: code} }

// ErrorInStream ends the stream with an error event after that many events, charging for what came before it.
func ErrorInStream(after int) Injection {
	return Injection{Kind: InjectionErrorInStream, Status: http.StatusBadGateway, After: after}
}

// ErrorAfterUsage sends the whole answer and its cost, and then an error.
func ErrorAfterUsage() Injection {
	return Injection{Kind: InjectionErrorAfterUsage, Status: http.StatusBadGateway}
}

// FirstModelDown lets the next model of the request answer, or refuses with 503 when there is none.
func FirstModelDown() Injection { return Injection{Kind: InjectionFirstModelDown} }

// Drift lets another model answer than any that was asked, at its own price where it has one.
func Drift(model string) Injection { return Injection{Kind: InjectionDrift, Model: model} }

// CutStream breaks the connection after that many events, charging for what came before.
func CutStream(after int) Injection { return Injection{Kind: InjectionCutStream, After: after} }

// UnreadableJSON answers with prose in place of JSON.
func UnreadableJSON() Injection { return Injection{Kind: InjectionUnreadableJSON} }

// FencedJSON wraps the JSON into a fenced block, as models like to do.
func FencedJSON() Injection { return Injection{Kind: InjectionFencedJSON} }

// Empty answers without a word.
func Empty() Injection { return Injection{Kind: InjectionEmpty} }

// ContentFilter breaks the answer off half-way with the finish reason "content_filter".
func ContentFilter() Injection { return Injection{Kind: InjectionContentFilter} }

// Overcharge multiplies what the answer costs.
func Overcharge(factor int64) Injection { return Injection{Kind: InjectionOvercharge, Factor: factor} }

// NoUsage leaves the usage out of the stream. The books have it.
func NoUsage() Injection { return Injection{Kind: InjectionNoUsage} }

// HangBeforeHeaders sends nothing at all until the client leaves, and charges for the prompt.
func HangBeforeHeaders() Injection { return Injection{Kind: InjectionHangBeforeHeaders} }

// HangAfterHeaders sends the headers and then nothing until the client leaves, and charges for the prompt.
func HangAfterHeaders() Injection { return Injection{Kind: InjectionHangAfterHeaders} }

// OwnKey answers well, and lets an upstream provider charge a key of the organization's own.
func OwnKey() Injection { return Injection{Kind: InjectionOwnKey} }

// Wire puts the answer on the wire as the variant of that name does.
func Wire(variant string) Injection { return Injection{Kind: InjectionWire, Variant: variant} }

// check says what makes no sense in an injection.
func (f Injection) check() error {
	switch {
	case !injectionKinds[f.Kind]:
		return fmt.Errorf("there is no injection of the kind %q", f.Kind)
	case f.Status != 0 && (f.Status < 300 || f.Status > 599):
		return fmt.Errorf("the status %d is no failure", f.Status)
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

// must panics at an injection that makes no sense: the process that owns the sandbox wrote it.
func must(injections ...Injection) {
	for _, f := range injections {
		if err := f.check(); err != nil {
			panic("sandbox: " + err.Error())
		}
	}
}

// Next queues injections for the next chat requests, one each, in the order of their arrival.
func (s *Sandbox) Next(injections ...Injection) {
	must(injections...)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next = append(s.next, injections...)
}

// Always sets the injection of all requests that no other was queued for. The zero Injection ends it.
func (s *Sandbox) Always(f Injection) {
	must(f)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.always = f
}

// takeInjection returns the injection of the request that has just come.
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
