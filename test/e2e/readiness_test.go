package e2e

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	neturl "net/url"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/infin8content/engine/internal/llm/sandbox"
)

// A server that is told to stop, with a request and a run in its hands: it says no to whoever asks where to send
// requests, and still answers; its run goes to another server; then it ends.
func TestADrainingServerSaysSoAndStillAnswers(t *testing.T) {
	t.Parallel()
	d := newDuel(t, []string{"--drain=2s"}, sandbox.HangAfterHeaders())
	worker := d.worker(t)
	d.busy.signal(t, syscall.SIGTERM)
	eventually(t, "the server says that it drains", func() bool {
		return get(t, d.busy.address+"/readyz") == http.StatusServiceUnavailable
	})
	if status := get(t, d.busy.address+"/healthz"); status != http.StatusOK {
		t.Errorf("/healthz of a draining server: got %d, want 200", status)
	}
	var data struct{ Viewer struct{ Actor string } }
	d.world.client(t, d.busy, d.who).ask(t, `{ viewer { actor } }`, nil, &data)
	if data.Viewer.Actor != d.who.Actor {
		t.Errorf("a draining server answers %+v", data)
	}
	d.wasTakenOver(t, worker)
	eventually(t, "the draining server ends", d.busy.isOver)
	if code := d.busy.command.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit status: got %d, want 0", code)
	}
	d.booksAgree(t)
}

func TestAServerIsReadyAsLongAsItsDatabaseAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wire := newWire(t, w.db.URL)
	p := start(t, append(w.environment(), "DATABASE_URL="+wire.url), "serve", "--listen=127.0.0.1:0", "--workers=false")
	p.listens(t)
	wire.cut(true)
	eventually(t, "the server is not ready", func() bool {
		return get(t, p.address+"/readyz") == http.StatusServiceUnavailable
	})
	if status := get(t, p.address+"/healthz"); status != http.StatusOK {
		t.Errorf("/healthz without a database: got %d, want 200", status)
	}
	wire.cut(false)
	eventually(t, "the server is ready again", func() bool { return get(t, p.address+"/readyz") == http.StatusOK })
	p.stop(t)
}

// wire leads to a database and can be cut.
type wire struct {
	url string

	mu    sync.Mutex
	isCut bool
	ends  []net.Conn
}

func newWire(t *testing.T, url string) *wire {
	t.Helper()
	to, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	w := &wire{url: (&neturl.URL{
		Scheme: "postgres", User: neturl.UserPassword(to.User, to.Password), Host: listener.Addr().String(),
		Path: "/" + to.Database, RawQuery: "sslmode=disable",
	}).String()}
	network, address := pgconn.NetworkAddress(to.Host, to.Port)
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := (&net.Dialer{}).DialContext(context.Background(), network, address)
			if err != nil || !w.carries(near, far) {
				_ = near.Close()
				continue
			}
			for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
				go func() {
					_, _ = io.Copy(way[0], way[1])
					_, _ = near.Close(), far.Close()
				}()
			}
		}
	}()
	return w
}

// carries remembers both ends, unless the wire is cut.
func (w *wire) carries(ends ...net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ends = append(w.ends, ends...)
	if w.isCut {
		_ = ends[1].Close()
	}
	return !w.isCut
}

// cut ends all connections and lets no new one through, or lets them through again.
func (w *wire) cut(isCut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.isCut = isCut
	for _, end := range w.ends {
		_ = end.Close()
	}
	w.ends = nil
}

// collector takes traces as OTLP over HTTP brings them: names and texts stand in the message as they are.
type collector struct {
	mu       sync.Mutex
	received strings.Builder
}

// ServeHTTP keeps what comes.
func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || r.URL.Path != "/v1/traces" {
		http.Error(w, "not a trace", http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.received.Write(body)
}

func (c *collector) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.received.String()
}

func TestATraceNamesWhatWasDoneAndNothingThatWasSent(t *testing.T) {
	t.Parallel()
	w, c := newWorld(t), &collector{}
	takes := httptest.NewServer(c)
	t.Cleanup(takes.Close)
	p := start(t, append(w.environment(), "OTEL_EXPORTER_OTLP_ENDPOINT="+takes.URL),
		"serve", "--listen=127.0.0.1:0").listens(t)
	company, _ := w.provider.company()
	flow := w.begin(t, w.client(t, p, w.who), company)
	w.reaches(t, flow, "ICP_COMPLETED")
	line := p.says(t, "request", "", "")
	if id, _ := line["trace"].(string); len(id) != 32 {
		t.Errorf("the access log names the trace %q", id)
	}
	p.stop(t) // Then all spans have been sent.
	text := c.text()
	for _, name := range []string{
		"POST /graphql", "engine Create", "engine GenerateICP", "run ICP", "engine Reserve", "engine Finish",
		"WorkflowTransition", "RecordUsageAndIncrement", "model perplexity/sonar", "infin8.request_id",
	} {
		if !strings.Contains(text, name) {
			t.Errorf("no span says %q", name)
		}
	}
	for _, sent := range []string{
		company, flow.String(), w.who.OrganizationID.String(), w.who.Actor, authSecret, providerKey, "set_config", "SELECT",
		"SweepRuns",
	} {
		if strings.Contains(text, sent) {
			t.Errorf("a span says %q", sent)
		}
	}
}
