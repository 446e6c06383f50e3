package web_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/web"
)

// withConsole serves the web app with these settings.
func withConsole(t *testing.T, c web.Console) bundle {
	t.Helper()
	return setup(t, func(o *web.Options) { o.Console = &c })
}

func TestConsole_EveryAddressShowsTheApp(t *testing.T) {
	t.Parallel()
	b := withConsole(t, web.Console{})
	page := text(t, b.get("/console/"))
	if !strings.Contains(page, `<div id="app">`) {
		t.Fatalf("got %q, want the page", page)
	}
	for _, path := range []string{"/console/workflows", "/console/workflows/wf_1?tab=journal", "/console/a/b/c"} {
		r := b.get(path)
		if got := r.Header.Get("Cache-Control"); got != "no-cache" || text(t, r) != page {
			t.Errorf("%s: got Cache-Control %q, want the page with no-cache", path, got)
		}
	}
	if r := b.get("/console"); r.StatusCode/100 != 3 || r.Header.Get("Location") != "/console/" {
		t.Errorf("/console: got %d to %q, want a redirection to /console/", r.StatusCode, r.Header.Get("Location"))
	}
	wantRefusal(t, b.get("/console/assets/app-of-an-old-version.js"), http.StatusNotFound, fault.NotFound)
}

func TestConsole_FilesOfThePageAreKeptForGood(t *testing.T) {
	t.Parallel()
	b := withConsole(t, web.Console{})
	links := regexp.MustCompile(`(?:href|src)="([^"]*)"`).FindAllStringSubmatch(text(t, b.get("/console/")), -1)
	if len(links) < 4 {
		t.Fatalf("got %d links, want settings, script, style and icon", len(links))
	}
	for _, link := range links {
		if link[1] == "/console/settings.json" {
			continue
		}
		packed, plain := b.get(link[1], "Accept-Encoding", "gzip"), b.get(link[1])
		if got := packed.Header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
			t.Errorf("%s: got Cache-Control %q", link[1], got)
		}
		if packed.Header.Get("Content-Encoding") != "gzip" || unzipped(t, packed) != text(t, plain) {
			t.Errorf("%s: packed and plain are not the same", link[1])
		}
	}
}

func TestConsole_PolicyPermitsThisServerAndTheIssuer(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		console web.Console
		connect string
	}{
		{web.Console{}, "connect-src 'self';"},
		{web.Console{Issuer: "https://login.example.com/realms/a"}, "connect-src 'self';"}, // No client id: no sign-in there.
		{
			web.Console{Issuer: "https://login.example.com/realms/a", ClientID: "console"},
			"connect-src 'self' https://login.example.com;",
		},
	} {
		policy := withConsole(t, test.console).get("/console/workflows").Header.Get("Content-Security-Policy")
		for _, want := range []string{
			"default-src 'none';", "script-src 'self';", "style-src 'self';", test.connect, "frame-ancestors 'none';",
			"require-trusted-types-for 'script'; trusted-types 'none'",
		} {
			if !strings.Contains(policy, want) {
				t.Errorf("policy: got %q, want %q in it", policy, want)
			}
		}
	}
}

func TestConsole_SettingsSayHowToSignIn(t *testing.T) {
	t.Parallel()
	b := withConsole(t, web.Console{
		Issuer:      "https://login.example.com",
		ClientID:    "console",
		Scopes:      "openid",
		MembersOnly: true,
		Notice:      "Invented.",
	})
	want := `{"signIn":{"issuer":"https://login.example.com","clientId":"console","scopes":"openid"},"tokens":false,` +
		`"notice":"Invented.","playground":false}`
	if got := text(t, b.get("/console/settings.json")); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	want = `{"signIn":null,"tokens":true,"notice":"","playground":true}`
	if got := text(t, withConsole(t, web.Console{HasPlayground: true}).get("/console/settings.json")); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestHome_LeadsToTheConsoleOrThePlayground(t *testing.T) {
	t.Parallel()
	both := withConsole(t, web.Console{}).get("/", "Accept", "text/html")
	if both.StatusCode != http.StatusFound || both.Header.Get("Location") != "/console/" {
		t.Errorf("got %d to %q, want 302 to /console/", both.StatusCode, both.Header.Get("Location"))
	}
	first := setup(t, func(o *web.Options) { o.Console, o.PlaygroundIsHome = &web.Console{}, true })
	if got := text(t, first.get("/", "Accept", "text/html")); !strings.Contains(got, "playground/app.js") {
		t.Errorf("got %q, want the playground", got)
	}
	alone := setup(t, func(o *web.Options) { o.Console, o.Playground = &web.Console{}, nil })
	if got := alone.get("/", "Accept", "text/html").Header.Get("Location"); got != "/console/" {
		t.Errorf("without a playground: got %q, want /console/", got)
	}
	off := setup(t, nil)
	wantRefusal(t, off.get("/console/", "Accept", "text/html"), http.StatusNotFound, fault.NotFound)
}

// The bundle and its sources are both committed. A change of the sources needs a new bundle.
func TestConsole_BundleIsBuiltFromItsSources(t *testing.T) {
	t.Parallel()
	const sources, output = "../../console/", "console/"
	sum := func(path string) string {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%x", sha256.Sum256(content))
	}
	names := []string{
		".npmrc", "build.mjs", "codegen.ts", "index.html", "package-lock.json", "package.json", "tsconfig.json",
		"vite.config.ts",
	}
	err := filepath.WalkDir(sources+"source", func(path string, entry fs.DirEntry, err error) error {
		if entry.IsDir() && entry.Name() == "gql" {
			return fs.SkipDir
		}
		if !entry.IsDir() {
			names = append(names, strings.TrimPrefix(path, sources))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	list := sha256.New()
	for _, name := range names {
		fmt.Fprintf(list, "%s  %s\n", sum(sources+name), name)
	}
	var record struct {
		Sources string
		Files   map[string]string
	}
	content, err := os.ReadFile(output + "bundle.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, &record); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%x", list.Sum(nil)); got != record.Sources {
		t.Errorf("sources: got the digest %s, want %s: run make console", got, record.Sources)
	}
	for name, want := range record.Files {
		if got := sum(output + name); got != want {
			t.Errorf("%s: got the digest %s, want %s: run make console", name, got, want)
		}
	}
}
