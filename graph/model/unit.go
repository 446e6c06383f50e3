package model

import (
	"time"

	"github.com/infin8content/engine/internal/publicid"
	"github.com/infin8content/engine/internal/workflow"
)

// Unit is a unit of a step in an answer.
type Unit struct{ workflow.Unit }

// IsNode marks Unit as a Node.
func (Unit) IsNode() {}

// ID is the public id.
func (u Unit) ID() publicid.ID { return publicid.New(publicid.Unit, u.Unit.ID) }

// Attempt counts the attempts since the unit was planned or opened again.
func (u Unit) Attempt() int { return u.Tries }

// Since is the time of the last event.
func (u Unit) Since() time.Time { return u.ChangedAt }

// Failure is nil when the last attempt did not fail.
func (u Unit) Failure() *workflow.FailureCode { return given(u.Unit.Failure) }

// Message is nil without a failure.
func (u Unit) Message() *string { return given(u.FailureMessage) }

// NextRetryAt is nil when no attempt is planned.
func (u Unit) NextRetryAt() *time.Time { return u.RetryAt }

// Of is the number of all parts that are known now.
func (u Unit) Of() int { return u.Total }

// UnitEvent is an event of a unit in an answer.
type UnitEvent struct{ workflow.UnitEvent }

// Unit is the unit as the event left it.
func (e UnitEvent) Unit() *Unit { return &Unit{Unit: e.UnitEvent.Unit} }

// The lists of units.
type (
	UnitConnection = Connection[*Unit]
	UnitEdge       = Edge[*Unit]
)
