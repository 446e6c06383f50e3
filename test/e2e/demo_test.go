package e2e

import (
	"net"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/infin8content/engine/internal/llm/sandbox"
	"github.com/infin8content/engine/internal/testdb"
)

// demoLines are the lines that the demo prints, in this order.
var demoLines = []string{
	`Starting PostgreSQL …`,
	`The API is at http://127\.0\.0\.1:\d+/graphql`,
	`Answers are SYNTHETIC`,
	`transition 0  ∅ → CREATED  \(create by .+\)`,
	`transition 1  CREATED → ICP_PENDING  \(advance by .+\)`,
	`transition 2  ICP_PENDING → ICP_PROCESSING  \(advance by worker:.+ — attempt 1\)`,
	`transition 3  ICP_PROCESSING → ICP_COMPLETED  \(advance by worker:.+\)`,
	`transition 6  COMPETITOR_PROCESSING → COMPETITOR_COMPLETED  \(advance by worker:.+\)`,
	`transition 7  COMPETITOR_COMPLETED → SEED_REVIEW_PENDING  \(advance by worker:.+\)`,
	`autopilot selected and approved 10 keywords`,
	`The next steps: This work will cost at most \$0\.\d+, probably about \$0\.\d+\.`,
	`transition 8  SEED_REVIEW_PENDING → SEED_REVIEW_COMPLETED  \(advance by autopilot\)`,
	`transition 14  VALIDATION_PROCESSING → VALIDATION_COMPLETED  \(advance by worker:.+\)`,
	`\d+ topics with \d+ pages; \d+ keywords fit no topic`,
	`autopilot approves ".+", \d+ words, for ".+"`,
	`These 3 articles will cost at most \$0\.21, probably about \$0\.\d+\.`,
	`transition 15  VALIDATION_COMPLETED → ARTICLE_PENDING  \(advance by autopilot\)`,
	`transition 17  ARTICLE_PROCESSING → ARTICLE_COMPLETED  \(advance by worker:.+\)`,
	`autopilot publishes ".+", \d+ words`,
	`transition 18  ARTICLE_COMPLETED → PUBLISH_PENDING  \(advance by autopilot\)`,
	`transition 21  PUBLISH_COMPLETED → COMPLETED  \(advance by worker:.+\)`,
	`Ideal customer profile \(perplexity/sonar by sandbox, SYNTHETIC\)`,
	`Industries: +\S`,
	`Buyer roles: +\S`,
	`Pain points: +\S`,
	`Value proposition: +狐社 🦊 \(https://kitsune\.example\)`,
	`Seed keywords: the best 10 of \d+, SYNTHETIC`,
	`\d\.\d{4}  \S.+  DATAFORSEO +SELECTED`,
	`Articles, SYNTHETIC`,
	`.+  \d+ +\$0\.\d+ +\$0\.07 +\$0\.\d+`,
	`all +\$0\.\d+ +\$0\.21 +\$0\.\d+`,
	`Posts`,
	`LIVE on Demo site .+  http://127\.0\.0\.1:\d+/.+/`,
	`LIVE on Demo site .+  http://127\.0\.0\.1:\d+/.+/`,
	`LIVE on Demo site .+  http://127\.0\.0\.1:\d+/.+/`,
	`These addresses work only while this demo runs\.`,
	`Bill`,
	`ICP +perplexity/sonar +sandbox +SETTLED +1 +\d+ +0 +\$0\.\d+ +\$0\.\d+`,
	`COMPETITOR +service/dataforseo/labs +seo-sandbox +SETTLED +3 +0 +\d+ +\$0\.045 +\$0\.\d+`,
	`VALIDATION +openai/gpt-4o-mini +sandbox +SETTLED +\d+ +\d+ +0 +\$0\.\d+ +\$0\.\d+`,
	`ARTICLE +openai/gpt-4o-mini +sandbox +SETTLED +\d+ +\d+ +0 +\$0\.\d+ +\$0\.\d+`,
	`settled \$0\.\d+, held \$0, remaining \$0\.\d+ of \$1`,
	`Books`,
	`models +(\d+ answers, \$0\.\d+) +\d+ answers, \$0\.\d+ +equal`,
	`search data +\d+ answers, \$0\.\d+ +\d+ answers, \$0\.\d+ +equal`,
	`posts +3 public +3 live +equal`,
}

// demoEntries are printed in their order too. The demo prints entries and transitions as it learns of them, so of two
// that were committed at nearly the same moment either may come first.
var demoEntries = []string{
	`ledger 0      OPEN  settled \+\$0  held \+\$0  → settled \$0, held \$0 of \$1`,
	`ledger 1      RESERVE  settled \+\$0  held \+\$(0\.\d+)  → settled \$0, held \$0\.\d+ of \$1`,
	`ledger 2      SETTLE  settled \+\$(0\.\d+)  held −\$0\.\d+  → settled \$0\.\d+, held \$0 of \$1`,
}

func TestDemo_PrintsEveryTransitionAndTheBill(t *testing.T) {
	t.Parallel()
	got := invoke(t, nil, "demo", "--exit", "--listen=127.0.0.1:0", "--directory="+t.TempDir(), "--company=狐社 🦊",
		"--url=https://kitsune.example", "--timeout="+timeout.String())
	if got.code != 0 {
		t.Fatalf("demo: got status %d\n%s\n%s", got.code, got.stdout, got.stderr)
	}
	for _, lines := range [][]string{demoLines, demoEntries} {
		rest := got.stdout
		for _, line := range lines {
			at := regexp.MustCompile(line).FindStringIndex(rest)
			if at == nil {
				t.Fatalf("the demo does not print %q in its place:\n%s", line, got.stdout)
			}
			rest = rest[at[1]:]
		}
	}
}

// The variables with which libpq finds a server lead to another one than that of the demo.
func TestDemo_IgnoresVariablesOfAnotherServer(t *testing.T) {
	t.Parallel()
	demo := start(t, []string{
		"PGHOST=nowhere.invalid", "PGPORT=1", "PGUSER=mallory", "PGPASSWORD=wrong", "PGDATABASE=other",
		"PGSERVICE=nowhere", "PGSERVICEFILE=/nowhere", "PGPASSFILE=/nowhere", "PGOPTIONS=-c search_path=evil",
		"PGTARGETSESSIONATTRS=standby", "PGSSLMODE=verify-full", "PGSSLROOTCERT=/nowhere", "PGCONNECT_TIMEOUT=-1",
	}, "demo", "--listen=127.0.0.1:0", "--directory="+t.TempDir())
	eventually(t, "the demo's workflow has its profile", func() bool {
		if demo.isOver() {
			t.Fatalf("the demo has ended with %s:\n%s", demo.command.ProcessState, demo.log.text())
		}
		return strings.Contains(demo.log.text(), "ICP_PROCESSING → ICP_COMPLETED")
	})
	if err := demo.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-demo.ended
}

func TestDemo_UsesAGivenDatabase(t *testing.T) {
	t.Parallel()
	address := emptyDatabase(t, testdb.New(t))
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	directory := t.TempDir()
	demo := []string{"demo", "--exit", "--directory=" + directory, "--listen=" + taken.Addr().String()}
	// The next demo goes on with this workflow, and its sandboxes charge for it.
	begun := invoke(t, map[string]string{"DATABASE_URL": address}, append(demo, "--timeout=300ms")...)
	if begun.code != 1 {
		t.Fatalf("demo --timeout=300ms: got status %d\n%s\n%s", begun.code, begun.stdout, begun.stderr)
	}
	for i := range 4 { // In one organization the fourth would have no page left to write.
		got := invoke(t, map[string]string{"DATABASE_URL": address}, demo...)
		if got.code != 0 || !strings.Contains(got.stdout, taken.Addr().String()+" is in use") ||
			strings.Contains(got.stdout, "Starting PostgreSQL") || !strings.Contains(got.stdout, "\nBill\n") ||
			!strings.Contains(got.stdout, "PUBLISH_COMPLETED → COMPLETED") {
			t.Errorf("demo %d: got status %d\n%s\n%s", i+2, got.code, got.stdout, got.stderr)
		}
	}
	got := invoke(t, map[string]string{"DATABASE_URL": address}, "verify")
	if got.code != 0 || got.stdout != "" {
		t.Errorf("verify after five demos: got %+v", got)
	}
}

func TestDemo_SaysWhyItsWorkflowFailed(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	company, _ := p.company(sandbox.Status(http.StatusPaymentRequired, ""))
	environment := map[string]string{
		"DATABASE_URL": emptyDatabase(t, testdb.New(t)), "OPENROUTER_API_KEY": providerKey,
	}
	got := invoke(t, environment, "demo", "--exit", "--listen=127.0.0.1:0", "--directory="+t.TempDir(),
		"--provider-url="+p.address, "--company="+company)
	if got.code != 1 || !strings.Contains(got.stdout, "ICP_PROCESSING → ICP_FAILED") ||
		!strings.Contains(got.stdout, "RELEASE") || !strings.Contains(got.stderr, "the workflow ended in ICP_FAILED") {
		t.Errorf("demo: got status %d\n%s\n%s", got.code, got.stdout, got.stderr)
	}
	if strings.Contains(got.stdout+got.stderr, providerKey) {
		t.Error("the demo prints the provider's key")
	}
}

func TestDemo_ServesUntilASignal(t *testing.T) {
	t.Parallel()
	demo := start(t, nil, "demo", "--listen=127.0.0.1:0", "--directory="+t.TempDir())
	link := regexp.MustCompile(`Playground: (http://\S+)/playground#token=(\S+)`)
	var found []string
	eventually(t, "the demo prints the address of the playground", func() bool {
		if demo.isOver() {
			t.Fatalf("the demo has ended with %s:\n%s", demo.command.ProcessState, demo.log.text())
		}
		found = link.FindStringSubmatch(demo.log.text())
		return found != nil
	})
	if status := get(t, found[1]+"/"); status != http.StatusOK {
		t.Errorf("GET the playground: got %d, want 200", status)
	}
	var data struct {
		Workflows struct{ Nodes []seenWorkflow }
	}
	client{found[1], found[2]}.ask(t, `{ workflows { nodes { id name state } } }`, nil, &data)
	if nodes := data.Workflows.Nodes; len(nodes) != 1 || nodes[0].State != "COMPLETED" {
		t.Errorf("workflows by the printed token: got %+v, want the one of the demo", nodes)
	}
	hook := client{found[1], found[2]}.do(t, "setAlertWebhook", map[string]any{
		"url": "https://example.com/alerts", "idempotencyKey": "hook",
	})
	if hook.Secret == nil || !strings.HasPrefix(*hook.Secret, "whsec_") {
		t.Errorf("the demo's webhook: got %+v, want a secret", hook)
	}
	demo.stop(t)
}
