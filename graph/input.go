package graph

import (
	"unicode"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"github.com/infin8content/engine/graph/model"
	"github.com/infin8content/engine/graph/scalar"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/publicid"
	"github.com/infin8content/engine/internal/workflow"
)

const (
	maxKeyCharacters    = 255
	maxReasonCharacters = 2000
	maxNameCharacters   = 200 // of a model, a provider, an actor, a part of a name
)

// decoded is an input as the engine takes it, or all that is wrong with it.
type decoded[In any] struct {
	value In
	decoder
}

// decoder reads what a client wrote and collects what cannot be read, each with its field.
type decoder struct {
	faults []error
	// blame says which field a fault of the engine is about when it does not say so itself.
	blame map[fault.Kind][]string
}

// err is the first fault, or nil.
func (d *decoder) err() error {
	if len(d.faults) == 0 {
		return nil
	}
	return d.faults[0]
}

// note keeps a fault of a field.
func (d *decoder) note(err error, field []string) {
	if err != nil {
		d.faults = append(d.faults, fault.Invalid(field, "%s", err.Error()))
	}
}

func (d *decoder) id(id publicid.ID, kind publicid.Kind, field ...string) uuid.UUID {
	read, err := id.As(kind)
	d.note(err, field)
	return read
}

func (d *decoder) amount(written graphql.Omittable[*scalar.WrittenUSD], field ...string) *cost.Pico {
	if written.Value() == nil {
		return nil
	}
	read, err := written.Value().Pico()
	d.note(err, field)
	return &read
}

// text accepts what the database can keep: valid UTF-8 without NUL, of at most so many characters.
func (d *decoder) text(text string, most int, field ...string) string {
	if !utf8.ValidString(text) || utf8.RuneCountInString(text) > most || containsNUL(text) {
		d.note(fault.New(fault.InvalidInput, "This text must be valid, without NUL, and have at most %d characters.", most),
			field)
	}
	return text
}

// key accepts an idempotency key: not empty, and printable, so that it can be found again in logs.
func (d *decoder) key(key *string) string {
	field := []string{"idempotencyKey"}
	d.blames(fault.IdempotencyMismatch, field...)
	if key == nil {
		return ""
	}
	characters := utf8.RuneCountInString(*key)
	if characters < 1 || characters > maxKeyCharacters || !isPrintable(*key) {
		d.note(fault.New(fault.InvalidInput,
			"An idempotency key has 1 to %d characters, none of them a control character.", maxKeyCharacters), field)
	}
	return *key
}

func (d *decoder) blames(kind fault.Kind, field ...string) {
	if d.blame == nil {
		d.blame = map[fault.Kind][]string{}
	}
	d.blame[kind] = field
}

func decodeCreate(input model.CreateWorkflowInput) (in decoded[engine.CreateInput]) {
	linkedIn := input.Company.LinkedinURL.Value()
	if linkedIn != nil { // "" would pass for one that was not given
		in.note(workflow.CheckURL(nil, *linkedIn), []string{"company", "linkedinUrl"})
	}
	in.value = engine.CreateInput{
		Name:           input.Name,
		Company:        workflow.Company{Name: input.Company.Name, URL: input.Company.URL, LinkedInURL: orEmpty(linkedIn)},
		Limit:          in.amount(input.SpendLimit, "spendLimit"),
		IdempotencyKey: in.key(input.IdempotencyKey.Value()),
	}
	return in
}

func decodeGenerate(input model.GenerateIcpInput) (in decoded[engine.GenerateICPInput]) {
	in.blames(fault.NotFound, "workflowId")
	in.blames(fault.StaleState, "workflowId")
	in.blames(fault.TerminalState, "workflowId")
	in.value = engine.GenerateICPInput{
		WorkflowID:     in.id(input.WorkflowID, publicid.Workflow, "workflowId"),
		IdempotencyKey: in.key(input.IdempotencyKey.Value()),
	}
	return in
}

func decodeTransition(input model.TransitionWorkflowInput) (in decoded[engine.TransitionInput]) {
	in.blames(fault.NotFound, "workflowId")
	in.blames(fault.StaleState, "from")
	in.blames(fault.TerminalState, "from")
	in.blames(fault.IllegalTransition, "to")
	in.value = engine.TransitionInput{
		WorkflowID:     in.id(input.WorkflowID, publicid.Workflow, "workflowId"),
		From:           input.From,
		To:             input.To,
		Version:        input.Version.Value(),
		Reason:         in.text(orEmpty(input.Reason.Value()), maxReasonCharacters, "reason"),
		IdempotencyKey: in.key(input.IdempotencyKey.Value()),
	}
	return in
}

func decodeCancel(input model.CancelWorkflowInput) (in decoded[engine.CancelInput]) {
	in.blames(fault.NotFound, "workflowId")
	in.blames(fault.StaleState, "workflowId")
	in.blames(fault.TerminalState, "workflowId")
	in.value = engine.CancelInput{
		WorkflowID:     in.id(input.WorkflowID, publicid.Workflow, "workflowId"),
		Reason:         in.text(orEmpty(input.Reason.Value()), maxReasonCharacters, "reason"),
		IdempotencyKey: in.key(input.IdempotencyKey.Value()),
	}
	return in
}

func decodeRenew(input model.RenewLeaseInput) (in decoded[engine.RenewLeaseInput]) {
	in.blames(fault.NotFound, "workflowId")
	in.blames(fault.StaleState, "token")
	in.blames(fault.TerminalState, "workflowId")
	in.value = engine.RenewLeaseInput{
		WorkflowID:     in.id(input.WorkflowID, publicid.Workflow, "workflowId"),
		Token:          input.Token,
		IdempotencyKey: in.key(input.IdempotencyKey.Value()),
	}
	return in
}

// orEmpty is how the engine takes text that may be absent.
func orEmpty(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

func containsNUL(text string) bool {
	for i := range len(text) {
		if text[i] == 0 {
			return true
		}
	}
	return false
}

func isPrintable(text string) bool {
	for _, r := range text {
		if unicode.IsControl(r) {
			return false
		}
	}
	return utf8.ValidString(text)
}
