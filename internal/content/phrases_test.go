package content_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/worktime"
)

func texts(phrases []content.Phrase) (all []string) {
	for _, p := range phrases {
		all = append(all, p.Text)
	}
	return all
}

func TestPhrases(t *testing.T) {
	t.Parallel()
	pages := []content.PageText{
		{
			Title:    "Dental billing software | Acme",
			Headings: []string{"How to choose dental billing software"},
			Slug:     "dental-billing-software",
			Text:     "Accept all cookies\nThe dental practice sends invoices.",
		},
		{Title: "Pricing | Acme", Text: "Accept all cookies\nThe costs of dental billing software for small practices."},
		{Title: "About us", Text: "Accept all cookies\nA dental practice needs help."},
		{Title: "Contact", Text: "Accept all cookies"},
	}
	got := texts(content.Phrases(pages, 10))
	if len(got) == 0 || got[0] != "dental billing software" {
		t.Errorf("got %q, want the phrase of most titles and headings first", got)
	}
	if !slices.Contains(got, "dental practice") {
		t.Errorf("got %q, want a phrase of two texts", got)
	}
	for _, unwanted := range []string{"accept all cookies", "billing software", "all cookies", "how to choose"} {
		if slices.Contains(got, unwanted) {
			t.Errorf("got %q, without %q wanted", got, unwanted)
		}
	}
}

func TestPhrases_SurviveInOtherScripts(t *testing.T) {
	t.Parallel()
	got := texts(content.Phrases([]content.PageText{
		{Title: "Учёт рабочего времени – Акме"},
		{Title: "顧客管理システムの選び方｜アクメ", Headings: []string{"顧客管理システム"}},
		{Title: "Zeiterfassung für Handwerker"},
	}, 20))
	for _, want := range []string{"учёт рабочего времени", "顧客管理システム", "zeiterfassung für handwerker"} {
		if !slices.Contains(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestPhrases_AreTheSameInAnyOrderOfLines(t *testing.T) {
	t.Parallel()
	var pages []content.PageText
	for i := range 20 {
		title := fmt.Sprintf("Title number %d of topic %d", i, i%3)
		pages = append(pages, content.PageText{Title: title, Text: "One two three"})
	}
	want := texts(content.Phrases(pages, 50))
	slices.Reverse(pages)
	if got := texts(content.Phrases(pages, 50)); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// 30 pages of the greatest length with no word twice.
func TestPhrases_NeedLittleTime(t *testing.T) {
	t.Parallel()
	var pages []content.PageText
	for i := range 30 {
		var text strings.Builder
		for j := 0; text.Len() < 64<<10; j++ {
			fmt.Fprintf(&text, "w%dx%d ", i, j)
		}
		text.WriteString("\n" + strings.Repeat("a b\n", 9999))
		pages = append(pages, content.PageText{Title: "Same title here", Text: text.String()})
	}
	var got []content.Phrase
	if took := worktime.Of(func() { got = content.Phrases(pages, 100) }); len(got) == 0 || took > 5*time.Second {
		t.Errorf("got %d phrases in %v", len(got), took)
	}
}
