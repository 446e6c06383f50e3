//go:build unix

package main

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	site "github.com/infin8content/engine/internal/publish/sandbox"
	search "github.com/infin8content/engine/internal/seo/sandbox"
	"github.com/infin8content/engine/test/chaos/history"
)

// searches is the provider of search data. It misbehaves together with the model provider.
type searches struct {
	*provider
	sandbox atomic.Pointer[search.Sandbox]
}

func newSearches(p *provider) *searches {
	s := &searches{provider: p}
	s.begin()
	return s
}

// begin opens empty books.
func (s *searches) begin() {
	s.sandbox.Store(search.New(search.Options{Prices: cost.StartPrices(), Delay: 5 * time.Millisecond}))
}

// searchMisbehaviour has the injections of each behaviour. Each charged answer that gets lost is in the books.
var searchMisbehaviour = map[behaviour][]search.Injection{
	slow: {
		{Kind: search.InjectionSlow, Delay: 300 * time.Millisecond}, {Kind: search.InjectionSlow, Delay: 2 * time.Second},
	},
	failing: {
		{Kind: search.InjectionStatus, Status: http.StatusServiceUnavailable},
		{Kind: search.InjectionCode, Code: 40202},
		{Kind: search.InjectionTaskFailed, Code: 40501},
	},
	lying: {
		{Kind: search.InjectionOvercharge, Factor: 2},
		{Kind: search.InjectionTaskFailedCharged, Code: 50000},
		{Kind: search.InjectionUnreadable},
		{Kind: search.InjectionEmpty},
	},
	cutOff: {{Kind: search.InjectionDrop}, {Kind: search.InjectionCutBody}},
}

// ServeHTTP answers a request, or misbehaves.
func (s *searches) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.inside.Add(1)
	defer s.inside.Add(-1)
	box := s.sandbox.Load()
	if !strings.HasSuffix(r.URL.Path, "id_list") {
		for _, m := range []behaviour{slow, failing, lying, cutOff} {
			if s.behaves(m, 30) {
				choices := searchMisbehaviour[m]
				box.Next(choices[s.choose(len(choices))])
				break
			}
		}
	}
	box.ServeHTTP(w, r)
}

// charges returns the charges of all tasks, by their tags.
func (s *searches) charges() (all []history.Charge) {
	for _, task := range s.sandbox.Load().Tasks() {
		all = append(all, history.Charge{
			Generation: task.ID,
			Company:    sharedCompany,
			Cost:       task.Cost,
			Published:  task.Cost,
		})
	}
	return all
}

// twice returns the tags that were sent more than once.
func (s *searches) twice() (tags []string) {
	seen := map[string]bool{}
	for _, task := range s.sandbox.Load().Tasks() {
		if seen[task.Tag] && !slices.Contains(tags, task.Tag) {
			tags = append(tags, task.Tag)
		}
		seen[task.Tag] = true
	}
	return tags
}

// website is the site of a round of posts.
type website struct {
	*provider
	sandbox atomic.Pointer[site.WordPress]
	drafted atomic.Bool // the site has lost the answer to a draft
}

func newWebsite(p *provider) *website {
	s := &website{provider: p}
	s.begin()
	return s
}

// begin opens an empty site.
func (s *website) begin() {
	s.drafted.Store(false)
	s.sandbox.Store(site.NewWordPress(site.Options{Delay: 10 * time.Millisecond}))
}

// siteMisbehaviour has the injections of each behaviour. A site that loses answers has made the change.
var siteMisbehaviour = map[behaviour][]site.Injection{
	losing:   {site.LoseAnswer, site.LoseAnswer, site.ErrorAfter, site.Notice},
	refusing: {site.LoseRequest, site.ErrorBefore, site.Throttle},
}

// ServeHTTP answers a request, or misbehaves: it loses some answers at all times of a round of posts, because the posts
// of the last workflows come after the injections. It always loses the answer to the first draft, so that no round is
// without such a loss.
func (s *website) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.inside.Add(1)
	defer s.inside.Add(-1)
	box := s.sandbox.Load()
	if s.behaves(dragging, 50) {
		time.Sleep(time.Duration(s.choose(1500)) * time.Millisecond)
	}
	if r.Method != http.MethodGet && strings.Contains(r.URL.Path, "/posts") {
		switch {
		case s.shared.Load() && strings.HasSuffix(r.URL.Path, "/posts") && !s.drafted.Swap(true):
			box.Next(site.LoseAnswer)
		case s.behaves(losing, 60), s.shared.Load() && s.choose(100) < 30:
			box.Next(siteMisbehaviour[losing][s.choose(len(siteMisbehaviour[losing]))])
		case s.behaves(refusing, 60):
			box.Next(siteMisbehaviour[refusing][s.choose(len(siteMisbehaviour[refusing]))])
		default:
			box.Next(site.None)
		}
	}
	box.ServeHTTP(w, r)
}

// posts returns the posts that the site has or had.
func (s *website) posts() (all []history.Post) {
	for _, post := range s.sandbox.Load().Posts() {
		all = append(all, history.Post{
			ID:          post.ID,
			Publication: markerOf(post.Content),
			Public:      post.Status == "publish",
			Trashed:     post.Status == "trash",
		})
	}
	return all
}

// markerOf returns the publication that a post names, or the zero UUID.
func markerOf(content string) uuid.UUID {
	_, rest, _ := strings.Cut(content, "<!-- infin8:")
	text, _, _ := strings.Cut(rest, " ")
	id, err := uuid.Parse(text)
	if err != nil {
		return uuid.UUID{}
	}
	return id
}
