package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

//go:embed playground
var playgroundFiles embed.FS

// scripts are the parts of the page's one module, in the order in which they build on each other.
var scripts = []string{"language.js", "editor.js", "documentation.js", "examples.js", "main.js"}

// Example is one of the operations that the playground offers.
type Example struct {
	Title     string `json:"title"`
	About     string `json:"about"`
	Query     string `json:"query"`
	Variables string `json:"variables"`
}

// Examples returns the operations that the playground offers, in the order of a first visit. Placeholders in Variables
// such as "<workflow>" are filled in by the page.
func Examples() []Example {
	entries, err := playgroundFiles.ReadDir("playground/examples")
	if err != nil {
		panic(err) // the files are part of the program
	}
	var out []Example
	for _, entry := range entries {
		name, isQuery := strings.CutSuffix(entry.Name(), ".graphql")
		if !isQuery {
			continue
		}
		// The first line is a comment with the title, the second one says more. The operation follows.
		title, rest, _ := strings.Cut(playgroundFile("examples/"+entry.Name()), "\n")
		about, query, _ := strings.Cut(rest, "\n")
		out = append(out, Example{
			Title:     strings.TrimPrefix(title, "# "),
			About:     strings.TrimPrefix(about, "# "),
			Query:     query,
			Variables: strings.TrimSpace(playgroundFile("examples/" + name + ".json")),
		})
	}
	return out
}

func playgroundFile(name string) string {
	text, err := playgroundFiles.ReadFile("playground/" + name)
	if err != nil {
		panic(err) // the files are part of the program
	}
	return string(text)
}

// playground serves one page that holds all it needs. Its policy allows exactly the script and the style in it, by
// their hashes, and requests to this server: nothing that a page or an answer contains can load, send or run anything
// else.
func playground() http.Handler {
	page, policy := playgroundPage()
	sum := sha256.Sum256(page)
	tag := `"` + hex.EncodeToString(sum[:16]) + `"`
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Vary", "Accept")
		if accept := r.Header.Get("Accept"); quality(accept, "application/json") > quality(accept, "text/html") {
			h.Set("Content-Type", "application/json; charset=utf-8")
			_, _ = io.WriteString(w, `{"graphql":"/graphql","health":"/healthz","ready":"/readyz"}`+"\n")
			return
		}
		h.Set("Cache-Control", "no-cache")
		h.Set("Content-Security-Policy", policy)
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("ETag", tag)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(page))
	})
}

// playgroundPage puts the page together and returns it with its content security policy.
func playgroundPage() (page []byte, policy string) {
	var parts []string
	for _, name := range scripts {
		parts = append(parts, playgroundFile(name))
	}
	script := "\n" + strings.Join(parts, "\n")
	style := "\n" + playgroundFile("style.css")
	examples, err := json.Marshal(Examples()) // escapes <, > and &, so it cannot end the element it stands in
	if err != nil {
		panic(err)
	}
	html := strings.NewReplacer(
		"/*style*/", style, "/*script*/", script, "/*examples*/", string(examples),
	).Replace(playgroundFile("page.html"))
	policy = strings.Join([]string{
		"default-src 'none'",
		fmt.Sprintf("script-src 'sha256-%s'", digest(script)),
		fmt.Sprintf("style-src 'sha256-%s'", digest(style)),
		"connect-src 'self'",
		"img-src data:",
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'none'",
		"require-trusted-types-for 'script'",
		"trusted-types 'none'",
	}, "; ")
	return []byte(html), policy
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.StdEncoding.EncodeToString(sum[:])
}
