package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/infin8content/engine/internal/server"
)

func TestKeepSecrets_KeepsThemForARestart(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "demo")
	run := func(given server.Secrets) server.Secrets {
		p := &program{secrets: given}
		if err := (&demoCommand{Directory: folder}).keepSecrets(p); err != nil {
			t.Fatal(err)
		}
		return p.secrets
	}
	first := run(server.Secrets{})
	if len(first.AuthSecret) < 32 || len(first.WebhookKey) < 32 || len(first.SecretsKey) < 32 ||
		first.AuthSecret == first.SecretsKey {
		t.Errorf("got secrets of %d, %d and %d bytes", len(first.AuthSecret), len(first.WebhookKey), len(first.SecretsKey))
	}
	if again := run(server.Secrets{}); again != first {
		t.Error("a restart has other secrets")
	}
	if own := run(server.Secrets{AuthSecret: "of the user"}); own.AuthSecret != "of the user" ||
		own.SecretsKey != first.SecretsKey {
		t.Error("the secret of the user does not count")
	}
	info, err := os.Stat(filepath.Join(folder, "secrets.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v, want a file of its owner only", info, err)
	}
	if err := os.WriteFile(filepath.Join(folder, "secrets.json"), []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := (&demoCommand{Directory: folder}).keepSecrets(&program{}); err == nil {
		t.Error("a broken file: got no error")
	}
}
