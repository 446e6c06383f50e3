package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// ReadAlerts are alerts that a person has read: those with the ids, and those up to a time, if there is one.
type ReadAlerts struct {
	IDs   []uuid.UUID
	Until *time.Time
	At    time.Time
}

// MarkAlertsRead marks alerts as read by the caller, and returns the number of new marks.
func (s *Store) MarkAlertsRead(ctx context.Context, who caller.Caller, in ReadAlerts) (int, error) {
	n, err := s.forTenant(who.OrganizationID).AlertReadInsert(ctx, dbsqlc.AlertReadInsertParams{
		OrganizationID: who.OrganizationID,
		Actor:          who.Actor,
		Ids:            in.IDs,
		Until:          in.Until,
		At:             in.At,
	})
	return int(n), translate(err)
}

// addReadMarks gives alerts the times at which the caller read them.
func (s *Store) addReadMarks(ctx context.Context, who caller.Caller, alerts []cost.Alert) error {
	if len(alerts) == 0 {
		return nil
	}
	ids := make([]uuid.UUID, len(alerts))
	for i, a := range alerts {
		ids[i] = a.ID
	}
	rows, err := s.forTenant(who.OrganizationID).AlertReadList(ctx, dbsqlc.AlertReadListParams{
		OrganizationID: who.OrganizationID,
		Actor:          who.Actor,
		Ids:            ids,
		PageSize:       int32(len(ids)),
	})
	if err != nil {
		return translate(err)
	}
	at := map[uuid.UUID]time.Time{}
	for _, r := range rows {
		at[r.AlertID] = r.ReadAt
	}
	for i := range alerts {
		if read, is := at[alerts[i].ID]; is {
			alerts[i].ReadAt = utc(&read)
		}
	}
	return nil
}
