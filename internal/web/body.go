package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/infin8content/engine/internal/fault"
)

const (
	// smallBody is the greatest body that reserves no memory: an ordinary operation.
	smallBody = 8 << 10
	// bodyRoom limits the memory of all greater bodies that are being read. Clients that send half a body and wait cannot
	// take more, however many they are.
	bodyRoom = 32 << 20
	// roomTimeout is the longest wait for memory.
	roomTimeout = 5 * time.Second
)

// limitBody reads the whole body before the handler and answers 413 to one of more than limit bytes. Handlers need the
// whole body, and none of them can forget the limit.
func limitBody(limit int64, next http.Handler) http.Handler {
	tooLarge := refusal{
		http.StatusRequestEntityTooLarge, fault.BodyTooLarge,
		fmt.Sprintf("The request body is larger than %d bytes.", limit),
	}
	room := semaphore.NewWeighted(bodyRoom)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength > limit {
			w.Header().Set("Connection", "close") // Else net/http reads the rest of the body.
			refuse(w, r, tooLarge)
			return
		}
		body, err := readBody(w, r, limit, room)
		var over *http.MaxBytesError
		switch {
		case errors.As(err, &over):
			w.Header().Set("Connection", "close")
			refuse(w, r, tooLarge)
			return
		case errors.Is(err, errNoRoom):
			w.Header().Set("Connection", "close")
			w.Header().Set("Retry-After", "5")
			refuse(w, r, refusal{http.StatusServiceUnavailable, fault.Unavailable, tryLater})
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

var errNoRoom = errors.New("there are too many bodies at once")

// readBody reads a body of at most limit bytes, when there is memory for it.
func readBody(w http.ResponseWriter, r *http.Request, limit int64, room *semaphore.Weighted) ([]byte, error) {
	size := limit // The length of the body may be unknown.
	if r.ContentLength >= 0 {
		size = r.ContentLength
	}
	if needed := min(size, bodyRoom); needed > smallBody {
		ctx, cancel := context.WithTimeout(r.Context(), roomTimeout)
		defer cancel()
		if room.Acquire(ctx, needed) != nil {
			return nil, errNoRoom
		}
		defer room.Release(needed)
	}
	var body bytes.Buffer
	if r.ContentLength > 0 {
		body.Grow(int(r.ContentLength) + bytes.MinRead)
	}
	_, err := body.ReadFrom(http.MaxBytesReader(w, r.Body, limit))
	return body.Bytes(), err
}
