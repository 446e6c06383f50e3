package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/infin8content/engine/internal/seo"
)

// InjectionKind is the kind of an injected failure.
type InjectionKind string

// The kinds.
const (
	InjectionNone              InjectionKind = ""
	InjectionSlow              InjectionKind = "SLOW"                // answers well after Delay
	InjectionHang              InjectionKind = "HANG"                // charges, and never answers
	InjectionDrop              InjectionKind = "DROP"                // charges, and closes the connection
	InjectionStatus            InjectionKind = "STATUS"              // a gateway's Status without a body of the API; free
	InjectionStatusCharged     InjectionKind = "STATUS_CHARGED"      // the same after the work
	InjectionCode              InjectionKind = "CODE"                // the API refuses with Code; free
	InjectionTaskFailed        InjectionKind = "TASK_FAILED"         // 20000, and a task with Code that is free
	InjectionTaskFailedCharged InjectionKind = "TASK_FAILED_CHARGED" // 20000, and a task with Code that is charged
	InjectionCutBody           InjectionKind = "CUT_BODY"            // charges, and cuts the answer in the middle
	InjectionUnreadable        InjectionKind = "UNREADABLE"          // charges, and answers 200 with a page of HTML
	InjectionEmpty             InjectionKind = "EMPTY"               // finds nothing, and charges the request
	InjectionOvercharge        InjectionKind = "OVERCHARGE"          // charges Factor times the price
	InjectionWire              InjectionKind = "WIRE"                // answers as the Variant of this name
)

// Injection is an injected failure of one request. The zero Injection is none.
type Injection struct {
	Kind       InjectionKind `json:"kind"`
	Delay      time.Duration `json:"delayNanoseconds"`
	Status     int           `json:"status"`
	RetryAfter string        `json:"retryAfter"`
	Code       int           `json:"code"`
	Factor     int64         `json:"factor"`
	Variant    string        `json:"variant"`
}

// check returns an error for an invalid injection.
func (f Injection) check() error {
	switch f.Kind {
	case InjectionNone, InjectionHang, InjectionDrop, InjectionCutBody, InjectionUnreadable, InjectionEmpty:
	case InjectionSlow:
		if f.Delay <= 0 {
			return fmt.Errorf("the injection %s needs a delay", f.Kind)
		}
	case InjectionStatus, InjectionStatusCharged:
		if f.Status < 300 || f.Status > 599 {
			return fmt.Errorf("the status %d is not a failure", f.Status)
		}
	case InjectionCode, InjectionTaskFailed, InjectionTaskFailedCharged:
		if f.Code < 40000 || f.Code > 59999 {
			return fmt.Errorf("the code %d is not a failure", f.Code)
		}
	case InjectionOvercharge:
		if f.Factor < 1 {
			return fmt.Errorf("the injection %s needs a factor", f.Kind)
		}
	case InjectionWire:
		if _, there := variants()[f.Variant]; !there {
			return fmt.Errorf("there is no variant of the name %.100q", f.Variant)
		}
	default:
		return fmt.Errorf("there is no injection of the kind %q", f.Kind)
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

// Next queues injections, one for each of the next requests that are charged.
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

// controlInjections answers POST /sandbox/injections: {"next": [injection …], "always": injection}, each optional.
func (s *Sandbox) controlInjections(w http.ResponseWriter, r *http.Request) {
	var wire struct {
		Next   []Injection `json:"next"`
		Always *Injection  `json:"always"`
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&wire)
	all := wire.Next
	if wire.Always != nil {
		all = append(all[:len(all):len(all)], *wire.Always)
	}
	for _, f := range all {
		if err == nil {
			err = f.check()
		}
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if wire.Always != nil {
		s.Always(*wire.Always)
	}
	s.Next(wire.Next...)
	writeJSON(w, http.StatusOK, map[string]any{"provider": Provider, "queued": len(wire.Next)})
}

// controlCharges answers GET /sandbox/charges: the books, as decimal text in USD.
func (s *Sandbox) controlCharges(w http.ResponseWriter) {
	inFlight := s.InFlight() // It is read before the books, so that zero means complete books.
	charges := map[string]string{}
	for tag, c := range s.Charges() {
		charges[tag] = c.Cost.String()
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"provider": Provider,
		"charges":  charges,
		"total":    s.Total().String(),
		"tasks":    len(s.Tasks()),
		"inFlight": inFlight,
	})
}

// serviceOf returns the service of a request's address.
func serviceOf(url string) string {
	if strings.Contains(url, "/serp/") {
		return seo.ServiceSERP
	}
	return seo.ServiceLabs
}
