// Package publicid writes and reads the ids that clients see: "wf_" and a UUID for a workflow, "led_", a UUID and a
// number for a ledger entry. The API and the webhooks use the same ids. It looks nothing up.
package publicid

import (
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/fault"
)

// ID is an id as text. Text of a client may be no id at all: Parse and As check it.
type ID string

// Kind is the kind of thing that an id names: the letters before its first underscore.
type Kind string

// The kinds.
const (
	Organization  Kind = "org"
	Workflow      Kind = "wf"
	Call          Kind = "call"
	Transition    Kind = "tr"  // the UUID of the workflow, and the version
	LedgerEntry   Kind = "led" // the UUID of the account, and the sequence number
	PriceProposal Kind = "prop"
	APIKey        Kind = "key"
	Alert         Kind = "alert"
	Keyword       Kind = "kw"
	PublishTarget Kind = "target"
	Topic         Kind = "topic"
	TopicKeyword  Kind = "tkw"
	Article       Kind = "art" // a page of a topic too: one article answers a page
	Unit          Kind = "unit"
	Publication   Kind = "pub"
	Batch         Kind = "batch"
	Verification  Kind = "verification"
)

// nouns name the kinds in sentences.
var nouns = map[Kind]string{
	Organization:  "an organization",
	Workflow:      "a workflow",
	Call:          "a call",
	Transition:    "a transition",
	LedgerEntry:   "a ledger entry",
	PriceProposal: "a proposed price",
	APIKey:        "an API key",
	Alert:         "an alert",
	Keyword:       "a keyword",
	PublishTarget: "a publish target",
	Topic:         "a topic",
	TopicKeyword:  "a keyword of a topic",
	Article:       "an article",
	Unit:          "a unit",
	Publication:   "a publication",
	Batch:         "a batch",
	Verification:  "a verification",
}

// Reference is the content of an id. Number is the position in a journal or a ledger, below 2³¹, and 0 for other kinds.
type Reference struct {
	Kind   Kind
	UUID   uuid.UUID
	Number int64
}

// numbered reports whether ids of the kind end in a number.
func (k Kind) numbered() bool { return k == Transition || k == LedgerEntry }

// New returns the id of a thing with its own UUID.
func New(kind Kind, id uuid.UUID) ID { return ID(string(kind) + "_" + id.String()) }

// NewNumbered returns the id of a row in the journal or ledger of the thing with the UUID.
func NewNumbered(kind Kind, id uuid.UUID, number int64) ID {
	return ID(string(New(kind, id)) + "_" + strconv.FormatInt(number, 10))
}

// ID returns the only text of the reference.
func (r Reference) ID() ID {
	if r.Kind.numbered() {
		return NewNumbered(r.Kind, r.UUID, r.Number)
	}
	return New(r.Kind, r.UUID)
}

// Parse returns the content of the id. It accepts only the text that Reference.ID writes, not other spellings of the
// same UUID or number. The error is INVALID_INPUT without a field.
func (id ID) Parse() (Reference, error) {
	kind, rest, _ := strings.Cut(string(id), "_")
	r := Reference{Kind: Kind(kind)}
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

// As returns the UUID of an id that must be of one kind without a number. An id of another kind is malformed: the error
// is INVALID_INPUT without a field.
func (id ID) As(kind Kind) (uuid.UUID, error) {
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
