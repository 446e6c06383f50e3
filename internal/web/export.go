package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
)

// Table is what can be exported.
type Table string

// The tables.
const (
	Journal Table = "journal"
	Ledger  Table = "ledger"
)

// Format is how an export is written.
type Format string

// The formats.
const (
	CSV    Format = "csv"
	NDJSON Format = "ndjson"
)

// Export is a file that is asked for. From and To are as the client wrote them, empty when it did not.
type Export struct {
	Table    Table
	Format   Format
	From, To string
}

// mediaTypes are the formats as HTTP names them.
var mediaTypes = map[Format]string{CSV: "text/csv; charset=utf-8", NDJSON: "application/x-ndjson; charset=utf-8"}

const (
	// exportsAtOnce is how many exports a server writes at a time, each for another organization.
	exportsAtOnce = 8
	// chunkLimit is how long a client may take to accept 32 KiB, exportLimit how long all of it may take.
	chunkLimit  = 30 * time.Second
	exportLimit = time.Hour
)

// places are the exports that are being written.
type places struct {
	mu    sync.Mutex
	taken map[uuid.UUID]bool
}

func (p *places) take(organization uuid.UUID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken[organization] || len(p.taken) >= exportsAtOnce {
		return false
	}
	p.taken[organization] = true
	return true
}

func (p *places) leave(organization uuid.UUID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.taken, organization)
}

// exports answers with a file, to administrators: it is audit, and it is money. The file is written as it is read, and
// may take longer than any other answer as long as the client goes on accepting it. When it fails after it has begun,
// the connection is cut, so that half a file is not taken for a whole one.
func exports(write func(context.Context, caller.Caller, Export, io.Writer) error) http.Handler {
	places := &places{taken: map[uuid.UUID]bool{}}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who := caller.From(r.Context())
		table, format, _ := strings.Cut(r.PathValue("file"), ".")
		in := Export{
			Table:  Table(table),
			Format: Format(format),
			From:   r.URL.Query().Get("from"),
			To:     r.URL.Query().Get("to"),
		}
		switch {
		case in.Table != Journal && in.Table != Ledger || mediaTypes[in.Format] == "":
			notFound(w, r)
			return
		case !who.Role.Includes(caller.Admin):
			refuse(w, r, needsAdmin(who.Role))
			return
		}
		if !places.take(who.OrganizationID) {
			w.Header().Set("Retry-After", "10")
			refuse(w, r, refusal{
				http.StatusTooManyRequests, fault.RateLimited,
				"An export of your organization is being written, or too many of others are. Try again later.",
			})
			return
		}
		defer places.leave(who.OrganizationID)
		out := &download{writer: w, control: http.NewResponseController(w), export: in}
		out.hurry() // a query may take its time before the first byte
		ctx, cancel := context.WithTimeout(r.Context(), exportLimit)
		defer cancel()
		err := write(ctx, who, in, out)
		if err == nil {
			return
		}
		if out.begun {
			recordOf(r.Context()).fail(fmt.Errorf("the export was cut off: %w", err))
			Annotate(r.Context(), "", string(fault.KindOf(err)))
			panic(http.ErrAbortHandler)
		}
		recordOf(r.Context()).fail(err)
		out.hurry()
		refuse(w, r, notExported(err))
	})
}

// notExported is the answer to an export that has not begun.
func notExported(err error) refusal {
	switch kind := fault.KindOf(err); kind {
	case fault.InvalidInput:
		return refusal{http.StatusBadRequest, kind, publicText(err)}
	case fault.NotFound:
		return refusal{http.StatusNotFound, kind, publicText(err)}
	case fault.Unavailable:
		return refusal{http.StatusServiceUnavailable, kind, tryLater}
	default:
		return refusal{http.StatusInternalServerError, fault.Internal, quoteTheRequest}
	}
}

// publicText is the text of the public error in a chain, without what was added for the log, and the parameter that it
// is about.
func publicText(err error) string {
	var public interface {
		error
		Kind() fault.Kind
	}
	if !errors.As(err, &public) {
		return quoteTheRequest
	}
	if field := fault.FieldOf(err); len(field) > 0 {
		return strings.Join(field, ".") + ": " + public.Error()
	}
	return public.Error()
}

// download is the answer's body. It announces the file with its first byte.
type download struct {
	writer  http.ResponseWriter
	control *http.ResponseController
	export  Export
	begun   bool
}

func (d *download) Write(b []byte) (int, error) {
	if !d.begun {
		d.begun = true
		h := d.writer.Header()
		h.Set("Content-Type", mediaTypes[d.export.Format])
		h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s.%s"`, d.export.Table, d.export.Format))
	}
	d.hurry()
	return d.writer.Write(b)
}

// hurry gives the client the time for one more chunk. The deadline for reading goes, since the request has been read
// and its passing would end the request. What cannot be set, as in a test without a connection, is no deadline.
func (d *download) hurry() {
	_ = d.control.SetReadDeadline(time.Time{})
	_ = d.control.SetWriteDeadline(time.Now().Add(chunkLimit))
}
