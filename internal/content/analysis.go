package content

import "slices"

// Mode is how the competitor analysis finds keywords.
type Mode string

// The modes.
const (
	ModeBest       Mode = "BEST"       // the best one that the server has; only in settings
	ModeDataForSEO Mode = "DATAFORSEO" // the search data of a provider
	ModeCrawl      Mode = "CRAWL"      // the pages of competitors
	ModeModel      Mode = "MODEL"      // a language model, from the customer profile alone
)

// Valid reports whether m is one of the modes.
func (m Mode) Valid() bool {
	return m == ModeBest || m == ModeDataForSEO || m == ModeCrawl || m == ModeModel
}

// Market is where and how an organization finds keywords.
type Market struct {
	// LocationCode is the place of the searches, as DataForSEO and Google Ads number places. 2840 is the United States.
	LocationCode int
	// LanguageCode is the language of the searches: "en", "zh-TW".
	LanguageCode string
	// Negatives are texts whose words no keyword may have all.
	Negatives []string
	// Mode is how keywords are found.
	Mode Mode
}

// DefaultMarket is the market of an organization that never set one.
func DefaultMarket() Market {
	return Market{LocationCode: 2840, LanguageCode: "en", Mode: ModeBest}
}

// Refuses reports whether a keyword has all words of a negative text.
func (m Market) Refuses(text string) bool {
	return slices.ContainsFunc(m.Negatives, func(negative string) bool { return HasWords(text, negative) })
}

// Competitor is a company that is found for similar searches.
type Competitor struct {
	Domain string `json:"domain"`
	// Proposed says that a model named it; otherwise a person did.
	Proposed bool `json:"proposed"`
	// Mode is how its keywords were found; the mode of the analysis when empty.
	Mode     Mode     `json:"mode,omitempty"`
	Keywords int      `json:"keywords"`
	Warnings []string `json:"warnings,omitempty"`
	// Failed says that its keywords are missing, and could be asked for again.
	Failed bool `json:"failed,omitempty"`
}

// Analysis is the result of the competitor analysis beside its keywords.
type Analysis struct {
	Mode        Mode         `json:"mode"`
	Competitors []Competitor `json:"competitors"`
	Warnings    []string     `json:"warnings,omitempty"`
}
