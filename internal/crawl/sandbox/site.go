package sandbox

import (
	"compress/gzip"
	"fmt"
	"hash/fnv"
	"html/template"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
)

// site is one synthetic website.
type site struct {
	host  string
	brand string
	pages []page
}

// page is one page of a site.
type page struct {
	Path, Title, Topic string
	Sections           []section
	// Of the whole site.
	Brand string
	Links []page
}

type section struct{ Heading, Text string }

// audiences and forms make topics and titles from the words of a domain.
var (
	audiences = []string{
		"small teams", "agencies", "manufacturers", "clinics", "online shops", "law firms", "schools", "carriers",
	}
	subjects = []string{
		"content planning", "keyword research", "customer onboarding", "invoice automation", "lead scoring", "team reporting",
		"order tracking", "appointment booking", "document control", "stock control", "email campaigns", "price monitoring",
	}
	forms = []struct{ path, title string }{
		{"/blog/how-to-start-with-%s", "How to start with %s"},
		{"/blog/%s-checklist", "A checklist for %s"},
		{"/blog/what-is-%s", "What is %s?"},
		{"/blog/%s-mistakes", "Five mistakes in %s"},
		{"/guides/%s-software-comparison", "Comparison of %s software"},
		{"/product/%s-software", "Software for %s"},
	}
)

// newSite writes the site of a host. The same host gives the same site.
func newSite(host string) site {
	label, _, _ := strings.Cut(host, ".")
	words := strings.FieldsFunc(label, func(r rune) bool { return r < 'a' || r > 'z' })
	hash := fnv.New64a()
	_, _ = io.WriteString(hash, host)
	random := rand.New(rand.NewPCG(hash.Sum64(), 1)) //nolint:gosec // Repeatable on purpose.
	s := site{host: host, brand: strings.Join(words, " ")}
	var topics []string
	if len(words) > 1 { // The last words of a domain often say what the company sells.
		topics = append(topics, strings.Join(words[1:], " ")+" software")
	}
	for _, at := range random.Perm(len(subjects))[:4] {
		topics = append(topics, subjects[at])
	}
	s.pages = append(s.pages, s.page("/", "Software for "+topics[0], topics[0], random))
	for _, topic := range topics {
		for _, form := range forms {
			path := fmt.Sprintf(form.path, strings.ReplaceAll(topic, " ", "-"))
			s.pages = append(s.pages, s.page(path, fmt.Sprintf(form.title, topic), topic, random))
		}
	}
	s.pages = append(s.pages, s.page("/pricing", "Pricing", topics[0], random))
	return s
}

// sectionForms are the sections of a page: the topic and the audience in a heading and a paragraph.
var sectionForms = []section{
	{"Why %s matters for %s", "Good %s saves time for %s, because problems become visible earlier."},
	{"How to choose %s for %s", "Compare price, support and reports before you decide on %s for %s."},
	{"What %s costs %s", "The costs of %s depend on the size of %s and on the hours that people spend."},
	{"Examples of %s for %s", "These examples of %s come from %s that began with a spreadsheet."},
	{"A plan for %s in %s", "Write down the goal, the owner and the date of %s, as %s do."},
	{"Questions about %s from %s", "People ask how %s begins, how long it takes, and whether %s need help."},
	{"Trends in %s for %s", "Automation changes %s, and %s with little staff gain most."},
}

func (s *site) page(path, title, topic string, random *rand.Rand) page {
	p := page{
		Path:  path,
		Title: title,
		Topic: topic,
		Brand: s.brand,
	}
	for _, at := range random.Perm(len(sectionForms))[:3] {
		audience := audiences[random.IntN(len(audiences))]
		p.Sections = append(p.Sections, section{
			Heading: fmt.Sprintf(sectionForms[at].Heading, topic, audience),
			Text:    fmt.Sprintf(sectionForms[at].Text, topic, audience),
		})
	}
	return p
}

var pageTemplate = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{{.Title}} | {{.Brand}}</title></head>
<body>
<nav><a href="/">Home</a> <a href="/pricing">Pricing</a> <a href="/private/login">Log in</a></nav>
<main>
<h1>{{.Title}}</h1>
<p>This page is synthetic. The sandbox wrote it from the words of its domain.</p>
{{range .Sections}}<h2>{{.Heading}}</h2>
<p>{{.Text}}</p>
{{end}}<ul>{{range .Links}}<li><a href="{{.Path}}">{{.Title}}</a></li>{{end}}</ul>
</main>
<footer>{{.Brand}}, a synthetic company</footer>
</body>
</html>
`))

// serve answers a request as an ordinary website does.
func (s site) serve(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/robots.txt":
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprintf(w, "User-agent: *\nDisallow: /private/\nSitemap: https://%s/sitemap.xml\n", s.host)
		return
	case "/sitemap.xml":
		w.Header().Set("Content-Type", "application/xml")
		fmt.Fprintf(w, "<sitemapindex><sitemap><loc>https://%s/sitemap-pages.xml.gz</loc></sitemap></sitemapindex>", s.host)
		return
	case "/sitemap-pages.xml.gz":
		w.Header().Set("Content-Type", "application/gzip")
		packed := gzip.NewWriter(w)
		_, _ = io.WriteString(packed, "<urlset>")
		for _, p := range s.pages {
			fmt.Fprintf(packed, "<url><loc>https://%s%s</loc></url>", s.host, p.Path)
		}
		_, _ = io.WriteString(packed, "</urlset>")
		_ = packed.Close()
		return
	}
	for _, p := range s.pages {
		if p.Path == r.URL.Path {
			if p.Path == "/" {
				p.Links = s.pages[1:]
			}
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_ = pageTemplate.Execute(w, p) // An error means that the client has gone.
			return
		}
	}
	if found, is := s.searched(r.URL.Path); is {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = pageTemplate.Execute(w, found)
		return
	}
	http.NotFound(w, r)
}

// searched returns the page at an address that the synthetic search data names: about the words of its path.
func (s *site) searched(path string) (page, bool) {
	if !strings.HasPrefix(s.host, "site-") && !strings.HasPrefix(s.host, "blog-") && s.host != "directory.example" {
		return page{}, false
	}
	topic := strings.Join(strings.FieldsFunc(strings.TrimPrefix(path, "/lists/"), func(r rune) bool {
		return r == '-' || r == '/'
	}), " ")
	hash := fnv.New64a()
	_, _ = io.WriteString(hash, s.host+path)
	random := rand.New(rand.NewPCG(hash.Sum64(), 1)) //nolint:gosec // Repeatable on purpose.
	return s.page(path, "About "+topic, topic, random), topic != ""
}
