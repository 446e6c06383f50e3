package graph

import (
	"context"
	"strconv"

	"github.com/infin8content/engine/graph/model"
	"github.com/infin8content/engine/graph/scalar"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/engine"
)

// positioned is a requested page of a list that is sorted by time and a key.
type positioned struct {
	list scalar.List
	window
	position string // of the item next to the page; "" for an end of the list
}

func decodePositioned(list scalar.List, p paging) (positioned, error) {
	var d decoder
	asked := positioned{list: list, window: d.window(p)}
	if asked.cursor != nil {
		var err error
		asked.position, err = list.ParseText(*asked.cursor)
		d.noteCursor(asked.window, err)
	}
	return asked, d.err()
}

// settingsJournal returns a page of the changes of the organization's settings.
func (r *Resolver) settingsJournal(ctx context.Context, asked positioned) (*model.SettingsChangeConnection, error) {
	who := caller.From(ctx)
	in := engine.SettingsInput{Backward: asked.backward, First: asked.size + 1}
	if asked.position != "" {
		at, rest, err := placed(asked.position, 3)
		if err != nil {
			return nil, err
		}
		version, err := strconv.Atoi(rest[1])
		if err != nil {
			return nil, err
		}
		in.After = &engine.SettingPosition{At: at, Source: rest[0], Version: version}
	}
	found, err := r.Engine.SettingsJournal(ctx, who, in)
	if err != nil {
		return nil, err
	}
	wrap := func(c engine.SettingsChange) *model.SettingsChange { return &model.SettingsChange{SettingsChange: c} }
	return page(found, asked.window, wrap, model.Page[*model.SettingsChange]{
		Cursor: func(c *model.SettingsChange) string {
			return asked.list.Text(places(micros(c.At), c.Source, strconv.Itoa(c.Version)))
		},
		Count: func(ctx context.Context) (int, error) { return r.Engine.CountSettingsJournal(ctx, who) },
	}), nil
}

// apiKeyJournal returns a page of the events of the organization's API keys.
func (r *Resolver) apiKeyJournal(ctx context.Context, asked numbered) (*model.APIKeyEventConnection, error) {
	who := caller.From(ctx)
	in := engine.APIKeyEventsInput{Backward: asked.backward, First: asked.size + 1}
	if asked.cursor != nil {
		version := int(asked.from)
		in.After = &version
	}
	found, err := r.Engine.APIKeyJournal(ctx, who, in)
	if err != nil {
		return nil, err
	}
	wrap := func(e engine.APIKeyEvent) *model.APIKeyEvent { return &model.APIKeyEvent{APIKeyEvent: e} }
	return page(found, asked.window, wrap, model.Page[*model.APIKeyEvent]{
		Cursor: func(e *model.APIKeyEvent) string { return asked.list.Number(int64(e.Version)) },
		Count:  func(ctx context.Context) (int, error) { return r.Engine.CountAPIKeyJournal(ctx, who) },
	}), nil
}

// priceJournal returns a page of the events of the organization's own prices.
func (r *Resolver) priceJournal(ctx context.Context, asked positioned) (*model.PriceEventConnection, error) {
	who := caller.From(ctx)
	in := engine.PriceEventsInput{Backward: asked.backward, First: asked.size + 1}
	if asked.position != "" {
		at, rest, err := placed(asked.position, 2)
		if err != nil {
			return nil, err
		}
		in.After = &engine.PriceEvent{At: at, Key: rest[0]}
	}
	found, err := r.Engine.PriceJournal(ctx, who, in)
	if err != nil {
		return nil, err
	}
	wrap := func(e engine.PriceEvent) *model.PriceEvent { return &model.PriceEvent{PriceEvent: e} }
	return page(found, asked.window, wrap, model.Page[*model.PriceEvent]{
		Cursor: func(e *model.PriceEvent) string { return asked.list.Text(places(micros(e.At), e.Key)) },
		Count:  func(ctx context.Context) (int, error) { return r.Engine.CountPriceJournal(ctx, who) },
	}), nil
}
