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

// Booking says what the engine books for an answer: where its figure comes from.
type Booking string

// The bookings. Whichever it is, the figure is the one in the provider's books, but for the hold.
const (
	// BooksFigure is the figure that came with the answer.
	BooksFigure Booking = "FIGURE"
	// BooksList is the price table's figure for the tokens that came with the answer.
	BooksList Booking = "LIST"
	// BooksLookup is the figure of GET /generation: the answer proves none.
	BooksLookup Booking = "LOOKUP"
	// BooksHold is the hold, after a day: the answer proves no figure, and the provider cannot be asked.
	BooksHold Booking = "HOLD"
	// BooksNothing is a release: the provider has refused.
	BooksNothing Booking = "NOTHING"
)

// ending is how the body of a variant ends.
type ending int

const (
	endsClean  ending = iota // by HTTP's own mark
	endsCut                  // by a connection that breaks
	endsClosed               // by a connection that is closed, which is also the mark of the end
)

// Variant is one way to put an answer on the wire, and what a client must conclude from it. The texts are templates,
// which Scene fills in.
type Variant struct {
	Name   string
	Books  Booking
	Failed bool // the answer is of no use, so the attempt fails
	// NumericID says that a number names the generation.
	NumericID bool

	status     int               // 200 when zero
	headers    map[string]string // beside the usual ones; an empty value removes one
	body       string
	end        ending
	bytewise   bool // one byte at a time
	gzip       bool
	free       bool   // the books have a generation that cost nothing
	ownKey     bool   // an upstream provider charges a key of the organization's own
	withFee    bool   // the provider charges a fee beside it
	generation string // the body of the look-up; the usual one when empty
}

// Scene is what the templates of a variant are filled with.
type Scene struct {
	ID, Model, Text string
	Usage           cost.Usage
	// Cost is what the organization pays, Upstream the part of it that goes to an upstream provider.
	Cost, Upstream cost.Pico
}

// interimShare is the part of the cost that an interim figure shows.
const interimShare = 20

// fill replaces the marks of a template.
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

// Response returns the answer without a network, for a simulation that owns its time.
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

// Charges reports whether the answer costs anything.
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
		w.Header()["Content-Type"] = nil // Keeps the server from guessing one.
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

// sendClosed writes an answer whose end is the end of the connection.
func (v Variant) sendClosed(w http.ResponseWriter, s Scene) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic("sandbox: " + err.Error()) // Only HTTP/2 has no connection of its own.
	}
	defer func() { _ = conn.Close() }()
	var head bytes.Buffer
	fmt.Fprintf(&head, "HTTP/1.1 %d %s\r\nConnection: close\r\n", v.code(), http.StatusText(v.code()))
	_ = v.header(s).Write(&head)
	head.WriteString("\r\n")
	_, _ = conn.Write(append(head.Bytes(), v.bytes(s)...))
}
