package engine

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/spelling"
)

// UpdateArticleInput changes the text of an article. A nil field stays as it is.
type UpdateArticleInput struct {
	ArticleID uuid.UUID
	// ExpectedRevision is the revision that the person has read.
	ExpectedRevision                 int
	Title, Markdown, MetaDescription *string
	Reason                           string
	IdempotencyKey                   string
}

// UpdateArticle writes the next version of an article in the name of a person, with what the checks find about it. Of
// two writers of one revision one wins; the error of the other one is *RevisionConflictError. A text that the engine is
// writing at that time is dropped. A change to what the text is writes nothing. *StaleStateError outside of step 6.
func (e *Engine) UpdateArticle(
	ctx context.Context, who caller.Caller, in UpdateArticleInput,
) (_ ChangedArticle, err error) {
	ctx, end := e.begin(ctx, "UpdateArticle")
	defer end(&err)
	if err := in.clean(); err != nil {
		return ChangedArticle{}, err
	}
	key := in.IdempotencyKey
	in.IdempotencyKey = ""
	return e.changeArticle(ctx, who, articleChange{
		id:        in.ArticleID,
		operation: "updateArticle",
		key:       key,
		content:   in,
	}, func(tx *postgres.Store, l *lockedUnit, a Article) error {
		if err := checkRevision(a, in.ExpectedRevision); err != nil {
			return err
		}
		texts, err := tx.VersionTexts(ctx, who, map[uuid.UUID]int{a.ID: a.Last.Revision})
		if err != nil {
			return fmt.Errorf("read the text of article %s: %w", a.ID, err)
		}
		before := *a.Last
		before.Markdown = texts[a.ID]
		next := in.apply(before)
		if next.Title == before.Title && next.Markdown == before.Markdown &&
			next.MetaDescription == before.MetaDescription {
			return nil
		}
		next.BasedOn, next.Author = &before.Revision, content.AuthorPerson
		next.Reason, next.CreatedAt = in.Reason, l.at
		if next, err = e.judge(ctx, tx, who, *l, next, a); err != nil {
			return err
		}
		_, written, err := tx.AddArticleVersion(ctx, who, next)
		if err == nil && !written {
			err = &RevisionConflictError{Current: before, field: []string{"expectedRevision"}}
		}
		return err
	})
}

// clean checks the new texts and brings them into the form that is kept.
func (in *UpdateArticleInput) clean() error {
	if err := checkReason(in.Reason); err != nil {
		return err
	}
	if in.Title == nil && in.Markdown == nil && in.MetaDescription == nil {
		return fault.Invalid([]string{"markdown"}, "Give a title, a text or a meta description.")
	}
	for _, line := range []struct {
		field       string
		text        **string
		least, most int
	}{
		{"title", &in.Title, 1, content.MaxVersionTitle},
		{"metaDescription", &in.MetaDescription, 0, content.MaxMetaDescription},
	} {
		if *line.text == nil {
			continue
		}
		text := strings.Join(strings.Fields(spelling.Clean(**line.text)), " ")
		if n := utf8.RuneCountInString(text); n < line.least || n > line.most {
			return fault.Invalid([]string{line.field}, "This text has %d to %d characters.", line.least, line.most)
		}
		if wrong := spelling.Fault(text); wrong != "" {
			return fault.Invalid([]string{line.field}, "This text must %s.", wrong)
		}
		if content.PlainLines(text) != text {
			return fault.Invalid([]string{line.field}, "This text has a character that no feed can have.")
		}
		*line.text = &text
	}
	if in.Markdown == nil {
		return nil
	}
	whole := content.UnixLines(*in.Markdown)
	text := strings.TrimSpace(whole) + "\n"
	switch {
	case content.PlainLines(whole) != whole:
		return fault.Invalid([]string{"markdown"},
			"The text must be valid UTF-8 without control characters except tabs and line ends.")
	case text == "\n":
		return fault.Invalid([]string{"markdown"}, "The text must not be empty.")
	case len(text) > content.MaxMarkdown:
		return fault.Invalid([]string{"markdown"}, "The text has at most %d bytes.", content.MaxMarkdown)
	case content.IsTangled(text):
		return fault.Invalid([]string{"markdown"}, "A paragraph has too many marks of Markdown: divide it with empty lines.")
	}
	for _, s := range content.Sections(text) {
		if s.Level == 1 {
			return fault.Invalid([]string{"markdown"},
				"The title is a field of its own: the headings of the text begin at level 2.")
		}
	}
	in.Markdown = &text
	return nil
}

// apply returns the version with the new texts.
func (in UpdateArticleInput) apply(v content.ArticleVersion) content.ArticleVersion {
	for _, change := range []struct{ to, text *string }{
		{in.Title, &v.Title},
		{in.Markdown, &v.Markdown},
		{in.MetaDescription, &v.MetaDescription},
	} {
		if change.to != nil {
			*change.text = *change.to
		}
	}
	return v
}

// judge counts the words of a person's text and runs the checks again. What the research found stays.
func (e *Engine) judge(
	ctx context.Context, tx *postgres.Store, who caller.Caller, l lockedUnit, v content.ArticleVersion, a Article,
) (content.ArticleVersion, error) {
	work := ArticleWork{Article: a.Article}
	var err error
	if work.Market, err = tx.MarketSettings(ctx, who); err != nil {
		return v, fmt.Errorf("read the market: %w", err)
	}
	if err := work.readRules(ctx, tx, who, l.flow); err != nil {
		return v, err
	}
	quotes, err := tx.Evidence(ctx, who, map[uuid.UUID]int{a.ID: a.Visit})
	if err != nil {
		return v, fmt.Errorf("read the evidence of article %s: %w", a.ID, err)
	}
	found := v.Checks
	v.Words, v.Fingerprint = content.CountWords(v.Markdown), content.Fingerprint(v.Markdown)
	v.Checks = work.Check(v.Title, v.Markdown, quotes[a.ID])
	v.NeedsReview, v.BrandRevision = content.IsBlocked(v.Checks), work.BrandRevision()
	for _, c := range found {
		if c.Code == content.CheckUnsourced {
			v.Checks = append(v.Checks, c)
		}
	}
	return v, nil
}
