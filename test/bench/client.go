package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/web"
)

// client is one kept-alive connection to the server. It does as little as possible, because it shares the measured
// processors.
type client struct {
	conn   net.Conn
	reader *bufio.Reader
	head   string
	out    []byte
	body   []byte
}

func dial(address, token string) (*client, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return &client{conn: conn, reader: bufio.NewReaderSize(conn, 32<<10), head: headFor(address, token)}, nil
}

// headFor returns the head of a request, up to the length of its body.
func headFor(address, token string) string {
	head := "POST /graphql HTTP/1.1\r\nHost: " + address + "\r\nContent-Type: application/json\r\n"
	if token != "" {
		head += "Authorization: Bearer " + token + "\r\n"
	}
	return head + "Content-Length: "
}

func (c *client) close() { _ = c.conn.Close() }

// tokenFor returns a token for a caller.
func tokenFor(who caller.Caller) (string, error) {
	auth, err := web.NewAuthenticator([]byte(secret), time.Now)
	if err != nil {
		return "", err
	}
	return auth.Token(who, 12*time.Hour)
}

// operation returns the part of a request's body before the variables.
func operation(query string) string {
	text, err := json.Marshal(query)
	if err != nil {
		panic(err)
	}
	return `{"query":` + string(text) + `,"variables":`
}

// ask sends an operation with its variables in JSON. The answer is valid until the next call.
func (c *client) ask(operation, variables string) ([]byte, error) {
	c.out = append(c.out[:0], c.head...)
	c.out = strconv.AppendInt(c.out, int64(len(operation)+len(variables)+1), 10)
	c.out = append(c.out, "\r\n\r\n"...)
	c.out = append(append(append(c.out, operation...), variables...), '}')
	if _, err := c.conn.Write(c.out); err != nil {
		return nil, err
	}
	status, length, err := c.header()
	if err != nil {
		return nil, err
	}
	if c.body, err = c.readBody(c.body[:0], length); err != nil {
		return nil, err
	}
	if status != http.StatusOK || bytes.Contains(c.body, []byte(`"errors":[`)) ||
		bytes.Contains(c.body, []byte(`"userErrors":[{`)) {
		return nil, fmt.Errorf("the server answers %d %s", status, c.body)
	}
	return c.body, nil
}

// inChunks is the length of a chunked answer.
const inChunks = -2

// readBody reads the body of an answer.
func (c *client) readBody(into []byte, length int) ([]byte, error) {
	if length != inChunks {
		into = slices.Grow(into, length)[:length]
		_, err := io.ReadFull(c.reader, into)
		return into, err
	}
	for {
		line, err := c.reader.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		size, err := strconv.ParseUint(string(bytes.TrimSpace(line)), 16, 31)
		if err != nil {
			return nil, err
		}
		at := len(into)
		into = append(into, make([]byte, size+2)...) // 2 for the end of the line
		if _, err := io.ReadFull(c.reader, into[at:]); err != nil {
			return nil, err
		}
		if into = into[:at+int(size)]; size == 0 {
			return into, nil
		}
	}
}

// header reads the head of an answer.
func (c *client) header() (status, length int, err error) {
	length = -1
	for first := true; ; first = false {
		line, err := c.reader.ReadSlice('\n')
		if err != nil {
			return 0, 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch {
		case first && len(line) >= 12:
			status, err = strconv.Atoi(string(line[9:12]))
		case len(line) == 0 && length == -1:
			return 0, 0, errors.New("the answer has no length")
		case len(line) == 0:
			return status, length, nil
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			length = inChunks
		case bytes.EqualFold(name, []byte("Content-Length")):
			length, err = strconv.Atoi(string(bytes.TrimSpace(value)))
		}
		if err != nil {
			return 0, 0, err
		}
	}
}

// id returns a workflow's id in the form of the API.
func id(flow uuid.UUID) string { return "wf_" + flow.String() }
