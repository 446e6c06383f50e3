package web

import (
	"embed"
	"encoding/json"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strings"
)

// consoleFiles has the web app, which is built from the folder console at the top of the repository.
//
//go:embed console
var consoleFiles embed.FS

// Console configures the web app at /console/.
type Console struct {
	// Issuer and ClientID let people sign in at their identity provider, with an authorization code and PKCE. Without them
	// a person needs a token.
	Issuer, ClientID string
	// Scopes are the scopes that a sign-in asks for, with spaces between them.
	Scopes string
	// MembersOnly accepts no token from a link or from the clipboard: people sign in at the issuer.
	MembersOnly bool
	// Notice is a sentence on each page, such as that answers are synthetic; "" for none.
	Notice string
	// HasPlayground adds a link to the playground.
	HasPlayground bool
}

// ConsoleDocuments has the operations of the web app: *.graphql files whose names begin with "console.".
func ConsoleDocuments() fs.FS {
	folder, err := fs.Sub(consoleFiles, "console/documents")
	if err != nil {
		panic(err) // The program contains the folder.
	}
	return folder
}

// policy permits the files of this server and requests to this server and the issuer. Text in a page or an answer
// cannot load, send or run anything else. No code of the page may write markup.
func (c Console) policy() string {
	connect := "'self'"
	if issuer, err := url.Parse(c.Issuer); err == nil && c.ClientID != "" && issuer.Host != "" {
		connect += " " + issuer.Scheme + "://" + issuer.Host
	}
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src " + connect + "; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
		"require-trusted-types-for 'script'; trusted-types 'none'"
}

// settings returns the answer at /console/settings.json, which a page reads before a person signs in.
func (c Console) settings() []byte {
	type signIn struct {
		Issuer   string `json:"issuer"`
		ClientID string `json:"clientId"`
		Scopes   string `json:"scopes"`
	}
	settings := struct {
		SignIn     *signIn `json:"signIn"`
		Tokens     bool    `json:"tokens"`
		Notice     string  `json:"notice"`
		Playground bool    `json:"playground"`
	}{
		Tokens:     !c.MembersOnly,
		Notice:     c.Notice,
		Playground: c.HasPlayground,
	}
	if c.ClientID != "" {
		settings.SignIn = &signIn{c.Issuer, c.ClientID, c.Scopes}
	}
	body, err := json.Marshal(settings)
	if err != nil {
		panic(err) // All values are text.
	}
	return body
}

// handleConsole adds the web app. Every address below /console/ that has no file shows the app: the app reads the
// address itself. It returns the redirection to the app.
func handleConsole(mux *http.ServeMux, c Console) http.Handler {
	policy := c.policy()
	page := static{
		file:         consoleFile("index.html"),
		mediaType:    "text/html; charset=utf-8",
		cacheControl: "no-cache",
	}.handler()
	mux.HandleFunc("GET /console/{path...}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		page.ServeHTTP(w, r)
	})
	settings := c.settings()
	mux.HandleFunc("GET /console/settings.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Cache-Control", "no-cache")
		_, _ = w.Write(settings)
	})
	assets := consoleAssets()
	mux.HandleFunc("GET /console/assets/{file}", func(w http.ResponseWriter, r *http.Request) {
		file, found := assets[r.PathValue("file")]
		if !found {
			notFound(w, r) // A page of an earlier version asks for a file of that version.
			return
		}
		file.ServeHTTP(w, r)
	})
	return http.RedirectHandler("/console/", http.StatusFound)
}

// assetTypes has the types of the app's files by the ending of their names.
var assetTypes = map[string]string{
	".js":  "text/javascript; charset=utf-8",
	".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml",
	".txt": "text/plain; charset=utf-8",
}

// consoleAssets returns the files of the app by name. The name of a script or style has a hash of its content, so a
// browser keeps it for good.
func consoleAssets() map[string]http.Handler {
	entries, err := consoleFiles.ReadDir("console/assets")
	if err != nil {
		panic(err) // The program contains the folder.
	}
	assets := map[string]http.Handler{}
	for _, entry := range entries {
		name := strings.TrimSuffix(entry.Name(), ".gz")
		assets[name] = static{
			file:         consoleFile("assets/" + entry.Name()),
			isPacked:     true,
			mediaType:    assetTypes[path.Ext(name)],
			cacheControl: "public, max-age=31536000, immutable",
		}.handler()
	}
	return assets
}

func consoleFile(name string) []byte {
	text, err := consoleFiles.ReadFile("console/" + name)
	if err != nil {
		panic(err) // The program contains the files.
	}
	return text
}
