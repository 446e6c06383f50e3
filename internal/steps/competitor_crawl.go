package steps

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"path"
	"strings"

	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/crawl"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
)

// The limits of a website in the request to a model. With them the request stays below 40 kB.
const (
	sitePhrases  = 100
	sitePages    = 30
	siteHeadings = 4
	siteLine     = 120 // bytes of a title or a heading
	// crawlProvider is the provider of a part that the crawler read. It costs nothing.
	crawlProvider = "crawl"
)

// siteData is a competitor's website, as the model gets it and as a part keeps it.
type siteData struct {
	Domain string     `json:"domain"`
	Pages  []pageData `json:"pages"`
	// Phrases are the groups of words that most of its pages have, the most frequent first.
	Phrases  []string `json:"frequentPhrases"`
	Warnings []string `json:"warnings,omitempty"`
}

type pageData struct {
	Path     string   `json:"path"`
	Title    string   `json:"title"`
	Headings []string `json:"headings,omitempty"`
}

// fromSite finds the search phrases of one competitor: its pages are read, and a model names what they want to be found
// for.
func (a *analysis) fromSite(ctx context.Context, r rival) (finding, error) {
	site, err := a.site(ctx, r)
	if err != nil {
		return finding{}, err
	}
	warnings := site.Warnings
	site.Warnings = nil
	data := a.data()
	data.Site = &site
	found, err := a.phrases(ctx, "phrases/"+cutName(r.domain), data, brandsOf(a.flow.Company, []string{r.domain}))
	found.warnings = warnings
	return found, err
}

// site reads the pages of a competitor, or the part that is there.
func (a *analysis) site(ctx context.Context, r rival) (siteData, error) {
	return free(ctx, a.visit, keyOf("pages", r.domain), func(ctx context.Context) (siteData, error) {
		read, err := a.options.Crawler.Site(ctx, r.domain, sitePages)
		if err != nil {
			return siteData{}, fmt.Errorf("read %s: %w", r.domain, err)
		}
		return describeSite(read), nil
	})
}

// describeSite returns what a model gets of a website.
func describeSite(read crawl.Site) siteData {
	site := siteData{Domain: read.Domain, Warnings: read.Warnings}
	var texts []content.PageText
	for _, page := range read.Pages {
		text := content.PageText{Title: page.Title, Headings: page.Headings, Text: page.Text}
		if u, err := url.Parse(page.URL); err == nil && u.Path != "/" {
			text.Slug = strings.TrimSuffix(path.Base(u.Path), path.Ext(u.Path))
		}
		texts = append(texts, text)
		described := pageData{Path: cutName(pathOf(page.URL)), Title: crawl.Clean(page.Title, siteLine)}
		for _, heading := range page.Headings[:min(len(page.Headings), siteHeadings)] {
			described.Headings = append(described.Headings, crawl.Clean(heading, siteLine))
		}
		site.Pages = append(site.Pages, described)
	}
	for _, phrase := range content.Phrases(texts, sitePhrases) {
		site.Phrases = append(site.Phrases, crawl.Clean(phrase.Text, siteLine))
	}
	return site
}

// pathOf returns the path of an address.
func pathOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return crawl.Clean(u.Path, siteLine)
}

// cutName shortens a name that becomes a part of a key.
func cutName(name string) string { return crawl.Clean(name, siteLine) }

// free returns a part that costs nothing: the one that is there, or a new one, which is kept.
func free[T any](ctx context.Context, v visit, key string, make func(context.Context) (T, error)) (value T, err error) {
	if kept, there := v.Parts[key]; there {
		if err := json.Unmarshal(kept.Content, &value); err != nil {
			return value, fmt.Errorf("read the part %s: %w", key, err)
		}
		return value, nil
	}
	if value, err = make(ctx); err != nil {
		return value, err
	}
	text, err := json.Marshal(value)
	if err != nil {
		return value, fmt.Errorf("encode the part %s: %w", key, err)
	}
	err = v.book(ctx, func(ctx context.Context) error {
		return v.options.Engine.KeepPart(ctx, v.who, engine.KeepPartInput{
			Run:   v.run,
			Visit: v.Number,
			Part:  engine.Part{Key: key, Content: text, Provider: crawlProvider},
		})
	})
	if err != nil && !IsLost(err) && fault.KindOf(err) != fault.Unavailable {
		err = &resultError{err}
	}
	return value, err
}
