package e2e

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/server"
)

// shown is an expression for the answer that the page shows.
const shown = `document.querySelector('.result-window .CodeMirror').CodeMirror.getValue()`

// choose clicks an example and waits until the editors show it.
func (p *tab) choose(title string) {
	p.t.Helper()
	example := fmt.Sprintf(`[...document.querySelectorAll('.example')].find((e) => e.textContent.startsWith(%q))`, title)
	p.run(example + `.click()`)
	p.waits(example + `.getAttribute('aria-current') === 'true'`)
}

// click clicks the button with this label.
func (p *tab) click(label string) {
	p.t.Helper()
	p.run(fmt.Sprintf(`document.querySelector('[aria-label=%q]').click()`, label))
}

// execute runs the operation in the editor and waits until the answer contains a text. The page may lose a click, or
// its answer, while it still takes over an example. Then it clicks again: the examples of mutations have idempotency
// keys.
func (p *tab) execute(contains string) {
	p.t.Helper()
	const button = `document.querySelector('.graphiql-execute-button')`
	defer func() {
		if p.t.Failed() {
			const editors = `[...document.querySelectorAll('.graphiql-editors .CodeMirror')]`
			p.t.Logf("the editors: %s\nthe answer: %s",
				p.run(editors+`.map((e) => e.CodeMirror.getValue()).join('\n--\n')`), p.run(shown))
		}
	}()
	p.run(`(window.answerBefore = ` + shown + `, ` + button + `.click())`)
	p.waits(fmt.Sprintf(`%[1]s.includes(%[2]q) || (%[1]s === window.answerBefore &&
		%[3]s.getAttribute('aria-label').startsWith('Execute') && (%[3]s.click(), false))`, shown, contains, button))
}

// signIn pastes a token into its field.
func (p *tab) signIn(token string) {
	p.t.Helper()
	p.run(`document.getElementById('token').focus(), document.getElementById('token').select()`)
	p.call("Input.insertText", map[string]any{"text": token})
}

func TestPlayground_RunsAQueryAMutationAndASubscription(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	started := w.serve(t, "--sandbox")
	viewer := w.who
	viewer.Role = caller.Viewer
	p := openTab(t)

	// The playground is for callers with a token, and a viewer is one. A reload keeps the token in its tab.
	p.open(started.address + "/playground")
	p.waits(`document.querySelector('.closed')?.textContent.includes('Paste a token above.')`)
	if got := p.run(`document.querySelectorAll('.example, .CodeMirror').length`); got != "0" {
		t.Errorf("without a token the page has %s examples and editors, want none", got)
	}
	p.signIn(token(t, viewer))
	p.waits(`document.querySelectorAll('.example').length >= 13`)
	p.open(started.address + "/playground")
	p.waits(`document.querySelector('.identity')?.textContent.includes('VIEWER') &&
		document.querySelectorAll('.CodeMirror').length >= 3`)

	admin := token(t, w.who)
	p.open(started.address + "/playground#token=" + admin)
	p.waits(`document.querySelectorAll('.example').length >= 60 && document.querySelectorAll('.CodeMirror').length >= 3`)
	if got := p.run(`location.href`); got != started.address+"/playground" {
		t.Errorf("the address: got %s, want it without the token", got)
	}
	if got := p.run(`document.querySelector('.notice')?.textContent`); got != server.SyntheticNotice {
		t.Errorf("the notice: got %q, want %q", got, server.SyntheticNotice)
	}
	p.choose("Who am I?") // After a reload GraphiQL opens an empty tab beside the former ones.
	p.execute(`"role": "ADMIN"`)

	// One's own text stays in its tab.
	const editor = `document.querySelector('.graphiql-query-editor .CodeMirror').CodeMirror`
	tabs := p.run(`document.querySelectorAll('.graphiql-tab').length`)
	p.run(editor + `.setValue('{ viewer { actor } }')`)
	p.choose("Create a workflow")
	p.waits(fmt.Sprintf(`document.querySelectorAll('.graphiql-tab').length === %s + 1 &&
		%s.getValue().includes('createWorkflow')`, tabs, editor))
	p.execute(`"state": "CREATED"`)
	id := p.run(`JSON.parse(` + shown + `).data.createWorkflow.workflow.id`)
	if got := w.state(t, plain(t, id)); got != "CREATED" {
		t.Errorf("the workflow that the page has created: got %s, want CREATED", got)
	}

	former := fmt.Sprintf(`document.querySelectorAll('.graphiql-tab-button')[%s - 1]`, tabs)
	p.run(former + `.click()`)
	p.waits(editor + `.getValue() === '{ viewer { actor } }'`)
	p.run(`[...document.querySelectorAll('.graphiql-tab-button')].at(-1).click()`)
	p.waits(editor + `.getValue().includes('createWorkflow')`)

	p.choose("Follow it live")
	p.execute(`"to": "CREATED"`)
	w.client(t, started, w.who).do(t, "generateIcp", map[string]any{"workflowId": id})
	p.waits(shown + `.includes('"to": "ICP_COMPLETED"')`)
	versions := `JSON.parse(` + shown + `).events.map((e) => e.data.workflowTransitioned.transition.version).join()`
	if got := p.run(versions); got != "3,2,1,0" {
		t.Errorf("the versions that were followed: got %s, want 3,2,1,0", got)
	}
	p.run(`document.querySelector('.graphiql-execute-button').click()`)
	p.waits(`document.querySelector('.graphiql-execute-button').getAttribute('aria-label').startsWith('Execute')`)

	p.click("Show Documentation Explorer")
	p.waits(`document.querySelector('.graphiql-doc-explorer')?.textContent.includes('WorkflowState')`)
	p.click("Show GraphiQL Explorer")
	p.waits(`document.querySelector('.graphiql-explorer-root')?.textContent.includes('spendChanged')`)
	p.isClean(started.address, admin)
}

// isClean checks that the page has sent requests to this server only, broken no policy and kept no token.
func (p *tab) isClean(address, token string) {
	p.t.Helper()
	requests, faults := p.seen()
	home, err := url.Parse(address)
	if err != nil {
		p.t.Fatal(err)
	}
	sockets := 0
	for _, request := range requests {
		to, err := url.Parse(request)
		if err != nil || to.Host != home.Host && request != "about:blank" && to.Scheme != "data" {
			p.t.Errorf("a request went to %s, want none but to %s", request, address)
		}
		if to.Scheme == "ws" {
			sockets++
		}
		if strings.Contains(request, token) {
			p.t.Errorf("the token is in the address %s", request)
		}
	}
	if sockets == 0 || len(requests) < 10 {
		p.t.Errorf("the test has seen %d requests and %d sockets, fewer than the page sends", len(requests), sockets)
	}
	for _, fault := range faults {
		// These are the refusals of the first part of the test.
		if !strings.Contains(fault, "status of 401") && !strings.Contains(fault, "status of 403") {
			p.t.Errorf("the browser says: %s", fault)
		}
	}
	if got := p.run(`JSON.stringify(violations)`); got != "[]" {
		p.t.Errorf("violations of the policy: got %s, want none", got)
	}
	// The tab keeps the token; nothing that outlives the tab does.
	stored := p.run(`JSON.stringify([Object.entries(localStorage), document.cookie])`)
	if strings.Contains(stored, token) || strings.Contains(stored, "eyJ") {
		p.t.Errorf("the browser keeps the token: %s", stored)
	}
	if got := p.run(`sessionStorage.getItem('token')`); got != token {
		p.t.Errorf("the tab has kept %q, want the token", got)
	}
	if got := p.run(`localStorage.length`); got != "0" {
		p.t.Errorf("localStorage has %s items, want none", got)
	}
}

// On a telephone the page is as wide as the screen, and long lines wrap.
func TestPlayground_FitsANarrowScreen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	started := w.serve(t, "--sandbox")
	p := openTab(t)
	p.call("Emulation.setDeviceMetricsOverride", map[string]any{
		"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": true,
	})
	p.open(started.address + "/playground#token=" + token(t, w.who))
	// The examples are shown before the editors are, and an example that is chosen then is not lost.
	p.waits(`document.querySelectorAll('.example').length >= 60`)
	p.choose("Create a workflow")
	p.waits(`document.querySelectorAll('.CodeMirror').length >= 3`)
	p.execute(`"state": "CREATED"`)
	for what, expression := range map[string]string{
		"width of the page":    `document.documentElement.scrollWidth <= 390`,
		"width of the editor":  `document.querySelector('.graphiql-editors').getBoundingClientRect().width > 320`,
		"width of the answer":  `document.querySelector('.graphiql-response').getBoundingClientRect().width > 320`,
		"height of the answer": `document.querySelector('.graphiql-response').getBoundingClientRect().height > 200`,
		"wrapping of the editor": `[...document.querySelectorAll('.graphiql-editors .CodeMirror')].slice(0, 2)
			.every((e) => e.CodeMirror.getOption('lineWrapping'))`,
		"wrapping of the answer": `document.querySelector('.result-window .CodeMirror').CodeMirror.getOption('lineWrapping')`,
	} {
		if got := p.run(`String(` + expression + `)`); got != "true" {
			t.Errorf("%s: got %s, want true", what, got)
		}
	}
	p.shot("playground-390")
}

// A newcomer goes through the list from its top. Each example uses the ids of the answers before it.
func TestPlayground_TheFirstExamplesWorkInTheirOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	started := w.serve(t, "--sandbox")
	w.client(t, started, w.who).do(t, "createWorkflow", map[string]any{
		"name": "Of another person", "company": map[string]any{"name": "Other", "url": "https://other.example"},
	})
	p := openTab(t)
	p.open(started.address + "/playground#token=" + token(t, w.who))
	p.waits(`document.querySelectorAll('.example').length >= 60 && document.querySelectorAll('.CodeMirror').length >= 3`)
	for _, step := range []struct{ title, contains string }{
		{"Who am I?", `"role": "ADMIN"`},
		{"Create a workflow", `"state": "CREATED"`},
		{"Generate its ICP", `"userErrors": []`},
		{"Read it, with transitions and ledger", `"ICP_COMPLETED"`},
		{"List the workflows", `"Of another person"`},
		{"Take one transition", `"to": "COMPETITOR_PENDING"`},
		{"Reserve money for a call", `"state": "RESERVED"`},
		{"Settle the call", `"state": "SETTLED"`},
		{"Set a limit", `"userErrors": []`},
	} {
		p.choose(step.title)
		if step.contains == `"ICP_COMPLETED"` { // A worker takes a moment.
			p.waits(fmt.Sprintf(`(document.querySelector('.graphiql-execute-button').click(), %s.includes(%q))`, shown,
				step.contains))
			continue
		}
		p.execute(step.contains)
	}

	p.run(`document.querySelector('[aria-label="Find an example"]').focus()`)
	p.call("Input.insertText", map[string]any{"text": "cancelWorkflow("})
	p.waits(`document.querySelectorAll('.example').length === 1`)
	p.choose("Cancel a workflow")
	p.execute(`"to": "CANCELLED"`)

	// The command that is copied does the same in a shell, with the token in a variable.
	p.run(`(navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve() }, true)`)
	p.run(`(document.querySelector('[aria-label="Find an example"]').select(), true)`)
	p.call("Input.insertText", map[string]any{"text": "Who am I"})
	p.waits(`document.querySelectorAll('.example').length === 1`)
	p.choose("Who am I?")
	p.run(`document.querySelector('.curl').click()`)
	p.waits(`window.copied?.startsWith('curl ')`)
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not installed, so the command is not run")
	}
	command := exec.CommandContext(t.Context(), "sh", "-c", p.run(`window.copied`))
	command.Env = append(os.Environ(), "TOKEN="+token(t, w.who))
	answer, err := command.Output()
	if err != nil || !strings.Contains(string(answer), `"role":"ADMIN"`) {
		t.Errorf("%s: got %s, %v", command, answer, err)
	}
}
