package engine

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
)

// PublishedText is an article at one revision, as readers see it.
type PublishedText struct {
	Title, Slug, Excerpt string
	Markdown, HTML       string // HTML is sanitised, and neither has the title
	Tags                 []string
	// IsSynthetic reports whether the sandbox made it.
	IsSynthetic bool
}

// mostTags is how many secondary keywords become tags of a post.
const mostTags = 5

// PublishedText returns an article of a current visit at one revision, or NOT_FOUND.
func (e *Engine) PublishedText(
	ctx context.Context, who caller.Caller, article uuid.UUID, revision int,
) (PublishedText, error) {
	a, err := e.Article(ctx, who, article)
	if err != nil {
		return PublishedText{}, err
	}
	versions, err := e.ArticleVersions(ctx, who, VersionsInput{ArticleID: article, Before: revision + 1, Size: 1})
	if err != nil {
		return PublishedText{}, fmt.Errorf("read revision %d of article %s: %w", revision, article, err)
	}
	if len(versions) != 1 || versions[0].Revision != revision {
		return found(PublishedText{}, false, nil, "revision of the article")
	}
	v := versions[0]
	quotes, err := e.ArticleEvidence(ctx, who, map[uuid.UUID]int{article: v.Visit})
	if err != nil {
		return PublishedText{}, fmt.Errorf("read the evidence of article %s: %w", article, err)
	}
	market, err := e.Market(ctx, who)
	if err != nil {
		return PublishedText{}, err
	}
	text := content.Written{
		Markdown: v.Markdown,
		Author:   v.Author,
		Language: market.LanguageCode,
		Quotes:   quotes[article],
	}
	return PublishedText{
		Title:       v.Title,
		Slug:        content.Slug(v.Title),
		Excerpt:     v.MetaDescription,
		Markdown:    content.PublishedMarkdown(text),
		HTML:        content.PublishedHTML(text),
		Tags:        a.Brief.SecondaryKeywords[:min(len(a.Brief.SecondaryKeywords), mostTags)],
		IsSynthetic: v.IsSynthetic,
	}, nil
}
