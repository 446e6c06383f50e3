package content

import "time"

// SearchResult is an organic result of a result page.
type SearchResult struct {
	Rank  int    `json:"rank"`
	URL   string `json:"url"`
	Title string `json:"title,omitempty"`
}

// Snapshot is the result page of a keyword as it was on a day.
type Snapshot struct {
	LocationCode int
	LanguageCode string
	Normalised   string
	Day          time.Time
	Results      []SearchResult // in order
	Provider     string
	IsSynthetic  bool
}

// URLs returns the addresses in order.
func (s Snapshot) URLs() []string {
	urls := make([]string, len(s.Results))
	for i, result := range s.Results {
		urls[i] = result.URL
	}
	return urls
}
