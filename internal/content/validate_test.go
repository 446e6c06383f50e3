package content

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/worktime"
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
	return TopicKeyword{Text: text, Normalised: Normalise(text), Intent: intent, SeedID: &id}
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
			existing: []Existing{{Reference: "https://acme.example/blog/42", Title: "CRM for dentists | Acme"}},
			want:     VerdictInvalid,
			reason:   "CANNIBALISES https://acme.example/blog/42",
		},
		"ReadsTheAddressToo": {
			page:     page(1, crm),
			existing: []Existing{{Reference: "https://acme.example/blog/crm-for-dentists.html"}},
			want:     VerdictInvalid,
			reason:   "CANNIBALISES https://acme.example/blog/crm-for-dentists.html",
		},
		"AcceptsAnotherSubject": {
			page:     page(1, crm),
			existing: []Existing{{Reference: "https://acme.example/dentists", Title: "Dentists in Berlin"}},
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
			got := Validate(Clustering{Topics: []PageTopic{topic}}, There{Existing: c.existing})
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

// urls returns n addresses of a website.
func urls(site string, n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("https://%s.example/%d", site, i))
	}
	return all
}

func TestValidate_ComparesResultPages(t *testing.T) {
	t.Parallel()
	same, other := urls("same", 10), urls("other", 10)
	for name, c := range map[string]struct {
		there There
		twin  string // the reference; "" for none
	}{
		"FourOfTenAreTheSame": {There{
			Existing: []Existing{{Reference: "art_1", Title: "Patients", Keyword: "dental patient records"}},
			Results: map[string][]string{
				"crm for dentists": same, "dental patient records": slices.Concat(same[:4], other[:6]),
			},
		}, "art_1"},
		"ThreeAreNotEnough": {There{
			Existing: []Existing{{Reference: "art_1", Keyword: "dental patient records"}},
			Results: map[string][]string{
				"crm for dentists": same, "dental patient records": slices.Concat(same[:3], other[:7]),
			},
		}, ""},
		"AnAbsentResultPageSaysNothing": {There{
			Existing: []Existing{{Reference: "art_1", Keyword: "dental patient records"}},
			Results:  map[string][]string{"crm for dentists": same},
		}, ""},
		"TheSiteIsOnTheResultPage": {There{
			Site:    "https://acme.co.uk",
			Results: map[string][]string{"crm for dentists": append(same[:9:9], "https://blog.acme.co.uk/")},
		}, ""},
		"AnOwnPostIsNoTwin": {There{
			Existing: []Existing{{Reference: "https://acme.example/crm-for-dentists/", Title: "CRM for dentists"}},
			Posts:    []string{"https://www.acme.example/crm-for-dentists"},
		}, ""},
		"AnotherSiteIsOnTheResultPage": {There{
			Site:    "https://acme.co.uk",
			Results: map[string][]string{"crm for dentists": append(same[:9:9], "https://notacme.co.uk/dentists")},
		}, ""},
		"TheEleventhResultDoesNotCount": {There{
			Site:    "https://acme.example",
			Results: map[string][]string{"crm for dentists": append(same[:10:10], "https://acme.example/dentists")},
		}, ""},
		"TheSiteIsFoundForTheKeyword": {There{
			Existing: []Existing{{Reference: "https://acme.example/7", Keyword: "dentists CRM"}},
		}, "https://acme.example/7"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			own := page(1, selected("crm for dentists", ""))
			got := Validate(Clustering{Own: []TopicPage{own}}, c.there)[0]
			if want := c.twin != ""; (got.Verdict == VerdictInvalid) != want ||
				slices.Contains(got.Reasons, "CANNIBALISES "+c.twin) != want {
				t.Errorf("got %s for %q, want %q", got.Verdict, got.Reasons, c.twin)
			}
		})
	}
}

// A page of the company on the result page may have another subject, as a home page has. A person decides.
func TestValidate_DoubtsWhatTheSiteIsFoundFor(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		site, address string
		weak          bool
	}{
		"HomePage":             {"https://acme.co.uk", "https://acme.co.uk/", true},
		"Subdomain":            {"https://www.acme.co.uk/", "https://blog.acme.co.uk/x", true},
		"AnotherSite":          {"https://acme.co.uk", "https://notacme.co.uk/x", false},
		"BelowThePath":         {"https://github.com/acme", "https://github.com/acme/crm", true},
		"OfAnotherOnTheHost":   {"https://github.com/acme", "https://github.com/acmecrm", false},
		"TheRootOfASharedHost": {"https://github.com/acme", "https://github.com/", false},
		"NoSite":               {"", "https://acme.co.uk/", false},
	} {
		own := page(1, selected("crm for dentists", ""))
		results := map[string][]string{"crm for dentists": {c.address}}
		got := Validate(Clustering{Own: []TopicPage{own}}, There{Site: c.site, Results: results})[0]
		want := VerdictValid
		if c.weak {
			want = VerdictWeak
		}
		if got.Verdict != want || slices.Contains(got.Reasons, "FOUND_ALREADY "+c.address) != c.weak {
			t.Errorf("%s: got %s for %q, want %s", name, got.Verdict, got.Reasons, want)
		}
		posted := There{Site: c.site, Results: results, Posts: []string{c.address}}
		if got := Validate(Clustering{Own: []TopicPage{own}}, posted)[0]; got.Verdict != VerdictValid {
			t.Errorf("%s: got %s for a post of the workflow", name, got.Verdict)
		}
	}
}

func TestDoubtful_ComparesScriptsWithoutSpaces(t *testing.T) {
	t.Parallel()
	plan := Clustering{Own: []TopicPage{page(1, selected("顧客管理", "")), page(2, selected("crm for dentists", ""))}}
	there := There{Existing: []Existing{{Reference: "a", Keyword: "顧客管理システム"}, {Reference: "b", Keyword: "forms"}}}
	if got := Doubtful(plan, there, 10); !slices.Contains(got, "顧客管理システム") || slices.Contains(got, "forms") {
		t.Errorf("got %q, want the Japanese keyword alone", got)
	}
}

func TestDoubtful_AsksForWhatDecides(t *testing.T) {
	t.Parallel()
	plan := Clustering{Own: []TopicPage{
		page(1, selected("crm for dentists", "")), page(2, selected("fleet tracking", "")),
		page(3, selected("route optimization", "")),
	}}
	there := There{
		Existing: []Existing{
			{Reference: "a", Keyword: "best crm for dental clinics"},
			{Reference: "b", Keyword: "fleet tracking"},
			{Reference: "c", Keyword: "payroll"},
			{Reference: "d", Keyword: "best apps for route planning and optimization"},
		},
		Results: map[string][]string{"route optimization": urls("x", 10)},
	}
	got := Doubtful(plan, there, 10)
	// "fleet tracking" is the same already, "payroll" is similar to nothing, and one result page is there.
	want := []string{"best apps for route planning and optimization", "crm for dentists", "best crm for dental clinics"}
	slices.Sort(want)
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if most := Doubtful(plan, there, 1); len(most) != 1 {
		t.Errorf("got %q, want one keyword", most)
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
		existing = append(existing, Existing{Reference: address, Title: "Guide to CRM", Keyword: fmt.Sprintf("guide %d", i)})
	}
	took := worktime.Of(func() { Validate(Clustering{Topics: []PageTopic{topic}}, There{Existing: existing}) })
	if took > 10*time.Second {
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
