package postgres

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/workflow"
)

// Part is one answer that a visit of a step keeps.
type Part struct {
	Key     string
	Content []byte // JSON
	// CallID is the call that paid for the answer; nil for a free one.
	CallID          *uuid.UUID
	Provider, Model string
	CreatedAt       time.Time
}

// KeepPart keeps an answer, if the run still holds the workflow, and its unit if it has one. kept is false when the run
// is lost, or when the visit has a part of that key.
func (s *Store) KeepPart(
	ctx context.Context, who caller.Caller, run workflow.Run, visit int, part Part,
) (kept bool, err error) {
	step, _ := workflow.StepOf(run.Step)
	states := []workflow.State{step.Processing}
	if run.Unit != nil { // A unit may be opened again after its step.
		states = append(states, step.Completed)
	}
	row, err := s.forTenant(who.OrganizationID).StepPartInsert(ctx, dbsqlc.StepPartInsertParams{
		OrganizationID: who.OrganizationID,
		WorkflowID:     run.WorkflowID,
		Token:          run.Token,
		States:         texts(states),
		UnitID:         unitOf(run).id,
		UnitAttempt:    unitOf(run).attempt,
		Visit:          visit,
		Step:           run.Step,
		PartKey:        part.Key,
		Content:        part.Content,
		CallID:         part.CallID,
		Provider:       part.Provider,
		Model:          part.Model,
		At:             part.CreatedAt,
	})
	_, kept, err = one(row, err, toPart)
	return kept, err
}

// optionalUnit is an attempt at a unit as parameters.
type optionalUnit struct {
	id      *uuid.UUID
	attempt *int
}

func unitOf(run workflow.Run) optionalUnit {
	if run.Unit == nil {
		return optionalUnit{}
	}
	return optionalUnit{id: &run.Unit.ID, attempt: &run.Unit.Attempt}
}

// Inheritance says whose answers a visit begins with.
type Inheritance struct {
	WorkflowID uuid.UUID
	From, To   int // visits of the same step
	At         time.Time
}

// InheritParts copies the answers of one visit to another. A copy names no call, because a call pays for one answer.
func (s *Store) InheritParts(ctx context.Context, who caller.Caller, in Inheritance) error {
	_, err := s.forTenant(who.OrganizationID).StepPartCopy(ctx, dbsqlc.StepPartCopyParams{
		OrganizationID: who.OrganizationID,
		WorkflowID:     in.WorkflowID,
		FromVisit:      in.From,
		ToVisit:        in.To,
		At:             in.At,
	})
	return translate(err)
}

// Parts returns the answers that a visit has, by their keys.
func (s *Store) Parts(
	ctx context.Context, who caller.Caller, flow uuid.UUID, visit int,
) (map[string]Part, error) {
	rows, err := s.forTenant(who.OrganizationID).StepPartListByVisit(ctx, dbsqlc.StepPartListByVisitParams{
		OrganizationID: who.OrganizationID,
		WorkflowID:     flow,
		Visit:          visit,
	})
	if err != nil {
		return nil, translate(err)
	}
	parts := map[string]Part{}
	for _, row := range rows {
		parts[row.PartKey] = toPart(row)
	}
	return parts, nil
}

// PartsOf returns the answers of a visit whose key has a subject after its kind, by their keys.
func (s *Store) PartsOf(
	ctx context.Context, who caller.Caller, subject PartsSubject,
) (map[string]Part, error) {
	rows, err := s.forTenant(who.OrganizationID).StepPartListBySubject(ctx, dbsqlc.StepPartListBySubjectParams{
		OrganizationID: who.OrganizationID,
		WorkflowID:     subject.WorkflowID,
		Visit:          subject.Visit,
		Subject:        subject.Subject,
	})
	if err != nil {
		return nil, translate(err)
	}
	parts := map[string]Part{}
	for _, row := range rows {
		parts[row.PartKey] = toPart(row)
	}
	return parts, nil
}

// SubjectPart is an answer without its content. Kind is the first word of its key.
type SubjectPart struct {
	Kind            string
	CallID          *uuid.UUID // nil for a free answer
	Provider, Model string
	Cost            *cost.Pico // nil for a free answer, and while it is not known
	CreatedAt       time.Time
}

// PartsOfSubjects returns the answers of each subject, the oldest first, by the subjects.
func (s *Store) PartsOfSubjects(
	ctx context.Context, who caller.Caller, subjects []PartsSubject,
) (map[string][]SubjectPart, error) {
	in := dbsqlc.StepPartListBySubjectsParams{OrganizationID: who.OrganizationID}
	for _, subject := range subjects {
		in.WorkflowIds, in.Visits = append(in.WorkflowIds, subject.WorkflowID), append(in.Visits, subject.Visit)
		in.Subjects = append(in.Subjects, subject.Subject)
	}
	rows, err := s.forTenant(who.OrganizationID).StepPartListBySubjects(ctx, in)
	if err != nil {
		return nil, translate(err)
	}
	parts := map[string][]SubjectPart{}
	for _, r := range rows {
		kind, _, _ := strings.Cut(r.PartKey, "/")
		parts[r.Subject] = append(parts[r.Subject], SubjectPart{
			Kind:      kind,
			CallID:    r.CallID,
			Provider:  r.Provider,
			Model:     r.Model,
			Cost:      r.CostPico,
			CreatedAt: r.CreatedAt.UTC(),
		})
	}
	return parts, nil
}

// PartsSubject names the answers of one subject of a visit.
type PartsSubject struct {
	WorkflowID uuid.UUID
	Visit      int
	Subject    string
}

func toPart(r dbsqlc.StepPart) Part {
	return Part{
		Key:       r.PartKey,
		Content:   r.Content,
		CallID:    r.CallID,
		Provider:  r.Provider,
		Model:     r.Model,
		CreatedAt: r.CreatedAt.UTC(),
	}
}

func toUnitAttempt(id *uuid.UUID, attempt *int) *workflow.UnitAttempt {
	if id == nil {
		return nil
	}
	return &workflow.UnitAttempt{ID: *id, Attempt: value(attempt)}
}

// runToken returns the token under which a run makes calls; nil for an attempt at a unit, which has its own fence.
func runToken(run workflow.Run) *int {
	if run.Unit != nil {
		return nil
	}
	return &run.Token
}
