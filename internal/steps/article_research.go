package steps

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/crawl"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/seo"
)

// The limits of the research for one article.
const (
	articlePages   = 6
	pagesOfHost    = 2
	pagesAtOnce    = 3
	siteAddresses  = 3 // pages that are chosen of each website
	researchLimit  = 45 * time.Second
	pageAge        = 7 * 24 * time.Hour
	competitorsFor = 2
)

// readPages are the pages that an article was researched with, as a part keeps them. The texts are in the store.
type readPages struct {
	Mode  cost.ResearchMode `json:"mode"`
	Pages []readPage        `json:"pages"`
}

type readPage struct {
	URL       string    `json:"url"`
	FetchedAt time.Time `json:"fetchedAt"`
}

// research finds the evidence. Without a page, or without a usable quote, the article has none and says so.
func (w *writing) research(ctx context.Context) error {
	w.mode = w.researchMode()
	if w.mode == cost.ResearchNone {
		return nil
	}
	kept, err := free(ctx, w.visit, w.key("pages", string(w.mode)), w.readPages)
	if err != nil {
		return err
	}
	pages, err := w.stored(ctx, kept.Pages)
	if err != nil {
		return err
	}
	if w.quotes, err = w.evidence(ctx, pages); err != nil {
		return err
	}
	if len(w.quotes) == 0 {
		w.mode = cost.ResearchNone
		w.warnings = append(w.warnings, content.Check{
			Code:    content.CheckUnsourced,
			Message: fmt.Sprintf("No evidence was found on %d pages, so the article was written without any.", len(pages)),
		})
	}
	return nil
}

// researchMode is the best mode that the server and the organization's source of search data allow.
func (w *writing) researchMode() cost.ResearchMode {
	switch {
	case w.options.Crawler == nil:
		return cost.ResearchNone
	case !w.options.buysSearch(w.Market):
		return cost.ResearchSiteOnly
	}
	return cost.ResearchSERPCrawl
}

// readPages finds and reads the pages of an article and stores them.
func (w *writing) readPages(ctx context.Context) (readPages, error) {
	read := readPages{Mode: w.mode}
	find := w.fromSites
	if w.mode == cost.ResearchSERPCrawl {
		find = w.fromResults
	}
	addresses, err := find(ctx)
	if err != nil {
		return read, err
	}
	var known []content.WebPage
	now := w.options.Now().UTC().Truncate(time.Microsecond)
	err = w.book(ctx, func(ctx context.Context) (err error) {
		known, err = w.options.Engine.Pages(ctx, w.who, addresses, now.Add(-pageAge))
		return err
	})
	if err != nil {
		return read, err
	}
	fresh := w.fetch(ctx, addresses, known, now)
	if ctx.Err() != nil { // The attempt is over: what was not read says nothing about the sites.
		return read, context.Cause(ctx)
	}
	err = w.book(ctx, func(ctx context.Context) error {
		return w.options.Engine.KeepPages(ctx, w.who, fresh, now)
	})
	if err != nil {
		return read, err
	}
	read.Pages = []readPage{}
	for _, address := range addresses {
		for _, page := range slices.Concat(known, fresh) {
			if page.URL == address && len(read.Pages) < articlePages {
				read.Pages = append(read.Pages, readPage{page.URL, page.FetchedAt})
			}
		}
	}
	return read, nil
}

// fetch reads the first addresses that are not known, so many that there may be enough pages. A page that cannot be
// read is left out.
func (w *writing) fetch(
	ctx context.Context, addresses []string, known []content.WebPage, at time.Time,
) (pages []content.WebPage) {
	var (
		group errgroup.Group
		mutex sync.Mutex
	)
	ctx, cancel := context.WithTimeout(ctx, researchLimit)
	defer cancel()
	group.SetLimit(pagesAtOnce)
	for _, address := range addresses {
		if slices.ContainsFunc(known, func(p content.WebPage) bool { return p.URL == address }) {
			continue
		}
		mutex.Lock()
		enough := len(known)+len(pages) >= articlePages
		mutex.Unlock()
		if enough {
			break
		}
		group.Go(func() error {
			read, err := w.options.Crawler.Page(ctx, address)
			if err != nil || read.Text == "" {
				return nil
			}
			mutex.Lock()
			defer mutex.Unlock()
			// The address is the one that was asked for: the page may have moved since.
			pages = append(pages, content.WebPage{
				URL:       address,
				Title:     crawl.Clean(read.Title, 2*quotedLine),
				Text:      read.Text,
				FetchedAt: at,
			})
			return nil
		})
	}
	_ = group.Wait() // No function of the group fails.
	return pages
}

// stored returns the pages of a part with their texts, in its order.
func (w *writing) stored(ctx context.Context, wanted []readPage) ([]content.WebPage, error) {
	if len(wanted) == 0 {
		return nil, nil
	}
	var pages []content.WebPage
	asked := make([]content.WebPage, len(wanted))
	for i, page := range wanted {
		asked[i] = content.WebPage{URL: page.URL, FetchedAt: page.FetchedAt}
	}
	err := w.book(ctx, func(ctx context.Context) (err error) {
		pages, err = w.options.Engine.PagesAt(ctx, w.who, asked)
		return err
	})
	place := func(p content.WebPage) int {
		return slices.IndexFunc(wanted, func(r readPage) bool { return r.URL == p.URL })
	}
	slices.SortStableFunc(pages, func(a, b content.WebPage) int { return cmp.Compare(place(a), place(b)) })
	return pages, err
}

// fromResults returns the addresses that search engines name for the article, the best ones in turn.
func (w *writing) fromResults(ctx context.Context) ([]string, error) {
	queries := []string{w.Article.Brief.PrimaryKeyword}
	for _, question := range w.Article.Brief.Questions {
		if len(queries) < cost.SERPCalls && content.Normalise(question) != content.Normalise(queries[0]) {
			queries = append(queries, question)
		}
	}
	lists := make([][]string, len(queries))
	errs := together(len(queries), func(i int) (err error) {
		lists[i], err = w.results(ctx, queries[i])
		return err
	})
	_, err := failedSearches(errs, func(i int) string { return queries[i] })
	var refused *seo.Error
	if err != nil && !(errors.As(err, &refused) && refused.Class == seo.InvalidRequest) {
		return nil, err
	}
	return spread(lists), nil
}

// results returns the addresses of a result page: the stored one if it is young enough, else a new one, which is kept.
func (w *writing) results(ctx context.Context, query string) ([]string, error) {
	market := seo.Market{LocationCode: w.Market.LocationCode, LanguageCode: w.Market.LanguageCode}
	text := content.Normalise(query)
	snapshot, there, err := w.snapshot(ctx, market, text)
	if err != nil || there {
		return snapshot.URLs(), err
	}
	request, err := seo.OrganicResults(query, market)
	if err != nil {
		return nil, err
	}
	answer, err := w.searchAs(ctx, w.key(cost.PartSERP, request.Key()), request)
	if err != nil {
		return nil, err
	}
	snapshot = w.options.snapshotOf(query, market, answer)
	return snapshot.URLs(), w.book(ctx, func(ctx context.Context) error {
		return w.options.Engine.KeepSnapshots(ctx, w.who, []content.Snapshot{snapshot})
	})
}

// snapshot returns the stored result page of a text that is young enough.
func (w *writing) snapshot(
	ctx context.Context, market seo.Market, text string,
) (found content.Snapshot, there bool, err error) {
	err = w.book(ctx, func(ctx context.Context) error {
		stored, err := w.options.Engine.Snapshots(ctx, w.who, engine.SnapshotsInput{
			LocationCode: market.LocationCode,
			LanguageCode: market.LanguageCode,
			Texts:        []string{text},
			Since:        w.options.Now().UTC().Add(-snapshotAge),
		})
		if there = len(stored) > 0; there {
			found = stored[0]
		}
		return err
	})
	return found, there, err
}

// spread takes addresses from the lists in turn, the first ones first: no platforms, and at most two pages of a site.
func spread(lists [][]string) (addresses []string) {
	sites := map[string]int{}
	for rank := range slices.MaxFunc(append(lists, nil), func(a, b []string) int { return len(a) - len(b) }) {
		for _, list := range lists {
			if rank >= len(list) || slices.Contains(addresses, list[rank]) {
				continue
			}
			site := content.Registrable(list[rank])
			if site == "" || content.IsPlatform(site) || sites[site] >= pagesOfHost {
				continue
			}
			sites[site]++
			addresses = append(addresses, list[rank])
		}
	}
	return addresses
}

// fromSites returns addresses of the company's own website and of its competitors' that have words of the article.
func (w *writing) fromSites(ctx context.Context) ([]string, error) {
	limited, cancel := context.WithTimeout(ctx, researchLimit)
	defer cancel()
	domains := slices.Clone(w.Hosts)
	domains = append(domains, w.Competitors[:min(len(w.Competitors), competitorsFor)]...)
	lists := make([][]string, len(domains))
	errs := together(len(domains), func(i int) error {
		site, err := w.options.Crawler.Site(limited, domains[i], 1)
		var refused *crawl.Error
		if err != nil && !errors.As(err, &refused) && ctx.Err() != nil {
			return err
		}
		lists[i] = w.fitting(site)
		return nil
	})
	return spread(lists), errors.Join(errs...)
}

// fitting returns the addresses of a site whose paths have most words of the article, then its home page.
func (w *writing) fitting(site crawl.Site) (addresses []string) {
	b := w.Article.Brief
	subject := map[string]bool{}
	for _, text := range append([]string{b.PrimaryKeyword, b.Title}, b.SecondaryKeywords...) {
		for _, word := range content.Words(text) {
			subject[word] = len([]rune(word)) > 2
		}
	}
	shared := map[string]int{}
	for _, address := range site.Addresses {
		u, err := url.Parse(address)
		if err != nil {
			continue
		}
		for _, word := range content.Words(u.Path) {
			if subject[word] {
				shared[address]++
			}
		}
		if shared[address] > 0 {
			addresses = append(addresses, address)
		}
	}
	slices.SortStableFunc(addresses, func(a, b string) int {
		return cmp.Or(shared[b]-shared[a], cmp.Compare(a, b))
	})
	addresses = addresses[:min(len(addresses), siteAddresses)]
	for _, page := range site.Pages {
		addresses = append(addresses, page.URL)
	}
	return addresses
}
