package sandbox

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/infin8content/engine/internal/cost"
)

// maxTasks is the number of tasks that the books keep. The total includes removed ones.
const maxTasks = 100_000

// Charge is one line of the books: a task that was begun, whether its answer arrived or not.
type Charge struct {
	ID, Tag, URL string
	Posted       time.Time
	Cost         cost.Pico
	Items        int
	Failed       bool
	data         map[string]any
}

// books are the provider's own record of its tasks.
type books struct {
	mu       sync.Mutex
	born     time.Time
	sequence int64
	tasks    []Charge
	total    cost.Pico
}

func newBooks(born time.Time) *books { return &books{born: born} }

// id returns a new id of a task. Two sandboxes with one database do not share an id.
func (b *books) id() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sequence++
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %d", b.born.UnixNano(), b.sequence))
	return fmt.Sprintf("%s-%x-%x-0000-%x", b.born.UTC().Format("01021504"), sum[:2], sum[2:4], sum[4:10])
}

func (b *books) enter(c Charge) {
	b.mu.Lock()
	defer b.mu.Unlock()
	total, err := b.total.Add(c.Cost)
	if err != nil {
		panic("sandbox: the charges cannot be counted any more: " + err.Error())
	}
	b.total = total
	b.tasks = append(b.tasks, c)
	if len(b.tasks) > maxTasks {
		b.tasks = b.tasks[1:]
	}
}

// Charges returns a copy of the books by tag. The costs of tasks with the same tag are added up.
func (s *Sandbox) Charges() map[string]Charge {
	s.books.mu.Lock()
	defer s.books.mu.Unlock()
	charges := map[string]Charge{}
	for _, c := range s.books.tasks {
		c.Cost += charges[c.Tag].Cost
		charges[c.Tag] = c
	}
	return maps.Clone(charges)
}

// Tasks returns the tasks in their order.
func (s *Sandbox) Tasks() []Charge {
	s.books.mu.Lock()
	defer s.books.mu.Unlock()
	return slices.Clone(s.books.tasks)
}

// Total returns the sum of all charges since the sandbox was made.
func (s *Sandbox) Total() cost.Pico {
	s.books.mu.Lock()
	defer s.books.mu.Unlock()
	return s.books.total
}

// Requests returns the number of requests for search data, refused ones included.
func (s *Sandbox) Requests() int64 { return s.requests.Load() }

// InFlight returns the number of requests without a complete answer. The books are complete when it is zero.
func (s *Sandbox) InFlight() int64 { return s.inFlight.Load() }

// MostAtOnce returns the largest number of requests that were in flight at one time.
func (s *Sandbox) MostAtOnce() int64 { return s.most.Load() }

// stampLayout is how the API writes a time.
const stampLayout = "2006-01-02 15:04:05 -07:00"

// list answers a request for the tasks of a service within a time.
func (s *Sandbox) list(service string) func(http.ResponseWriter, posted) {
	return func(w http.ResponseWriter, p posted) {
		if !s.mayList() {
			refuse(w, http.StatusOK, 40202, "You can send no more than 10 requests for the list in a minute.")
			return
		}
		from, errFrom := time.Parse(stampLayout, p.task.DatetimeFrom)
		to, errTo := time.Parse(stampLayout, p.task.DatetimeTo)
		o := outcome{code: codeOK, message: "Ok."}
		switch {
		case errFrom != nil || errTo != nil:
			o = outcome{code: codeInvalid, message: "Invalid Field: 'datetime_from'."}
		case !to.Before(s.options.Now()):
			o = outcome{code: codeInvalid, message: "Invalid Field: 'datetime_to' must be earlier than present date."}
		}
		body := s.envelope(s.books.id(), p, o)
		if o.code == codeOK {
			rows := s.rows(service, from, to, p.task)
			task, _ := body["tasks"].([]any)[0].(map[string]any)
			task["result"], task["result_count"] = rows, len(rows)
		}
		writeJSON(w, http.StatusOK, body)
	}
}

// mayList counts the requests for the list.
func (s *Sandbox) mayList() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.options.Now()
	s.lists = slices.DeleteFunc(s.lists, func(at time.Time) bool { return now.Sub(at) >= time.Minute })
	if len(s.lists) >= listsPerMinute {
		return false
	}
	s.lists = append(s.lists, now)
	return true
}

func (s *Sandbox) rows(service string, from, to time.Time, t task) []map[string]any {
	rows := []map[string]any{}
	for _, c := range s.Tasks() {
		// The API writes whole seconds, and includes both ends.
		posted := c.Posted.Truncate(time.Second)
		if serviceOf(c.URL) != service || posted.Before(from) || posted.After(to) {
			continue
		}
		status := "ok"
		if c.Failed {
			status = "error"
		}
		rows = append(rows, map[string]any{
			"id":              c.ID,
			"url":             c.URL,
			"datetime_posted": posted.UTC().Format(stampLayout),
			"datetime_done":   posted.UTC().Format(stampLayout),
			"status":          status,
			"cost":            decimal(c.Cost),
			"metadata":        c.data,
		})
	}
	first := min(max(t.Offset, 0), len(rows))
	last := len(rows)
	if t.Limit > 0 {
		last = min(last, first+t.Limit)
	}
	return rows[first:last]
}
