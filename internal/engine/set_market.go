package engine

import (
	"context"
	"fmt"
	"reflect"
	"regexp"
	"slices"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// MarketSettings are an organization's market as the store keeps it.
type MarketSettings = postgres.MarketSettings

// The limits of a market.
const (
	mostNegatives   = 100
	highestLocation = 99_999_999
)

// languageCode is a language of Google's search: "en", "zh-TW".
var languageCode = regexp.MustCompile(`^[a-z]{2,3}(-[A-Z]{2})?$`)

// Market returns the caller's market, or the defaults of an organization that never set one.
func (e *Engine) Market(ctx context.Context, who caller.Caller) (MarketSettings, error) {
	settings, err := e.store.MarketSettings(ctx, who)
	if err != nil {
		return settings, fmt.Errorf("read the market of organization %s: %w", who.OrganizationID, err)
	}
	return settings, nil
}

// SetMarketInput changes the market. A nil field stays as it is.
type SetMarketInput struct {
	LocationCode   *int
	LanguageCode   *string
	Negatives      *[]string
	Mode           *content.Mode
	Reason         string
	IdempotencyKey string
}

// MarketSet is an organization's market after a change.
type MarketSet struct {
	MarketSettings
	Replayed bool
}

// SetMarket sets where and how the organization finds keywords. It counts for every analysis that begins from then on.
// Setting the market to what it is changes nothing.
func (e *Engine) SetMarket(ctx context.Context, who caller.Caller, in SetMarketInput) (_ MarketSet, err error) {
	ctx, end := e.begin(ctx, "SetMarket")
	defer end(&err)
	if err := checkReason(in.Reason); err != nil {
		return MarketSet{}, err
	}
	key, at := in.IdempotencyKey, e.now()
	in.IdempotencyKey = ""
	replay, err := e.once(ctx, who, request{
		key:       key,
		operation: "setMarket",
		content:   in,
		at:        at,
	}, func(tx *postgres.Store) error {
		settings, err := tx.MarketSettings(ctx, who)
		if err != nil {
			return err
		}
		market, err := in.apply(settings.Market)
		if err != nil || reflect.DeepEqual(market, settings.Market) {
			return err
		}
		set, err := tx.SetMarket(ctx, who, MarketSettings{
			Market:  market,
			Version: settings.Version + 1,
			Reason:  in.Reason,
			At:      at,
		})
		if err == nil && !set {
			return fault.New(fault.Conflict, "Another request has just set the market. Read it again.")
		}
		return err
	})
	if err != nil {
		return MarketSet{}, err
	}
	settings, err := e.Market(ctx, who)
	return MarketSet{MarketSettings: settings, Replayed: replay != nil}, err
}

// apply returns the market after the change.
func (in SetMarketInput) apply(market content.Market) (content.Market, error) {
	if code := in.LocationCode; code != nil {
		if *code < 1 || *code > highestLocation {
			return market, fault.Invalid([]string{"locationCode"}, "A location code is a number from 1 to %d.",
				highestLocation)
		}
		market.LocationCode = *code
	}
	if code := in.LanguageCode; code != nil {
		if !languageCode.MatchString(*code) {
			return market, fault.Invalid([]string{"languageCode"}, `A language code is like "en" or "zh-TW".`)
		}
		market.LanguageCode = *code
	}
	if mode := in.Mode; mode != nil {
		if !mode.Valid() {
			return market, fault.Invalid([]string{"mode"}, "A mode is BEST, DATAFORSEO, CRAWL or MODEL.")
		}
		market.Mode = *mode
	}
	if in.Negatives == nil {
		return market, nil
	}
	if len(*in.Negatives) > mostNegatives {
		return market, fault.Invalid([]string{"negativeWords"}, "A market has at most %d negative words.", mostNegatives)
	}
	market.Negatives = []string{}
	for i, text := range *in.Negatives {
		field := []string{"negativeWords", fmt.Sprint(i)}
		cleaned, err := workflow.CleanName(field, text)
		if err != nil {
			return market, err
		}
		normalised := content.Normalise(cleaned)
		if !content.IsKeyword(cleaned) {
			return market, fault.Invalid(field, "A negative word has at least one letter or digit.")
		}
		if !slices.Contains(market.Negatives, normalised) {
			market.Negatives = append(market.Negatives, normalised)
		}
	}
	return market, nil
}
