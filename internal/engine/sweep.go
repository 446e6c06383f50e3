package engine

import (
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
)

// sweeper is the actor of changes that a sweeper makes.
const sweeper = "sweeper"

const (
	// runsSwept, wokenAtOnce and callsSwept limit one round of a sweeper. The next round takes the rest.
	runsSwept   = 20
	wokenAtOnce = 100
	callsSwept  = 20
	// lookAgain is the pause between two checks of a call whose run is alive.
	lookAgain = 30 * time.Second
	// assumeAfter is the time without an answer of the provider after which the hold of a call is booked as its cost.
	assumeAfter = 24 * time.Hour
	// alertAfter is the time after which an unknown outcome causes an alert.
	alertAfter = time.Hour
)

func sweeperOf(organization uuid.UUID) caller.Caller {
	return caller.Caller{Actor: sweeper, OrganizationID: organization, Role: caller.Admin}
}
