package workflow

// Gate is an edge of the graph that only a decision opens, unless the organization has switched the gate off.
type Gate string

// The gates.
const (
	GateSeeds   Gate = "SEEDS"   // which keywords articles are planned for
	GatePlan    Gate = "PLAN"    // which articles are written
	GatePublish Gate = "PUBLISH" // which articles are published
)

// GateMode says who decides at a gate.
type GateMode string

// The gate modes.
const (
	GateHuman GateMode = "HUMAN" // a person
	GateAuto  GateMode = "AUTO"  // the engine's own client, with the name autopilot
	GateOff   GateMode = "OFF"   // the edge needs no decision
)

// Valid reports whether m is one of the modes.
func (m GateMode) Valid() bool { return m == GateHuman || m == GateAuto || m == GateOff }

// GateVerdict is how a decision at a gate ended.
type GateVerdict string

// The verdicts.
const (
	GateApproved GateVerdict = "APPROVED" // the workflow goes on
	GateRejected GateVerdict = "REJECTED" // the workflow goes back to an earlier step
)

// gateEdges are the edges that the gates guard.
var gateEdges = map[Gate]struct{ from, to State }{
	GateSeeds:   {SeedReviewPending, SeedReviewCompleted},
	GatePlan:    {ValidationCompleted, ArticlePending},
	GatePublish: {ArticleCompleted, PublishPending},
}

// Gates returns the gates in the order of a workflow's life. The slice is the caller's.
func Gates() []Gate { return []Gate{GateSeeds, GatePlan, GatePublish} }

// Edge returns the edge that the gate guards.
func (g Gate) Edge() (from, to State) {
	edge := gateEdges[g]
	return edge.from, edge.to
}

// GateOf returns the gate that guards an edge, and false when none does.
func GateOf(from, to State) (Gate, bool) {
	for _, gate := range Gates() {
		if edge := gateEdges[gate]; edge.from == from && edge.to == to {
			return gate, true
		}
	}
	return "", false
}
