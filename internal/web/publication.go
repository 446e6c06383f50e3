package web

import (
	"context"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/publicid"
)

// publications answers callers who may read with the file of a publication: Markdown with front matter.
func publications(read func(context.Context, caller.Caller, uuid.UUID) ([]byte, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who := caller.From(r.Context())
		name, isMarkdown := strings.CutSuffix(r.PathValue("file"), ".md")
		id, err := publicid.ID(name).As(publicid.Publication)
		switch {
		case !isMarkdown || err != nil:
			notFound(w, r)
			return
		case !who.Has(caller.Read):
			refuse(w, r, denied(caller.Read, who))
			return
		}
		file, err := read(r.Context(), who, id)
		if err != nil {
			recordOf(r.Context()).fail(err)
			refuse(w, r, exportRefusal(err))
			return
		}
		w.Header().Set("Content-Type", "text/markdown; charset=utf-8")
		w.Header().Set("Content-Disposition", `attachment; filename="`+name+`.md"`)
		_, _ = w.Write(file) // An error means that the client has gone.
	})
}
