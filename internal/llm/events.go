package llm

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
)

// event is one server-sent event.
type event struct {
	kind string // the field "event", "" when there is none
	data []byte // the lines of the field "data"
}

// events reads server-sent events: fields up to a blank line, comments between them to keep the connection alive.
type events struct {
	lines   *bufio.Scanner
	heard   func() // called for each line
	afterCR bool
	next    event
}

func newEvents(from io.Reader, maxLine int, heard func()) *events {
	e := &events{lines: bufio.NewScanner(from), heard: heard}
	e.lines.Buffer(make([]byte, 0, min(maxLine, 16<<10)), maxLine)
	e.lines.Split(e.split)
	return e
}

// split ends a line at CR, LF or both, as the format allows. A CR ends its line at once: whether a LF follows may be
// known only when the next event comes.
func (e *events) split(data []byte, atEOF bool) (advance int, line []byte, err error) {
	if len(data) == 0 {
		return 0, nil, nil
	}
	skipped := 0
	if e.afterCR && data[0] == '\n' {
		skipped = 1
	}
	e.afterCR = false
	rest := data[skipped:]
	if end := bytes.IndexAny(rest, "\r\n"); end >= 0 {
		e.afterCR = rest[end] == '\r'
		return skipped + end + 1, rest[:end], nil
	}
	if atEOF && len(rest) > 0 {
		return len(data), rest, nil
	}
	return skipped, nil, nil
}

// read returns the next event with data, and false at the end. whole is false for an event that the end has cut: its
// blank line is missing.
func (e *events) read() (_ event, whole, ok bool) {
	for e.lines.Scan() {
		e.heard()
		line := e.lines.Bytes()
		if len(line) > 0 {
			e.field(line)
			continue
		}
		read := e.next
		e.next = event{}
		if len(bytes.TrimSpace(read.data)) > 0 {
			return read, true, true
		}
	}
	read := e.next
	e.next = event{}
	return read, false, e.lines.Err() == nil && len(bytes.TrimSpace(read.data)) > 0
}

func (e *events) field(line []byte) {
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(name) {
	case "event":
		e.next.kind = string(value)
	case "data":
		if len(e.next.data) > 0 {
			e.next.data = append(e.next.data, '\n')
		}
		e.next.data = append(e.next.data, value...)
	}
}

// skipBlank reads white space and a byte order mark away and returns the byte after them, which stays to be read.
func skipBlank(from *bufio.Reader) (byte, error) {
	for {
		b, err := from.ReadByte()
		if err != nil {
			return 0, err
		}
		switch b {
		case ' ', '\t', '\r', '\n', 0xef, 0xbb, 0xbf:
		default:
			return b, from.UnreadByte()
		}
	}
}

// unpacked returns the body of a response without its compression. The client asks for none, but some proxies compress
// all the same.
func unpacked(response *http.Response) io.Reader {
	if !strings.EqualFold(response.Header.Get("Content-Encoding"), "gzip") {
		return response.Body
	}
	return &gzipReader{from: response.Body}
}

// gzipReader begins to unpack when it is first read, since that waits for the body.
type gzipReader struct {
	from     io.Reader
	unpacked *gzip.Reader
}

// Read returns unpacked bytes.
func (g *gzipReader) Read(p []byte) (n int, err error) {
	if g.unpacked == nil {
		if g.unpacked, err = gzip.NewReader(g.from); err != nil {
			return 0, err
		}
	}
	return g.unpacked.Read(p)
}
