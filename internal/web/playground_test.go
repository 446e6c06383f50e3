package web_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/web"
)

func TestABrowserGetsThePageAndAProgramAnIndex(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	for accept, want := range map[string]string{
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": "text/html; charset=utf-8",
		"text/html":                           "text/html; charset=utf-8",
		"*/*":                                 "text/html; charset=utf-8",
		"":                                    "text/html; charset=utf-8",
		"application/json":                    "application/json; charset=utf-8",
		"application/json, text/html;q=0.5":   "application/json; charset=utf-8",
		"text/html;q=0.9, application/*;q=.1": "text/html; charset=utf-8",
	} {
		r := b.get("/", "Accept", accept)
		if got := r.Header.Get("Content-Type"); r.StatusCode != http.StatusOK || got != want {
			t.Errorf("Accept %q: got %d %q, want 200 %q", accept, r.StatusCode, got, want)
		}
		if got := r.Header.Get("Vary"); got != "Accept" {
			t.Errorf("Vary: got %q, want Accept", got)
		}
	}
}

func TestWithoutThePlaygroundThereIsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *web.Options) { o.Playground = false })
	wantRefusal(t, b.get("/", "Accept", "text/html"), http.StatusNotFound, fault.NotFound)
}

func TestThePageLoadsNothingFromAnywhere(t *testing.T) {
	t.Parallel()
	page := text(t, setup(t, nil).get("/"))
	for _, pattern := range []string{
		`\ssrc\s*=`, `url\(`, `@import`, `import\s*\(`, `\simport\s`, `localStorage`, `sessionStorage`, `document\.cookie`,
		`innerHTML`, `outerHTML`, `insertAdjacentHTML`, `document\.write`, `\beval\(`, `new Function`, `\son[a-z]+\s*=\s*"`,
		`\sstyle\s*=\s*"`,
	} {
		if found := regexp.MustCompile(pattern).FindString(page); found != "" {
			t.Errorf("page: got %q in it, want none", found)
		}
	}
	for _, link := range regexp.MustCompile(`href="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if !strings.HasPrefix(link[1], "data:") {
			t.Errorf("href: got %q, want only data", link[1])
		}
	}
	// The name of SVG is no address that anything is loaded from, and .example belongs to nobody.
	for _, address := range regexp.MustCompile(`https?://[^\s"'\\]+`).FindAllString(page, -1) {
		if address != "http://www.w3.org/2000/svg" && !strings.HasSuffix(address, ".example") {
			t.Errorf("address: got %q, want none", address)
		}
	}
}

func TestThePolicyAllowsExactlyThePagesOwnScriptAndStyle(t *testing.T) {
	t.Parallel()
	r := setup(t, nil).get("/")
	page, policy := text(t, r), r.Header.Get("Content-Security-Policy")
	for _, part := range []struct{ pattern, directive string }{
		{`(?s)<script type="module">(.*?)</script>`, "script-src"},
		{`(?s)<style>(.*?)</style>`, "style-src"},
	} {
		found := regexp.MustCompile(part.pattern).FindAllStringSubmatch(page, -1)
		if len(found) != 1 {
			t.Fatalf("%s: got %d elements, want 1", part.directive, len(found))
		}
		sum := sha256.Sum256([]byte(found[0][1]))
		want := fmt.Sprintf("%s 'sha256-%s';", part.directive, base64.StdEncoding.EncodeToString(sum[:]))
		if !strings.Contains(policy, want) {
			t.Errorf("policy: got %q, want %q in it", policy, want)
		}
	}
	for _, want := range []string{
		"default-src 'none'", "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
		"require-trusted-types-for 'script'",
	} {
		if !strings.Contains(policy, want) {
			t.Errorf("policy: got %q, want %q in it", policy, want)
		}
	}
	for _, unsafe := range []string{"unsafe-", "*", "http:", "https:", "blob:"} {
		if strings.Contains(policy, unsafe) {
			t.Errorf("policy: got %q, want no %q in it", policy, unsafe)
		}
	}
}

func TestAPageThatIsKnownIsNotSentAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	tag := b.get("/").Header.Get("ETag")
	if r := b.get("/", "If-None-Match", tag); tag == "" || r.StatusCode != http.StatusNotModified || text(t, r) != "" {
		t.Errorf("with ETag %q: got %d, want 304", tag, r.StatusCode)
	}
	r := b.do(httptest.NewRequest(http.MethodHead, "/", http.NoBody))
	if body, _ := io.ReadAll(r.Body); r.StatusCode != http.StatusOK || len(body) != 0 {
		t.Errorf("HEAD: got %d with %d bytes, want 200 without", r.StatusCode, len(body))
	}
}

func TestTheExamplesCoverTheMainTasks(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for _, e := range web.Examples() {
		all.WriteString(e.Query)
		if e.Title == "" || !strings.HasSuffix(e.About, ".") || strings.Contains(e.Query, "#") {
			t.Errorf("got %+v, want a title and a sentence about it, both taken out of the operation", e)
		}
		if !json.Valid([]byte(e.Variables)) {
			t.Errorf("%s: got variables %s, want JSON", e.Title, e.Variables)
		}
	}
	for _, field := range []string{
		"createWorkflow", "generateIcp", "transitions(", "ledger(", "transitionWorkflow", "reserveUsage", "settleUsage",
	} {
		if !strings.Contains(all.String(), field) {
			t.Errorf("examples: got none with %s", field)
		}
	}
}
