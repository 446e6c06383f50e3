package steps

import (
	"context"

	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/seo"
)

// rankedMost is how many keywords of a competitor are asked for. With the first prices that is at most $0.015.
const rankedMost = 50

// marketOf returns the place and the language of searches.
func marketOf(m engine.MarketSettings) seo.Market {
	return seo.Market{LocationCode: m.LocationCode, LanguageCode: m.LanguageCode}
}

// buysSearch reports whether a step may buy search data. The modes CRAWL and MODEL are free, so that the mode of
// an organization decides what the steps cost.
func (o Options) buysSearch(m engine.MarketSettings) bool {
	return o.Search != nil && (m.Mode == content.ModeBest || m.Mode == content.ModeDataForSEO)
}

// fromSearch asks for the keywords that one competitor is found for. A competitor without any is no failure.
func (a *analysis) fromSearch(ctx context.Context, r rival) (finding, error) {
	found := finding{provider: a.options.Search.Name, model: seo.ServiceLabs}
	request, err := seo.RankedKeywords(r.domain, marketOf(a.input.Market), rankedMost)
	if err != nil {
		return found, err
	}
	answer, err := a.search(ctx, request)
	if err != nil {
		return found, err
	}
	for _, k := range answer.Keywords {
		if candidate := candidateOf(k); !k.IsOtherLanguage {
			candidate.Competitor = r.domain
			found.candidates = append(found.candidates, candidate)
		}
	}
	if len(found.candidates) == 0 {
		found.warnings = []string{"The search data has no keywords of it in this market."}
	}
	return found, nil
}

// candidateOf returns a keyword of the search data with all that is known of it.
func candidateOf(k seo.Keyword) content.Candidate {
	language := k.Language
	if len(language) < 2 {
		language = ""
	}
	if k.IsOtherLanguage && language == "" {
		language = "und"
	}
	return content.Candidate{
		Text:       k.Text,
		Volume:     k.Volume,
		Difficulty: k.Difficulty,
		CPC:        k.CPC,
		Intent:     k.Intent,
		Language:   language,
	}
}
