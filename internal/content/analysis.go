package content

// Mode is how the competitor analysis finds keywords.
type Mode string

// The modes.
const (
	ModeDataForSEO Mode = "DATAFORSEO" // the search data of a provider
	ModeCrawl      Mode = "CRAWL"      // the pages of competitors
	ModeModel      Mode = "MODEL"      // a language model, from the customer profile alone
)

// Valid reports whether m is one of the modes.
func (m Mode) Valid() bool { return m == ModeDataForSEO || m == ModeCrawl || m == ModeModel }

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
