package content_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/worktime"
)

const goodArticle = `# CRM for dentists

A practice needs to know its patients well, and to remind them of their next visit in time [E1].

## What it does

The software keeps the history of every patient in one place. It sends reminders by mail, and 40 % fewer visits are
missed [E1, E2]. The team sees at a glance who must be called today.

### Costs

- a licence for each seat
- training

## How to choose

Ask for a trial with your own data, and look at the [price list](https://www.own.example/prices) first.
`

func article(change func(*content.ArticleText)) content.ArticleText {
	a := content.ArticleText{
		Title:          "CRM for dentists",
		Markdown:       goodArticle,
		Language:       "en",
		TargetWords:    100,
		PrimaryKeyword: "dentists crm",
		Evidence:       []string{"E1", "E2"},
		Hosts:          []string{"own.example"},
	}
	change(&a)
	return a
}

func codes(checks []content.Check) []content.CheckCode {
	found := []content.CheckCode{}
	for _, c := range checks {
		if !slices.Contains(found, c.Code) {
			found = append(found, c.Code)
		}
	}
	return found
}

func TestCheckArticle(t *testing.T) {
	t.Parallel()
	replace := func(old, new string) func(*content.ArticleText) {
		return func(a *content.ArticleText) { a.Markdown = strings.Replace(a.Markdown, old, new, 1) }
	}
	const german = "Eine Praxis, die ihre Patienten gut kennt, erinnert sie rechtzeitig an den nächsten Termin. " +
		"Dafür braucht sie ein Programm, in dem alle Angaben an einer Stelle stehen. Wer heute Zettel schreibt, " +
		"verliert schnell den Überblick und ärgert sich über ausgefallene Stunden. Fragen Sie zuerst Ihr Team, " +
		"welche Arbeit am meisten Zeit kostet, und vergleichen Sie danach die Angebote in aller Ruhe miteinander."
	const choice = "Ask for a trial with your own data, and look at the " +
		"[price list](https://www.own.example/prices) first."
	for name, c := range map[string]struct {
		change func(*content.ArticleText)
		want   content.CheckCode // "" when nothing is wrong
	}{
		"Good": {func(*content.ArticleText) {}, ""},
		"NoText": {
			func(a *content.ArticleText) { a.Markdown, a.TargetWords = "", 0 },
			content.CheckEmptySection,
		},
		"EmptySection": {replace(choice, ""), content.CheckEmptySection},
		"CutSection":   {replace("must be called today.", "must be called to"), content.CheckCutSection},
		"LevelSkipped": {replace("### Costs", "#### Costs"), content.CheckHeadingLevels},
		"TwoTitles":    {replace("## How to choose", "# How to choose"), content.CheckHeadingLevels},
		"Language": {
			func(a *content.ArticleText) { a.Markdown = "# CRM for dentists\n\n" + german },
			content.CheckLanguage,
		},
		"TooShort": {func(a *content.ArticleText) { a.TargetWords = 300 }, content.CheckWordCount},
		"TooLong":  {func(a *content.ArticleText) { a.TargetWords = 50 }, content.CheckWordCount},
		"Evidence": {
			func(a *content.ArticleText) { a.Evidence = []string{"E1"} },
			content.CheckUnknownEvidence,
		},
		"ForeignLink": {
			replace("https://www.own.example/prices", "https://own.example.evil.example/"),
			content.CheckForeignLink,
		},
		"ScriptLink": {replace("https://www.own.example/prices", "javascript:alert(1)"), content.CheckForeignLink},
		"AllowedLink": {
			func(a *content.ArticleText) { a.Hosts, a.Links = nil, []string{"https://www.own.example/prices"} }, "",
		},
		"BannedWord": {
			func(a *content.ArticleText) { a.Banned = []string{"At a GLANCE"} },
			content.CheckBannedWord,
		},
		"Number": {replace(" [E1, E2]", ""), content.CheckUnsupportedNumber},
		"Repeated": {
			func(a *content.ArticleText) {
				a.Markdown += "\nThe software keeps the history of every patient in one place.\n"
			},
			content.CheckRepeatedText,
		},
		"NearDuplicate": {
			func(a *content.ArticleText) { a.Others = []uint64{1, content.Simhash(plainOf(goodArticle))} },
			content.CheckNearDuplicate,
		},
		"Keyword": {
			func(a *content.ArticleText) { a.PrimaryKeyword = "dentist reminders" },
			content.CheckKeywordMissing,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := codes(content.CheckArticle(article(c.change)))
			want := []content.CheckCode{}
			if c.want != "" {
				want = append(want, c.want)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// plainOf is the text of a simple article without its markup.
func plainOf(markdown string) string {
	return strings.NewReplacer("#", "", "[price list](https://www.own.example/prices)", "price list").Replace(markdown)
}

func TestCheckArticle_AFigureBlocksWithoutEvidence(t *testing.T) {
	t.Parallel()
	checks := content.CheckArticle(article(func(a *content.ArticleText) {
		a.Markdown, a.NoNumbers = strings.ReplaceAll(a.Markdown, " [E1, E2]", ""), true
	}))
	if len(checks) != 1 || !checks[0].IsBlocking || checks[0].Section != "What it does" {
		t.Errorf("got %+v, want one blocking check of the section", checks)
	}
}

func TestSimhash(t *testing.T) {
	t.Parallel()
	long := strings.Repeat(goodArticle, 3)
	one := content.Simhash(long)
	if other := content.Simhash(strings.Replace(long, "glance", "look", 1)); !content.NearDuplicate(one, other) {
		t.Errorf("one word of %d changed: got %x and %x, want near", content.CountWords(long), one, other)
	}
	other := content.Simhash("Something else entirely, about boats and the sea in winter.")
	if content.NearDuplicate(one, other) {
		t.Error("another text: got near")
	}
	if content.NearDuplicate(content.Simhash(""), content.Simhash("")) {
		t.Error("two empty texts: got near")
	}
}

func TestReadingEase(t *testing.T) {
	t.Parallel()
	easy, formula := content.ReadingEase("The cat sat on the mat. It was warm.", "en-GB")
	hard, _ := content.ReadingEase("Organizational interoperability necessitates standardization initiatives.", "en")
	if formula != content.FleschEase || easy < 80 || hard > 10 {
		t.Errorf("English: got %f and %f with %s", easy, hard, formula)
	}
	easy, formula = content.ReadingEase("Die Katze saß da. Es war warm.", "de")
	hard, _ = content.ReadingEase("Organisatorische Interoperabilität erfordert Standardisierungsinitiativen.", "de")
	if formula != content.LIX || easy > 20 || hard < 60 {
		t.Errorf("German: got %f and %f with %s", easy, hard, formula)
	}
	if got, _ := content.ReadingEase("顧客管理システム。", "ja"); got != 0 {
		t.Errorf("Japanese: got %f, want 0", got)
	}
}

// The work for a text grows with its length only: no text of the largest size keeps a server busy.
func TestCheckArticle_OfTheLargestTextsTakesSeconds(t *testing.T) {
	t.Parallel()
	for name, piece := range map[string]string{
		"OneWord": "a", "OneWordWithoutSpaces": "顧", "Headings": "## a\n", "Quotes": "`a", "Words": "ab ",
		"Paragraphs": "a\n\n", "Lists": "- a\n", "Rows": "|a",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := strings.Repeat(piece, (content.MaxMarkdown-1)/len(piece)) + "\n"
			if content.IsTangled(text) {
				t.Fatal("the text is refused, so it proves nothing")
			}
			took := worktime.Of(func() {
				content.CheckArticle(content.ArticleText{
					Title:          "A",
					Markdown:       text,
					Language:       "en",
					PrimaryKeyword: "crm",
					Banned:         []string{"bad word"},
				})
			})
			if took > 15*time.Second { // One that grows with the square takes a minute.
				t.Errorf("got %s", took)
			}
		})
	}
}
