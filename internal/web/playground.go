package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/header"
)

// The page and what it loads are built from the folder playground at the top of the repository; the examples are
// written here.
//
//go:embed playground
var playgroundFiles embed.FS

// Playground is what the page at / is like.
type Playground struct {
	// AdminsOnly keeps it shut for everybody but administrators. The page itself is the same for every server and says
	// nothing about the API, and a browser must load it before it can have a token: so it is given to everybody, and
	// asks for one. What it then offers is given to administrators only.
	AdminsOnly bool
	// Notice is a sentence that the page carries, such as that answers are synthetic; empty: none.
	Notice string
}

// playgroundPolicy allows the page the script and the style that this server has, and requests to this server: nothing
// that a page or an answer contains can load, send or run anything else. The one policy for trusted types lets the page
// write elements, and neither code nor the address of code.
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
		panic(err) // the files are part of the program
	}
	return text
}

// handlePlayground adds the page and what it loads. enter is what lets authenticated callers through.
func handlePlayground(mux *http.ServeMux, p Playground, enter func(http.Handler) http.Handler) {
	page := asset("page.html", "text/html; charset=utf-8")
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Vary", "Accept")
		if accept := header.AcceptOf(r.Header); accept.Quality("application/json") > accept.Quality("text/html") {
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			_, _ = io.WriteString(w, `{"graphql":"/graphql","health":"/healthz","ready":"/readyz"}`+"\n")
			return
		}
		w.Header().Set("Content-Security-Policy", playgroundPolicy)
		page.ServeHTTP(w, r)
	})
	mux.Handle("GET /playground/app.js", asset("app.js.gz", "text/javascript; charset=utf-8"))
	mux.Handle("GET /playground/app.css", asset("app.css.gz", "text/css; charset=utf-8"))
	mux.Handle("GET /playground/licenses.txt", asset("licenses.txt.gz", "text/plain; charset=utf-8"))

	examples := offer(p)
	if p.AdminsOnly {
		examples = enter(onlyAdmins(examples))
	}
	mux.Handle("GET /playground/examples.json", examples)
}

// offer answers with what the page shows once it is open.
func offer(p Playground) http.Handler {
	body, err := json.Marshal(struct {
		Notice   string    `json:"notice"`
		Examples []Example `json:"examples"`
	}{p.Notice, Examples()})
	if err != nil {
		panic(err) // they are text
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = w.Write(body)
	})
}

// onlyAdmins refuses every other role.
func onlyAdmins(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if role := caller.From(r.Context()).Role; !role.Includes(caller.Admin) {
			refuse(w, r, needsAdmin(role))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func needsAdmin(role caller.Role) refusal {
	return refusal{
		http.StatusForbidden, fault.Forbidden, fmt.Sprintf("This needs the role %s; yours is %s.", caller.Admin, role),
	}
}

// asset serves a file of the page. One whose name ends in .gz goes as it is to a browser that reads gzip. A browser
// keeps it and asks each time whether it is still the same, so that a new server never meets an old script.
func asset(name, mediaType string) http.Handler {
	kept, isPacked := playgroundFile(name), strings.HasSuffix(name, ".gz")
	plain := sync.OnceValue(func() []byte { return unpack(kept) })
	sum := sha256.Sum256(kept)
	tag := hex.EncodeToString(sum[:16])
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-cache")
		h.Set("Content-Type", mediaType)
		body, mark := kept, tag
		if isPacked {
			h.Add("Vary", "Accept-Encoding")
			if header.HasToken(r.Header, "Accept-Encoding", "gzip") {
				h.Set("Content-Encoding", "gzip")
			} else {
				body, mark = plain(), tag+"-plain"
			}
		}
		h.Set("ETag", `"`+mark+`"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	})
}

func unpack(packed []byte) []byte {
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		panic(err) // the file is part of the program
	}
	plain, err := io.ReadAll(reader)
	if err != nil {
		panic(err)
	}
	return plain
}
