package cli_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestHealth(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ status, want int }{
		"Ready":     {status: http.StatusOK, want: 0},
		"Draining":  {status: http.StatusServiceUnavailable, want: 1},
		"WrongPath": {status: http.StatusNotFound, want: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(row.status)
			}))
			t.Cleanup(server.Close)
			if got := invoke(t, nil, "health", "--url", server.URL); got.code != row.want {
				t.Errorf("got %+v, want status %d", got, row.want)
			}
		})
	}
	t.Run("Stopped", func(t *testing.T) {
		t.Parallel()
		server := httptest.NewServer(http.NotFoundHandler())
		server.Close()
		if got := invoke(t, nil, "health", "--url", server.URL); got.code != 1 || got.stderr == "" {
			t.Errorf("got %+v, want status 1 and a reason", got)
		}
	})
}
