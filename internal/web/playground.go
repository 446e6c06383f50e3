package web

import (
	"embed"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
)

// playgroundFiles has the page, which is built from the folder playground at the top of the repository, and the
// examples, which are written here.
//
//go:embed playground
var playgroundFiles embed.FS

// Playground configures the page at /playground.
type Playground struct {
	// AdminsOnly gives the examples to administrators only. The page itself is public: a browser must load it before it
	// can send a token, and it has nothing about the API in it.
	AdminsOnly bool
	// MembersOnly gives the examples to every caller with a valid token.
	MembersOnly bool
	// Notice is a sentence on the page, such as that answers are synthetic; "" for none.
	Notice string
}

// playgroundPolicy permits the script and the style of this server, and requests to this server. Text in a page or an
// answer cannot load, send or run anything else. The one policy for trusted types lets the page write elements, but no
// code and no address of code.
const playgroundPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
	"img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types default"

// Example is one of the operations that the playground offers.
type Example struct {
	Title     string `json:"title"`
	About     string `json:"about"`
	Query     string `json:"query"`
	Variables string `json:"variables"`
}

// Examples returns the operations that the playground offers, in the order of a first visit. The page fills in
// placeholders in Variables such as "<workflow>".
func Examples() []Example {
	entries, err := playgroundFiles.ReadDir("playground/examples")
	if err != nil {
		panic(err) // The program contains the files.
	}
	var out []Example
	for _, entry := range entries {
		name, isQuery := strings.CutSuffix(entry.Name(), ".graphql")
		if !isQuery {
			continue
		}
		// The first line is a comment with the title, the second one says more. The operation follows.
		title, rest, _ := strings.Cut(string(playgroundFile("examples/"+entry.Name())), "\n")
		about, query, _ := strings.Cut(rest, "\n")
		out = append(out, Example{
			Title:     strings.TrimPrefix(title, "# "),
			About:     strings.TrimPrefix(about, "# "),
			Query:     query,
			Variables: strings.TrimSpace(string(playgroundFile("examples/" + name + ".json"))),
		})
	}
	return out
}

func playgroundFile(name string) []byte {
	text, err := playgroundFiles.ReadFile("playground/" + name)
	if err != nil {
		panic(err) // The program contains the files.
	}
	return text
}

// handlePlayground adds the page and its files, and returns the page. require passes authenticated callers only.
func handlePlayground(mux *http.ServeMux, p Playground, require func(http.Handler) http.Handler) http.Handler {
	file := asset("page.html", "text/html; charset=utf-8")
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", playgroundPolicy)
		file.ServeHTTP(w, r)
	})
	// The page finds its files beside its own address, so /playground has no slash at its end.
	mux.Handle("GET /playground", page)
	mux.Handle("GET /playground/app.js", asset("app.js.gz", "text/javascript; charset=utf-8"))
	mux.Handle("GET /playground/app.css", asset("app.css.gz", "text/css; charset=utf-8"))
	mux.Handle("GET /playground/licenses.txt", asset("licenses.txt.gz", "text/plain; charset=utf-8"))

	examples := examplesHandler(p)
	switch {
	case p.AdminsOnly:
		examples = require(onlyAdmins(examples))
	case p.MembersOnly:
		examples = require(examples)
	}
	mux.Handle("GET /playground/examples.json", examples)
	return page
}

// examplesHandler answers with the notice and the examples.
func examplesHandler(p Playground) http.Handler {
	body, err := json.Marshal(struct {
		Notice   string    `json:"notice"`
		Examples []Example `json:"examples"`
	}{p.Notice, Examples()})
	if err != nil {
		panic(err) // All values are text.
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = w.Write(body)
	})
}

// onlyAdmins refuses every other role.
func onlyAdmins(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if who := caller.From(r.Context()); !who.Has(caller.Explore) {
			refuse(w, r, denied(caller.Explore, who))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// denied is the answer to a caller that lacks the permission.
func denied(permission caller.Permission, who caller.Caller) refusal {
	return refusal{http.StatusForbidden, fault.Forbidden, who.Denied(permission)}
}

// asset serves a file of the playground. A browser validates it each time, so that no old script talks to a new server.
func asset(name, mediaType string) http.Handler {
	return static{
		file:         playgroundFile(name),
		isPacked:     strings.HasSuffix(name, ".gz"),
		mediaType:    mediaType,
		cacheControl: "no-cache",
	}.handler()
}
