package e2e

import (
	"net/http"
	"testing"
)

func TestAdminListener_HasProbesAndMetricsAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := w.serve(t, "--workers=false", "--admin-listen=127.0.0.1:0")
	admin, _ := server.says(t, "serving probes and metrics", "", "")["url"].(string)
	for path, want := range map[string]int{
		"/healthz": http.StatusOK, "/readyz": http.StatusOK, "/metrics": http.StatusOK, "/graphql": http.StatusNotFound,
	} {
		if got := get(t, admin+path); got != want {
			t.Errorf("%s: got %d, want %d", path, got, want)
		}
	}
	server.stop(t)
}
