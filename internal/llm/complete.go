package llm

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/infin8content/engine/internal/cost"
)

// errSilent ends a request after Options.Silence without a byte.
var errSilent = errors.New("the provider was silent for too long")

// errTooLarge ends an answer that exceeds the limit.
var errTooLarge = errors.New("the answer is larger than allowed")

// Complete sends a body of Request.Body and reads the streamed answer. It calls started once with the generation id,
// before it reads further, so that the answer can be settled after a crash. An error from started ends the request.
//
// Every error is an *Error. Cancelling the context closes the connection, which stops the charge where the provider
// supports it. One call sends one request. A transport replaces an idle connection that was closed before the first
// write.
func (c *Client) Complete(
	ctx context.Context, body []byte, started func(ctx context.Context, generationID string) error,
) (Answer, error) {
	return c.send(ctx, "/chat/completions", body, started, (*reading).read)
}

// Embed sends a body of EmbeddingRequest.Body. The text of its answer is the JSON list of vectors: see ParseVectors.
// Its contract is otherwise that of Complete.
func (c *Client) Embed(
	ctx context.Context, body []byte, started func(ctx context.Context, generationID string) error,
) (Answer, error) {
	return c.send(ctx, "/embeddings", body, started, (*reading).vectors)
}

// send sends one request and reads its answer.
func (c *Client) send(
	ctx context.Context, path string, body []byte, started func(ctx context.Context, generationID string) error,
	read func(*reading, io.Reader) (Answer, error),
) (Answer, error) {
	x := c.exchange(ctx)
	defer x.end()
	request, err := c.request(x.traced(), http.MethodPost, path, body)
	if err != nil {
		return Answer{}, x.failed(err, Answer{})
	}
	response, err := c.http.Do(request)
	if err != nil {
		return Answer{}, x.failed(err, Answer{})
	}
	defer func() { _ = response.Body.Close() }()
	x.restartSilence()
	x.status = response.StatusCode
	if response.StatusCode != http.StatusOK {
		return Answer{}, x.refused(response)
	}
	r := reading{
		exchange: x,
		header:   response.Header,
		started:  started,
		framed:   framed(response),
	}
	r.answer.GenerationID = generationID(response.Header)
	if err := r.announce(); err != nil {
		return Answer{}, err
	}
	return read(&r, unpacked(response))
}

// generationID is the id in the headers, or "".
func generationID(h http.Header) string { return cost.CleanGenerationID(h.Get("X-Generation-Id")) }

// framed reports whether HTTP marks the end of the body: by a length, by chunks, or by a frame of HTTP/2. Otherwise the
// body ends with the connection, and a broken connection looks the same.
func framed(response *http.Response) bool {
	return response.ContentLength >= 0 || len(response.TransferEncoding) > 0 || response.ProtoMajor >= 2 ||
		response.Uncompressed
}

// exchange is one request and its response: the caller's context, a context below it, and the timer for silence.
type exchange struct {
	client    *Client
	caller    context.Context
	ctx       context.Context
	cancel    context.CancelCauseFunc
	watch     *time.Timer
	limit     time.Duration
	connected atomic.Bool
	status    int
}

func (c *Client) exchange(caller context.Context) *exchange {
	ctx, cancel := context.WithCancelCause(caller)
	x := &exchange{
		client: c,
		caller: caller,
		ctx:    ctx,
		cancel: cancel,
		limit:  c.silence,
	}
	x.watch = time.AfterFunc(x.limit, func() { cancel(errSilent) })
	return x
}

func (x *exchange) end() {
	x.watch.Stop()
	x.cancel(context.Canceled)
}

// restartSilence restarts the timer for silence.
func (x *exchange) restartSilence() { x.watch.Reset(x.limit) }

// traced returns a context that records when the transport has a connection. The transport calls GotConn before it
// writes, and in the calling goroutine. The hooks for writing run in another goroutine, too late for a proof.
func (x *exchange) traced() context.Context {
	return httptrace.WithClientTrace(x.ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { x.connected.Store(true) },
	})
}

// charge returns the Charge of an exchange that ended with this answer.
func (x *exchange) charge(a Answer) Charge {
	switch {
	case a.Cost != nil:
		return ChargeKnown
	case x.client.traced && !x.connected.Load():
		return ChargeNone
	}
	return ChargeUnknown
}

// failed returns the error of an interrupted exchange. The state of the caller's context takes precedence over the
// error of the network, since an abort looks like a network error.
func (x *exchange) failed(err error, a Answer) *Error {
	failure := &Error{
		Charge: x.charge(a),
		Status: x.status,
		Answer: a,
		cause:  err,
	}
	var timeout net.Error
	switch {
	case errors.Is(x.caller.Err(), context.DeadlineExceeded):
		failure.Class, failure.Message = Timeout, "the time for this request is over"
		failure.cause = errors.Join(x.caller.Err(), context.Cause(x.caller), err)
	case x.caller.Err() != nil:
		failure.Class, failure.Message = Cancelled, "the request was cancelled"
		failure.cause = errors.Join(x.caller.Err(), context.Cause(x.caller), err)
	case errors.Is(context.Cause(x.ctx), errSilent):
		failure.Class, failure.Message = Timeout, errSilent.Error()
		failure.cause = errors.Join(errSilent, err)
	case errors.As(err, &timeout) && timeout.Timeout():
		failure.Class, failure.Message = Timeout, x.client.clean(err.Error())
	default:
		failure.Class, failure.Message = Network, x.client.clean(err.Error())
	}
	return failure
}

// refused reads the body of a response whose status is not 200. An incomplete body proves nothing.
func (x *exchange) refused(response *http.Response) *Error {
	body, err := io.ReadAll(&limitedReader{from: unpacked(response), left: maxErrorBytes})
	if err != nil {
		body = nil
	}
	return x.client.refused(response, body)
}

// limitedReader is io.LimitedReader with an error of its own at the limit instead of io.EOF.
type limitedReader struct {
	from io.Reader
	left int64
}

// Read fails with errTooLarge beyond the limit.
func (l *limitedReader) Read(p []byte) (int, error) {
	if l.left < 0 {
		return 0, errTooLarge
	}
	if int64(len(p)) > l.left+1 {
		p = p[:l.left+1]
	}
	n, err := l.from.Read(p)
	l.left -= int64(n)
	if l.left < 0 {
		return 0, errTooLarge
	}
	return n, err
}
