package sandbox

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/infin8content/engine/internal/cost"
)

// result is the content of a task's result, and the number of its items.
type result struct {
	content map[string]any
	items   int
}

// The provider's status codes.
const (
	codeOK        = 20000
	codeNoResults = 40102
	codeInvalid   = 40501
)

// live answers a request with its result: the work, the charge, and then the answer or an injected failure.
func (s *Sandbox) live(service string, answer func(task) result) func(http.ResponseWriter, posted) {
	return func(w http.ResponseWriter, p posted) {
		s.requests.Add(1)
		injection := s.takeInjection()
		s.options.Logger.Info("request", "path", p.path, "injection", injection.Kind)
		if s.refuses(w, injection) {
			return
		}
		if p.task.LocationCode == 0 || p.task.LanguageCode == "" || p.task.Target == "" && p.task.Keyword == "" {
			s.respond(w, p, injection, outcome{code: codeInvalid, message: "Invalid Field."})
			return
		}
		o := outcome{code: codeOK, message: "Ok.", result: answer(p.task)}
		if injection.Kind == InjectionEmpty {
			o = outcome{code: codeNoResults, message: "No Search Results."}
		}
		o.cost = s.price(service, o.result.items)
		s.respond(w, p, injection, o)
	}
}

// outcome is the end of a task.
type outcome struct {
	code    int
	message string
	cost    cost.Pico
	result  result
}

// refuses answers a request that begins no task.
func (s *Sandbox) refuses(w http.ResponseWriter, f Injection) bool {
	switch f.Kind {
	case InjectionStatus:
		if f.RetryAfter != "" {
			w.Header().Set("Retry-After", f.RetryAfter)
		}
		http.Error(w, "The gateway of the sandbox refuses.", f.Status)
	case InjectionCode:
		refuse(w, statusOfCode(f.Code), f.Code, "The sandbox refuses.")
	default:
		return false
	}
	return true
}

// statusOfCode is the HTTP status of a refusal, which is 200 but for three.
func statusOfCode(code int) int {
	switch code {
	case 40100:
		return http.StatusUnauthorized
	case 40200, 40210:
		return http.StatusPaymentRequired
	case 40400:
		return http.StatusNotFound
	}
	return http.StatusOK
}

// respond charges a task and writes the answer that the injection allows.
func (s *Sandbox) respond(w http.ResponseWriter, p posted, f Injection, o outcome) {
	switch f.Kind {
	case InjectionTaskFailed:
		o = outcome{code: f.Code, message: "The task has failed."}
	case InjectionTaskFailedCharged:
		o.code, o.message, o.result = f.Code, "The task has failed.", result{}
	case InjectionOvercharge:
		o.cost *= cost.Pico(f.Factor)
	}
	variant, varied := variants()[f.Variant]
	if varied && variant.free {
		o.cost = 0
	}
	id := s.books.id()
	body := s.envelope(id, p, o)
	if !varied || !variant.absent {
		s.books.enter(Charge{
			ID:     id,
			Tag:    p.task.Tag,
			URL:    "https://api.dataforseo.com/v3" + p.path,
			Posted: s.options.Now(),
			Cost:   o.cost,
			Items:  o.result.items,
			Failed: o.code != codeOK && o.code != codeNoResults,
			data:   p.data,
		})
	}
	wait := s.options.Delay
	if f.Kind == InjectionSlow {
		wait += f.Delay
	}
	select {
	case <-p.request.Context().Done():
		return
	case <-time.After(wait):
	}
	s.write(w, p, f, body)
}

func (s *Sandbox) write(w http.ResponseWriter, p posted, f Injection, body map[string]any) {
	switch f.Kind {
	case InjectionHang:
		<-p.request.Context().Done()
	case InjectionDrop:
		panic(http.ErrAbortHandler)
	case InjectionStatusCharged:
		http.Error(w, "Bad gateway.", f.Status)
	case InjectionUnreadable:
		writeText(w, http.StatusOK, "<html>It works!</html>")
	case InjectionCutBody:
		text, _ := json.Marshal(body) // Maps of strings and numbers can always be written.
		writeText(w, http.StatusOK, string(text[:len(text)/2]))
		if flusher, ok := w.(http.Flusher); ok {
			flusher.Flush()
		}
		panic(http.ErrAbortHandler)
	case InjectionWire:
		status, text := variants()[f.Variant].write(body)
		writeText(w, status, text)
	default:
		writeJSON(w, http.StatusOK, body)
	}
}

func writeText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text))
}

// envelope is the answer to a task. The envelope's own code is 20000 also when the task has failed.
func (s *Sandbox) envelope(id string, p posted, o outcome) map[string]any {
	failed, count := 0, 1
	var results any
	if o.result.content == nil {
		count = 0
	} else {
		results = []any{o.result.content}
	}
	if o.code != codeOK {
		failed = 1
	}
	data := map[string]any{"api": strings.Split(p.path, "/")[1]}
	for name, value := range p.data {
		data[name] = value
	}
	return map[string]any{
		"version":        version,
		"status_code":    codeOK,
		"status_message": "Ok.",
		"time":           "0.1 sec.",
		"cost":           decimal(o.cost),
		"tasks_count":    1,
		"tasks_error":    failed,
		"tasks": []any{map[string]any{
			"id":             id,
			"status_code":    o.code,
			"status_message": o.message,
			"time":           "0.1 sec.",
			"cost":           decimal(o.cost),
			"result_count":   count,
			"path":           append([]string{"v3"}, strings.Split(strings.Trim(p.path, "/"), "/")...),
			"data":           data,
			"result":         results,
		}},
	}
}

// decimal is an amount as a JSON number.
func decimal(p cost.Pico) json.Number { return json.Number(p.String()) }

// price is what an answer costs.
func (s *Sandbox) price(service string, items int) cost.Pico {
	amount, err := cost.ListCost(s.options.Prices, service, cost.Usage{Items: int64(items)}, s.options.Now())
	if err != nil {
		return 0
	}
	return amount
}
