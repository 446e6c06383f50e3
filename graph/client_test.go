package graph_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"
)

// client is a websocket's other end.
type client struct {
	t    *testing.T
	conn *websocket.Conn
}

type said map[string]any

// dial opens a websocket.
func (b liveBundle) dial(t *testing.T, header http.Header, subprotocols ...string) client {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, response, err := websocket.Dial(ctx, b.url, &websocket.DialOptions{
		Subprotocols: subprotocols, HTTPHeader: header,
	})
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body
	conn.SetReadLimit(1 << 20)
	t.Cleanup(func() { _ = conn.CloseNow() })
	return client{t, conn}
}

// open opens a websocket and introduces the client.
func (b liveBundle) open(t *testing.T, token string) client {
	t.Helper()
	c := b.dial(t, nil, "graphql-transport-ws")
	c.say(said{"type": "connection_init", "payload": said{"authorization": "Bearer " + token}})
	c.hear(said{"type": "connection_ack"})
	return c
}

func (c client) say(m said) {
	c.t.Helper()
	text, err := json.Marshal(m)
	if err != nil {
		c.t.Fatal(err)
	}
	c.write(websocket.MessageText, string(text))
}

func (c client) write(kind websocket.MessageType, text string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	if err := c.conn.Write(ctx, kind, []byte(text)); err != nil {
		c.t.Fatalf("send %s: %v", text, err)
	}
}

// next reads a message.
func (c client) next() said {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	_, text, err := c.conn.Read(ctx)
	if err != nil {
		c.t.Fatalf("wait for a message: %v", err)
	}
	var m said
	if err := json.Unmarshal(text, &m); err != nil {
		c.t.Fatalf("%s: %v", text, err)
	}
	if payload, isObject := m["payload"].(map[string]any); isObject {
		delete(payload, "extensions") // what it cost
	}
	return m
}

// hear reads a message and compares it.
func (c client) hear(want said) {
	c.t.Helper()
	if diff := cmp.Diff(plainly(c.t, want), plainly(c.t, c.next())); diff != "" {
		c.t.Fatalf("message (-want +got):\n%s", diff)
	}
}

// plainly turns a value into what JSON makes of it.
func plainly(t *testing.T, value any) (plain any) {
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

// ends waits until the socket is closed and returns the code. Whatever else is said before then is a fault.
func (c client) ends() websocket.StatusCode {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	_, text, err := c.conn.Read(ctx)
	if err == nil {
		c.t.Fatalf("got the message %s, want the end", text)
	}
	return websocket.CloseStatus(err)
}

// subscribe starts an operation.
func (c client) subscribe(id, query string, variables said) {
	c.t.Helper()
	c.say(said{"id": id, "type": "subscribe", "payload": said{"query": query, "variables": variables}})
}

// refused reads the error of an operation and returns its code.
func (c client) refused(id string) string {
	c.t.Helper()
	m := c.next()
	errs, _ := m["payload"].([]any)
	if m["type"] != "error" || m["id"] != id || len(errs) != 1 {
		c.t.Fatalf("got %v, want one error of %s", m, id)
	}
	return plainly(c.t, errs[0]).(map[string]any)["extensions"].(map[string]any)["code"].(string)
}

// code reads until the socket is closed and returns the code.
func (c client) code() websocket.StatusCode {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	for {
		if _, _, err := c.conn.Read(ctx); err != nil {
			return websocket.CloseStatus(err)
		}
	}
}

// within reads for a time, in which nothing should come.
func (c client) within(d time.Duration) error {
	ctx, cancel := context.WithTimeout(c.t.Context(), d)
	defer cancel()
	_, _, err := c.conn.Read(ctx)
	return err
}
