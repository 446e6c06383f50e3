package simulation_test

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/workflow"
)

const (
	readDecisions = `SELECT d.* FROM gate_decisions AS d WHERE d.organization_id = $1 ORDER BY d.workflow_id, d.version`
	readSettings  = `SELECT s.* FROM gate_settings AS s WHERE s.organization_id = $1 ORDER BY s.version DESC LIMIT 1`
)

// edge is a move of a workflow.
type edge struct{ from, to workflow.State }

// gatedEdges are the edges that a decision opens by the contract.
var gatedEdges = map[edge]workflow.Gate{
	{workflow.SeedReviewPending, workflow.SeedReviewCompleted}: workflow.GateSeeds,
	{workflow.ValidationCompleted, workflow.ArticlePending}:    workflow.GatePlan,
	{workflow.ArticleCompleted, workflow.PublishPending}:       workflow.GatePublish,
}

// versionOf names a transition.
type versionOf struct {
	flow    uuid.UUID
	version int
}

// gate checks that an approval and its transition are one: neither is there without the other while the gate is not
// off, by the settings in force and by a second person where they ask for one.
func (u *units) gate(
	m dbsqlc.WorkflowTransition, decisions map[versionOf]dbsqlc.GateDecision, settings []dbsqlc.GateSetting,
) {
	if m.FromState == nil {
		return
	}
	gate, gated := gatedEdges[edge{*m.FromState, m.ToState}]
	gated = gated && m.Kind == workflow.Advance
	d, decided := decisions[versionOf{m.WorkflowID, m.Version}]
	fail := func(format string, args ...any) {
		u.w.failf("transition %d of workflow %s by %s at a gate: %s", m.Version, m.WorkflowID, m.Actor,
			fmt.Sprintf(format, args...))
	}
	mode, fourEyes, version := workflow.GateOff, false, -1
	if len(settings) > 0 {
		now := settings[0]
		fourEyes, version = now.FourEyes, now.Version
		mode = map[workflow.Gate]workflow.GateMode{
			workflow.GateSeeds: now.Seeds, workflow.GatePlan: now.Plan, workflow.GatePublish: now.Publish,
		}[gate]
	}
	approved := decided && d.Verdict == workflow.GateApproved
	switch {
	case gated && mode != workflow.GateOff && !approved:
		fail("the gate %s is %s, and there is no approval", gate, mode)
	case approved && (!gated || d.Gate != gate):
		fail("an approval at %s belongs to it", d.Gate)
	case !decided:
		return
	case d.DecidedBy != m.Actor:
		fail("%s has decided", d.DecidedBy)
	case u.refused[m.Actor]:
		fail("the decision was refused")
	case fourEyes != d.FourEyes || (d.SettingsVersion == nil) != (version < 0) ||
		d.SettingsVersion != nil && *d.SettingsVersion != version:
		fail("it is decided by the settings %v (four eyes: %t), in force are %d", d.SettingsVersion, d.FourEyes, version)
	case approved && fourEyes && d.PreparedBy == d.DecidedBy:
		fail("one person has prepared and approved")
	}
	u.decided[m.Actor] = m.Version
	u.w.saw("a decision at the gate " + string(d.Gate) + ": " + string(d.Verdict))
}
