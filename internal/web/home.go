package web

import (
	"io"
	"net/http"

	"github.com/infin8content/engine/internal/header"
)

// handlePages adds the console, the playground and /, which shows a browser one of them, and a program an index.
func handlePages(mux *http.ServeMux, o Options) {
	var home http.Handler
	if o.Playground != nil {
		home = handlePlayground(mux, *o.Playground, o.SignIn.require)
	}
	if o.Console != nil {
		console := handleConsole(mux, *o.Console)
		if home == nil || !o.PlaygroundIsHome {
			home = console
		}
	}
	if home == nil {
		return
	}
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Vary", "Accept")
		if accept := header.AcceptOf(r.Header); accept.Quality("application/json") > accept.Quality("text/html") {
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			_, _ = io.WriteString(w, `{"graphql":"/graphql","health":"/healthz","ready":"/readyz"}`+"\n")
			return
		}
		home.ServeHTTP(w, r)
	})
}
