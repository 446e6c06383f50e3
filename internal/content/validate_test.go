package content

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

func page(n byte, keywords ...TopicKeyword) TopicPage {
	return TopicPage{
		ID:         uuid.UUID{n},
		Position:   1,
		Keywords:   keywords,
		Similarity: Similarity{Least: 1, Mean: 1},
	}
}

func selected(text string, intent Intent) TopicKeyword {
	id := uuid.UUID{9}
	return TopicKeyword{Text: text, Intent: intent, SeedID: &id}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	crm := selected("crm for dentists", IntentCommercial)
	for name, c := range map[string]struct {
		page     TopicPage
		existing []Existing
		want     Verdict
		reason   string
	}{
		"AcceptsAPage": {page: page(1, crm), want: VerdictValid, reason: "SIZE"},
		"RefusesAPageThatTheSiteHas": {
			page:     page(1, crm),
			existing: []Existing{{"https://acme.example/blog/42", "CRM for dentists | Acme"}},
			want:     VerdictInvalid,
			reason:   "CANNIBALISES https://acme.example/blog/42",
		},
		"ReadsTheAddressToo": {
			page:     page(1, crm),
			existing: []Existing{{"https://acme.example/blog/crm-for-dentists.html", ""}},
			want:     VerdictInvalid,
			reason:   "CANNIBALISES https://acme.example/blog/crm-for-dentists.html",
		},
		"AcceptsAnotherSubject": {
			page:     page(1, crm),
			existing: []Existing{{"https://acme.example/dentists", "Dentists in Berlin"}},
			want:     VerdictValid,
			reason:   "SIZE",
		},
		"DoubtsMixedIntents": {
			page: page(1, crm, selected("crm dentist", IntentCommercial), selected("buy crm", IntentTransactional)),
			want: VerdictWeak, reason: "MIXED_INTENT",
		},
		"RefusesSeveralLanguages": {
			page: page(1, crm, TopicKeyword{Text: "x", Language: "de-AT"}, TopicKeyword{Text: "y", Language: "en"}),
			want: VerdictInvalid, reason: "OTHER_LANGUAGE",
		},
		"DoubtsAPageThatWasNotAskedFor": {
			page: page(1, TopicKeyword{Text: "crm"}), want: VerdictWeak, reason: "NOT_SELECTED",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			topic := PageTopic{ID: uuid.UUID{7}, Pages: []TopicPage{c.page}}
			got := Validate(Clustering{Topics: []PageTopic{topic}}, c.existing)
			if len(got) != 2 || got[0].Subject() != topic.ID || got[1].Subject() != c.page.ID {
				t.Fatalf("got %+v, want the topic and its page", got)
			}
			if got[1].Verdict != c.want || got[0].Verdict != c.want && c.want != VerdictWeak {
				t.Errorf("got %s, topic %s, want %s", got[1].Verdict, got[0].Verdict, c.want)
			}
			if !slices.ContainsFunc(got[1].Reasons, func(r string) bool { return strings.HasPrefix(r, c.reason) }) {
				t.Errorf("got the reasons %q, want %s", got[1].Reasons, c.reason)
			}
		})
	}
}

func TestValidate_ComparesThousandsOfPages(t *testing.T) {
	t.Parallel()
	var topic PageTopic
	for i := range 100 {
		topic.Pages = append(topic.Pages, page(byte(i), selected(fmt.Sprintf("crm for trade %d", i), "")))
	}
	var existing []Existing
	for i := range MostExisting + 500 {
		address := fmt.Sprintf("https://acme.example/guide-to-crm-for-trade-%d", i)
		existing = append(existing, Existing{address, "Guide to CRM"})
	}
	begun := time.Now()
	Validate(Clustering{Topics: []PageTopic{topic}}, existing)
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestPlan_ItsDigestNamesTheRevisions(t *testing.T) {
	t.Parallel()
	plan := func(revision int, choice PlanChoice) Plan {
		return Plan{Items: []PlanItem{{Page: page(1), Plan: ArticlePlan{Revision: revision, Choice: choice}}}}
	}
	first := plan(1, PlanApproved).Selection()
	if first.Count != 1 || first == plan(2, PlanApproved).Selection() || first == plan(1, PlanRejected).Selection() {
		t.Errorf("got %+v, want another digest for another revision or choice", first)
	}
}

func TestBrief_Check(t *testing.T) {
	t.Parallel()
	good := Brief{
		Title:          "CRM for dentists",
		Intent:         IntentCommercial,
		TargetWords:    900,
		PrimaryKeyword: "crm for dentists",
		Questions:      []string{"a?", "b?", "c?"},
	}
	if err := good.Check(FewestQuestions); err != nil {
		t.Errorf("a good brief: %v", err)
	}
	for name, change := range map[string]func(*Brief){
		"NoTitle":        func(b *Brief) { b.Title = " " },
		"LongTitle":      func(b *Brief) { b.Title = strings.Repeat("x", 201) },
		"NoIntent":       func(b *Brief) { b.Intent = "" },
		"FewWords":       func(b *Brief) { b.TargetWords = 899 },
		"ManyWords":      func(b *Brief) { b.TargetWords = 2501 },
		"NoKeyword":      func(b *Brief) { b.PrimaryKeyword = "!" },
		"FewQuestions":   func(b *Brief) { b.Questions = b.Questions[:2] },
		"ManyQuestions":  func(b *Brief) { b.Questions = slices.Repeat(b.Questions, 3) },
		"LongQuestion":   func(b *Brief) { b.Questions[0] = strings.Repeat("x", 201) },
		"ManySecondary":  func(b *Brief) { b.SecondaryKeywords = slices.Repeat([]string{"x"}, 21) },
		"LongAngle":      func(b *Brief) { b.Angle = strings.Repeat("x", 601) },
		"EmptyMustAvoid": func(b *Brief) { b.MustAvoid = []string{""} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bad := good
			bad.Questions = slices.Clone(good.Questions)
			change(&bad)
			if name == "NoTitle" {
				bad = bad.Clean()
			}
			if bad.Check(FewestQuestions) == nil {
				t.Error("got no error")
			}
		})
	}
	dirty := Brief{Title: " a\x00\n b ", Questions: []string{"q", " q ", ""}}.Clean()
	if dirty.Title != "a b" || len(dirty.Questions) != 1 {
		t.Errorf("got %+v, want clean texts", dirty)
	}
}
