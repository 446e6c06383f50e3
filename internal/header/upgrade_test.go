package header_test

import (
	"net/http"
	"testing"

	"github.com/infin8content/engine/internal/header"
)

func TestAsksForWebSocket(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		method     string
		connection []string
		upgrade    []string
		want       bool
	}{
		"Browser":           {http.MethodGet, []string{"keep-alive, Upgrade"}, []string{"websocket"}, true},
		"TwoFields":         {http.MethodGet, []string{"keep-alive", "upgrade"}, []string{"WebSocket"}, true},
		"Post":              {http.MethodPost, []string{"Upgrade"}, []string{"websocket"}, false},
		"WithoutConnection": {http.MethodGet, nil, []string{"websocket"}, false},
		"OtherConnection":   {http.MethodGet, []string{"keep-alive, upgraded"}, []string{"websocket"}, false},
		"WithoutUpgrade":    {http.MethodGet, []string{"Upgrade"}, nil, false},
		"OneOfTwo":          {http.MethodGet, []string{"Upgrade"}, []string{"h2c, websocket"}, false},
		"SecondField":       {http.MethodGet, []string{"Upgrade"}, []string{"h2c", "websocket"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &http.Request{Method: test.method, Header: http.Header{
				"Connection": test.connection, "Upgrade": test.upgrade,
			}}
			if got := header.AsksForWebSocket(r); got != test.want {
				t.Errorf("got %t, want %t", got, test.want)
			}
		})
	}
}
