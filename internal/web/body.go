package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/semaphore"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fair"
	"github.com/infin8content/engine/internal/fault"
)

const (
	// smallBody is the greatest body that reserves no memory: an ordinary operation.
	smallBody = 8 << 10
	// bodyRoom limits the memory of all greater bodies that are being read. Clients that send half a body and wait cannot
	// take more, however many they are.
	bodyRoom = 32 << 20
	// callerRoom limits the share of one organization.
	callerRoom = bodyRoom / 4
	// roomTimeout is the longest wait for memory.
	roomTimeout = 5 * time.Second
)

// bodies limits the bodies that are being read.
type bodies struct {
	room    *semaphore.Weighted
	callers *fair.Count[uuid.UUID]
}

func newBodies() *bodies {
	return &bodies{semaphore.NewWeighted(bodyRoom), fair.NewCount[uuid.UUID](callerRoom)}
}

// limitBody reads the whole body before the handler and answers 413 to one of more than limit bytes. Handlers need the
// whole body, and none of them can forget the limit. A request for a WebSocket has no body.
func limitBody(limit int64, next http.Handler) http.Handler {
	tooLarge := refusal{
		http.StatusRequestEntityTooLarge, fault.BodyTooLarge,
		fmt.Sprintf("The request body is larger than %d bytes.", limit),
	}
	all := newBodies()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength > limit {
			w.Header().Set("Connection", "close") // Else net/http reads the rest of the body.
			refuse(w, r, tooLarge)
			return
		}
		if r.ContentLength != 0 && !caller.From(r.Context()).Known() {
			closeUnread(w, r)
			refuse(w, r, refusal{http.StatusBadRequest, fault.InvalidInput, socketHasNoBody})
			return
		}
		body, err := all.read(w, r, limit)
		var over *http.MaxBytesError
		switch {
		case errors.As(err, &over):
			w.Header().Set("Connection", "close")
			refuse(w, r, tooLarge)
			return
		case errors.Is(err, errCallerRoom):
			w.Header().Set("Connection", "close")
			w.Header().Set("Retry-After", "1")
			refuse(w, r, refusal{http.StatusTooManyRequests, fault.RateLimited, tooManyBodies})
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

var (
	errNoRoom     = errors.New("there are too many bodies at once")
	errCallerRoom = errors.New("there are too many bodies of this organization at once")
)

// unreadTime is the time that the rest of a body has to arrive when the request is refused already.
const unreadTime = 500 * time.Millisecond

// closeUnread makes the server answer now and close the connection soon. Else net/http reads the rest of the body
// before it sends the answer, for as long as the client may take. HTTP/2 resets only the stream.
func closeUnread(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength != 0 && r.ProtoMajor == 1 {
		w.Header().Set("Connection", "close")
		// The recorders of tests have no deadlines.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(unreadTime))
	}
}

// read reads a body of at most limit bytes, when there is memory for it.
func (b *bodies) read(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	size := limit // The length of the body may be unknown.
	if r.ContentLength >= 0 {
		size = r.ContentLength
	}
	if needed := min(size, bodyRoom); needed > smallBody {
		done, ok := b.callers.AddMany(caller.From(r.Context()).OrganizationID, int(min(needed, callerRoom)))
		if !ok {
			return nil, errCallerRoom
		}
		defer done()
		ctx, cancel := context.WithTimeout(r.Context(), roomTimeout)
		defer cancel()
		if b.room.Acquire(ctx, needed) != nil {
			return nil, errNoRoom
		}
		defer b.room.Release(needed)
	}
	var body bytes.Buffer
	if r.ContentLength > 0 {
		body.Grow(int(r.ContentLength) + bytes.MinRead)
	}
	_, err := body.ReadFrom(http.MaxBytesReader(w, r.Body, limit))
	return body.Bytes(), err
}
