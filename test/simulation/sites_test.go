package simulation_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/publish/sandbox"
	"github.com/infin8content/engine/internal/workflow"
)

// sites are the websites that articles are published to.
type sites struct {
	w      *world
	byHost map[string]*site
	all    []*site
	// blind makes every look find nothing, as if the look-up were removed.
	blind bool
	// withdrawals are the publications whose posts are to be taken from their readers.
	withdrawals []uuid.UUID
	late        []lateDraft
	// arrived counts the drafts that came to a site after their requests were given up, by publication.
	arrived map[uuid.UUID]int
}

// site is one website.
type site struct {
	host   string
	target uuid.UUID
	*sandbox.WordPress
	edits map[int64]*edit
}

// edit is a change that a person has made to a post on the site.
type edit struct {
	content string
	// seen are the actors that have read the post since. They must not replace the content.
	seen map[string]bool
}

// lateDraft is a request for a draft that is on its way, although its client has given it up.
type lateDraft struct {
	site *site
	at   time.Time
	body []byte
	head http.Header
	mark uuid.UUID
}

func newSites(w *world) *sites {
	return &sites{w: w, byHost: map[string]*site{}, arrived: map[uuid.UUID]int{}}
}

// open makes websites with targets.
func (s *sites) open(who caller.Caller, n int) error {
	store := postgres.New(s.w.cluster.pools[0])
	for i := range n {
		made := &site{host: fmt.Sprintf("site%d.example", i), target: s.w.newID(), edits: map[int64]*edit{}}
		made.WordPress = sandbox.NewWordPress(sandbox.Options{Now: func() time.Time { return s.w.clock }})
		s.byHost[made.host], s.all = made, append(s.all, made)
		target := postgres.PublishTarget{
			ID:        made.target,
			Name:      made.host,
			Kind:      workflow.TargetWordPress,
			Policy:    workflow.PolicyPublish,
			BaseURL:   "http://" + made.host,
			Username:  sandbox.Login,
			CreatedAt: s.w.clock,
			TargetVersion: postgres.TargetVersion{
				State:    workflow.TargetReady,
				Secret:   []byte(sandbox.Password),
				APIRoot:  "http://" + made.host + "/wp-json/",
				SiteName: sandbox.Title,
				At:       s.w.clock,
			},
		}
		added, err := store.AddPublishTarget(context.Background(), who, target)
		if err == nil && added {
			added, err = store.AddTargetVersion(context.Background(), who, target.ID, target.TargetVersion)
		}
		if err != nil || !added {
			return fmt.Errorf("add a target: added %t, %w", added, err)
		}
	}
	return nil
}

// transport is the way of an actor's requests to the sites. Each request parks before it is sent, and often before its
// answer is read, so that a server may die at either time.
type transport struct {
	*actor
	// beat is called before a request is sent; it may be nil.
	beat func(context.Context)
}

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	s := t.w.sites.byHost[r.URL.Host]
	t.wait()
	if t.beat != nil && t.w.oneIn(4) {
		t.beat(r.Context())
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{})
	}
	answer, err := t.send(s, r, body)
	if t.w.oneIn(2) {
		t.wait()
	}
	if err == nil {
		err = r.Context().Err()
	}
	if err != nil {
		return nil, err
	}
	return answer, nil
}

var (
	errLostAnswer = errors.New("the answer of the site was lost")
	markOf        = regexp.MustCompile("infin8:([0-9a-f-]{36})")
)

// publicationIn returns the publication that a text is marked with.
func publicationIn(text string) uuid.UUID {
	if found := markOf.FindStringSubmatch(text); found != nil {
		return uuid.MustParse(found[1])
	}
	return uuid.Nil
}

// send gives a request to a site, with a fate that the seed decides.
func (t transport) send(s *site, r *http.Request, body []byte) (*http.Response, error) {
	w, path := t.w, strings.TrimPrefix(r.URL.Path, "/wp-json/wp/v2/")
	creates := r.Method == http.MethodPost && path == "posts"
	changes := r.Method != http.MethodGet && strings.HasPrefix(path, "posts")
	if w.sites.blind && r.Method == http.MethodGet && path == "posts" {
		return response(r, http.StatusOK, []byte("[]")), nil
	}
	fate := sandbox.None
	if often := map[bool]int{false: 3, true: 8}[w.calm]; changes && w.oneIn(often) {
		fate = pick(w, []sandbox.Injection{
			sandbox.LoseAnswer, sandbox.LoseAnswer, sandbox.LoseRequest, sandbox.ErrorAfter, sandbox.ErrorBefore,
			sandbox.Throttle, sandbox.Notice, sandbox.Firewall,
		})
	}
	if creates {
		w.press.sends(t.actor, publicationIn(string(body)))
		if !w.calm && w.oneIn(12) {
			delay := pick(w, []time.Duration{20 * time.Second, 4 * time.Minute, 7 * time.Minute})
			w.sites.late = append(w.sites.late, lateDraft{s, w.clock.Add(delay), body, r.Header, publicationIn(string(body))})
			w.tracef("%s: %s %s is under way for %s", t.name, r.Method, path, delay)
			w.saw("a draft comes late")
			return nil, errLostAnswer
		}
	}
	if changes {
		s.Next(fate)
		s.protect(t.actor, path, body)
	}
	answer, err := s.serve(r, body)
	if err == nil && !changes && w.oneIn(20) {
		err = errLostAnswer
	}
	w.tracef("%s: %s %s%s %s → %v", t.name, r.Method, s.host, r.URL.RequestURI(), fate, outcomeOf(answer, err))
	w.saw("a site: " + r.Method + " " + string(fate))
	if err != nil {
		return nil, err
	}
	if r.Method == http.MethodGet {
		s.noteSeen(t.actor, path)
	}
	return answer, nil
}

func outcomeOf(answer *http.Response, err error) string {
	if err != nil {
		return err.Error()
	}
	return strconv.Itoa(answer.StatusCode)
}

func response(r *http.Request, status int, body []byte) *http.Response {
	return &http.Response{
		StatusCode: status,
		Header:     http.Header{"Content-Type": {"application/json"}},
		Body:       io.NopCloser(bytes.NewReader(body)),
		Request:    r,
	}
}

// serve lets the site answer.
func (s *site) serve(r *http.Request, body []byte) (answer *http.Response, err error) {
	defer func() {
		if cause := recover(); cause == http.ErrAbortHandler {
			err = errLostAnswer
		} else if cause != nil {
			panic(cause)
		}
	}()
	recorder := httptest.NewRecorder()
	inner := r.Clone(context.Background())
	inner.Body, inner.Host = io.NopCloser(bytes.NewReader(body)), s.host
	s.ServeHTTP(recorder, inner)
	answer = recorder.Result()
	answer.Request = r
	return answer, nil
}

// noteSeen notes that an actor has read posts that a person has changed.
func (s *site) noteSeen(a *actor, path string) {
	_, named, one := strings.Cut(path, "/")
	for id, e := range s.edits {
		if !one || named == strconv.FormatInt(id, 10) {
			e.seen[a.name] = true
		}
	}
}

// protect fails the simulation when a request replaces what a person has written, and its sender has seen that.
func (s *site) protect(a *actor, path string, body []byte) {
	_, named, _ := strings.Cut(path, "/")
	id, _ := strconv.ParseInt(named, 10, 64)
	e := s.edits[id]
	if e == nil || !bytes.Contains(body, []byte(`"content":`)) {
		return
	}
	delete(s.edits, id)
	p := publicationIn(string(body))
	switch {
	case !e.seen[a.name]:
		a.w.saw("an edit comes between a look and an update")
	case !a.w.press.mayReplace(p, e.content):
		a.w.failf("%s replaces what a person has written in post %d of %s", a.name, id, s.host)
	default:
		a.w.saw("a person lets an edit be replaced")
	}
}

// deliver lets the drafts arrive whose time has come; all of them with everything.
func (s *sites) deliver(everything bool) {
	rest := s.late[:0]
	for _, d := range s.late {
		if !everything && d.at.After(s.w.clock) {
			rest = append(rest, d)
			continue
		}
		request := httptest.NewRequest(http.MethodPost, "/wp-json/wp/v2/posts", nil)
		request.Header = d.head.Clone()
		_, err := d.site.serve(request, d.body)
		s.arrived[d.mark]++
		s.w.tracef("a late draft of publication %s arrives at %s: %v", d.mark, d.site.host, err)
	}
	s.late = rest
}

// webmaster changes or trashes a post on its site, as people do.
func webmaster(a *actor) {
	s := pick(a.w, a.w.sites.all)
	posts := s.Posts()
	if len(posts) == 0 {
		return
	}
	post := pick(a.w, posts)
	mark := publicationIn(post.Content)
	if mark == uuid.Nil || post.Status == "trash" {
		return
	}
	comment := post.Content[strings.Index(post.Content, "<!-- infin8:"):]
	content := fmt.Sprintf("<p>Written by %s.</p>%s", a.name, comment)
	s.Edit(post.ID, content)
	s.edits[post.ID] = &edit{content: content, seen: map[string]bool{}}
	a.w.tracef("%s changes post %d of %s", a.name, post.ID, s.host)
	a.w.saw("a person changes a post")
}
