package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/seo"
	"github.com/infin8content/engine/internal/workflow"
)

// The requests for search data of validation. Together they cost at most $0.06.
const (
	// ownRankedMost is how many keywords of the company's own site are asked for, and ownRankMost the last place that
	// makes a page a page about the keyword.
	ownRankedMost = 100
	ownRankMost   = 20
	// doubtfulMost is how many result pages a visit asks for.
	doubtfulMost = 20
)

// there returns what the pages of the plan are compared with beside the pages of the own site that were read: the
// articles of other workflows and, where the step may buy search data, the keywords that the own site is found for, and
// result pages. What the provider refuses, or no budget pays for, is a warning: the plan is then made without it.
func (s *validation) there(
	ctx context.Context, v visit, flow workflow.Workflow, in validationInput, own []content.Existing,
) (there content.There, warnings []string, err error) {
	there = content.There{Existing: slices.Concat(in.Elsewhere, own), Site: flow.Company.URL, Posts: in.Posts}
	if !s.options.buysSearch(in.Market) {
		return there, nil, nil
	}
	there.Results = map[string][]string{}
	for text, results := range in.results {
		there.Results[text] = addresses(results)
	}
	ranked, warning, err := s.ranked(ctx, v, flow.Company.URL, in)
	if err != nil {
		return there, nil, err
	}
	if warning != "" {
		warnings = append(warnings, warning)
	}
	there.Existing = append(ranked, there.Existing...)
	if err := s.addStored(ctx, v, in, &there); err != nil {
		return there, nil, err
	}
	more, err := s.lookUp(ctx, v, in, there)
	return there, append(warnings, more...), err
}

// ranked returns the pages of the own site that are found for a keyword. A site below a path of a shared host has no
// domain of its own to ask for.
func (s *validation) ranked(
	ctx context.Context, v visit, site string, in validationInput,
) (pages []content.Existing, warning string, err error) {
	domain, valid := content.Domain(site)
	if !valid || !content.OwnPage(site, "https://"+domain) {
		return nil, "", nil
	}
	request, err := seo.RankedKeywords(domain, marketOf(in.Market), ownRankedMost)
	if err != nil {
		return nil, "", err
	}
	answer, err := v.search(ctx, request)
	if isSpared(err) {
		return nil, "The search data has no answer about the company's own website.", nil
	}
	for _, k := range answer.Keywords {
		if k.Rank != nil && *k.Rank <= ownRankMost && content.OwnPage(site, k.URL) {
			pages = append(pages, content.Existing{Reference: k.URL, Keyword: k.Text})
		}
	}
	return pages, "", err
}

// isSpared reports whether evidence is left out after an error: the provider refuses the question or wants money, or no
// budget or price is there. No later attempt is answered either, and the briefs may still fit.
func isSpared(err error) bool {
	var (
		refused *seo.Error
		budget  *cost.RefusedError
	)
	return errors.As(err, &budget) || isPriceUnknown(err) ||
		errors.As(err, &refused) && (refused.Class == seo.InvalidRequest || refused.Class == seo.PaymentRequired)
}

// resultPages returns the stored result pages of keywords that are young enough, where the step may use search data.
func (s *validation) resultPages(
	ctx context.Context, v visit, in validationInput, texts []string,
) (map[string][]content.SearchResult, error) {
	pages := map[string][]content.SearchResult{}
	if !s.options.buysSearch(in.Market) {
		return pages, nil
	}
	stored, err := s.options.Engine.Snapshots(ctx, v.who, engine.SnapshotsInput{
		LocationCode: in.Market.LocationCode,
		LanguageCode: in.Market.LanguageCode,
		Texts:        texts,
		Since:        s.options.Now().UTC().Add(-snapshotAge),
	})
	for _, snapshot := range stored {
		pages[snapshot.Normalised] = snapshot.Results
	}
	return pages, err
}

// addStored adds the stored result pages of the existing keywords.
func (s *validation) addStored(ctx context.Context, v visit, in validationInput, there *content.There) error {
	var texts []string
	for _, one := range there.Existing {
		if one.Keyword != "" {
			texts = append(texts, content.Normalise(one.Keyword))
		}
	}
	return v.book(ctx, func(ctx context.Context) error {
		pages, err := s.resultPages(ctx, v, in, texts)
		for text, results := range pages {
			there.Results[text] = addresses(results)
		}
		return err
	})
}

// lookUp buys the result pages that decide whether an article has the subject of an existing page, and stores them.
func (s *validation) lookUp(
	ctx context.Context, v visit, in validationInput, there content.There,
) (warnings []string, err error) {
	market := marketOf(in.Market)
	left := doubtfulMost
	for key := range v.Parts { // An earlier attempt has stored its result pages, so others would be doubtful now.
		if strings.HasPrefix(key, cost.PartSERP+"/") {
			left--
		}
	}
	var wanted []string
	for _, keyword := range content.Doubtful(in.Clustering, there, 2*content.MostClustered) {
		request, err := seo.OrganicResults(keyword, market)
		if err != nil {
			continue // It is nothing that can be searched for.
		}
		// A kill can lose the stored result page of a paid answer. The answer is free then.
		if _, kept := v.Parts[request.Key()]; !kept {
			if left <= 0 {
				continue
			}
			left--
		}
		wanted = append(wanted, keyword)
	}
	found := make([][]content.SearchResult, len(wanted))
	errs := together(len(wanted), func(i int) (err error) {
		found[i], err = s.resultPage(ctx, v, wanted[i], market)
		return err
	})
	for i, failed := range errs {
		switch {
		case isSpared(failed):
			warnings = append(warnings, fmt.Sprintf("No result page was found for %q.", wanted[i]))
		case failed != nil:
			return nil, failed
		default:
			there.Results[content.Normalise(wanted[i])] = addresses(found[i])
		}
	}
	return warnings, nil
}

// resultPage buys one result page and stores it.
func (s *validation) resultPage(
	ctx context.Context, v visit, keyword string, market seo.Market,
) ([]content.SearchResult, error) {
	request, err := seo.OrganicResults(keyword, market)
	if err != nil {
		return nil, err
	}
	answer, err := v.search(ctx, request)
	if err != nil {
		return nil, err
	}
	snapshot := s.options.snapshotOf(keyword, market, answer)
	return snapshot.Results, v.book(ctx, func(ctx context.Context) error {
		return s.options.Engine.KeepSnapshots(ctx, v.who, []content.Snapshot{snapshot})
	})
}

// snapshotOf returns the result page of a keyword in the form that is stored.
func (o Options) snapshotOf(keyword string, market seo.Market, answer seo.Found) content.Snapshot {
	snapshot := content.Snapshot{
		LocationCode: market.LocationCode,
		LanguageCode: market.LanguageCode,
		Normalised:   content.Normalise(keyword),
		Day:          o.Now().UTC(),
		Provider:     o.Search.Name,
		IsSynthetic:  answer.IsSynthetic,
	}
	for _, r := range answer.Results {
		snapshot.Results = append(snapshot.Results, content.SearchResult{Rank: r.Rank, URL: r.URL, Title: r.Title})
	}
	return snapshot
}

// addresses returns the addresses of a result page in order.
func addresses(results []content.SearchResult) []string {
	return content.Snapshot{Results: results}.URLs()
}
