package graph

import (
	"context"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/graph/model"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/publicid"
)

func decodeMarkAlertsRead(input model.MarkAlertsReadInput) (in decoded[engine.MarkAlertsReadInput]) {
	in.value = engine.MarkAlertsReadInput{
		Until:          in.moment(input.Until, "until"),
		IdempotencyKey: in.key(input.IdempotencyKey.Value()),
	}
	for i, id := range input.AlertIds.Value() {
		in.value.AlertIDs = append(in.value.AlertIDs, in.id(id, publicid.Alert, "alertIds", strconv.Itoa(i)))
	}
	return in
}

func markAlertsReadPayload(m engine.MarkedAlerts, problems []model.UserError) *model.MarkAlertsReadPayload {
	return &model.MarkAlertsReadPayload{
		Marked:     m.Marked,
		Unread:     m.Unread,
		Replayed:   m.Replayed,
		UserErrors: problems,
	}
}

// alertPoll is the pause between two looks of a subscriber for alerts.
const alertPoll = 3 * time.Second

// alertSource finds new alerts for one subscriber.
type alertSource struct {
	feed   *engine.AlertFeed
	looked bool
}

// Next returns the next alerts. It waits for one. After an error of the database the next look finds them.
func (s *alertSource) Next(ctx context.Context) ([]cost.Alert, error) {
	for {
		if s.looked {
			select {
			case <-time.After(alertPoll):
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		s.looked = true
		found, err := s.feed.Next(ctx)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err == nil && len(found) > 0 {
			return found, nil
		}
	}
}

// Close does nothing: the source holds no connection.
func (*alertSource) Close() {}

// alertRaised returns the alerts of a subscriber.
func (r *Resolver) alertRaised(ctx context.Context, after *publicid.ID) (<-chan *model.AlertEvent, error) {
	if r.Live == nil {
		return nil, errNotLive
	}
	var from *uuid.UUID
	if after != nil {
		var d decoder
		id := d.id(*after, publicid.Alert, "afterAlertId")
		if d.err() != nil {
			return nil, d.err()
		}
		from = &id
	}
	feed, err := r.Engine.AlertFeed(ctx, caller.From(ctx), from)
	event := func(a cost.Alert) *model.AlertEvent { return &model.AlertEvent{Alert: model.Alert{Alert: a}} }
	return stream(ctx, &alertSource{feed: feed}, err, event, nil)
}
