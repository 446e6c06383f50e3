package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/testdb"
)

// Of twenty people who change the same thing at once one wins, and the others learn what it is now.
func TestArticles_OneOfTwentyCallersWins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	servers := w.serveTwice(t)
	f := newFixture(t, w, servers[0].address)
	f.write(t)
	for i := range servers {
		servers[i].token = f.client.token
	}
	for _, c := range []struct{ mutation, lost string }{
		{"updateArticle", "REVISION_CONFLICT"},
		{"approvePublishing", "STALE_STATE"},
		{"decidePublication", "CONFLICT"},
		{"createPublishTarget", "CONFLICT"},
		{"retirePublishTarget", "CONFLICT"},
	} {
		input := f.good(c.mutation, nil)
		got := atOnce(t, servers, 20, func(ctx context.Context, client client, i int) (payload, error) {
			mine := map[string]any{}
			for name, value := range input {
				mine[name] = value
			}
			if c.mutation == "updateArticle" {
				mine["markdown"] = fmt.Sprintf("Text %d.", i)
			}
			return client.try(ctx, c.mutation, mine)
		})
		won := 0
		for _, p := range got {
			switch {
			case len(p.UserErrors) == 0:
				won++
			case p.UserErrors[0].Code != c.lost:
				t.Errorf("%s: got %+v, want %s", c.mutation, p.UserErrors, c.lost)
			}
		}
		if won != 1 {
			t.Errorf("%s: got %d winners, want one", c.mutation, won)
		}
	}
	w.mustCount(t, 2, "article_versions", fmt.Sprintf("article_id = '%s'", f.press.writing.Article.ID))
	w.mustCount(t, 1, "gate_decisions", fmt.Sprintf("workflow_id = '%s' AND gate = 'PUBLISH'", f.press.ready.Flow.ID))
	w.verify(t)
}

// A repetition of a request is carried out once; another request under its key is refused.
func TestArticles_AKeyCountsOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := newFixture(t, w, w.serve(t, "--workers=false").address)
	f.write(t)
	second := map[string]map[string]any{ // After updateArticle.
		"decideArticles":    {"items": []any{f.verdict(map[string]any{"expectedRevision": 2})}},
		"regenerateSection": {"expectedRevision": 2},
	}
	for _, c := range []struct {
		mutation, field string
		other           any
	}{
		{"updateArticle", "markdown", "Another text."},
		{"decideArticles", "items", []any{f.verdict(map[string]any{"expectedRevision": 2, "verdict": "REJECTED"})}},
		{"regenerateSection", "instruction", "Longer."},
		{"approvePublishing", "policy", "DRAFT"},
		{"decidePublication", "reason", "For another reason."},
		{"createPublishTarget", "policy", "DRAFT"},
		{"testPublishTarget", "targetId", f.press.hook},
		{"retirePublishTarget", "reason", "For another reason."},
	} {
		input := f.good(c.mutation, second[c.mutation])
		input["idempotencyKey"] = uuid.NewString()
		if first := f.client.do(t, c.mutation, input); first.Replayed {
			t.Errorf("%s: the first request is a replay", c.mutation)
		}
		before := f.contents(t, f.who.OrganizationID)
		if again := f.client.do(t, c.mutation, input); !again.Replayed || again.Secret != nil {
			t.Errorf("%s again: got %+v, want a replay", c.mutation, again)
		}
		input[c.field] = c.other
		w.mismatches(t, f.client, c.mutation, input)
		if after := f.contents(t, f.who.OrganizationID); fmt.Sprint(before) != fmt.Sprint(after) {
			t.Errorf("%s: a repetition has written something", c.mutation)
		}
	}
	w.verify(t)
}

// A person's text may be anything that CommonMark has. What readers get has no script.
func TestArticles_CarryNoScript(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := newFixture(t, w, w.serve(t, "--workers=false").address)
	f.write(t)
	revision := 1
	for _, text := range []string{
		"<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>",
		"[x](javascript:alert(1))", "[x](JaVaScRiPt&colon;alert(1))", "[x]( java\tscript:alert(1) )",
		"![x](data:text/html;base64,PHNjcmlwdD4=)", "[x](vbscript:x)", "<javascript:alert(1)>",
		"[x]: javascript:alert(1)\n\n[x]", "[x](https://a.example \"\\\" onmouseover=alert(1)\")",
		"<iframe srcdoc='<script>alert(1)</script>'></iframe>", "<style>*{background:url(javascript:alert(1))}</style>",
		"```html\n<script>alert(1)</script>\n```", "| <img onerror=alert(1) src=x> |\n|---|\n| a |",
		"<form action=https://evil.example><input name=password></form>", "<!-- infin8:x 1 -->",
		"<a href='//evil.example'>x</a>", "bell &#7; escape &#x1b; none &#xFFFE;",
	} {
		f.client.do(t, "updateArticle", map[string]any{
			"articleId": f.press.article(), "expectedRevision": revision, "markdown": "Text.\n\n" + text,
			"title": text[:min(len(text), 200)], "metaDescription": text[:min(len(text), 200)],
		})
		revision++
		var data struct{ Node struct{ HTML string } }
		f.client.ask(t, `query ($id: ID!) { node(id: $id) { ... on Article { html } } }`,
			map[string]any{"id": f.press.article()}, &data)
		html := strings.ToLower(data.Node.HTML)
		for _, live := range []string{
			"<script", "<svg", "<iframe", "<style", "<form", "<input", "<!--", `="javascript:`, `="vbscript:`,
			`="data:`, ` onerror="`, ` onload="`, ` onmouseover="`, "\a", "\x1b", "\ufffe",
		} {
			if strings.Contains(html, live) {
				t.Errorf("%q: the HTML %q has %q", text, html, live)
			}
		}
	}
	w.verify(t)
}

// loginEcho is a site that answers every request with what it was sent.
func loginEcho(t *testing.T) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", `<http://`+r.Host+`/wp-json/>; rel="https://api.w.org/"`)
		if r.Method == http.MethodHead {
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, password, _ := r.BasicAuth()
		_, _ = fmt.Fprintf(w, `{"code":"rest_bad","message":"You sent %s, %s"}`, password, r.Header.Get("Authorization"))
	}))
	t.Cleanup(server.Close)
	return server
}

// The secrets of targets are in no answer, in no log, in no export and in no row, also when the site quotes them.
func TestPublishTargets_KeepTheirSecrets(t *testing.T) {
	t.Parallel()
	const password, key = "pass WORD 4711", "6530c0ffee:00112233445566778899aabbccddeeff"
	w := newWorld(t)
	site := loginEcho(t)
	server := start(t, append(w.environment(), "SECRETS_KEY="+authSecret), "serve", "--listen=127.0.0.1:0",
		"--connections=12", "--publish-private").listens(t)
	c := w.client(t, server, w.who)
	var answers bytes.Buffer
	send := func(mutation string, input map[string]any) payload {
		t.Helper()
		a, err := c.send(t.Context(), mutation, input)
		if err != nil {
			t.Fatal(err)
		}
		answers.WriteString(a.Body)
		got, err := c.try(t.Context(), mutation, input) // A repetition, which must not have it either.
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	wordPress := map[string]any{
		"name": "Blog", "kind": "WORDPRESS", "baseUrl": site.URL, "username": "editor", "secret": password,
		"idempotencyKey": "a",
	}
	blog := send("createPublishTarget", wordPress).Target.ID
	ghost := send("createPublishTarget", map[string]any{
		"name": "Ghost", "kind": "GHOST", "baseUrl": site.URL, "secret": key, "idempotencyKey": "b",
	}).Target.ID
	send("createPublishTarget", map[string]any{ // It is refused.
		"name": "Blog", "kind": "WORDPRESS", "username": "editor", "secret": password,
		"baseUrl": "https://editor:" + strings.ReplaceAll(password, " ", "") + "@blog.example",
	})
	wordPress["secret"] = "pass WORD 0815"
	w.mismatches(t, c, "createPublishTarget", wordPress)
	for _, id := range []string{blog, ghost} {
		send("testPublishTarget", map[string]any{"targetId": id, "idempotencyKey": "test " + id})
	}
	eventually(t, "both targets are tested", func() bool {
		states := ask[string](t, w, `SELECT count(*)::text FROM publish_target_versions WHERE state = 'FAILED'`)
		return states[0] == "2"
	})
	listed, err := c.post(t.Context(), `{ organization { publishTargets { id name baseUrl username state message }
		settingsJournal(first: 50) { nodes { __typename } } } }`, nil)
	if err != nil || len(listed.Errors) > 0 {
		t.Fatalf("list: %v, %s", err, listed.Body)
	}
	if !strings.Contains(listed.Body, "…") {
		t.Errorf("the site's message is not in %s", listed.Body)
	}
	answers.WriteString(listed.Body)
	for name, text := range map[string]string{
		"the answers": answers.String(),
		"the log":     server.log.text(),
		"the rows":    w.rowsOf(t),
	} {
		for _, secret := range []string{
			password, strings.ReplaceAll(password, " ", ""), key, strings.Split(key, ":")[1],
			base64.StdEncoding.EncodeToString([]byte("editor:" + password)), "pass WORD 0815",
		} {
			if strings.Contains(text, secret) {
				t.Errorf("%s: the secret %q is there", name, secret)
			}
		}
	}
}

// rowsOf returns all rows of the organization, and of River's jobs, as text.
func (w world) rowsOf(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for table := range testdb.Contents(t, w.db, w.who.OrganizationID) {
		for _, row := range ask[string](t, w, fmt.Sprintf(`SELECT t::text FROM %s AS t WHERE organization_id = $1`, table),
			w.who.OrganizationID) {
			all.WriteString(row)
		}
	}
	for _, row := range ask[string](t, w, `SELECT t::text FROM river.river_job AS t`) {
		all.WriteString(row)
	}
	return all.String()
}
