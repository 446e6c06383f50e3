package gqlhttp

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/infin8content/engine/internal/strictjson"
)

// The types of messages. A client sends init, ping, pong, subscribe and complete.
const (
	messageInit      = "connection_init"
	messageAck       = "connection_ack"
	messagePing      = "ping"
	messagePong      = "pong"
	messageSubscribe = "subscribe"
	messageNext      = "next"
	messageError     = "error"
	messageComplete  = "complete"
)

// message is one message of the protocol.
type message struct {
	ID      string          `json:"id,omitempty"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// encode returns the message in JSON. It copies the payload, which is JSON already.
func (m message) encode() []byte {
	text := make([]byte, 0, len(m.Payload)+len(m.ID)+64)
	text = append(text, '{')
	if m.ID != "" {
		text = append(append(append(text, `"id":`...), encodeJSON(m.ID)...), ',')
	}
	text = append(append(text, `"type":`...), encodeJSON(m.Type)...)
	if len(m.Payload) > 0 {
		text = append(append(text, `,"payload":`...), m.Payload...)
	}
	return append(text, '}')
}

// The errors of a message, as the client reads them in the reason of the close frame.
var (
	errNoMessage     = errors.New("this is not a message of the protocol")
	errType          = errors.New("a client does not send messages of this type")
	errID            = errors.New("the message needs an id")
	errPayload       = errors.New("the payload is not an object")
	errSubscribe     = errors.New("the payload of subscribe needs a query, and objects in variables and extensions")
	errAuthorization = errors.New("the authorization in the payload is not text")
)

// decodeMessage reads a client's message. Its errors are written for the client and repeat nothing of the message.
func decodeMessage(text []byte) (message, error) {
	var m message
	if strictjson.Unmarshal(text, &m) != nil {
		return m, errNoMessage
	}
	if string(m.Payload) == "null" {
		m.Payload = nil
	}
	switch m.Type {
	case messageInit, messagePing, messagePong:
		if len(m.Payload) > 0 && m.Payload[0] != '{' {
			return m, errPayload
		}
	case messageSubscribe, messageComplete:
		if m.ID == "" {
			return m, errID
		}
	default:
		return m, errType
	}
	return m, nil
}

// authorization returns the Authorization value in the payload of a connection_init; "" when there is none.
func (m message) authorization() (string, error) {
	if m.Payload == nil {
		return "", nil
	}
	var fields map[string]any
	if strictjson.Unmarshal(m.Payload, &fields) != nil {
		return "", errPayload
	}
	for name, value := range fields {
		if !strings.EqualFold(name, "authorization") || value == nil {
			continue
		}
		text, isText := value.(string)
		if !isText {
			return "", errAuthorization
		}
		return text, nil
	}
	return "", nil
}

// request returns the request in the payload of a subscribe.
func (m message) request() (*request, error) {
	read := &request{}
	if m.Payload == nil || strictjson.Unmarshal(m.Payload, read) != nil || !read.hasOperation() {
		return nil, errSubscribe
	}
	return read, nil
}

// shortReason cuts the reason of a close frame to the 123 bytes that fit into one.
func shortReason(reason string) string {
	const most = 123
	if len(reason) <= most {
		return reason
	}
	cut := most
	for !utf8.RuneStart(reason[cut]) {
		cut--
	}
	return reason[:cut]
}
