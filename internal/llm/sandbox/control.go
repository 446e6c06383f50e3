package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// wireFault is a Fault as the control endpoint reads it; the delay is text such as "1.5s".
type wireFault struct {
	Kind       FaultKind `json:"kind"`
	Delay      string    `json:"delay"`
	Status     int       `json:"status"`
	RetryAfter string    `json:"retryAfter"`
	Model      string    `json:"model"`
	After      int       `json:"after"`
	Factor     int64     `json:"factor"`
}

func (f wireFault) fault() (Fault, error) {
	fault := Fault{
		Kind: f.Kind, Status: f.Status, RetryAfter: f.RetryAfter, Model: f.Model, After: f.After, Factor: f.Factor,
	}
	if f.Delay != "" {
		d, err := time.ParseDuration(f.Delay)
		if err != nil {
			return Fault{}, fmt.Errorf("the delay %q is no duration", f.Delay)
		}
		fault.Delay = d
	}
	return fault, fault.check()
}

// controlFaults answers POST /sandbox/faults: {"next": [fault …], "always": fault, "generationLag": "2s"}, each
// optional. All of it is taken, or nothing when one fault makes no sense.
func (s *Sandbox) controlFaults(w http.ResponseWriter, r *http.Request) {
	var wire struct {
		Next          []wireFault `json:"next"`
		Always        *wireFault  `json:"always"`
		GenerationLag *string     `json:"generationLag"`
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&wire); err != nil {
		refuse(w, http.StatusBadRequest, "The faults cannot be read: "+err.Error())
		return
	}
	next := make([]Fault, len(wire.Next))
	for i, f := range wire.Next {
		fault, err := f.fault()
		if err != nil {
			refuse(w, http.StatusBadRequest, err.Error())
			return
		}
		next[i] = fault
	}
	var always Fault
	if wire.Always != nil {
		fault, err := wire.Always.fault()
		if err != nil {
			refuse(w, http.StatusBadRequest, err.Error())
			return
		}
		always = fault
	}
	if wire.GenerationLag != nil {
		lag, err := time.ParseDuration(*wire.GenerationLag)
		if err != nil || lag < 0 {
			refuse(w, http.StatusBadRequest, "The generation lag is no duration.")
			return
		}
		s.SetGenerationLag(lag)
	}
	if wire.Always != nil {
		s.Always(always)
	}
	s.Next(next...)
	writeJSON(w, http.StatusOK, map[string]any{"provider": Provider, "queued": len(next)})
}

// controlCharges answers GET /sandbox/charges: the books, as decimal text in USD.
func (s *Sandbox) controlCharges(w http.ResponseWriter, _ *http.Request) {
	type line struct {
		Model            string `json:"model"`
		PromptTokens     int64  `json:"promptTokens"`
		CompletionTokens int64  `json:"completionTokens"`
		WebSearches      int64  `json:"webSearches"`
		Cost             string `json:"cost"`
		FinishReason     string `json:"finishReason"`
		Cancelled        bool   `json:"cancelled"`
	}
	// Read before the books: zero then means that the books that follow are complete.
	inFlight := s.InFlight()
	charges := map[string]line{}
	for id, c := range s.Charges() {
		charges[id] = line{
			Model: c.Model, PromptTokens: c.Usage.PromptTokens, CompletionTokens: c.Usage.CompletionTokens,
			WebSearches: c.Usage.WebSearches, Cost: c.Cost.String(),
			FinishReason: c.FinishReason, Cancelled: c.Cancelled,
		}
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"provider": Provider,
		"charges":  charges,
		"total":    s.Total().String(),
		"requests": s.Requests(),
		"inFlight": inFlight,
	})
}
