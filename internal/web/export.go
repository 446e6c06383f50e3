package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
)

// Table is a table that can be exported.
type Table string

// The tables.
const (
	Journal Table = "journal"
	Ledger  Table = "ledger"
	Records Table = "records"
)

// Tables returns all tables.
func Tables() []Table { return []Table{Journal, Ledger, Records} }

// Format is the format of an export.
type Format string

// The formats.
const (
	CSV    Format = "csv"
	NDJSON Format = "ndjson"
)

// Export is a requested file. From and To are the texts of the client, empty without them.
type Export struct {
	Table    Table
	Format   Format
	From, To string
}

// mediaTypes has the media type of each format.
var mediaTypes = map[Format]string{CSV: "text/csv; charset=utf-8", NDJSON: "application/x-ndjson; charset=utf-8"}

const (
	// maxExports is the number of exports that a server writes at once, each for another organization.
	maxExports = 8
	// chunkTimeout is the time for a client to accept 32 KiB; exportTimeout limits the whole export.
	chunkTimeout  = 30 * time.Second
	exportTimeout = time.Hour
)

// runningExports has the organizations whose exports are being written.
type runningExports struct {
	mu            sync.Mutex
	organizations map[uuid.UUID]bool
}

func (r *runningExports) begin(organization uuid.UUID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.organizations[organization] || len(r.organizations) >= maxExports {
		return false
	}
	r.organizations[organization] = true
	return true
}

func (r *runningExports) end(organization uuid.UUID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.organizations, organization)
}

// exports answers callers who may export with a file. It sends the file while it reads it, for as long as the client
// accepts it, up to exportTimeout. It cuts the connection on a later error, so that no client takes half a file for a
// whole one. The end of the caller's token, or of its key, is such an error.
func exports(
	write func(context.Context, caller.Caller, Export, io.Writer) error, valid validity,
) http.Handler {
	running := &runningExports{organizations: map[uuid.UUID]bool{}}
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
		case !slices.Contains(Tables(), in.Table) || mediaTypes[in.Format] == "":
			notFound(w, r)
			return
		case !who.Has(caller.Export):
			refuse(w, r, denied(caller.Export, who))
			return
		}
		if !running.begin(who.OrganizationID) {
			w.Header().Set("Retry-After", "10")
			refuse(w, r, refusal{
				http.StatusTooManyRequests, fault.RateLimited,
				"An export of your organization is being written, or too many of others are. Try again later.",
			})
			return
		}
		defer running.end(who.OrganizationID)
		out := &download{writer: w, control: http.NewResponseController(w), export: in}
		out.extendDeadline() // The first query may take longer than the server's write timeout.
		ctx, cancel := valid.during(r.Context())
		defer cancel()
		err := write(ctx, who, in, out)
		if err == nil {
			return
		}
		if errors.Is(context.Cause(ctx), errCredentialEnded) {
			err = errCredentialEnded
		}
		if out.begun {
			recordOf(r.Context()).fail(fmt.Errorf("the export was cut off: %w", err))
			Annotate(r.Context(), "", string(fault.KindOf(err)))
			panic(http.ErrAbortHandler)
		}
		recordOf(r.Context()).fail(err)
		out.extendDeadline()
		refuse(w, r, exportRefusal(err))
	})
}

var errCredentialEnded = unauthenticated("the token has ended, or the key was revoked")

// validity is what ends an export before its end.
type validity struct {
	revoked func(context.Context, caller.Caller) <-chan struct{}
	now     func() time.Time
}

// during returns a context that ends with exportTimeout, with the caller's token, and when its key is revoked.
func (v validity) during(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, exportTimeout)
	if end, ends := caller.End(ctx); ends {
		var forget context.CancelFunc
		ctx, forget = context.WithTimeoutCause(ctx, end.Sub(v.now()), errCredentialEnded)
		before := cancel
		cancel = func() { forget(); before() }
	}
	if v.revoked == nil {
		return ctx, cancel
	}
	ctx, end := context.WithCancelCause(ctx)
	ended := v.revoked(ctx, caller.From(ctx))
	go func() {
		select {
		case <-ended:
			end(errCredentialEnded)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { end(nil); cancel() }
}

// exportRefusal returns the answer to an export that has not begun.
func exportRefusal(err error) refusal {
	switch kind := fault.KindOf(err); kind {
	case fault.InvalidInput:
		return refusal{http.StatusBadRequest, kind, publicText(err)}
	case fault.NotFound:
		return refusal{http.StatusNotFound, kind, publicText(err)}
	case fault.Unauthenticated:
		return refusal{http.StatusUnauthorized, kind, signInAgain}
	case fault.Unavailable:
		return refusal{http.StatusServiceUnavailable, kind, tryLater}
	default:
		return refusal{http.StatusInternalServerError, fault.Internal, quoteRequestID}
	}
}

// publicText returns the text of the public error in a chain, without the texts for the log, behind its parameter.
func publicText(err error) string {
	var public interface {
		error
		Kind() fault.Kind
	}
	if !errors.As(err, &public) {
		return quoteRequestID
	}
	if field := fault.FieldOf(err); len(field) > 0 {
		return strings.Join(field, ".") + ": " + public.Error()
	}
	return public.Error()
}

// download is the body of the answer. Its first write sets the headers of the file.
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
	d.extendDeadline()
	return d.writer.Write(b)
}

// extendDeadline gives the client time for one more chunk. It removes the read deadline, which would end the request.
// The recorders of tests have no deadlines.
func (d *download) extendDeadline() {
	_ = d.control.SetReadDeadline(time.Time{})
	_ = d.control.SetWriteDeadline(time.Now().Add(chunkTimeout))
}
