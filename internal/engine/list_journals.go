package engine

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
)

// Setting is a setting of an organization that a journal has.
type Setting string

// The settings.
const (
	SettingName          Setting = "NAME"
	SettingTimeZone      Setting = "TIME_ZONE"
	SettingWorkflowLimit Setting = "WORKFLOW_LIMIT"
	SettingMonthLimit    Setting = "MONTH_LIMIT"
	SettingWebhook       Setting = "ALERT_WEBHOOK"
	SettingGateSeeds     Setting = "GATE_SEEDS"
	SettingGatePlan      Setting = "GATE_PLAN"
	SettingGatePublish   Setting = "GATE_PUBLISH"
	SettingFourEyes      Setting = "FOUR_EYES"
	SettingOutsideSteps  Setting = "OUTSIDE_STEPS"
	SettingLocation      Setting = "MARKET_LOCATION"
	SettingLanguage      Setting = "MARKET_LANGUAGE"
	SettingNegatives     Setting = "NEGATIVE_WORDS"
	SettingMode          Setting = "ANALYSIS_MODE"
)

// sources has the settings of each source of changes, in the order of its values.
var sources = map[string][]Setting{
	postgres.SettingsSource: {SettingTimeZone, SettingWorkflowLimit, SettingMonthLimit, SettingWebhook},
	postgres.GatesSource:    {SettingGateSeeds, SettingGatePlan, SettingGatePublish, SettingFourEyes},
	postgres.MarketSource:   {SettingLocation, SettingLanguage, SettingNegatives, SettingMode},
	postgres.OutsideSource:  {SettingOutsideSteps},
	postgres.NameSource:     {SettingName},
}

// Settings returns all settings.
func Settings() []Setting {
	all := []Setting{SettingName, SettingOutsideSteps}
	all = append(all, sources[postgres.SettingsSource]...)
	all = append(all, sources[postgres.GatesSource]...)
	return append(all, sources[postgres.MarketSource]...)
}

// SettingValue is the value of one setting before and after a change; "" for none.
type SettingValue struct {
	Setting       Setting
	Before, After string
}

// SettingsChange is one row of a journal of settings, with the values that it changed.
type SettingsChange struct {
	postgres.SettingPosition
	Actor, Reason string
	Changes       []SettingValue
}

// SettingPosition is the place of a change of settings in their journal.
type SettingPosition = postgres.SettingPosition

// SettingsInput selects changes of settings, the newest first. After is the last change of the page before.
type SettingsInput struct {
	Backward bool
	After    *postgres.SettingPosition
	First    int
}

// SettingsJournal returns at most First changes of the settings of the caller's organization. The first change is its
// creation.
func (e *Engine) SettingsJournal(ctx context.Context, who caller.Caller, in SettingsInput) ([]SettingsChange, error) {
	page := postgres.SettingPage{Ascending: in.Backward, First: int32(in.First)}
	switch {
	case in.After != nil:
		page.SettingPosition = *in.After
	case in.Backward:
		page.At = beginning
	default:
		page.At = end
	}
	rows, err := e.store.SettingChanges(ctx, who, page)
	if err != nil {
		return nil, fmt.Errorf("list the settings journal of organization %s: %w", who.OrganizationID, err)
	}
	changes := make([]SettingsChange, len(rows))
	for i, row := range rows {
		changes[i] = SettingsChange{SettingPosition: row.SettingPosition, Actor: row.Actor, Reason: row.Reason}
		for n, setting := range sources[row.Source] {
			before, after := shownValue(setting, row.Before[n]), shownValue(setting, row.After[n])
			if before != after {
				changes[i].Changes = append(changes[i].Changes, SettingValue{setting, before, after})
			}
		}
	}
	return changes, nil
}

// shownValue writes a limit as dollars, and the absence of one as "".
func shownValue(setting Setting, value string) string {
	if setting != SettingWorkflowLimit && setting != SettingMonthLimit || value == "" {
		return value
	}
	pico, err := strconv.ParseInt(value, 10, 64) // The database has written it.
	if err != nil || cost.Limit(pico) == cost.Unlimited {
		return ""
	}
	return cost.Pico(pico).String()
}

// CountSettingsJournal counts the changes of the settings of the caller's organization.
func (e *Engine) CountSettingsJournal(ctx context.Context, who caller.Caller) (int, error) {
	n, err := e.store.CountSettingChanges(ctx, who)
	if err != nil {
		return 0, fmt.Errorf("count the settings journal of organization %s: %w", who.OrganizationID, err)
	}
	return n, nil
}

// APIKeyEvent is the creation or revocation of an API key. Key is the key as it is now.
type APIKeyEvent struct {
	postgres.JournaledAPIKeyEvent
	Key APIKey
}

// APIKeyEventKind is the kind of an event of an API key.
type APIKeyEventKind string

// The kinds.
const (
	APIKeyWasCreated APIKeyEventKind = postgres.APIKeyCreated
	APIKeyWasRevoked APIKeyEventKind = postgres.APIKeyRevoked
)

// APIKeyEventsInput selects events, the newest first. After is the version of the last event of the page before.
type APIKeyEventsInput struct {
	Backward bool
	After    *int
	First    int
}

// APIKeyJournal returns at most First events of the API keys of the caller's organization.
func (e *Engine) APIKeyJournal(ctx context.Context, who caller.Caller, in APIKeyEventsInput) ([]APIKeyEvent, error) {
	page := postgres.APIKeyEventPage{Ascending: in.Backward, Version: math.MaxInt32, First: int32(in.First)}
	switch {
	case in.After != nil:
		page.Version = *in.After
	case in.Backward:
		page.Version = -1
	}
	rows, err := e.store.APIKeyEvents(ctx, who, page)
	if err != nil {
		return nil, fmt.Errorf("list the events of API keys: %w", err)
	}
	events := make([]APIKeyEvent, len(rows))
	for i, row := range rows {
		events[i] = APIKeyEvent{JournaledAPIKeyEvent: row, Key: e.shown(row.Key)}
	}
	return events, nil
}

// CountAPIKeyJournal counts the events of the API keys of the caller's organization.
func (e *Engine) CountAPIKeyJournal(ctx context.Context, who caller.Caller) (int, error) {
	n, err := e.store.CountAPIKeyEvents(ctx, who)
	if err != nil {
		return 0, fmt.Errorf("count the events of API keys: %w", err)
	}
	return n, nil
}

// PriceEvent is an event of the organization's own prices.
type PriceEvent = postgres.PriceEvent

// PriceEventKind is the kind of an event of a price.
type PriceEventKind string

// The kinds. A decision about a proposal has the name of its state.
const (
	PriceAdded       PriceEventKind = "ADDED"
	PriceQuarantined PriceEventKind = "QUARANTINED"
	PriceAccepted    PriceEventKind = PriceEventKind(cost.ProposalAccepted)
	PriceRejected    PriceEventKind = PriceEventKind(cost.ProposalRejected)
	PriceSuperseded  PriceEventKind = PriceEventKind(cost.ProposalSuperseded)
)

// PriceEventsInput selects events, the newest first. After is the last event of the page before.
type PriceEventsInput struct {
	Backward bool
	After    *PriceEvent // only its At and Key count
	First    int
}

// PriceJournal returns at most First events of the caller's own prices.
func (e *Engine) PriceJournal(ctx context.Context, who caller.Caller, in PriceEventsInput) ([]PriceEvent, error) {
	page := postgres.PriceEventPage{Ascending: in.Backward, First: int32(in.First)}
	switch {
	case in.After != nil:
		page.At, page.Key = in.After.At, in.After.Key
	case in.Backward:
		page.At = beginning
	default:
		page.At = end
	}
	events, err := e.store.PriceEvents(ctx, who, page)
	if err != nil {
		return nil, fmt.Errorf("list the events of prices: %w", err)
	}
	return events, nil
}

// CountPriceJournal counts the events of the caller's own prices.
func (e *Engine) CountPriceJournal(ctx context.Context, who caller.Caller) (int, error) {
	n, err := e.store.CountPriceEvents(ctx, who)
	if err != nil {
		return 0, fmt.Errorf("count the events of prices: %w", err)
	}
	return n, nil
}
