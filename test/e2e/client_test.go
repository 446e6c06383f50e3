package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"
)

// client sends GraphQL to one server as one caller.
type client struct{ address, token string }

// browser keeps the connections of many callers open. The default client keeps two per server.
var browser = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}

// answer is an HTTP response with its GraphQL answer.
type answer struct {
	Status int
	Header http.Header
	Body   string
	Data   json.RawMessage
	Errors []struct {
		Message    string
		Extensions struct {
			Code, RequestID string
			Field           []string
		}
	}
}

// post sends one operation.
func (c client) post(ctx context.Context, query string, variables map[string]any) (a answer, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return a, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.address+"/graphql", bytes.NewReader(body))
	if err != nil {
		return a, err
	}
	request.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	response, err := browser.Do(request)
	if err != nil {
		return a, err
	}
	defer func() { _ = response.Body.Close() }()
	var text bytes.Buffer
	if _, err := text.ReadFrom(response.Body); err != nil {
		return a, err
	}
	a.Status, a.Header, a.Body = response.StatusCode, response.Header, text.String()
	if err := json.Unmarshal(text.Bytes(), &a); err != nil {
		return a, fmt.Errorf("%w in %s", err, a.Body)
	}
	return a, nil
}

// ask sends an operation, which must succeed without GraphQL errors, and reads its data.
func (c client) ask(t *testing.T, query string, variables map[string]any, data any) {
	t.Helper()
	a, err := c.post(t.Context(), query, variables)
	if err != nil {
		t.Fatal(err)
	}
	if a.Status != http.StatusOK || len(a.Errors) > 0 {
		t.Fatalf("the answer has errors: %d %s", a.Status, a.Body)
	}
	if err := json.Unmarshal(a.Data, data); err != nil {
		t.Fatal(err)
	}
}

// The parts of answers that the tests read.
type (
	seenWorkflow struct {
		ID, Name, State string
		Version         int
		Company         struct{ Name, URL string }
		Spend           struct{ Limit, Settled, Held, Remaining string }
	}
	seenTransition struct {
		Version                       int
		Kind, From, To, Actor, Reason string
		OccurredAt                    time.Time
	}
	seenCall struct{ ID, State, Hold, Cost string }
	problem  struct {
		Typename       string `json:"__typename"`
		Code, Message  string
		Field          []string
		Current, Ended *seenWorkflow
		Existing       *seenWorkflow
		From, To       string
		Allowed        []string
		Account, Limit string
		Settled, Held  string
		Needed, Model  string
		Retryable      bool
	}
	seenID  struct{ ID string }
	payload struct {
		Workflow     *seenWorkflow
		Transition   *seenTransition
		Call         *seenCall
		Run          *struct{ Token int }
		Entry        *seenID
		Organization *seenID
		Proposal     *seenID
		APIKey       *seenID
		Secret       *string
		Selection    *struct{ Digest string }
		Gates        *struct{ Seeds string }
		Article      *seenID
		Publication  *seenID
		Target       *seenID
		Likely       *string
		Affected     int
		Batch        *seenID
		Verification *seenID
		Preview      *struct {
			Able   int
			Digest string
		}
		Changes    []struct{ ProposalID string }
		Applied    bool
		Replayed   bool
		UserErrors []problem
	}
)

// The fields that the tests select.
const (
	selectWorkflow = `workflow { id name state version company { name url } spend { limit settled held remaining } } `
	selectMoved    = selectWorkflow + `transition { version kind from to actor reason occurredAt } replayed `
	selectCharged  = selectWorkflow + `call { id state hold cost } replayed `
	selectReviewed = selectWorkflow + `affected selection { count digest } replayed `
	selectArticle  = selectWorkflow + `article { id } replayed `
	selectDecided  = `proposal { id } replayed `
	selectBatch    = `preview { able digest } batch { id } replayed `
	selectProblems = `userErrors {
		__typename code message field
		... on StaleState { current { id state version } }
		... on TerminalState { ended: current { id state version } }
		... on IllegalTransition { from to allowed }
		... on DuplicateName { existing { id state version } }
		... on BudgetRefused { account limit settled held needed retryable }
		... on PriceUnknown { model }
	}`
)

// selections has the input type and the selected fields of each mutation.
var selections = map[string]struct{ input, fields string }{
	"createWorkflow":     {"CreateWorkflowInput", selectMoved},
	"generateIcp":        {"GenerateIcpInput", selectMoved},
	"transitionWorkflow": {"TransitionWorkflowInput", selectMoved},
	"cancelWorkflow":     {"CancelWorkflowInput", selectMoved},
	"startStep":          {"StartStepInput", selectMoved},
	"retryStep":          {"RetryStepInput", selectMoved},
	"setCompetitors":     {"SetCompetitorsInput", selectWorkflow + `replayed `},
	"addKeywords":        {"AddKeywordsInput", selectReviewed},
	"decideKeywords":     {"DecideKeywordsInput", selectReviewed},
	"approveSeeds":       {"ApproveSeedsInput", selectMoved},
	"rejectSeeds":        {"RejectSeedsInput", selectMoved},
	"decideArticlePlans": {"DecideArticlePlansInput", selectReviewed},
	"approveArticlePlan": {"ApproveArticlePlanInput", selectMoved},
	"rejectArticlePlan":  {"RejectArticlePlanInput", selectMoved},
	"attachKeyword":      {"AttachKeywordInput", selectWorkflow + `articleId replayed `},
	"retryCompetitors":   {"RetryCompetitorsInput", selectMoved},
	"setMarket":          {"SetMarketInput", `market { mode } replayed `},
	"updateArticle":      {"UpdateArticleInput", selectArticle},
	"retryArticle":       {"RetryArticleInput", selectArticle},
	"skipArticle":        {"SkipArticleInput", selectArticle},
	"regenerateSection":  {"RegenerateSectionInput", selectArticle + `likely `},
	"decideArticles":     {"DecideArticlesInput", selectWorkflow + `affected replayed `},
	"approvePublishing":  {"ApprovePublishingInput", selectMoved},
	"rejectPublishing":   {"RejectPublishingInput", selectMoved},
	"decidePublication":  {"DecidePublicationInput", selectWorkflow + `publication { id } replayed `},
	"setBrand":           {"SetBrandInput", `brand { tone } replayed `},
	"setGates":           {"SetGatesInput", `gates { seeds } replayed `},
	"claimWork":          {"ClaimWorkInput", `items { run { token } } replayed `},
	"completeStep":       {"CompleteStepInput", selectMoved},
	"failStep":           {"FailStepInput", selectMoved},
	"setOutsideSteps":    {"SetOutsideStepsInput", `outsideSteps { steps } replayed `},
	"renewLease":         {"RenewLeaseInput", "run { token } replayed "},
	"reserveUsage":       {"ReserveUsageInput", selectCharged},
	"settleUsage":        {"SettleUsageInput", selectCharged},
	"releaseUsage":       {"ReleaseUsageInput", selectCharged},
	"recordUsage":        {"RecordUsageInput", selectCharged},
	"adjustUsage":        {"AdjustUsageInput", selectCharged + `entry { id } `},
	"setWorkflowLimit":   {"SetWorkflowLimitInput", selectWorkflow + `entry { id } replayed `},
	"setMonthlyLimit":    {"SetMonthlyLimitInput", `organization { id } entry { id } replayed `},
	"markAlertsRead":     {"MarkAlertsReadInput", `marked unread replayed `},
	"setTimeZone":        {"SetTimeZoneInput", `organization { id } replayed `},
	"cancelWorkflows":    {"CancelWorkflowsInput", selectBatch},
	"retryWorkflows":     {"RetryWorkflowsInput", selectBatch},
	"startSteps":         {"StartStepsInput", selectBatch},
	"setWorkflowLimits":  {"SetWorkflowLimitsInput", selectBatch},

	"startVerification":      {"StartVerificationInput", `verification { id } replayed `},
	"setOrganizationName":    {"SetOrganizationNameInput", `organization { name } replayed `},
	"setAlertWebhook":        {"SetAlertWebhookInput", `organization { id } secret replayed `},
	"testAlertWebhook":       {"TestAlertWebhookInput", `delivered replayed `},
	"importPrices":           {"ImportPricesInput", `changes { proposalId } applied replayed `},
	"acceptPrice":            {"AcceptPriceInput", selectDecided},
	"rejectPrice":            {"RejectPriceInput", selectDecided},
	"createPublishTarget":    {"CreatePublishTargetInput", `target { id } secret replayed `},
	"testPublishTarget":      {"TestPublishTargetInput", `target { id } replayed `},
	"setPublishTargetSecret": {"SetPublishTargetSecretInput", `target { id } secret replayed `},
	"retirePublishTarget":    {"RetirePublishTargetInput", `target { id } replayed `},

	"createApiKey": {"CreateApiKeyInput", `apiKey { id } secret replayed `},
	"revokeApiKey": {"RevokeApiKeyInput", `apiKey { id } replayed `},
}

// try sends a mutation and returns its payload; GraphQL errors are errors.
func (c client) try(ctx context.Context, mutation string, input map[string]any) (payload, error) {
	a, err := c.send(ctx, mutation, input)
	if err != nil {
		return payload{}, err
	}
	var data struct{ Result *payload }
	if err := json.Unmarshal(a.Data, &data); err != nil || len(a.Errors) > 0 || data.Result == nil {
		return payload{}, fmt.Errorf("%s answers %d %s", mutation, a.Status, a.Body)
	}
	return *data.Result, nil
}

func (c client) send(ctx context.Context, mutation string, input map[string]any) (answer, error) {
	wanted := selections[mutation]
	query := fmt.Sprintf(`mutation ($input: %s!) { result: %s(input: $input) { %s %s } }`,
		wanted.input, mutation, wanted.fields, selectProblems)
	return c.post(ctx, query, map[string]any{"input": input})
}

// do sends a mutation that must succeed.
func (c client) do(t *testing.T, mutation string, input map[string]any) payload {
	t.Helper()
	got, err := c.try(t.Context(), mutation, input)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.UserErrors) > 0 {
		t.Fatalf("%s is refused: %+v", mutation, got.UserErrors)
	}
	return got
}
