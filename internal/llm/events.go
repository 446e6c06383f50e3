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
	onLine  func() // called for each line
	afterCR bool
	next    event
}

func newEvents(from io.Reader, maxLine int, onLine func()) *events {
	e := &events{lines: bufio.NewScanner(from), onLine: onLine}
	e.lines.Buffer(make([]byte, 0, min(maxLine, 16<<10)), maxLine)
	e.lines.Split(e.split)
	return e
}

// split ends a line at CR, LF or CRLF, as the format requires. A CR ends its line at once, because the LF after it may
// arrive with the next event only.
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

// read returns the next event that has data; ok is false at the end. whole is false for a last event without its blank
// line, which may be cut.
func (e *events) read() (_ event, whole, ok bool) {
	for e.lines.Scan() {
		e.onLine()
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

// skipBlank discards white space and a byte order mark. It returns the byte after them without reading it.
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

// unpacked returns the uncompressed body of a response. The client does not ask for compression, but some proxies
// compress anyway.
func unpacked(response *http.Response) io.Reader {
	if !strings.EqualFold(response.Header.Get("Content-Encoding"), "gzip") {
		return response.Body
	}
	return &gzipReader{from: response.Body}
}

// gzipReader creates its gzip.Reader at the first read, because that waits for the body.
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
