package e2e

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// fixture is an organization with at least one object of each kind, and the ids of another organization.
type fixture struct {
	world
	client client
	// A workflow in CREATED with a name, one in ICP_COMPLETED, and one in a terminal state.
	fresh, done, over workflow.Workflow
	// A workflow whose competitor analysis has failed, and one in seed review.
	failed workflow.Workflow
	// A workflow whose CLUSTERING the caller drives.
	running workflow.Workflow
	review  testdb.Reviewed
	// A workflow with an article plan without a decision. clustered has a keyword that fits no topic.
	plan      testdb.Planned
	clustered testdb.Clustered
	// Calls of fresh: one is held, one is settled. key is the idempotency key of the first.
	held, settled, key string
	// Prices that went into quarantine: one is still pending, one is accepted, one is rejected.
	pending, accepted, rejected string
	// An API key and its name.
	apiKey, keyName string
	// Articles and what they are published to; nil without write.
	press *press
	// other is the fixture of another organization, or nil.
	other *fixture
}

func newFixture(t *testing.T, w world, address string) fixture {
	t.Helper()
	w.who = testdb.Caller(t, w.db)
	f := fixture{world: w, client: client{address, token(t, w.who)}, key: "used"}
	f.fresh = testdb.Workflow(t, w.db, w.who, testdb.WorkflowOpts{})
	f.done = testdb.Workflow(t, w.db, w.who, testdb.WorkflowOpts{State: workflow.ICPCompleted})
	f.over = testdb.Workflow(t, w.db, w.who, testdb.WorkflowOpts{State: workflow.Cancelled})
	f.failed = testdb.Workflow(t, w.db, w.who, testdb.WorkflowOpts{State: workflow.CompetitorFailed})
	f.review = testdb.Review(t, w.db, w.who)
	selected := testdb.Review(t, w.db, w.who)
	selected.Flow = testdb.Move(t, w.db.Store(), w.who, selected.Flow, workflow.SeedReviewCompleted)
	f.clustered = testdb.Cluster(t, w.db, w.who, selected)
	f.plan = testdb.Plan(t, w.db, w.who, f.clustered)
	f.running = testdb.Workflow(t, w.db, w.who, testdb.WorkflowOpts{State: workflow.ClusteringPending})
	f.running.Version = f.client.do(t, "transitionWorkflow", map[string]any{
		"workflowId": wf(f.running), "from": "CLUSTERING_PENDING", "to": "CLUSTERING_PROCESSING",
	}).Workflow.Version
	f.held = f.client.do(t, "reserveUsage", f.good("reserveUsage", map[string]any{"idempotencyKey": f.key})).Call.ID
	f.settled = f.client.do(t, "reserveUsage", f.good("reserveUsage", nil)).Call.ID
	f.client.do(t, "settleUsage", f.good("settleUsage", map[string]any{"callId": f.settled}))
	doubted := f.client.do(t, "importPrices", f.good("importPrices", map[string]any{"prices": []any{
		price("perplexity/sonar", "PROMPT", "0.0000001"), price("perplexity/sonar", "COMPLETION", "0.0000001"),
		price("openai/gpt-4o-mini", "PROMPT", "0.00000001"),
	}})).Changes
	f.pending, f.accepted, f.rejected = doubted[0].ProposalID, doubted[1].ProposalID, doubted[2].ProposalID
	f.client.do(t, "acceptPrice", f.good("acceptPrice", map[string]any{"proposalId": f.accepted}))
	f.client.do(t, "rejectPrice", f.good("rejectPrice", map[string]any{"proposalId": f.rejected}))
	f.keyName = "Of " + f.who.OrganizationID.String()
	f.apiKey = f.client.do(t, "createApiKey", f.good("createApiKey", map[string]any{"name": f.keyName})).APIKey.ID
	return f
}

func kw(k content.SeedKeyword) string { return "kw_" + k.ID.String() }

func wf(flow workflow.Workflow) string { return "wf_" + flow.ID.String() }

// good returns a valid input with changes. A dot in a name leads into an object, and nil removes a field.
func (f fixture) good(mutation string, changes map[string]any) map[string]any {
	input := map[string]map[string]any{
		"createWorkflow": {
			"name": "New " + uuid.NewString(), "spendLimit": "1",
			"company": map[string]any{"name": "Example", "url": "https://example.com"},
		},
		"generateIcp":        {"workflowId": wf(f.fresh)},
		"transitionWorkflow": {"workflowId": wf(f.fresh), "from": "CREATED", "to": "ICP_PENDING"},
		"cancelWorkflow":     {"workflowId": wf(f.fresh)},
		"startStep":          {"workflowId": wf(f.fresh)},
		"retryStep":          {"workflowId": wf(f.failed)},
		"setCompetitors":     {"workflowId": wf(f.fresh), "urls": []string{"a.example"}},
		"addKeywords":        {"workflowId": wf(f.review.Flow), "texts": []string{"crm"}},
		"decideKeywords": {
			"workflowId": wf(f.review.Flow), "ids": []string{kw(f.review.Keywords[2])}, "choice": "SELECTED",
		},
		"approveSeeds": {
			"workflowId": wf(f.review.Flow), "expectedVersion": f.review.Flow.Version, "selectionDigest": f.digest(),
		},
		"rejectSeeds": {"workflowId": wf(f.review.Flow), "resetTo": "COMPETITOR", "feedback": "More."},
		"decideArticlePlans": {
			"workflowId": wf(f.plan.Flow), "items": []any{map[string]any{"articleId": f.article(), "choice": "APPROVED"}},
		},
		"approveArticlePlan": {
			"workflowId": wf(f.plan.Flow), "expectedVersion": f.plan.Flow.Version, "digest": f.planDigest(),
		},
		"rejectArticlePlan": {"workflowId": wf(f.plan.Flow), "resetTo": "CLUSTERING", "feedback": "More."},
		"attachKeyword":     {"workflowId": wf(f.plan.Flow), "topicKeywordId": f.loose()},
		"retryCompetitors":  {"workflowId": wf(f.review.Flow)},
		"setMarket":         {"languageCode": "de"},
		"setBrand":          {"tone": "plain"},
		"setGates":          {"seeds": "HUMAN"},
		"renewLease":        {"workflowId": wf(f.fresh), "token": 1},
		"claimWork":         {"steps": []string{"PUBLISH"}},
		"completeStep": {
			"workflowId": wf(f.running), "token": f.running.Version,
			"result": map[string]any{"object": map[string]any{"a": 1}},
		},
		"failStep":        {"workflowId": wf(f.running), "token": f.running.Version, "failureCode": "TIMEOUT"},
		"setOutsideSteps": {"steps": []string{"ARTICLE"}},
		"reserveUsage":    {"workflowId": wf(f.fresh), "amount": "0.03", "idempotencyKey": uuid.NewString()},
		"settleUsage": {
			"callId": f.held, "model": "perplexity/sonar", "promptTokens": 1, "completionTokens": 1, "cost": "0.01",
		},
		"releaseUsage": {"callId": f.held, "reason": "never sent"},
		"recordUsage": {
			"workflowId": wf(f.fresh), "model": "perplexity/sonar", "promptTokens": 1, "completionTokens": 1, "cost": "0.01",
			"idempotencyKey": uuid.NewString(),
		},
		"adjustUsage": {
			"entryId": f.entry(3), "cost": "0.02", "reason": "the invoice", "idempotencyKey": uuid.NewString(),
		},
		"setWorkflowLimit": {"workflowId": wf(f.fresh), "limit": "2", "idempotencyKey": uuid.NewString()},
		"markAlertsRead":   {"until": fromNow(0)},
		"cancelWorkflows":  {"workflowIds": []string{wf(f.fresh)}},
		"retryWorkflows":   {"workflowIds": []string{wf(f.failed)}},
		"startSteps":       {"workflowIds": []string{wf(f.fresh)}},
		"setWorkflowLimits": {
			"workflowIds": []string{wf(f.fresh)}, "limit": "2",
		},
		"setMonthlyLimit": {"limit": "30", "idempotencyKey": uuid.NewString()},
		"setTimeZone":     {"timeZone": "Europe/Berlin"},

		"setOrganizationName": {"name": "Okapi"},
		"startVerification":   {},
		"setAlertWebhook":     {"url": "https://example.com/alerts", "idempotencyKey": uuid.NewString()},
		"testAlertWebhook":    {},
		"importPrices": {
			"source": "the contract", "apply": true, "prices": []any{price("acme/model", "PROMPT", "0.000001")},
		},
		"acceptPrice":  {"proposalId": f.pending, "reason": "Signed."},
		"rejectPrice":  {"proposalId": f.pending, "reason": "A slip."},
		"createApiKey": {"name": "New " + uuid.NewString(), "role": "VIEWER", "expiresAt": fromNow(time.Hour)},
		"revokeApiKey": {"keyId": f.apiKey},
	}[mutation]
	if input == nil {
		input = f.goodArticle(mutation)
	}
	for _, path := range slices.Sorted(maps.Keys(changes)) {
		object, field := input, path
		if outer, inner, nested := strings.Cut(path, "."); nested {
			object, field = input[outer].(map[string]any), inner
		}
		value := changes[path]
		if compute, is := value.(func(fixture) any); is {
			value = compute(f)
		}
		if object[field] = value; value == nil {
			delete(object, field)
		}
	}
	return input
}

func TestMutationInput_IsRefusedByFieldAndWritesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := start(t, append(w.environment(), "WEBHOOK_SECRET="+authSecret, "SECRETS_KEY="+authSecret), "serve",
		"--listen=127.0.0.1:0", "--connections=12", "--workers=false").listens(t)
	other := newFixture(t, w, server.address)
	other.write(t)
	rows := map[string][]badInput{}
	for _, row := range badInputs() {
		rows[row.mutation] = append(rows[row.mutation], row)
	}
	for mutation := range rows {
		t.Run(mutation, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, w, server.address)
			f.other = &other
			if ofArticles[mutation] {
				f.write(t)
			}
			before := f.contents(t, f.who.OrganizationID)
			for _, row := range rows[mutation] {
				f.isRefused(t, row)
				after := f.contents(t, f.who.OrganizationID)
				if diff := cmp.Diff(before, after); diff != "" {
					t.Errorf("%s: something was written (-before +after):\n%s", row.name, diff)
				}
				before = after
			}
		})
	}
}

// isRefused sends a bad input and compares the refusal.
func (f fixture) isRefused(t *testing.T, row badInput) {
	t.Helper()
	got, err := f.client.try(t.Context(), row.mutation, f.good(row.mutation, row.changes))
	if err != nil {
		t.Errorf("%s: %v", row.name, err)
		return
	}
	nothing := payload{UserErrors: got.UserErrors, Changes: got.Changes}
	if len(got.UserErrors) != 1 || len(got.Changes) > 0 || !reflect.DeepEqual(got, nothing) {
		t.Errorf("%s: got %+v, want one user error and nothing else", row.name, got)
		return
	}
	said := got.UserErrors[0]
	if said.Code != row.code || strings.Join(said.Field, ".") != row.field || said.Message == "" {
		t.Errorf("%s: got %s %v (%s), want %s %s", row.name, said.Code, said.Field, said.Message, row.code, row.field)
	}
	if want := types[row.code]; said.Typename != want {
		t.Errorf("%s: got the type %s, want %s", row.name, said.Typename, want)
	}
	f.carries(t, said)
}

// types are the members of UserError by code.
var types = map[string]string{
	"INVALID_INPUT": "InvalidInput", "LOST_RUN": "LostRun", "NOT_FOUND": "NotFound", "CONFLICT": "Conflict",
	"STALE_STATE":        "StaleState",
	"ILLEGAL_TRANSITION": "IllegalTransition", "TERMINAL_STATE": "TerminalState", "DUPLICATE_NAME": "DuplicateName",
	"IDEMPOTENCY_MISMATCH": "IdempotencyMismatch", "BUDGET_EXHAUSTED": "BudgetRefused", "BUDGET_HELD": "BudgetRefused",
	"PRICE_UNKNOWN": "PriceUnknown",
	"GATE_CLOSED":   "Conflict", "SELECTION_TOO_SMALL": "Conflict", "SELECTION_TOO_LARGE": "Conflict",
	"NOTHING_APPROVED": "Conflict", "TARGET_UNUSABLE": "Conflict", "REVISION_CONFLICT": "RevisionConflict",
}

// carries compares the fields of a user error with the database.
func (f fixture) carries(t *testing.T, p problem) {
	t.Helper()
	switch p.Code {
	case "STALE_STATE":
		flows := []string{wf(f.fresh), wf(f.done), wf(f.failed), wf(f.review.Flow), wf(f.plan.Flow)}
		if f.press != nil {
			flows = append(flows, wf(f.press.writing.Flow), wf(f.press.ready.Flow), wf(f.press.published.Flow))
		}
		if p.Current == nil || !slices.Contains(flows, p.Current.ID) {
			t.Errorf("current: got %+v, want the workflow", p.Current)
		}
	case "TERMINAL_STATE":
		if p.Ended == nil || p.Ended.ID != wf(f.over) || p.Ended.State != "CANCELLED" {
			t.Errorf("current: got %+v, want the workflow in its terminal state", p.Ended)
		}
	case "DUPLICATE_NAME":
		if p.Existing == nil || p.Existing.ID != wf(f.fresh) {
			t.Errorf("existing: got %+v, want the workflow that has the name", p.Existing)
		}
	case "PRICE_UNKNOWN":
		if p.Model != "acme/unheard-of" {
			t.Errorf("model: got %q", p.Model)
		}
	case "BUDGET_HELD", "BUDGET_EXHAUSTED":
		if p.Limit != "1" || p.Settled != "0.01" || p.Held != "0.03" || p.Account != "WORKFLOW" ||
			p.Retryable != (p.Code == "BUDGET_HELD") {
			t.Errorf("balance: got %+v", p)
		}
	}
}

// A value at its limit is accepted.
func TestMutationInput_AtItsLimitIsAccepted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := start(t, append(w.environment(), "SECRETS_KEY="+authSecret), "serve", "--listen=127.0.0.1:0",
		"--connections=12", "--workers=false").listens(t)
	f := newFixture(t, w, server.address)
	f.write(t)
	longURL := "https://example.com/" + strings.Repeat("a", workflow.MaxURLBytes-len("https://example.com/"))
	for _, row := range []struct {
		mutation string
		changes  map[string]any
	}{
		{"createWorkflow", map[string]any{"name": "a"}},
		{"createWorkflow", map[string]any{"name": " " + strings.Repeat("🦊", 200) + " "}},
		{"createWorkflow", map[string]any{"company.url": longURL, "company.linkedinUrl": longURL}},
		{"createWorkflow", map[string]any{"spendLimit": "0"}},
		{"createWorkflow", map[string]any{"spendLimit": "0.000000000001"}},
		{"createWorkflow", map[string]any{"spendLimit": "9223372.036854775806"}},
		{"createWorkflow", map[string]any{"idempotencyKey": strings.Repeat("🔑", 255)}},
		{"reserveUsage", map[string]any{"amount": "0.000000000001"}},
		{"reserveUsage", map[string]any{"amount": "0"}},
		{"reserveUsage", map[string]any{"amount": "0.959999999999"}},
		{"cancelWorkflow", map[string]any{"reason": strings.Repeat("🦊", 2000)}},
		{"addKeywords", map[string]any{"texts": keywordTexts(100)}},
		{"addKeywords", map[string]any{"texts": []string{strings.Repeat("🦊a", 100)}}},
		{"rejectSeeds", map[string]any{"feedback": strings.Repeat("🦊", 2000)}},
		{"decideArticlePlans", map[string]any{"items": nil, "where": map[string]any{}, "choice": "APPROVED"}},
		{"rejectArticlePlan", map[string]any{"feedback": strings.Repeat("🦊", 2000)}},
	} {
		f.client.do(t, row.mutation, f.good(row.mutation, row.changes))
	}
	for _, row := range goodArticles() {
		f.client.do(t, row.mutation, f.good(row.mutation, row.changes))
	}
	f.verify(t)
}

func TestMutationInput_KeepsTextByteForByte(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client(t, w.serve(t, "--workers=false"), w.who)
	const address = "https://例え.jp/パス?q=🦊"
	for _, text := range []string{
		"株式会社ロボット", "Ünïcödé", "\u00e9 is composed", "👩🏽‍🚀 family 👨‍👩‍👧‍👦",
		"𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𠜎", "مرحبا بالعالم", "עברית RTL", "ไทย",
		`"quotes" \back\ <tag> & 'apostrophe'; DROP TABLE --`, "%_ like",
	} {
		made := c.do(t, "createWorkflow", map[string]any{
			"name": text, "company": map[string]any{"name": text, "url": address},
			"idempotencyKey": text,
		})
		moved := c.do(t, "cancelWorkflow", map[string]any{"workflowId": made.Workflow.ID, "reason": text})
		flow := moved.Workflow
		kept := []string{flow.Name, flow.Company.Name, moved.Transition.Reason, flow.Company.URL}
		if diff := cmp.Diff([]string{text, text, text, address}, kept); diff != "" {
			t.Errorf("stored text (-want +got):\n%s", diff)
		}
		var data struct {
			Workflows struct{ Nodes []seenWorkflow }
		}
		c.ask(t, `query ($text: String) { workflows(filter: {nameContains: $text}) { nodes { name } } }`,
			map[string]any{"text": text}, &data)
		if len(data.Workflows.Nodes) != 1 || data.Workflows.Nodes[0].Name != text {
			t.Errorf("found by %q: got %+v, want one", text, data.Workflows.Nodes)
		}
	}
	w.verify(t)
}

func TestMutation_NeedsTheRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := newFixture(t, w, w.serve(t, "--workers=false").address)
	f.write(t)
	before := f.contents(t, f.who.OrganizationID)
	for mutation := range selections {
		needed := map[string]caller.Permission{
			"createWorkflow": caller.Operate, "generateIcp": caller.Operate, "cancelWorkflow": caller.Operate,
			"cancelWorkflows": caller.Operate, "retryWorkflows": caller.Operate, "startSteps": caller.Operate,
			"setWorkflowLimits": caller.Limits, "markAlertsRead": caller.Alerts,
			"startStep": caller.Operate, "retryStep": caller.Operate, "setCompetitors": caller.Operate,
			"addKeywords": caller.Operate, "decideKeywords": caller.Operate, "approveSeeds": caller.Operate,
			"rejectSeeds": caller.Operate, "setGates": caller.Settings,
			"decideArticlePlans": caller.Operate, "approveArticlePlan": caller.Operate,
			"rejectArticlePlan": caller.Operate, "attachKeyword": caller.Operate,
			"transitionWorkflow": caller.Drive, "renewLease": caller.Drive, "claimWork": caller.Drive,
			"completeStep": caller.Drive, "failStep": caller.Drive, "setOutsideSteps": caller.Settings,
			"updateArticle": caller.Operate, "retryArticle": caller.Operate, "skipArticle": caller.Operate,
			"regenerateSection": caller.Operate, "decideArticles": caller.Operate, "approvePublishing": caller.Operate,
			"rejectPublishing": caller.Operate, "decidePublication": caller.Operate,
			"createPublishTarget": caller.Settings, "testPublishTarget": caller.Settings,
			"setPublishTargetSecret": caller.Settings, "retirePublishTarget": caller.Settings,
			"retryCompetitors": caller.Operate, "setMarket": caller.Settings, "setBrand": caller.Settings,
			"reserveUsage": caller.Spend, "settleUsage": caller.Spend, "releaseUsage": caller.Spend,
			"recordUsage": caller.Book, "adjustUsage": caller.Book,
			"setWorkflowLimit": caller.Limits, "setMonthlyLimit": caller.Limits,
			"importPrices": caller.Prices, "acceptPrice": caller.Prices, "rejectPrice": caller.Prices,
			"createApiKey": caller.Keys, "revokeApiKey": caller.Keys,
			"startVerification": caller.Verify,
			"setTimeZone":       caller.Settings, "setAlertWebhook": caller.Settings,
			"testAlertWebhook": caller.Settings, "setOrganizationName": caller.Settings,
		}[mutation]
		if needed == "" {
			t.Errorf("%s needs which permission? Add it.", mutation)
		}
		for _, role := range caller.Roles() {
			if role.Has(needed) {
				continue
			}
			who := f.who
			who.Role = role
			got, err := client{f.client.address, token(t, who)}.send(t.Context(), mutation, f.good(mutation, nil))
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Errors) != 1 || got.Errors[0].Extensions.Code != "FORBIDDEN" || got.Errors[0].Extensions.RequestID == "" {
				t.Errorf("%s as %s: got %s, want FORBIDDEN", mutation, role, got.Body)
			}
		}
	}
	if diff := cmp.Diff(before, f.contents(t, f.who.OrganizationID)); diff != "" {
		t.Errorf("something was written (-before +after):\n%s", diff)
	}
}
