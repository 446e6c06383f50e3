package e2e

import (
	"context"
	"io"
	"net"
	"net/http"
	neturl "net/url"
	"sync"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/infin8content/engine/internal/llm/sandbox"
)

// A stopping server that drives a run is not ready, but still answers requests. Another server takes the run over. Then
// the first server ends.
func TestReadiness_DrainingServerIsNotReadyButAnswers(t *testing.T) {
	t.Parallel()
	d := newTakeover(t, []string{"--drain=2s"}, sandbox.HangAfterHeaders())
	worker := d.worker(t)
	d.busy.signal(t, syscall.SIGTERM)
	eventually(t, "the server is not ready", func() bool {
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

func TestReadiness_FollowsTheDatabase(t *testing.T) {
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

// wire is a proxy in front of a database. A test can cut it.
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
		Scheme:   "postgres",
		User:     neturl.UserPassword(to.User, to.Password),
		Host:     listener.Addr().String(),
		Path:     "/" + to.Database,
		RawQuery: "sslmode=disable",
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

// carries registers both ends of a connection. It returns false when the wire is cut.
func (w *wire) carries(ends ...net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ends = append(w.ends, ends...)
	if w.isCut {
		_ = ends[1].Close()
	}
	return !w.isCut
}

// cut closes all connections and refuses new ones, or accepts them again.
func (w *wire) cut(isCut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.isCut = isCut
	for _, end := range w.ends {
		_ = end.Close()
	}
	w.ends = nil
}
