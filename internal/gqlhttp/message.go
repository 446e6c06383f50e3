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

// encode returns the message in JSON. The payload is JSON already and is not looked at again.
func (m message) encode() []byte {
	text := make([]byte, 0, len(m.Payload)+len(m.ID)+64)
	text = append(text, '{')
	if m.ID != "" {
		text = append(append(append(text, `"id":`...), encoded(m.ID)...), ',')
	}
	text = append(append(text, `"type":`...), encoded(m.Type)...)
	if len(m.Payload) > 0 {
		text = append(append(text, `,"payload":`...), m.Payload...)
	}
	return append(text, '}')
}

// What is wrong with a message, as the client reads it in the reason of the close frame.
var (
	errNoMessage = errors.New("this is not a message of the protocol")
	errType      = errors.New("a client does not send messages of this type")
	errID        = errors.New("the message needs an id")
	errPayload   = errors.New("the payload is not an object")
	errSubscribe = errors.New("the payload of subscribe needs a query, and objects in variables and extensions")
	errAuthorize = errors.New("the authorization in the payload is not text")
)

// decodeMessage reads what a client has sent. Its errors are written for the client, and repeat nothing of it.
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

// authorization is what a connection_init gives in place of an Authorization header; "" when it gives nothing.
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
			return "", errAuthorize
		}
		return text, nil
	}
	return "", nil
}

// request is what a subscribe asks to execute.
func (m message) request() (*request, error) {
	asked := &request{}
	if m.Payload == nil || strictjson.Unmarshal(m.Payload, asked) != nil || !asked.hasOperation() {
		return nil, errSubscribe
	}
	return asked, nil
}

// cutReason shortens the reason of a close frame to what fits into one: 123 bytes.
func cutReason(reason string) string {
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
