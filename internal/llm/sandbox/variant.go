package sandbox

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/infin8content/engine/internal/cost"
)

// Booking is the source of the figure that the engine books for an answer.
type Booking string

// The bookings. Each figure, except the hold, equals the one in the provider's books.
const (
	// BooksFigure is the figure in the answer.
	BooksFigure Booking = "FIGURE"
	// BooksList is the price table's figure for the tokens in the answer.
	BooksList Booking = "LIST"
	// BooksLookup is the figure of GET /generation, because the answer has no final one.
	BooksLookup Booking = "LOOKUP"
	// BooksHold is the hold, after a day, because the look-up has no figure either.
	BooksHold Booking = "HOLD"
	// BooksNothing is a release after a refusal.
	BooksNothing Booking = "NOTHING"
)

// ending is how the body of a variant ends.
type ending int

const (
	endsClean  ending = iota // by HTTP's own mark
	endsCut                  // by a connection that breaks
	endsClosed               // by a connection that is closed, which is also the mark of the end
)

// Variant is one shape of an answer on the wire, with the booking that a client must conclude. Its texts are templates
// for a Scene.
type Variant struct {
	Name   string
	Books  Booking
	Failed bool // the answer is unusable, so the attempt fails
	// NumericID means that the generation id is a number.
	NumericID bool

	status     int               // 200 when zero
	headers    map[string]string // beside the usual ones; an empty value removes one
	body       string
	end        ending
	bytewise   bool // one byte at a time
	gzip       bool
	free       bool   // the books have a generation without a cost
	ownKey     bool   // an upstream provider charges a key of the organization's own
	withFee    bool   // the provider charges a fee as well
	generation string // the body of the look-up; the usual one when empty
}

// Scene has the values for the templates of a variant.
type Scene struct {
	ID, Model, Text string
	Usage           cost.Usage
	// Cost is the amount that the organization pays, Upstream its part for an upstream provider.
	Cost, Upstream cost.Pico
}

// interimShare divides the cost into an interim figure, and into a fee.
const interimShare = 20

// fill replaces the marks of a template, such as <id>.
func (s Scene) fill(template string) string {
	half := len(s.Text) / 2
	for half < len(s.Text) && s.Text[half]&0xc0 == 0x80 {
		half++
	}
	quoted := func(text string) string {
		text = encode(text)
		return text[1 : len(text)-1]
	}
	return strings.NewReplacer(
		"<id>", s.ID,
		"<model>", s.Model,
		"<provider>", Provider,
		"<first>", quoted(s.Text[:half]),
		"<rest>", quoted(s.Text[half:]),
		"<prompt>", strconv.FormatInt(s.Usage.PromptTokens, 10),
		"<completion>", strconv.FormatInt(s.Usage.CompletionTokens, 10),
		"<searches>", strconv.FormatInt(s.Usage.WebSearches, 10),
		"<cost>", amount(s.Cost).String(),
		"<decimal>", s.Cost.String(),
		"<interim>", amount(s.Cost/interimShare).String(),
		"<fee>", amount(s.Cost-s.Upstream).String(),
		"<upstream>", amount(s.Upstream).String(),
		"<own>", strconv.FormatBool(s.Upstream > 0),
	).Replace(template)
}

// header returns the headers of the variant.
func (v Variant) header(s Scene) http.Header {
	h := http.Header{}
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Generation-Id", s.ID)
	for name, value := range v.headers {
		if value == "" {
			h.Del(name)
			continue
		}
		h.Set(name, s.fill(value))
	}
	if v.gzip {
		h.Set("Content-Encoding", "gzip")
	}
	return h
}

// bytes returns the body as it is sent.
func (v Variant) bytes(s Scene) []byte {
	plain := []byte(s.fill(v.body))
	if !v.gzip {
		return plain
	}
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	_, _ = writer.Write(plain)
	_ = writer.Close()
	return packed.Bytes()
}

func (v Variant) code() int {
	if v.status == 0 {
		return http.StatusOK
	}
	return v.status
}

// Response returns the answer as an HTTP response, for a client without a network.
func (v Variant) Response(s Scene) *http.Response {
	text := v.bytes(s)
	var body io.Reader = bytes.NewReader(text)
	length := int64(len(text))
	switch v.end {
	case endsCut:
		body, length = io.MultiReader(body, cutReader{}), -1
	case endsClosed:
		length = -1
	case endsClean:
		if v.headers["Content-Length"] != "" {
			body = io.MultiReader(body, cutReader{})
		}
	}
	return &http.Response{
		StatusCode:    v.code(),
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        v.header(s),
		Body:          io.NopCloser(body),
		ContentLength: length,
	}
}

// cutReader ends as a broken connection does.
type cutReader struct{}

func (cutReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// Charges reports whether the answer has a cost.
func (v Variant) Charges() bool { return v.Books != BooksNothing && !v.free }

// Upstream returns the part of the cost that an upstream provider charges to a key of the organization's own.
func (v Variant) Upstream(paid cost.Pico) cost.Pico {
	switch {
	case !v.ownKey:
		return 0
	case v.withFee:
		return paid - paid/interimShare
	}
	return paid
}

// usualGeneration is the body of a look-up.
const usualGeneration = `{"data":{"id":"<id>","model":"<model>","provider_name":"<provider>","total_cost":<fee>,` +
	`"is_byok":<own>,"upstream_inference_cost":<upstream>,"native_tokens_prompt":<prompt>,` +
	`"native_tokens_completion":<completion>}}`

// Generation returns the body of the look-up.
func (v Variant) Generation(s Scene) string {
	if v.generation == "" {
		return s.fill(usualGeneration)
	}
	return s.fill(v.generation)
}

// send writes the answer to a client.
func (v Variant) send(w http.ResponseWriter, s Scene) {
	if v.end == endsClosed {
		v.sendClosed(w, s)
		return
	}
	text := v.bytes(s)
	for name, values := range v.header(s) {
		w.Header()[name] = values
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header()["Content-Type"] = nil // Otherwise net/http guesses one.
	}
	w.WriteHeader(v.code())
	control := http.NewResponseController(w)
	_ = control.Flush()
	for size := len(text); len(text) > 0; text = text[min(size, len(text)):] {
		if v.bytewise {
			size = 1
		}
		_, _ = w.Write(text[:min(size, len(text))])
		_ = control.Flush()
	}
	if v.end == endsCut {
		panic(http.ErrAbortHandler)
	}
}

// sendClosed writes an answer that ends with the connection.
func (v Variant) sendClosed(w http.ResponseWriter, s Scene) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic("sandbox: " + err.Error()) // Only HTTP/2 cannot be hijacked.
	}
	defer func() { _ = conn.Close() }()
	var head bytes.Buffer
	fmt.Fprintf(&head, "HTTP/1.1 %d %s\r\nConnection: close\r\n", v.code(), http.StatusText(v.code()))
	_ = v.header(s).Write(&head)
	head.WriteString("\r\n")
	_, _ = conn.Write(append(head.Bytes(), v.bytes(s)...))
}
