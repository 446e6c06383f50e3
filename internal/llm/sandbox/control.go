package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// wireInjection is the JSON of an Injection. Its delay is a string such as "1.5s".
type wireInjection struct {
	Kind       InjectionKind `json:"kind"`
	Delay      string        `json:"delay"`
	Status     int           `json:"status"`
	RetryAfter string        `json:"retryAfter"`
	Model      string        `json:"model"`
	After      int           `json:"after"`
	Factor     int64         `json:"factor"`
	Variant    string        `json:"variant"`
}

func (f wireInjection) injection() (Injection, error) {
	injection := Injection{
		Kind:       f.Kind,
		Status:     f.Status,
		RetryAfter: f.RetryAfter,
		Model:      f.Model,
		After:      f.After,
		Factor:     f.Factor,
		Variant:    f.Variant,
	}
	if f.Delay != "" {
		d, err := time.ParseDuration(f.Delay)
		if err != nil {
			return Injection{}, fmt.Errorf("the delay %q is not a duration", f.Delay)
		}
		injection.Delay = d
	}
	return injection, injection.check()
}

// controlInjections answers POST /sandbox/injections: {"next": [injection …], "always": injection,
// "generationLag": "2s"}, each optional. One invalid injection refuses all of them.
func (s *Sandbox) controlInjections(w http.ResponseWriter, r *http.Request) {
	var wire struct {
		Next          []wireInjection `json:"next"`
		Always        *wireInjection  `json:"always"`
		GenerationLag *string         `json:"generationLag"`
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&wire); err != nil {
		refuse(w, http.StatusBadRequest, "The injections cannot be read: "+err.Error())
		return
	}
	next := make([]Injection, len(wire.Next))
	for i, f := range wire.Next {
		injection, err := f.injection()
		if err != nil {
			refuse(w, http.StatusBadRequest, err.Error())
			return
		}
		next[i] = injection
	}
	var always Injection
	if wire.Always != nil {
		injection, err := wire.Always.injection()
		if err != nil {
			refuse(w, http.StatusBadRequest, err.Error())
			return
		}
		always = injection
	}
	if wire.GenerationLag != nil {
		lag, err := time.ParseDuration(*wire.GenerationLag)
		if err != nil || lag < 0 {
			refuse(w, http.StatusBadRequest, "The generation lag is not a duration.")
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
	// It is read before the books, so that zero means complete books.
	inFlight := s.InFlight()
	charges := map[string]line{}
	for id, c := range s.Charges() {
		charges[id] = line{
			Model:            c.Model,
			PromptTokens:     c.Usage.PromptTokens,
			CompletionTokens: c.Usage.CompletionTokens,
			WebSearches:      c.Usage.WebSearches,
			Cost:             c.Cost.String(),
			FinishReason:     c.FinishReason,
			Cancelled:        c.Cancelled,
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
