package content

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/spelling"
)

// The limits of a brief.
const (
	FewestWords     = 900
	MostWords       = 2500
	FewestQuestions = 3
	MostQuestions   = 6
	maxTitle        = 200
	maxAngle        = 600
	maxFormat       = 60
	maxPhrase       = 200
	mostSecondary   = 20
	mostAvoided     = 20
)

// Brief is what a writer gets about one article.
type Brief struct {
	Title             string   `json:"title"`
	Angle             string   `json:"angle"`
	Intent            Intent   `json:"intent"`
	Format            string   `json:"format"`
	TargetWords       int      `json:"targetWords"`
	PrimaryKeyword    string   `json:"primaryKeyword"`
	SecondaryKeywords []string `json:"secondaryKeywords"`
	Questions         []string `json:"questions"`
	MustAvoid         []string `json:"mustAvoid"`
}

// Clean returns the brief with single spaces and without empty and repeated texts in its lists.
func (b Brief) Clean() Brief {
	for _, text := range []*string{&b.Title, &b.Angle, &b.Format, &b.PrimaryKeyword} {
		*text = spaced(*text)
	}
	for _, list := range []*[]string{&b.SecondaryKeywords, &b.Questions, &b.MustAvoid} {
		cleaned, seen := []string{}, map[string]bool{}
		for _, text := range *list {
			if text = spaced(text); text != "" && !seen[text] {
				seen[text] = true
				cleaned = append(cleaned, text)
			}
		}
		*list = cleaned
	}
	return b
}

// spaced returns a text without control characters and characters that are not seen, its words separated by one space.
func spaced(text string) string { return strings.Join(strings.Fields(spelling.Scrub(text)), " ") }

// Check returns an INVALID_INPUT error for a brief that no article can have. fewest is the least number of questions:
// a model gives some, a person need not.
func (b Brief) Check(fewest int) error {
	for _, rule := range []struct {
		holds bool
		field string
		text  string
	}{
		{within(b.Title, 1, maxTitle), "title", "A title has 1 to 200 characters."},
		{within(b.Angle, 0, maxAngle), "angle", "An angle has at most 600 characters."},
		{b.Intent.Valid(), "intent", "An intent is INFORMATIONAL, NAVIGATIONAL, COMMERCIAL or TRANSACTIONAL."},
		{within(b.Format, 0, maxFormat), "format", "A format has at most 60 characters."},
		{
			b.TargetWords >= FewestWords && b.TargetWords <= MostWords, "targetWords",
			fmt.Sprintf("An article has %d to %d words.", FewestWords, MostWords),
		},
		{
			IsKeyword(b.PrimaryKeyword), "primaryKeyword",
			"A keyword has 1 to 200 characters, and at least one letter or digit.",
		},
		{
			listed(b.SecondaryKeywords, 0, mostSecondary), "secondaryKeywords",
			"A brief has at most 20 secondary keywords of 1 to 200 characters.",
		},
		{
			listed(b.Questions, fewest, MostQuestions), "questions",
			fmt.Sprintf("A brief has %d to %d questions of 1 to 200 characters.", fewest, MostQuestions),
		},
		{
			listed(b.MustAvoid, 0, mostAvoided), "mustAvoid",
			"A brief names at most 20 things to avoid, of 1 to 200 characters.",
		},
	} {
		if !rule.holds {
			return fault.Invalid([]string{rule.field}, "%s", rule.text)
		}
	}
	return nil
}

func within(text string, fewest, most int) bool {
	n := utf8.RuneCountInString(text)
	return n >= fewest && n <= most
}

func listed(texts []string, fewest, most int) bool {
	for _, text := range texts {
		if !within(text, 1, maxPhrase) {
			return false
		}
	}
	return len(texts) >= fewest && len(texts) <= most
}

// BriefEdit changes fields of a brief; a nil one stays as it is.
type BriefEdit struct {
	Title, Angle, Format, PrimaryKeyword    *string
	Intent                                  *Intent
	TargetWords                             *int
	SecondaryKeywords, Questions, MustAvoid *[]string
}

// Apply returns a brief with the changes.
func (e BriefEdit) Apply(b Brief) Brief {
	set(&b.Title, e.Title)
	set(&b.Angle, e.Angle)
	set(&b.Format, e.Format)
	set(&b.PrimaryKeyword, e.PrimaryKeyword)
	set(&b.Intent, e.Intent)
	set(&b.TargetWords, e.TargetWords)
	set(&b.SecondaryKeywords, e.SecondaryKeywords)
	set(&b.Questions, e.Questions)
	set(&b.MustAvoid, e.MustAvoid)
	return b.Clean()
}

func set[T any](field, value *T) {
	if value != nil {
		*field = *value
	}
}

// Outline returns the brief that a person begins with on a page without one: its keywords, and no title.
func (p TopicPage) Outline() Brief {
	primary := p.Primary()
	brief := Brief{
		Intent:         primary.Intent,
		TargetWords:    1200,
		PrimaryKeyword: primary.Text,
	}
	if brief.Intent == "" {
		brief.Intent = IntentInformational
	}
	for i, k := range p.Keywords {
		if i > 0 && i <= mostSecondary {
			brief.SecondaryKeywords = append(brief.SecondaryKeywords, k.Text)
		}
	}
	return brief
}

// Equal reports whether two briefs say the same.
func (b Brief) Equal(other Brief) bool {
	lists := func(x Brief) [][]string { return [][]string{x.SecondaryKeywords, x.Questions, x.MustAvoid} }
	mine, theirs := lists(b), lists(other)
	for i := range mine {
		if !slices.Equal(mine[i], theirs[i]) {
			return false
		}
	}
	return b.Title == other.Title && b.Angle == other.Angle && b.Intent == other.Intent && b.Format == other.Format &&
		b.TargetWords == other.TargetWords && b.PrimaryKeyword == other.PrimaryKeyword
}
