package server

import (
	"errors"
	"fmt"

	"github.com/infin8content/engine/internal/sealed"
	"github.com/infin8content/engine/internal/webhook"
)

// Secrets come from the environment only. They have no flags, because other users of a machine can read a command line,
// and no log line contains them.
type Secrets struct {
	// DatabaseURL leads to PostgreSQL. DirectURL leads there without the pooler, when DatabaseURL leads through one that
	// lends connections by transaction.
	DatabaseURL, DirectURL string
	// AuthSecret signs the callers' tokens.
	AuthSecret string
	// ProviderKey pays the model provider.
	ProviderKey string
	// SearchLogin and SearchPassword pay the provider of search data. A server without them has none.
	SearchLogin, SearchPassword string
	// WebhookKey signs the alerts that a server sends. A server without it sends none.
	WebhookKey string
	// SecretsKey seals the secrets of publish targets. A server without it keeps none.
	SecretsKey string
}

// SecretsFrom reads the secrets from an environment.
func SecretsFrom(environment func(name string) string) Secrets {
	return Secrets{
		DatabaseURL: environment("DATABASE_URL"),
		DirectURL:   environment("DATABASE_DIRECT_URL"),
		AuthSecret:  environment("AUTH_SECRET"),
		ProviderKey: environment("OPENROUTER_API_KEY"),
		WebhookKey:  environment("WEBHOOK_SECRET"),
		SecretsKey:  environment("SECRETS_KEY"),

		SearchLogin:    environment("DATAFORSEO_LOGIN"),
		SearchPassword: environment("DATAFORSEO_PASSWORD"),
	}
}

// checkSearch refuses half an account.
func (s Secrets) checkSearch() error {
	if (s.SearchLogin == "") != (s.SearchPassword == "") {
		return errors.New("DATAFORSEO_LOGIN and DATAFORSEO_PASSWORD need each other")
	}
	return nil
}

// checkWebhookKey refuses a key that is too short to sign with.
func (s Secrets) checkWebhookKey() error {
	if n := len(s.WebhookKey); n > 0 && n < webhook.MinKeyBytes {
		return fmt.Errorf("WEBHOOK_SECRET has %d bytes; it needs %d", n, webhook.MinKeyBytes)
	}
	return nil
}

// checkSecretsKey refuses a key that is too short to seal with.
func (s Secrets) checkSecretsKey() error {
	if n := len(s.SecretsKey); n > 0 && n < sealed.MinKeyBytes {
		return fmt.Errorf("SECRETS_KEY has %d bytes; it needs %d", n, sealed.MinKeyBytes)
	}
	return nil
}
