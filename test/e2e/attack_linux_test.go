package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"
)

// attackFully sends each attack a hundred times, opens ten thousand connections and also checks processor time. Without
// it each attack comes a few times and only memory is checked: a test does not judge speed.
var attackFully = flag.Bool("attacks", false, "attack with full force and judge the time as well")

const (
	// mostMemory is the memory that the server may use in the worst case. costly is the processor time that one attack may
	// cost.
	mostMemory = 300 << 20
	costly     = 50 * time.Millisecond
	// ticks are the units of /proc/PID/stat: hundredths of a second.
	ticks = 10 * time.Millisecond
)

// spent returns the processor time of a process since its start, and its peak of memory since the last call.
func (p *process) spent(t *testing.T) (processor time.Duration, memory int64) {
	t.Helper()
	folder := fmt.Sprintf("/proc/%d/", p.command.Process.Pid)
	stat, err := os.ReadFile(folder + "stat")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(stat), ") ") // The name of the program may have spaces.
	fields := strings.Fields(after)
	for _, field := range fields[11:13] { // utime and stime: see proc(5).
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		processor += time.Duration(n) * ticks
	}
	status, err := os.ReadFile(folder + "status")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ = strings.Cut(string(status), "VmHWM:")
	kilobytes, err := strconv.ParseInt(strings.Fields(after)[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	// 5 resets the peak of memory. Without the permission the peak stays, which only makes the measurement stricter.
	_ = os.WriteFile(folder+"clear_refs", []byte("5"), 0o600)
	return processor, kilobytes << 10
}

// operationAttacks returns request bodies that are cheap to send and expensive to answer.
func operationAttacks() map[string]any {
	times := strings.Repeat
	numbered := func(n int, format string) string {
		var text strings.Builder
		for i := range n {
			fmt.Fprintf(&text, format, i, i+1)
		}
		return text.String()
	}
	query := func(text string) any { return map[string]any{"query": text} }
	const cancel = `mutation ($in: CancelWorkflowInput!) { cancelWorkflow(input: $in) { replayed } }`
	return map[string]any{
		"doubling fragments": query("{ workflowGraph { ...F0 } } " +
			numbered(24, "fragment F%[1]d on WorkflowGraph { ...F%[2]d ...F%[2]d } ") +
			"fragment F24 on WorkflowGraph { steps { key } }"),
		"repeated fields":      query("{ workflowGraph { " + times("version ", 1900) + "} }"),
		"repeats allowed":      query("{ workflowGraph { " + times("version ", 440) + "} }"),
		"unknown directives":   query("{ viewer { actor " + times("@x ", 950) + "} }"),
		"unknown fields":       query("{ viewer { " + numbered(1900, "actr%[1]d ") + "} }"),
		"nested introspection": query("{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }"),
		"wide introspection":   query("{ __schema { types { name fields { name args { name } type { name } } } } }"),
		"alias flood":          query("{ " + numbered(600, "a%[1]d: __typename ") + "}"),
		"root flood":           query("{ " + times("viewer { actor } ", 400) + "}"),
		"deep lists":           query("{ workflow(id: " + times("[", 900) + times("]", 900) + ") { id } }"),
		"deep selections":      query(times("{ a ", 900) + times("} ", 900)),
		"many operations":      query(numbered(300, "query Q%[1]d { viewer { actor } } ")),
		"a long text":          query(times("€", 80_000)),
		"comments":             query(times("#\n", 120_000) + "{ viewer { actor } }"),
		"huge variables":       map[string]any{"query": cancel, "variables": map[string]any{"in": times("x", 250_000)}},
		"many variables": map[string]any{
			"query": cancel, "variables": json.RawMessage(`{` + numbered(18_000, `"v%[1]d":1,`) + `"in": {}}`),
		},
		"deep variables": map[string]any{
			"query": cancel, "variables": json.RawMessage(`{"in": ` + times("[", 9000) + times("]", 9000) + `}`),
		},
		"a body too large":     query(times("x", 1<<20)),
		"deep JSON, no object": json.RawMessage(times("[", 9999) + times("]", 9999)),
	}
}

// attackWith sends a body n times, four at once. Each request must get a short answer, or its connection must be
// closed.
func attackWith(t *testing.T, c client, name string, body any, n int) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	var left atomic.Int64
	left.Store(int64(n))
	for range 4 {
		all.Go(func() {
			for left.Add(-1) >= 0 {
				ctx, cancel := context.WithTimeout(t.Context(), timeout)
				size, err := c.raw(ctx, text)
				cancel()
				if ctx.Err() == context.DeadlineExceeded || size > 256<<10 {
					t.Errorf("%s: got %d bytes, %v, want a short answer or none", name, size, err)
				}
			}
		})
	}
	all.Wait()
}

// raw sends a body and returns the length of the answer.
func (c client) raw(ctx context.Context, body []byte) (int64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.address+"/graphql", bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+c.token)
	response, err := browser.Do(request)
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.Body.Close() }()
	return io.Copy(io.Discard, response.Body)
}

// connectionAttacks returns the first bytes of connections that send nothing afterwards. cut is true when the server
// must close them within seconds.
func connectionAttacks(token string) []struct {
	name, first string
	cut         bool
} {
	const socket = "GET /graphql HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
		"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
	const post = "POST /graphql HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n"
	begun := `{"query": "` + strings.Repeat("x", 200_000)
	return []struct {
		name, first string
		cut         bool
	}{
		{"silent connections", "", true},
		{"half a head", post + "X-Long: " + strings.Repeat("x", 4000), true},
		{"idle connections", "GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n", false},
		{
			"half an unauthenticated body",
			post + "Authorization: Bearer x\r\nContent-Length: 250000\r\n\r\n" + begun[:8000],
			true,
		},
		{"half a body", post + "Authorization: Bearer " + token + "\r\nContent-Length: 250000\r\n\r\n" + begun, true},
		{"websockets without init", socket, true},
		{"websockets with half a message", socket + "\x81\xfe\xf0\x00\x00\x00\x00\x00" + begun[:60_000], true},
	}
}

// flood opens n connections that all send the same first bytes. It checks that other clients get answers meanwhile, and
// that the server closes the connections when cut is true.
func flood(t *testing.T, address, first string, n int, cut bool) {
	t.Helper()
	conns := make([]net.Conn, n)
	var next atomic.Int64
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				conn, err := net.DialTimeout("tcp", strings.TrimPrefix(address, "http://"), timeout)
				if err != nil {
					t.Errorf("connection %d: %v", i, err)
					return
				}
				conns[i] = conn
				_ = conn.SetDeadline(time.Now().Add(2 * timeout))
				_, _ = io.WriteString(conn, first) // The server may have closed the connection.
			}
		})
	}
	all.Wait()
	defer func() {
		for _, conn := range conns {
			if conn != nil {
				_ = conn.Close()
			}
		}
	}()
	if status := get(t, address+"/healthz"); status != http.StatusOK {
		t.Errorf("healthz during the flood: got %d, want 200", status)
	}
	for i, conn := range conns {
		if !cut || conn == nil {
			continue
		}
		if _, err := io.Copy(io.Discard, conn); os.IsTimeout(err) {
			t.Errorf("connection %d, which began with %.40q, is still open after %s", i, first, 2*timeout)
			return
		}
	}
}

// connectionsAt returns the number of connections that a process may have here, at most ten thousand.
func connectionsAt(t *testing.T) int {
	t.Helper()
	if !*attackFully {
		return 300
	}
	var limit syscall.Rlimit // A Go program raises its soft limit to the hard limit when it starts.
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	return min(10_000, int(min(limit.Cur, 1<<20))-200)
}

func TestAttacks_AreAnsweredOrCutInLittleMemory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	args := []string{"--workers=false"}
	if !*attackFully {
		args = append(args, "--read-header-time=3s", "--read-time=3s")
	}
	server := w.serve(t, args...)
	c := w.client(t, server, w.who)
	var table strings.Builder
	out := tabwriter.NewWriter(&table, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(out, "attack\ttimes\tprocessor each\tmost memory\t\n")
	measure := func(name string, n int, attack func()) {
		before, _ := server.spent(t)
		attack()
		after, memory := server.spent(t)
		each := (after - before) / time.Duration(n)
		fmt.Fprintf(out, "%s\t%d\t%.2f ms\t%d MB\t\n", name, n, float64(each.Microseconds())/1000, memory>>20)
		if memory > mostMemory && !detectsRaces {
			t.Errorf("%s: the server has taken %d MB, want at most %d", name, memory>>20, mostMemory>>20)
		}
		if *attackFully && each > costly {
			t.Errorf("%s: the server has spent %s on each, want at most %s", name, each, costly)
		}
	}
	repeats := map[bool]int{false: 4, true: 100}[*attackFully]
	for name, body := range operationAttacks() {
		measure(name, repeats, func() { attackWith(t, c, name, body, repeats) })
	}
	n, attacks := connectionsAt(t), connectionAttacks(c.token)
	if *attackFully {
		for _, a := range attacks {
			measure(a.name, n, func() { flood(t, server.address, a.first, n, a.cut) })
		}
	} else { // All attacks run at the same time, because most of their time is waiting for the server's timeouts.
		measure("connections", n*len(attacks), func() {
			var all sync.WaitGroup
			for _, a := range attacks {
				all.Go(func() { flood(t, server.address, a.first, n, a.cut) })
			}
			all.Wait()
		})
	}
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", &table)
	var data struct{ Viewer struct{ Actor string } }
	if c.ask(t, `{ viewer { actor } }`, nil, &data); data.Viewer.Actor != w.who.Actor {
		t.Errorf("after the attacks: got %+v", data)
	}
	server.stop(t)
}
