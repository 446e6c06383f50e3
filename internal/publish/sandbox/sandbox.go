// Package sandbox has two sites without a site: servers of the REST API of WordPress and of the Admin API of Ghost, for
// the demo and the tests. They keep posts in memory and behave as the real ones do where it matters: a lost answer
// after the change, a page of a firewall, posts with one slug, and edits of other people.
//
// A request cannot inject a failure. Injections come from the owning process, or over an endpoint that is off by
// default. The title of each site says that it is a sandbox.
package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Title is the title of each site.
const Title = "Sandbox (no real site)"

// Injection is a failure of one request that changes a post.
type Injection string

// The injections.
const (
	None Injection = ""
	// LoseAnswer makes the change and cuts the connection.
	LoseAnswer Injection = "LOSE_ANSWER"
	// LoseRequest cuts the connection before the change.
	LoseRequest Injection = "LOSE_REQUEST"
	// ErrorAfter makes the change and answers 500.
	ErrorAfter Injection = "ERROR_AFTER"
	// ErrorBefore answers 503 without a change.
	ErrorBefore Injection = "ERROR_BEFORE"
	// Throttle answers 429 with Retry-After.
	Throttle Injection = "THROTTLE"
	// Firewall answers 403 with a page of HTML.
	Firewall Injection = "FIREWALL"
	// Notice prints a warning before the JSON, as some plugins do.
	Notice Injection = "NOTICE"
)

var injections = []Injection{
	None, LoseAnswer, LoseRequest, ErrorAfter, ErrorBefore, Throttle, Firewall, Notice,
}

// Post is a post as the site keeps it.
type Post struct {
	ID       int64     `json:"id"`
	Slug     string    `json:"slug"`
	Title    string    `json:"title"`
	Content  string    `json:"content"`
	Excerpt  string    `json:"excerpt"`
	Status   string    `json:"status"`
	Modified time.Time `json:"modified"`
	// Date is when the post becomes public, and Edits how often it was changed since it was made.
	Date  time.Time `json:"date"`
	Edits int       `json:"edits"`

	Terms []int64  `json:"terms"`
	Tags  []string `json:"tags"`
}

// Options configure a sandbox. Each may be zero.
type Options struct {
	// Delay is the pause before each answer.
	Delay time.Duration
	// Control opens GET /sandbox/posts and POST /sandbox/injections, for tests whose server is another process.
	Control bool
	Now     func() time.Time
}

// store is what both sites share. It is safe for concurrent use.
type store struct {
	delay   time.Duration
	control bool
	now     func() time.Time

	mu       sync.Mutex
	posts    map[int64]*Post
	terms    []string // the id of a term is its place, from 1
	last     int64
	next     []Injection
	requests int
}

func newStore(o Options) *store {
	s := &store{
		delay:   o.Delay,
		control: o.Control,
		now:     o.Now,
		posts:   map[int64]*Post{},
	}
	if s.now == nil {
		s.now = time.Now
	}
	return s
}

// Posts returns copies of all posts by ascending id.
func (s *store) Posts() []Post {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Post, 0, len(s.posts))
	for _, post := range s.posts {
		all = append(all, *post)
	}
	slices.SortFunc(all, func(a, b Post) int { return int(a.ID - b.ID) })
	return all
}

// Next queues injections for the next changes, one for each.
func (s *store) Next(all ...Injection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next = append(s.next, all...)
}

// Requests is the number of requests that asked for a change.
func (s *store) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// Edit changes a post as a person on the site does. It reports whether the post exists.
func (s *store) Edit(id int64, content string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	post, there := s.posts[id]
	if there {
		post.Content = content
		post.Edits++
		s.touch(post)
	}
	return there
}

// Retitle changes the title of a post, as a person does.
func (s *store) Retitle(id int64, title string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	post, there := s.posts[id]
	if there {
		post.Title = title
		post.Edits++
		s.touch(post)
	}
	return there
}

// timed returns the state of a post that is public: one with a date in the future is scheduled.
func (s *store) timed(post *Post, public, scheduled string) string {
	switch {
	case post.Status != public && post.Status != scheduled:
		return post.Status
	case post.Date.After(s.now()):
		return scheduled
	}
	return public
}

// touch moves the time of the last change by at least a second, the resolution of WordPress.
func (s *store) touch(post *Post) {
	at := s.now().UTC().Truncate(time.Second)
	if !at.After(post.Modified) {
		at = post.Modified.Add(time.Second)
	}
	post.Modified = at
}

// add makes a post. The caller holds the lock.
func (s *store) add(post Post) *Post {
	s.last++
	post.ID = s.last
	s.posts[post.ID] = &post
	s.touch(&post)
	return &post
}

// freeSlug returns the slug of a post, with a number if another post that counts has it.
func (s *store) freeSlug(post *Post, counts func(status string) bool) string {
	slug := post.Slug
	for n := 2; ; n++ {
		taken := false
		for _, other := range s.posts {
			taken = taken || other.ID != post.ID && other.Slug == slug && counts(other.Status)
		}
		if !taken {
			return slug
		}
		slug = post.Slug + "-" + strconv.Itoa(n)
	}
}

func public(status string) bool {
	return status == "publish" || status == "published" || status == "future" || status == "scheduled"
}

// take returns the injection of a request that asks for a change.
func (s *store) take() Injection {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	if len(s.next) == 0 {
		return None
	}
	injection := s.next[0]
	s.next = s.next[1:]
	return injection
}

// change runs handle, which makes the change and answers, under the injection of this request.
func (s *store) change(w http.ResponseWriter, r *http.Request, handle http.HandlerFunc) {
	switch s.take() {
	case LoseAnswer:
		handle(discarded{header: http.Header{}}, r)
		panic(http.ErrAbortHandler)
	case LoseRequest:
		panic(http.ErrAbortHandler)
	case ErrorAfter:
		handle(discarded{header: http.Header{}}, r)
		http.Error(w, "<html><body>There has been a critical error.</body></html>", http.StatusInternalServerError)
	case ErrorBefore:
		http.Error(w, "<html><body>Briefly unavailable.</body></html>", http.StatusServiceUnavailable)
	case Throttle:
		w.Header().Set("Retry-After", "1")
		http.Error(w, "<html><body>Too many requests.</body></html>", http.StatusTooManyRequests)
	case Firewall:
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte("<html><body>Your request was blocked.</body></html>"))
	case Notice:
		handle(noticed{w}, r)
	default:
		handle(w, r)
	}
}

// noticed prints a warning before the answer.
type noticed struct{ http.ResponseWriter }

func (n noticed) WriteHeader(status int) {
	n.ResponseWriter.WriteHeader(status)
	_, _ = n.Write([]byte("<br /><b>Warning</b>: Undefined variable $x<br />\n"))
}

// discarded is the writer of an answer that never arrives.
type discarded struct{ header http.Header }

func (d discarded) Header() http.Header         { return d.header }
func (d discarded) Write(b []byte) (int, error) { return len(b), nil }
func (d discarded) WriteHeader(int)             {}

// serveControl answers the endpoints of tests. It reports whether the path is one of them.
func (s *store) serveControl(w http.ResponseWriter, r *http.Request) bool {
	if !s.control {
		return false
	}
	switch {
	case strings.HasSuffix(r.URL.Path, "/sandbox/posts"):
		writeJSON(w, http.StatusOK, map[string]any{"posts": s.Posts(), "requests": s.Requests()})
	case strings.HasSuffix(r.URL.Path, "/sandbox/injections"):
		var wire struct {
			Next []Injection `json:"next"`
		}
		err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&wire)
		for _, injection := range wire.Next {
			if err != nil || !slices.Contains(injections, injection) {
				writeJSON(w, http.StatusBadRequest, map[string]any{"message": "an injection is unknown"})
				return true
			}
		}
		s.Next(wire.Next...)
		writeJSON(w, http.StatusOK, map[string]any{"queued": len(wire.Next)})
	default:
		return false
	}
	return true
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // An error means that the client has gone.
}
