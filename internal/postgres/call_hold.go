package postgres

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/workflow"
)

// NewCall is a call to be reserved.
type NewCall struct {
	OrganizationID, ID, WorkflowID uuid.UUID
	Step                           workflow.StepKey
	RunToken                       *int
	Fence                          *int // the token of an external program's run
	Estimate                       cost.Estimate
	Hold                           cost.Pico
	At, CheckAt                    time.Time
	// Unit is the attempt at a unit that makes the call; nil when a run or an external program does.
	Unit *workflow.UnitAttempt
	// Visit and Part say which answer of a step the call is made for; nil and "" when it is made for none.
	Visit *int
	Part  string
	// ArticleID is the article whose budget the call is held on as well; nil for none.
	ArticleID *uuid.UUID

	Actor string
	// Key is claimed with the fingerprint of the request; "" when there is none.
	Key         string
	Fingerprint []byte
}

// CheckTexts returns INVALID_INPUT for texts that the database cannot keep.
func (c NewCall) CheckTexts() error {
	return checkText(append([]string{c.Actor, c.Key, c.Part, string(c.Step)}, c.Estimate.Models...)...)
}

// Reserved is the outcome of a reservation. Held is false when nothing was changed.
type Reserved struct {
	Call Call
	Flow workflow.Workflow // the workflow that pays, as it was locked
	Held bool
}

// ReserveCalls reserves calls by one statement, in their order. They may be of several organizations. A call is not
// held when its workflow is over or has left the run, when its month is not open, or when its key was used. The same
// holds when its amount does not fit below a limit, alone or with those of the calls before it: such a call may fit by
// itself. After an error no call is reserved, unless the connection broke. The error is ErrLocked when the statement
// has waited for a lock for the given time; 0 is no limit.
func (s *Store) ReserveCalls(ctx context.Context, calls []NewCall, wait time.Duration) ([]Reserved, error) {
	rows, organizations := make([]callHoldRow, len(calls)), make([]uuid.UUID, len(calls))
	for i, c := range calls {
		if err := c.CheckTexts(); err != nil {
			return nil, err
		}
		rows[i], organizations[i] = toCallHoldRow(i, c), c.OrganizationID
	}
	encoded, err := json.Marshal(rows)
	if err != nil {
		return nil, fmt.Errorf("encode calls: %w", err)
	}
	held, err := s.forBooker(organizations, wait).CallHoldCreate(ctx, dbsqlc.CallHoldCreateParams{
		Calls:    encoded,
		KeyClass: keyLock,
		Terminal: terminal(),
		Reserved: cost.CallReserved,
		Kind:     string(cost.EntryReserve),
	})
	if err != nil {
		return nil, translateBooking(err)
	}
	made := make([]Reserved, len(calls))
	for _, row := range held {
		c := calls[row.Number]
		made[row.Number] = Reserved{
			Call: reservedCall(c, row.MonthID),
			Flow: payer(row),
			Held: true,
		}
		s.note(ledgerChange(c.OrganizationID, c.WorkflowID, row.Sequence, CommittedEntry{
			Kind: cost.EntryReserve, Delta: cost.Delta{Held: c.Hold},
		}))
	}
	return made, nil
}

func payer(row dbsqlc.CallHoldCreateRow) workflow.Workflow {
	return toWorkflow(dbsqlc.IntentWorkflow{
		OrganizationID: row.OrganizationID,
		ID:             row.ID,
		Name:           row.Name,
		CompanyName:    row.CompanyName,
		CompanyUrl:     row.CompanyUrl,
		LinkedinUrl:    row.LinkedinUrl,
		GraphVersion:   row.GraphVersion,
		Version:        row.Version,
		State:          row.State,
		CreatedBy:      row.CreatedBy,
		CreatedAt:      row.CreatedAt,
		UpdatedAt:      row.UpdatedAt,
	})
}

// callHoldRow is a call as CallHoldCreate reads it.
type callHoldRow struct {
	Number              int              `json:"number"`
	OrganizationID      uuid.UUID        `json:"organization_id"`
	ID                  uuid.UUID        `json:"id"`
	WorkflowID          uuid.UUID        `json:"workflow_id"`
	Step                workflow.StepKey `json:"step"`
	RunToken            *int             `json:"run_token"`
	Fence               *int             `json:"fence"`
	UnitID              *uuid.UUID       `json:"unit_id"`
	UnitAttempt         *int             `json:"unit_attempt"`
	ArticleID           *uuid.UUID       `json:"article_id"`
	Visit               *int             `json:"visit"`
	PartKey             *string          `json:"part_key"`
	Models              []string         `json:"models"`
	PromptBytes         int64            `json:"prompt_bytes"`
	MaxCompletionTokens int64            `json:"max_completion_tokens"`
	WebSearches         int64            `json:"web_searches"`
	Items               *int64           `json:"items"` // nil for none
	HoldPico            int64            `json:"hold_pico"`
	Actor               string           `json:"actor"`
	Key                 *string          `json:"key"`
	Fingerprint         *bytea           `json:"fingerprint"`
	At                  time.Time        `json:"at"`
	CheckAt             time.Time        `json:"check_at"`
}

// bytea is written into JSON in PostgreSQL's text format.
type bytea []byte

// MarshalText implements encoding.TextMarshaler.
func (b bytea) MarshalText() ([]byte, error) { return hex.AppendEncode([]byte(`\x`), b), nil }

// checkText refuses what PostgreSQL refuses as text. JSON would have other characters in the place of some.
func checkText(texts ...string) error {
	for _, t := range texts {
		if !utf8.ValidString(t) || strings.ContainsRune(t, 0) {
			return faults[text]
		}
	}
	return nil
}

// digest returns the fingerprint of a request with a key, and nil without one.
func digest(key string, fingerprint []byte) *bytea {
	if key == "" {
		return nil
	}
	return (*bytea)(&fingerprint)
}

func toCallHoldRow(number int, c NewCall) callHoldRow {
	unit := unitOf(workflow.Run{Unit: c.Unit})
	row := callHoldRow{
		Number:              number,
		OrganizationID:      c.OrganizationID,
		ID:                  c.ID,
		WorkflowID:          c.WorkflowID,
		Step:                c.Step,
		RunToken:            c.RunToken,
		Fence:               c.Fence,
		UnitID:              unit.id,
		UnitAttempt:         unit.attempt,
		ArticleID:           c.ArticleID,
		Visit:               c.Visit,
		PartKey:             pointer(c.Part),
		Models:              c.Estimate.Models,
		PromptBytes:         c.Estimate.PromptBytes,
		MaxCompletionTokens: c.Estimate.MaxCompletionTokens,
		WebSearches:         c.Estimate.WebSearches,
		Items:               pointer(c.Estimate.Items),
		HoldPico:            int64(c.Hold),
		Actor:               c.Actor,
		Key:                 pointer(c.Key),
		Fingerprint:         digest(c.Key, c.Fingerprint),
		At:                  c.At,
		CheckAt:             c.CheckAt,
	}
	if row.Models == nil {
		row.Models = []string{}
	}
	return row
}

// reservedCall returns a call as it was written.
func reservedCall(c NewCall, month uuid.UUID) Call {
	return Call{
		Call: cost.Call{
			OrganizationID:      c.OrganizationID,
			ID:                  c.ID,
			WorkflowID:          c.WorkflowID,
			ArticleID:           c.ArticleID,
			Step:                string(c.Step),
			Models:              c.Estimate.Models,
			State:               cost.CallReserved,
			Hold:                c.Hold,
			Actor:               c.Actor,
			PromptBytes:         c.Estimate.PromptBytes,
			MaxCompletionTokens: c.Estimate.MaxCompletionTokens,
			MaxItems:            c.Estimate.Items,
			ReservedAt:          c.At.UTC(),
		},
		MonthID:     month,
		RunToken:    c.RunToken,
		Unit:        c.Unit,
		WebSearches: c.Estimate.WebSearches,
	}
}
