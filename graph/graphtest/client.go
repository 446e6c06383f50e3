package graphtest

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"
)

// Client is the other end of a websocket.
type Client struct {
	Conn *websocket.Conn
	t    *testing.T
}

// Message is a message of the protocol, or an object in one.
type Message map[string]any

// Dial opens a websocket.
func (l Live) Dial(t *testing.T, header http.Header, subprotocols ...string) Client {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Timeout)
	defer cancel()
	conn, response, err := websocket.Dial(ctx, l.url, &websocket.DialOptions{
		Subprotocols: subprotocols, HTTPHeader: header,
	})
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body
	conn.SetReadLimit(1 << 20)
	t.Cleanup(func() { _ = conn.CloseNow() })
	return Client{Conn: conn, t: t}
}

// Open opens a websocket and sends a token.
func (l Live) Open(t *testing.T, token string) Client {
	t.Helper()
	c := l.Dial(t, nil, "graphql-transport-ws")
	c.Send(Message{"type": "connection_init", "payload": Message{"authorization": "Bearer " + token}})
	c.Expect(Message{"type": "connection_ack"})
	return c
}

// Send sends a message.
func (c Client) Send(m Message) {
	c.t.Helper()
	text, err := json.Marshal(m)
	if err != nil {
		c.t.Fatal(err)
	}
	c.Write(websocket.MessageText, string(text))
}

// Write sends a text as it is.
func (c Client) Write(kind websocket.MessageType, text string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), Timeout)
	defer cancel()
	if err := c.Conn.Write(ctx, kind, []byte(text)); err != nil {
		c.t.Fatalf("send %s: %v", text, err)
	}
}

// Next reads a message. It leaves the extensions of an answer out.
func (c Client) Next() Message {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), Timeout)
	defer cancel()
	_, text, err := c.Conn.Read(ctx)
	if err != nil {
		c.t.Fatalf("wait for a message: %v", err)
	}
	var m Message
	if err := json.Unmarshal(text, &m); err != nil {
		c.t.Fatalf("%s: %v", text, err)
	}
	if payload, isObject := m["payload"].(map[string]any); isObject {
		delete(payload, "extensions")
	}
	return m
}

// Expect reads a message and compares it.
func (c Client) Expect(want Message) {
	c.t.Helper()
	if diff := cmp.Diff(AsJSON(c.t, want), AsJSON(c.t, c.Next())); diff != "" {
		c.t.Fatalf("message (-want +got):\n%s", diff)
	}
}

// AsJSON returns a value as JSON has it.
func AsJSON(t *testing.T, value any) (plain any) {
	t.Helper()
	text, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(text, &plain)
	}
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

// ExpectClose waits until the socket is closed and returns the code. A message before the end fails the test.
func (c Client) ExpectClose() websocket.StatusCode {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), Timeout)
	defer cancel()
	_, text, err := c.Conn.Read(ctx)
	if err == nil {
		c.t.Fatalf("got the message %s, want the end", text)
	}
	return websocket.CloseStatus(err)
}

// CloseCode reads until the socket is closed and returns the code.
func (c Client) CloseCode() websocket.StatusCode {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), Timeout)
	defer cancel()
	for {
		if _, _, err := c.Conn.Read(ctx); err != nil {
			if errors.Is(err, context.DeadlineExceeded) {
				c.t.Errorf("the connection is still open after %s", Timeout)
			}
			return websocket.CloseStatus(err)
		}
	}
}

// Subscribe starts an operation.
func (c Client) Subscribe(id, query string, variables Message) {
	c.t.Helper()
	c.Send(Message{"id": id, "type": "subscribe", "payload": Message{"query": query, "variables": variables}})
}

// ExpectError reads the one error of an operation and returns its code.
func (c Client) ExpectError(id string) string {
	c.t.Helper()
	m := c.Next()
	errs, _ := m["payload"].([]any)
	if m["type"] != "error" || m["id"] != id || len(errs) != 1 {
		c.t.Fatalf("got %v, want one error of %s", m, id)
	}
	return AsJSON(c.t, errs[0]).(map[string]any)["extensions"].(map[string]any)["code"].(string)
}

// ReadFor reads for a time in which no message should come.
func (c Client) ReadFor(d time.Duration) error {
	ctx, cancel := context.WithTimeout(c.t.Context(), d)
	defer cancel()
	_, _, err := c.Conn.Read(ctx)
	return err
}
