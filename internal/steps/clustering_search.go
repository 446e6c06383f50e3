package steps

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/seo"
)

// The requests for search data of topic clustering. Together they cost at most $0.36.
const (
	// seedsSuggested is how many selected keywords are expanded, the best ones, and suggestionsMost how many suggestions
	// each has.
	seedsSuggested  = 20
	suggestionsMost = 20
	// resultPagesMost is how many keywords have their result page looked up, the best ones.
	resultPagesMost = 60
	searchesAtOnce  = 4
	// snapshotAge is the time for which a result page counts.
	snapshotAge = 7 * 24 * time.Hour
)

// together calls do for 0 to n-1, some at a time, and returns the errors in order.
func together(n int, do func(int) error) []error {
	errs := make([]error, n)
	places := make(chan struct{}, searchesAtOnce)
	var all sync.WaitGroup
	for i := range n {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			errs[i] = do(i)
		})
	}
	all.Wait()
	return errs
}

// suggest asks for keywords that contain a selected one. warnings name the selected ones without an answer; the error
// is for an attempt that must be repeated.
func (s *clustering) suggest(
	ctx context.Context, v visit, seeds []content.SeedKeyword, market seo.Market,
) (found []content.Candidate, warnings []string, err error) {
	seeds = content.BestSeeds(seeds, seedsSuggested)
	suggested := make([][]seo.Keyword, len(seeds))
	errs := together(len(seeds), func(i int) error {
		request, err := seo.KeywordSuggestions(seeds[i].Text, market, suggestionsMost)
		if err != nil {
			return err
		}
		answer, err := v.search(ctx, request)
		suggested[i] = answer.Keywords
		return err
	})
	if warnings, err = failedSearches(errs, func(i int) string {
		return fmt.Sprintf("No suggestions were found for %q.", seeds[i].Text)
	}); err != nil {
		return nil, nil, err
	}
	for _, keywords := range suggested {
		for _, k := range keywords {
			found = append(found, candidateOf(k))
		}
	}
	return found, warnings, nil
}

// resultPages returns the result pages of the best keywords, by the normalised text: the stored ones that are young
// enough, and new ones, which are stored with the end of the run.
func (s *clustering) resultPages(
	ctx context.Context, v visit, keywords []content.TopicKeyword, market seo.Market,
) (pages map[string][]string, fresh []content.Snapshot, warnings []string, err error) {
	var wanted []content.TopicKeyword
	var texts []string
	for _, k := range keywords {
		if k.Dropped == "" && len(wanted) < resultPagesMost {
			wanted, texts = append(wanted, k), append(texts, k.Normalised)
		}
	}
	now := s.options.Now().UTC()
	pages = map[string][]string{}
	err = v.book(ctx, func(ctx context.Context) error {
		stored, err := s.options.Engine.Snapshots(ctx, v.who, engine.SnapshotsInput{
			LocationCode: market.LocationCode,
			LanguageCode: market.LanguageCode,
			Texts:        texts,
			Since:        now.Add(-snapshotAge),
		})
		for _, snapshot := range stored {
			pages[snapshot.Normalised] = snapshot.URLs()
		}
		return err
	})
	if err != nil {
		return nil, nil, nil, err
	}
	var mutex sync.Mutex
	errs := together(len(wanted), func(i int) error {
		mutex.Lock()
		_, there := pages[wanted[i].Normalised]
		mutex.Unlock()
		if there {
			return nil
		}
		request, err := seo.OrganicResults(wanted[i].Text, market)
		if err != nil {
			return err
		}
		answer, err := v.search(ctx, request)
		if err != nil {
			return err
		}
		snapshot := s.options.snapshotOf(wanted[i].Text, market, answer)
		mutex.Lock()
		defer mutex.Unlock()
		pages[wanted[i].Normalised] = snapshot.URLs()
		fresh = append(fresh, snapshot)
		return nil
	})
	warnings, err = failedSearches(errs, func(i int) string {
		return fmt.Sprintf("No result page was found for %q.", wanted[i].Text)
	})
	return pages, fresh, warnings, err
}

// failedSearches returns a warning for each failed search. When all have failed, or when an attempt must be repeated or
// is lost, it returns the error.
func failedSearches(errs []error, sentence func(int) string) (warnings []string, err error) {
	for i, failed := range errs {
		var (
			pending *pendingError
			refused *seo.Error
		)
		switch {
		case failed == nil:
			continue
		case errors.As(failed, &pending), !errors.As(failed, &refused), refused.Class != seo.InvalidRequest:
			return nil, failed
		}
		err = failed
		warnings = append(warnings, sentence(i))
	}
	if len(warnings) == len(errs) {
		return nil, err
	}
	return warnings, nil
}
