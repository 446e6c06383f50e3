package web_test

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/web"
)

func TestPlayground_ABrowserGetsThePageAndAProgramAnIndex(t *testing.T) {
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

func TestPlayground_CanBeOff(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *web.Options) { o.Playground = nil })
	wantRefusal(t, b.get("/", "Accept", "text/html"), http.StatusNotFound, fault.NotFound)
}

func TestPlayground_PageHasNoOtherOriginAndNoScript(t *testing.T) {
	t.Parallel()
	page := text(t, setup(t, nil).get("/playground"))
	for _, link := range regexp.MustCompile(`(?:href|src)="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if !strings.HasPrefix(link[1], "playground/") && !strings.HasPrefix(link[1], "data:") {
			t.Errorf("link: got %q, want only our own", link[1])
		}
	}
	for _, pattern := range []string{`<style`, `<script>`, `\son[a-z]+\s*=`, `\sstyle\s*=`, `https?://[^w]`} {
		if found := regexp.MustCompile(pattern).FindString(page); found != "" {
			t.Errorf("page: got %q in it, want none", found)
		}
	}
}

func TestPlayground_PolicyPermitsThisServerOnly(t *testing.T) {
	t.Parallel()
	policy := setup(t, nil).get("/playground").Header.Get("Content-Security-Policy")
	for _, want := range []string{
		"default-src 'none';", "script-src 'self';", "style-src 'self';", "connect-src 'self';", "base-uri 'none';",
		"form-action 'none';", "frame-ancestors 'none';", "require-trusted-types-for 'script';",
	} {
		if !strings.Contains(policy, want) {
			t.Errorf("policy: got %q, want %q in it", policy, want)
		}
	}
	for _, unsafe := range []string{"unsafe-", "*", "http:", "https:", "blob:", "nonce"} {
		if strings.Contains(policy, unsafe) {
			t.Errorf("policy: got %q, want no %q in it", policy, unsafe)
		}
	}
}

func TestPlayground_FilesAreSentPackedAndOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	for path, mediaType := range map[string]string{
		"/":                        "text/html; charset=utf-8",
		"/playground/app.js":       "text/javascript; charset=utf-8",
		"/playground/app.css":      "text/css; charset=utf-8",
		"/playground/licenses.txt": "text/plain; charset=utf-8",
	} {
		plain, packed := b.get(path), b.get(path, "Accept-Encoding", "br, gzip")
		if got := packed.Header.Get("Content-Type"); got != mediaType || packed.StatusCode != http.StatusOK {
			t.Errorf("%s: got %d %q, want 200 %q", path, packed.StatusCode, got, mediaType)
		}
		want := text(t, plain)
		if path != "/" {
			if got := packed.Header.Get("Content-Encoding"); got != "gzip" || plain.Header.Get("Content-Encoding") != "" {
				t.Errorf("%s: got the encoding %q, want gzip for who reads it, else none", path, got)
			}
			if got := unzipped(t, packed); got != want || want == "" {
				t.Errorf("%s: packed and plain are not the same", path)
			}
			if plain.Header.Get("ETag") == packed.Header.Get("ETag") {
				t.Errorf("%s: packed and plain have the same ETag", path)
			}
		}
		for _, first := range []*http.Response{plain, packed} {
			tag := first.Header.Get("ETag")
			again := b.get(path, "If-None-Match", tag, "Accept-Encoding", first.Header.Get("Content-Encoding"))
			if tag == "" || again.StatusCode != http.StatusNotModified || text(t, again) != "" {
				t.Errorf("%s with ETag %q: got %d, want 304", path, tag, again.StatusCode)
			}
		}
	}
	r := b.do(httptest.NewRequest(http.MethodHead, "/", http.NoBody))
	if body := text(t, r); r.StatusCode != http.StatusOK || body != "" {
		t.Errorf("HEAD: got %d with %d bytes, want 200 without", r.StatusCode, len(body))
	}
}

func unzipped(t *testing.T, r *http.Response) string {
	t.Helper()
	reader, err := gzip.NewReader(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	return string(plain)
}

func TestPlayground_ExamplesAreForItsUsers(t *testing.T) {
	t.Parallel()
	const path = "/playground/examples.json"
	open := setup(t, func(o *web.Options) { o.Playground = &web.Playground{Notice: "All of it is invented."} })
	var got struct {
		Notice   string
		Examples []web.Example
	}
	if err := json.Unmarshal([]byte(text(t, open.get(path))), &got); err != nil {
		t.Fatal(err)
	}
	if got.Notice != "All of it is invented." || len(got.Examples) != len(web.Examples()) {
		t.Errorf("got the notice %q and %d examples", got.Notice, len(got.Examples))
	}

	shut := setup(t, func(o *web.Options) { o.Playground = &web.Playground{AdminsOnly: true} })
	wantRefusal(t, shut.get(path), http.StatusUnauthorized, fault.Unauthenticated)
	wantRefusal(t, shut.get(path, "Authorization", "Bearer "+shut.token), http.StatusForbidden, fault.Forbidden)
	admin, err := shut.auth.Token(caller.Caller{
		Actor: "ada@example.com", OrganizationID: shut.who.OrganizationID, Role: caller.Admin,
	}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if r := shut.get(path, "Authorization", "Bearer "+admin); r.StatusCode != http.StatusOK {
		t.Errorf("an administrator: got %d, want 200", r.StatusCode)
	}
	for _, role := range caller.Roles() {
		other, err := shut.auth.Token(caller.Caller{
			Actor: "ada@example.com", OrganizationID: shut.who.OrganizationID, Role: role,
		}, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		got := shut.get(path, "Authorization", "Bearer "+other).StatusCode
		if (got == http.StatusOK) != (role == caller.Admin) {
			t.Errorf("%s: got %d", role, got)
		}
	}
	// The public files name nothing of the API.
	for _, path := range []string{"/", "/playground/app.js", "/playground/app.css"} {
		for _, name := range []string{"createWorkflow", "reserveUsage", "workflowTransitioned"} {
			if strings.Contains(text(t, shut.get(path)), name) {
				t.Errorf("%s names %s", path, name)
			}
		}
	}
}

// The bundle and its sources are both committed. A change of the sources needs a new bundle.
func TestPlayground_BundleIsBuiltFromItsSources(t *testing.T) {
	t.Parallel()
	const sources, built = "../../playground/", "playground/"
	sum := func(path string) string {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%x", sha256.Sum256(content))
	}
	var bundle struct {
		Sources string
		Files   map[string]string
	}
	text, err := os.ReadFile(built + "bundle.json")
	if err == nil {
		err = json.Unmarshal(text, &bundle)
	}
	if err != nil {
		t.Fatal(err)
	}
	names := []string{".npmrc", "build.mjs", "package-lock.json", "package.json"}
	entries, err := os.ReadDir(sources + "source")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		names = append(names, "source/"+entry.Name())
	}
	slices.Sort(names)
	var list strings.Builder
	for _, name := range names {
		fmt.Fprintf(&list, "%s  %s\n", sum(sources+name), name)
	}
	if got := fmt.Sprintf("%x", sha256.Sum256([]byte(list.String()))); got != bundle.Sources {
		t.Errorf("the folder playground has the digest %s, the bundle is of %s: run make playground", got, bundle.Sources)
	}
	for name, want := range bundle.Files {
		if got := sum(built + name); got != want {
			t.Errorf("%s: got the digest %s, want %s: run make playground", name, got, want)
		}
	}
	if len(bundle.Files) != 4 {
		t.Errorf("the bundle has %d files, want 4", len(bundle.Files))
	}
}

func TestPlayground_ExamplesCoverTheMainTasks(t *testing.T) {
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
		"createWorkflow", "generateIcp", "workflowTransitioned(", "transitions(", "ledger(", "transitionWorkflow",
		"reserveUsage", "settleUsage", "setWorkflowLimit", "prices(", "usage(", "funnel(", "forecast",
		"startStep", "retryStep", "setCompetitors", "keywords(", "gates ", "addKeywords", "decideKeywords", "approveSeeds",
		"rejectSeeds", "setGates", "setMarket", "setBrand", "retryCompetitors", "updateArticle",
		"decideArticles", "competitorAnalysis",
	} {
		if !strings.Contains(all.String(), field) {
			t.Errorf("examples: got none with %s", field)
		}
	}
}
