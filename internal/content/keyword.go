package content

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
)

// Source is where a keyword came from.
type Source string

// The sources.
const (
	SourceDataForSEO Source = "DATAFORSEO" // the search data of a provider
	SourceCrawl      Source = "CRAWL"      // the pages of competitors
	SourceModel      Source = "MODEL"      // a language model, without search data
	SourceManual     Source = "MANUAL"     // a person
	SourceWorker     Source = "WORKER"     // a program outside that drove the step
)

// Intent is what people who search for a keyword want.
type Intent string

// The intents.
const (
	IntentInformational Intent = "INFORMATIONAL"
	IntentNavigational  Intent = "NAVIGATIONAL"
	IntentCommercial    Intent = "COMMERCIAL"
	IntentTransactional Intent = "TRANSACTIONAL"
)

// Valid reports whether i is one of the intents.
func (i Intent) Valid() bool {
	switch i {
	case IntentInformational, IntentNavigational, IntentCommercial, IntentTransactional:
		return true
	}
	return false
}

// Choice is what a person decided about a keyword.
type Choice string

// The choices. CLEARED takes a choice back.
const (
	ChoiceSelected Choice = "SELECTED"
	ChoiceRejected Choice = "REJECTED"
	ChoiceCleared  Choice = "CLEARED"
)

// Valid reports whether c is one of the choices.
func (c Choice) Valid() bool {
	return c == ChoiceSelected || c == ChoiceRejected || c == ChoiceCleared
}

// Origin is how a decision about a keyword came to be.
type Origin string

// The origins.
const (
	OriginPerson  Origin = "PERSON"  // a person made it in this visit
	OriginCarried Origin = "CARRIED" // taken over from an earlier visit that had the same keyword
)

// SeedKeyword is a keyword of the competitor analysis with its current decision.
type SeedKeyword struct {
	OrganizationID, ID, WorkflowID uuid.UUID
	// Visit is the version of the transition into COMPETITOR_PENDING that began the analysis.
	Visit            int
	Text, Normalised string
	Volume           *int       // searches a month; nil when unknown
	Difficulty       *int       // 0 to 100; nil when unknown
	CPC              *cost.Pico // USD that a click on an advertisement costs; nil when unknown
	Intent           Intent     // "" when unknown
	Language         string     // a BCP 47 tag; "" when unknown
	Source           Source
	Competitor       string // the domain that the keyword was found for; "" for none
	Score            float64
	Reasons          []string
	// SimilarTo is the text of a better keyword of the same visit that differs little; "" for none.
	SimilarTo   string
	IsSynthetic bool
	CreatedBy   string
	CreatedAt   time.Time
	Choice      Choice // "" without a decision
	Origin      Origin
	DecidedBy   string
}

// Range bounds a figure; a nil end is open. An unknown figure is in no range.
type Range struct{ Min, Max *int }

func (r *Range) has(figure *int) bool {
	if r == nil {
		return true
	}
	return figure != nil && (r.Min == nil || *figure >= *r.Min) && (r.Max == nil || *figure <= *r.Max)
}

// KeywordFilter chooses keywords. An empty field chooses all. A choice of "" in Choices selects keywords without a
// decision.
type KeywordFilter struct {
	Search             string
	Sources            []Source
	Intents            []Intent
	Languages          []string
	Volume, Difficulty *Range
	Choices            []Choice
	Competitor         string
	// Distinct leaves out keywords that are similar to a better one.
	Distinct bool
}

// Check returns an INVALID_INPUT error for a filter that no list can have.
func (f KeywordFilter) Check() error {
	for field, bounds := range map[string]*Range{"volume": f.Volume, "difficulty": f.Difficulty} {
		if bounds != nil && bounds.Min != nil && bounds.Max != nil && *bounds.Min > *bounds.Max {
			return fault.Invalid([]string{field}, "The minimum is above the maximum.")
		}
	}
	if f.Search != "" && Normalise(f.Search) == "" {
		return fault.Invalid([]string{"search"}, "A search has at least one letter or digit.")
	}
	if len([]rune(f.Search)) > 200 {
		return fault.Invalid([]string{"search"}, "A search has at most 200 characters.")
	}
	return nil
}

// Matches reports whether the filter chooses a keyword. Search compares normalised texts.
func (f KeywordFilter) Matches(k SeedKeyword) bool {
	switch {
	case f.Search != "" && !strings.Contains(k.Normalised, Normalise(f.Search)),
		len(f.Sources) > 0 && !slices.Contains(f.Sources, k.Source),
		len(f.Intents) > 0 && !slices.Contains(f.Intents, k.Intent),
		len(f.Languages) > 0 && !slices.Contains(f.Languages, k.Language),
		!f.Volume.has(k.Volume), !f.Difficulty.has(k.Difficulty),
		len(f.Choices) > 0 && !slices.Contains(f.Choices, k.Decided()),
		f.Competitor != "" && f.Competitor != k.Competitor,
		f.Distinct && k.SimilarTo != "":
		return false
	}
	return true
}

// Decided is the keyword's choice; a cleared one counts as none.
func (k SeedKeyword) Decided() Choice {
	if k.Choice == ChoiceCleared {
		return ""
	}
	return k.Choice
}

// OrderField is a figure that keywords are ordered by.
type OrderField string

// The order fields.
const (
	OrderScore      OrderField = "SCORE"
	OrderVolume     OrderField = "VOLUME"
	OrderDifficulty OrderField = "DIFFICULTY"
	OrderText       OrderField = "TEXT"
)

// SortKeywords orders keywords by a figure. A keyword without the figure comes last in both directions; equal ones are
// ordered by score, then by id.
func SortKeywords(keywords []SeedKeyword, by OrderField, descending bool) {
	slices.SortFunc(keywords, func(a, b SeedKeyword) int {
		return cmp.Or(compareBy(a, b, by, descending), cmp.Compare(b.Score, a.Score), slices.Compare(a.ID[:], b.ID[:]))
	})
}

func compareBy(a, b SeedKeyword, by OrderField, descending bool) int {
	var order int
	switch by {
	case OrderVolume, OrderDifficulty:
		x, y := a.Volume, b.Volume
		if by == OrderDifficulty {
			x, y = a.Difficulty, b.Difficulty
		}
		if x == nil || y == nil {
			return cmp.Compare(boolInt(x == nil), boolInt(y == nil))
		}
		order = cmp.Compare(*x, *y)
	case OrderText:
		order = cmp.Compare(a.Normalised, b.Normalised)
	default:
		order = cmp.Compare(a.Score, b.Score)
	}
	if descending {
		return -order
	}
	return order
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
