package engine

import (
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
)

// sweeper is who acts when nobody else does.
const sweeper = "sweeper"

const (
	// runsSwept, wokenAtOnce and callsSwept bound one round of a sweeper; what is left is for the next.
	runsSwept   = 20
	wokenAtOnce = 100
	callsSwept  = 20
	// lookAgain is when a sweeper looks again at a call whose run is alive, or that it was about to ask for.
	lookAgain = 30 * time.Second
	// assumeAfter is how long the provider may stay silent about a call before its hold counts as its cost.
	assumeAfter = 24 * time.Hour
	// alertAfter is how long an outcome may be unknown before somebody hears of it.
	alertAfter = time.Hour
)

func sweeperOf(organization uuid.UUID) caller.Caller {
	return caller.Caller{Actor: sweeper, OrganizationID: organization, Role: caller.Admin}
}
