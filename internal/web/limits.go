package web

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/infin8content/engine/internal/fault"
)

// limitBody reads the whole body before anything else sees it and answers 413 when it is greater than limit bytes. A
// body is small and the handler needs all of it anyway; this way no handler can forget to ask.
func limitBody(limit int64, next http.Handler) http.Handler {
	tooLarge := refusal{
		http.StatusRequestEntityTooLarge, fault.BodyTooLarge,
		fmt.Sprintf("The request body is larger than %d bytes.", limit),
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength > limit {
			w.Header().Set("Connection", "close") // rather than read the rest
			refuse(w, r, tooLarge)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
		var over *http.MaxBytesError
		switch {
		case errors.As(err, &over):
			w.Header().Set("Connection", "close")
			refuse(w, r, tooLarge)
			return
		case err != nil:
			recordOf(r.Context()).fail(fmt.Errorf("read the body: %w", err))
			refuse(w, r, refusal{http.StatusBadRequest, fault.InvalidInput, bodyCutOff})
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		r.ContentLength = int64(len(body))
		next.ServeHTTP(w, r)
	})
}
