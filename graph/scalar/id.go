package scalar

import (
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/fault"
)

// ID is an id as text. What a client wrote may be no id at all: Parse and As judge it.
type ID string

// IDKind is what an id is of: the letters before its first underscore.
type IDKind string

// The kinds of id.
const (
	OrganizationID IDKind = "org"
	WorkflowID     IDKind = "wf"
	CallID         IDKind = "call"
	TransitionID   IDKind = "tr"  // of a workflow's journal, with the version
	LedgerEntryID  IDKind = "led" // of an account's ledger, with the sequence number
	// PriceProposalID is of a price in quarantine.
	PriceProposalID IDKind = "prop"
	// APIKeyID is of a key that a program signs in with.
	APIKeyID IDKind = "key"
	AlertID  IDKind = "alert"
)

// nouns are how a sentence names what an id is of.
var nouns = map[IDKind]string{
	OrganizationID:  "an organization",
	WorkflowID:      "a workflow",
	CallID:          "a call",
	TransitionID:    "a transition",
	LedgerEntryID:   "a ledger entry",
	PriceProposalID: "a proposed price",
	APIKeyID:        "an API key",
	AlertID:         "an alert",
}

// Reference is what an id says. Number is the place in a journal or a ledger, below 2³¹, and 0 for all other kinds.
type Reference struct {
	Kind   IDKind
	UUID   uuid.UUID
	Number int64
}

// numbered reports whether ids of the kind end in a number.
func (k IDKind) numbered() bool { return k == TransitionID || k == LedgerEntryID }

// NewID returns the id of a thing that has a UUID of its own.
func NewID(kind IDKind, id uuid.UUID) ID { return ID(string(kind) + "_" + id.String()) }

// NewNumberedID returns the id of a row in the journal or ledger that belongs to id.
func NewNumberedID(kind IDKind, id uuid.UUID, number int64) ID {
	return ID(string(NewID(kind, id)) + "_" + strconv.FormatInt(number, 10))
}

// ID is the one text of the reference.
func (r Reference) ID() ID {
	if r.Kind.numbered() {
		return NewNumberedID(r.Kind, r.UUID, r.Number)
	}
	return NewID(r.Kind, r.UUID)
}

// Parse returns what the id says. Of the many texts that could be read as the same id it accepts only the one that
// Reference.ID writes. The error is INVALID_INPUT without a field.
func (id ID) Parse() (Reference, error) {
	kind, rest, _ := strings.Cut(string(id), "_")
	r := Reference{Kind: IDKind(kind)}
	if _, known := nouns[r.Kind]; !known {
		return Reference{}, malformed()
	}
	text, number, _ := strings.Cut(rest, "_")
	var err error
	if r.UUID, err = uuid.Parse(text); err != nil {
		return Reference{}, malformed()
	}
	if r.Kind.numbered() {
		n, err := strconv.ParseUint(number, 10, 31)
		if err != nil {
			return Reference{}, malformed()
		}
		r.Number = int64(n)
	}
	if r.ID() != id {
		return Reference{}, malformed()
	}
	return r, nil
}

// As returns the UUID of an id that must be of one kind without a number. The id of anything else is as malformed as no
// id: the error is INVALID_INPUT without a field.
func (id ID) As(kind IDKind) (uuid.UUID, error) {
	r, err := id.Parse()
	if err != nil || r.Kind != kind {
		return uuid.Nil, fault.New(fault.InvalidInput,
			"This is not an id of %s. Such an id begins with %q; give one as you read it in an earlier answer.",
			nouns[kind], kind+"_")
	}
	return r.UUID, nil
}

func malformed() error {
	return fault.New(fault.InvalidInput, "This is not an id. Give one as you read it in an earlier answer.")
}
