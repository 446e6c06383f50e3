package e2e

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// forward passes connections on to an address until the test ends.
func forward(t *testing.T, listener net.Listener, to string) {
	t.Helper()
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				other, err := net.Dial("tcp", to)
				if err != nil {
					return
				}
				defer func() { _ = other.Close() }()
				go func() { _, _ = io.Copy(other, conn); _ = other.Close() }()
				_, _ = io.Copy(conn, other)
			}()
		}
	}()
}

func TestServe_WaitsForADatabaseThatIsDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	address, err := url.Parse(w.db.URL)
	if err != nil || address.Port() == "" {
		t.Skipf("the database has no port: %s", w.db.URL)
	}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	there, at := address.Host, closed.Addr().String()
	_ = closed.Close()
	environment := w.environment()
	for i, variable := range environment {
		environment[i] = strings.Replace(variable, there, at, 1)
	}
	server := start(t, environment, "serve", "--listen=127.0.0.1:0", "--workers=false", "--admin-listen=127.0.0.1:0")
	server.says(t, "PostgreSQL does not accept connections; waiting", "", "")
	probes, _ := server.says(t, "serving probes while waiting", "", "")["url"].(string)
	for path, want := range map[string]int{"/healthz": http.StatusOK, "/readyz": http.StatusServiceUnavailable} {
		if got := get(t, probes+path); got != want {
			t.Errorf("%s while waiting: got %d, want %d", path, got, want)
		}
	}
	back, err := net.Listen("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	forward(t, back, there)
	server.listens(t)
	if got := get(t, server.address+"/readyz"); got != http.StatusOK {
		t.Errorf("readyz with the database: got %d", got)
	}
	server.stop(t)
}
