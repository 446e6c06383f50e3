package e2e

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/seo"
	"github.com/infin8content/engine/internal/seo/sandbox"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// Search data that was bought yesterday is compared with the provider's own list.
func TestReconcile_ComparesSearchDataWithTheProvidersList(t *testing.T) {
	t.Parallel()
	y := newYesterday(t)
	box := sandbox.New(sandbox.Options{Prices: cost.StartPrices(), Now: y.now})
	// Yesterday had no prices of services yet, so the sandbox charges those of the start prices, and amounts are held.
	server := httptest.NewServer(box)
	t.Cleanup(server.Close)
	client, err := seo.New(seo.Options{BaseURL: server.URL, Login: "l", Password: "p"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	flow := testdb.Workflow(t, y.db, y.who, testdb.WorkflowOpts{State: workflow.ICPPending})
	market := seo.Market{LocationCode: 2840, LanguageCode: "en"}
	buy := func(tag string, keyword string) {
		request, err := seo.OrganicResults(keyword, market)
		if err != nil {
			t.Fatal(err)
		}
		amount := cost.Dollar / 100
		held, err := y.engine.Reserve(t.Context(), y.who, engine.ReserveInput{WorkflowID: flow.ID, Amount: &amount})
		if err != nil {
			t.Fatal(err)
		}
		if err := y.engine.Dispatch(t.Context(), y.who, held.Call.ID, sandbox.Provider); err != nil {
			t.Fatal(err)
		}
		if tag == "" {
			tag = "call_" + held.Call.ID.String()
		}
		answer, err := client.Send(t.Context(), request, tag)
		if err != nil {
			t.Fatal(err)
		}
		_, err = y.engine.SettleLate(t.Context(), y.who, engine.SettleInput{
			CallID:       held.Call.ID,
			Model:        request.Service(),
			Cost:         answer.Cost,
			Usage:        cost.Usage{Items: answer.Items},
			Provider:     sandbox.Provider,
			GenerationID: answer.TaskID,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range 3 {
		buy("", fmt.Sprintf("keyword %d", i))
	}
	reconcile := func() outcome {
		y.ago.Store(0)
		return invoke(t, map[string]string{
			"DATABASE_URL": y.db.URL, "DATAFORSEO_LOGIN": "l", "DATAFORSEO_PASSWORD": "p",
		}, "reconcile", "--from="+y.day, "--provider="+sandbox.Provider, "--seo-url="+server.URL)
	}
	late := y.ago.Load()
	got := reconcile()
	want := fmt.Sprintf("1 models and days compared: $%s booked here, $%s charged there\n", box.Total(), box.Total())
	if got.code != 0 || got.stdout != want || box.Total() == 0 {
		t.Errorf("got %+v, want %q", got, want)
	}
	y.ago.Store(late)
	buy("of another program", "keyword 4") // Booked here, and not in the list under its tag.
	if got := reconcile(); got.code != 1 || !strings.Contains(got.stderr, "1 differences; nothing was booked") {
		t.Errorf("got %+v, want a difference", got)
	}
}
