package e2e

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/coder/websocket"
)

// needsBrowser is an environment variable. If it is set, a missing Chromium fails the test. .ci/run sets it.
const needsBrowser = "TEST_CHROMIUM_NEEDED"

// tab is a page in a headless Chromium of its own, controlled by the Chrome DevTools Protocol.
type tab struct {
	t    *testing.T
	conn *websocket.Conn

	mu      sync.Mutex
	sent    int
	waiting map[int]chan reply
	// requests are the addresses that the page has requested. faults are the browser's error messages.
	requests, faults []string
}

// reply is a message of the browser: an answer if it has an id, else an event.
type reply struct {
	ID     int
	Method string
	Params json.RawMessage
	Result json.RawMessage
	Error  *struct{ Message string }
}

// chromium returns the path of the browser.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "/usr/bin/chromium"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	const missing = "Chromium is missing, so no browser tests the playground: apt-get install chromium"
	if os.Getenv(needsBrowser) != "" {
		t.Fatal(missing)
	}
	t.Skip(missing)
	return ""
}

// openTab starts a browser without cookies or history, and ends it with the test.
func openTab(t *testing.T) *tab {
	t.Helper()
	program := chromium(t)
	// The test's own folder could not be removed while a process still writes to it.
	profile, err := os.MkdirTemp("", "chromium-")
	if err != nil {
		t.Fatal(err)
	}
	// The context of the test ends before a screenshot of a failure can be taken.
	command := exec.CommandContext(context.WithoutCancel(t.Context()), program,
		"--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
		"--window-size=1400,900", "--remote-debugging-port=0", "--user-data-dir="+profile, "about:blank")
	command.Env = append(os.Environ(), "HOME="+profile)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // A browser has many processes.
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL)
		_ = command.Wait() // The error says that the process was killed.
		eventually(t, "Chromium's profile is removed", func() bool { return os.RemoveAll(profile) == nil })
	})
	var address string
	eventually(t, "Chromium writes its port", func() bool {
		text, err := os.ReadFile(filepath.Join(profile, "DevToolsActivePort"))
		port, rest, _ := strings.Cut(string(text), "\n")
		address = "http://127.0.0.1:" + port
		return err == nil && rest != ""
	})
	p := &tab{t: t, waiting: map[int]chan reply{}}
	p.connect(address)
	return p
}

// connect connects to the first page and subscribes to its events.
func (p *tab) connect(address string) {
	p.t.Helper()
	var pages []struct{ Type, WebSocketDebuggerURL string }
	eventually(p.t, "Chromium has a page", func() bool {
		request, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, address+"/json/list", http.NoBody)
		if err != nil {
			p.t.Fatal(err)
		}
		response, err := browser.Do(request)
		if err != nil {
			return false
		}
		defer func() { _ = response.Body.Close() }()
		return json.NewDecoder(response.Body).Decode(&pages) == nil && len(pages) > 0 && pages[0].Type == "page"
	})
	conn, response, err := websocket.Dial(p.t.Context(), pages[0].WebSocketDebuggerURL, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	_ = response.Body
	conn.SetReadLimit(64 << 20)
	p.conn = conn
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.listen()
	}()
	p.t.Cleanup(func() {
		if p.t.Failed() {
			p.shot("failed")
		}
		_ = conn.CloseNow()
		<-ended
	})
	for _, domain := range []string{"Page", "Runtime", "Network", "Log"} {
		p.call(domain+".enable", nil)
	}
	// The browser's log has violations of the policy too, but late, and its text depends on the version.
	p.call("Page.addScriptToEvaluateOnNewDocument", map[string]any{"source": `
		window.violations = []
		document.addEventListener('securitypolicyviolation',
			(e) => violations.push(e.violatedDirective + ': ' + (e.blockedURI || e.sample)))`})
}

// listen delivers answers to their callers and records events until the connection ends.
func (p *tab) listen() {
	for {
		_, text, err := p.conn.Read(context.Background())
		if err != nil {
			return
		}
		var m reply
		if json.Unmarshal(text, &m) != nil {
			continue
		}
		p.mu.Lock()
		if waiting, found := p.waiting[m.ID]; found {
			delete(p.waiting, m.ID)
			waiting <- m
		}
		p.note(m)
		p.mu.Unlock()
	}
}

func (p *tab) note(m reply) {
	var event struct {
		URL     string
		Request struct{ URL string }
		Entry   struct{ Level, Text, URL string }

		ExceptionDetails struct {
			Text      string
			Exception struct{ Description string }
		}
	}
	_ = json.Unmarshal(m.Params, &event) // Events of another shape are ignored.
	switch m.Method {
	case "Network.requestWillBeSent":
		p.requests = append(p.requests, event.Request.URL)
	case "Network.webSocketCreated":
		p.requests = append(p.requests, event.URL)
	case "Log.entryAdded":
		if event.Entry.Level == "error" {
			p.faults = append(p.faults, event.Entry.Text+" "+event.Entry.URL)
		}
	case "Runtime.exceptionThrown":
		p.faults = append(p.faults, event.ExceptionDetails.Text+" "+event.ExceptionDetails.Exception.Description)
	}
}

// call sends a command to the browser and returns its answer.
func (p *tab) call(method string, params map[string]any) json.RawMessage {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.t.Context()), timeout)
	defer cancel()
	answer := make(chan reply, 1)
	p.mu.Lock()
	p.sent++
	id := p.sent
	p.waiting[id] = answer
	p.mu.Unlock()
	text, err := json.Marshal(map[string]any{"id": id, "method": method, "params": params})
	if err == nil {
		err = p.conn.Write(ctx, websocket.MessageText, text)
	}
	if err != nil {
		p.t.Fatalf("%s: %v", method, err)
	}
	select {
	case m := <-answer:
		if m.Error != nil {
			p.t.Fatalf("%s: %s", method, m.Error.Message)
		}
		return m.Result
	case <-ctx.Done():
		p.t.Fatalf("%s: Chromium has not answered in %s", method, timeout)
		return nil
	}
}

// run evaluates an expression in the page and returns its value as text.
func (p *tab) run(expression string) string {
	p.t.Helper()
	var answer struct {
		Result           struct{ Value any }
		ExceptionDetails *struct{ Exception struct{ Description string } }
	}
	result := p.call("Runtime.evaluate", map[string]any{
		"expression": expression, "returnByValue": true, "awaitPromise": true,
	})
	if err := json.Unmarshal(result, &answer); err != nil {
		p.t.Fatal(err)
	}
	if answer.ExceptionDetails != nil {
		p.t.Fatalf("%s: %s", expression, answer.ExceptionDetails.Exception.Description)
	}
	return fmt.Sprint(answer.Result.Value)
}

// waits returns when an expression is true in the page.
func (p *tab) waits(expression string) {
	p.t.Helper()
	eventually(p.t, "in the page: "+expression, func() bool { return p.run("!!("+expression+")") == "true" })
}

// open loads an address into an empty page.
func (p *tab) open(address string) {
	p.t.Helper()
	p.call("Page.navigate", map[string]any{"url": "about:blank"})
	p.waits(`location.href === 'about:blank'`)
	p.call("Page.navigate", map[string]any{"url": address})
	p.waits(`location.href !== 'about:blank' && document.readyState === 'complete'`)
}

// shot saves a screenshot of the page as an artifact of the test.
func (p *tab) shot(name string) {
	var picture struct{ Data string }
	if err := json.Unmarshal(p.call("Page.captureScreenshot", nil), &picture); err != nil {
		p.t.Error(err)
		return
	}
	bytes, err := base64.StdEncoding.DecodeString(picture.Data)
	if err == nil {
		err = os.WriteFile(filepath.Join(p.t.ArtifactDir(), name+".png"), bytes, 0o600)
	}
	if err != nil {
		p.t.Error(err)
	}
}

// seen returns the requests of the page and the browser's error messages.
func (p *tab) seen() (requests, faults []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.requests...), append([]string(nil), p.faults...)
}
