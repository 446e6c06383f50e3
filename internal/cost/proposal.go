package cost

import (
	"time"

	"github.com/google/uuid"
)

// ProposalState is what became of a doubted price.
type ProposalState string

// The states of a proposal. All but the first are final.
const (
	ProposalPending    ProposalState = "PENDING"    // waits for a person
	ProposalAccepted   ProposalState = "ACCEPTED"   // became a price
	ProposalRejected   ProposalState = "REJECTED"   // did not
	ProposalSuperseded ProposalState = "SUPERSEDED" // a later list said something else
)

// ProposalStates returns all states of a proposal.
func ProposalStates() []ProposalState {
	return []ProposalState{ProposalPending, ProposalAccepted, ProposalRejected, ProposalSuperseded}
}

// Proposal is a price in quarantine: what a list said, why it is doubted, and what became of it.
type Proposal struct {
	OrganizationID uuid.UUID // whose list, as in Price
	ID             uuid.UUID

	Model           string
	Component       Component
	MinPromptTokens int64
	Unit            Pico
	Compared        *Pico // the price it was compared with; nil when there was none
	Doubt           Doubt

	Source     string
	Actor      string // who brought the list
	ProposedAt time.Time

	State        ProposalState
	DecidedBy    string // "" while it is pending
	Reason       string
	DecidedAt    *time.Time
	AcceptedFrom *time.Time // when the accepted price begins
}
