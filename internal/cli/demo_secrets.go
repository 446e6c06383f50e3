package cli

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// demoSecrets are the secrets of a demo that the user has not set.
type demoSecrets struct {
	AuthSecret    string `json:"authSecret"`
	WebhookSecret string `json:"webhookSecret"`
	SecretsKey    string `json:"secretsKey"`
}

// keepSecrets fills in the secrets that the user has not set. They are kept in the demo's folder, so that a restart
// ends no token and no link, and stored secrets can still be opened.
func (c *demoCommand) keepSecrets(p *program) error {
	name := filepath.Join(c.Directory, "secrets.json")
	var kept demoSecrets
	text, err := os.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(text, &kept)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read the demo's secrets: %w", err)
	}
	missing := false
	for _, secret := range []struct{ kept, used *string }{
		{&kept.AuthSecret, &p.secrets.AuthSecret},
		{&kept.WebhookSecret, &p.secrets.WebhookKey},
		{&kept.SecretsKey, &p.secrets.SecretsKey},
	} {
		if *secret.kept == "" {
			random := make([]byte, 32)
			if _, err := rand.Read(random); err != nil {
				return err
			}
			*secret.kept, missing = hex.EncodeToString(random), true
		}
		if *secret.used == "" {
			*secret.used = *secret.kept
		}
	}
	if !missing {
		return nil
	}
	if text, err = json.MarshalIndent(kept, "", "  "); err != nil {
		return err
	}
	if err := os.MkdirAll(c.Directory, 0o755); err != nil {
		return err
	}
	// A new file in its place has the mode of this call and is never half written.
	if err := os.WriteFile(name+".new", append(text, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}

// forgetForeignServers removes the variables with which libpq finds a server. They belong to another server than that
// of the demo, and would change every connection to it.
func forgetForeignServers() {
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "PG") {
			_ = os.Unsetenv(name)
		}
	}
}
