package cost

import (
	"time"

	"github.com/google/uuid"
)

// ProposalState is the state of a doubtful price.
type ProposalState string

// The states of a proposal. All but the first are final.
const (
	ProposalPending    ProposalState = "PENDING"    // it waits for a person
	ProposalAccepted   ProposalState = "ACCEPTED"   // it became a price
	ProposalRejected   ProposalState = "REJECTED"   // a person rejected it
	ProposalSuperseded ProposalState = "SUPERSEDED" // a later list has another price
)

// ProposalStates returns all states of a proposal.
func ProposalStates() []ProposalState {
	return []ProposalState{ProposalPending, ProposalAccepted, ProposalRejected, ProposalSuperseded}
}

// Proposal is a price in quarantine: the listed price, the doubt, and the decision.
type Proposal struct {
	OrganizationID uuid.UUID // the owner of the list, as in Price
	ID             uuid.UUID

	Model           string
	Component       Component
	MinPromptTokens int64
	Unit            Pico
	Compared        *Pico // the price it was compared with; nil when there was none
	Doubt           Doubt

	Source     string
	Actor      string // the caller that imported the list
	ProposedAt time.Time

	State        ProposalState
	DecidedBy    string // "" while it is pending
	Reason       string
	DecidedAt    *time.Time
	AcceptedFrom *time.Time // when the accepted price begins
}
