package steps

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/crawl"
)

// The bounds of what a request for another text of a section quotes.
const (
	quotedSection     = 4000
	quotesForSection  = 8
	headingsOfArticle = 12
)

const rewriteSystem = `You write one section of an article again. A reviewer has read the field currentText of the
section, and asks in reviewerFeedback for another text.

` + ruleOfData + `

Rules:
%EVIDENCE%
- No links, no addresses, no headings of your own above level three, no HTML.
- About as many words as the field words says, unless reviewerFeedback asks for another length.
- Do not repeat the heading. The other sections stay as they are: do not take over their subjects.
- In the language of the field language.

Answer with one JSON object and nothing else: {"markdown": "…"}`

// rewriteData is what the request quotes.
type rewriteData struct {
	sectionData
	Current string `json:"currentText"`
}

// rewrite makes the last version with another text of one section. Everything else of it stays, except for the links of
// a person: a text of a model is published without links, so a person reviews it without them.
func (w *writing) rewrite(ctx context.Context) (content.ArticleVersion, error) {
	last := *w.Article.Last
	err := w.book(ctx, func(ctx context.Context) error {
		quotes, err := w.options.Engine.ArticleEvidence(ctx, w.who, map[uuid.UUID]int{w.Article.ID: w.Article.Visit})
		w.quotes, w.mode = quotes[w.Article.ID], last.Mode
		return err
	})
	if err != nil {
		return last, err
	}
	w.total = len(w.Parts) + 1
	sections := content.Sections(last.Markdown)
	at := *w.Section
	if at >= len(sections) {
		return last, fmt.Errorf("article %s has no section %d", w.Article.ID, at)
	}
	body, err := w.rewritten(ctx, sections, at)
	if err != nil {
		return last, err
	}
	sections[at].Body = body
	for _, c := range last.Checks {
		if c.Code == content.CheckUnsourced {
			w.warnings = append(w.warnings, c)
		}
	}
	markdown := content.WithoutLinks(content.JoinSections(sections)) + "\n"
	checks := w.Check(last.Title, markdown, w.quotes)
	return content.ArticleVersion{
		BasedOn:         w.BasedOn,
		Title:           last.Title,
		MetaDescription: last.MetaDescription,
		Markdown:        markdown,
		Words:           content.CountWords(markdown),
		Fingerprint:     content.Fingerprint(markdown),
		Checks:          append(checks, w.warnings...),
		NeedsReview:     content.IsBlocked(checks),
		Mode:            last.Mode,
		BrandRevision:   w.BrandRevision(),
	}, nil
}

// rewritten returns another text of a section.
func (w *writing) rewritten(ctx context.Context, sections []content.Section, at int) (string, error) {
	now := sections[at]
	data := rewriteData{
		sectionData: sectionData{
			articleData: w.data(),
			Section:     sectionPlanData{Heading: crawl.Clean(now.Heading, quotedLine), Questions: []string{}},
			Words:       content.CountWords(now.Body),
		},
		Current: crawl.Clean(now.Body, quotedSection),
	}
	for _, s := range sections[:min(len(sections), headingsOfArticle)] {
		data.Outline = append(data.Outline, crawl.Clean(s.Heading, quotedLine))
	}
	cited, others := content.CitedQuotes(now.Body, w.quotes), []content.Quote{}
	for _, q := range w.quotes {
		if !slices.ContainsFunc(cited, func(c content.Quote) bool { return c.Number == q.Number }) {
			others = append(others, q)
		}
	}
	rule := silentRule
	for _, q := range append(cited, others...) {
		if len(data.Quotes) < quotesForSection {
			rule = citingRule
			data.Quotes = append(data.Quotes, quotedEvidence{q.ID(), q.Text})
		}
	}
	key, q, err := w.request(articleQuestion{
		kind:      cost.PartRewrite,
		system:    strings.ReplaceAll(rewriteSystem, "%EVIDENCE%", rule),
		data:      data,
		schema:    &sectionSchema,
		maxTokens: cost.SectionTokens,
		read:      readSection,
	})
	if err != nil {
		return "", err
	}
	return answerTo[string](func() ([]byte, error) {
		part, err := w.ask(ctx, key, q)
		return part.Content, err
	})
}
