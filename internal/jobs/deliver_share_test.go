package jobs

import (
	"errors"
	"testing"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
)

func TestDeliverer_ASlowReceiverTakesOnlyItsShare(t *testing.T) {
	t.Parallel()
	d, slow := newDeliverer(Options{}), uuid.New()
	for range ownDeliverers {
		if _, ok := d.running.Add(slow); !ok {
			t.Fatal("the share of one organization is smaller than it should be")
		}
	}
	err := d.Work(t.Context(), &river.Job[deliverArgs]{Args: deliverArgs{OrganizationID: slow}})
	var later *river.JobSnoozeError
	if !errors.As(err, &later) || later.Duration != crowdedPause {
		t.Errorf("a delivery too many: got %v, want a pause of %s", err, crowdedPause)
	}
	if _, ok := d.running.Add(uuid.New()); !ok {
		t.Error("another organization has no share")
	}
	if ownDeliverers >= deliverers {
		t.Error("one organization may take all deliverers")
	}
}
