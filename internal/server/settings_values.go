package server

import (
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/issuer"
	"github.com/infin8content/engine/internal/llm"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/seo"
	"github.com/infin8content/engine/internal/web"
)

// checkValues refuses values that cannot be read. Each is read again where it is used. It opens files, and no
// connection.
func (s Settings) checkValues(secrets Secrets) []error {
	faults := append(secrets.checkDatabase(), s.checkMoney()...)
	if s.API {
		faults = append(faults, secrets.checkAuthSecret(s.Issuer != ""), s.checkTokens())
		_, err := web.ParseProxies(s.TrustedProxies)
		faults = append(faults, named("--trusted-proxies", err))
		_, err = s.documents()
		faults = append(faults, err)
		faults = append(faults, s.checkAddresses()...)
	}
	if s.Workers && !s.Sandbox && secrets.ProviderKey != "" {
		client, err := llm.New(llm.Options{BaseURL: s.ProviderURL, Key: secrets.ProviderKey})
		if err == nil {
			client.Close()
		}
		faults = append(faults, named("the model provider (--provider-url, OPENROUTER_API_KEY)", err))
	}
	if s.Workers && secrets.SearchLogin != "" && secrets.SearchPassword != "" {
		client, err := seo.New(seo.Options{BaseURL: s.SEOURL, Login: secrets.SearchLogin, Password: secrets.SearchPassword})
		if err == nil {
			client.Close()
		}
		faults = append(faults, named("the provider of search data (--seo-url)", err))
	}
	return faults
}

// named puts the name of a setting in front of an error.
func named(setting string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", setting, err)
}

func (s Settings) checkMoney() (faults []error) {
	for _, amount := range []struct{ flag, value string }{
		{"--workflow-limit", s.WorkflowLimit}, {"--month-limit", s.MonthLimit}, {"--article-cap", s.ArticleCap},
	} {
		_, err := cost.ParseUSD(amount.value)
		faults = append(faults, named(amount.flag, err))
	}
	return faults
}

func (s Settings) checkAddresses() (faults []error) {
	_, _, err := net.SplitHostPort(s.Listen)
	faults = append(faults, named("--listen", err))
	if s.MetricsListen != "" {
		_, _, err = net.SplitHostPort(s.MetricsListen)
		faults = append(faults, named("--metrics-listen", err))
	}
	if s.AdminListen != "" {
		_, _, err = net.SplitHostPort(s.AdminListen)
		faults = append(faults, named("--admin-listen", err))
	}
	for flag, name := range map[string]string{"--tls-cert": s.TLSCert, "--tls-key": s.TLSKey} {
		if name != "" {
			_, err = os.Stat(name)
			faults = append(faults, named(flag, err))
		}
	}
	return faults
}

func (s TokenSettings) checkTokens() error {
	_, err := web.CheckRoles(s.RoleNames)
	faults := []error{named("--role-names", err)}
	if s.MaxTokenLife < 0 {
		faults = append(faults, errors.New("--max-token-life must not be negative"))
	}
	if s.Issuer != "" {
		_, err = issuer.New(issuer.Options{
			URL:        s.Issuer,
			Algorithms: s.IssuerAlgorithms,
			Refresh:    s.SigningKeysRefresh,
		})
		faults = append(faults, named("--issuer", err))
		if len(s.Audience) == 0 {
			faults = append(faults, errors.New("--issuer needs --audience: the name of this API in the issuer's tokens"))
		}
	}
	return errors.Join(faults...)
}

// checkDatabase refuses addresses that cannot be read.
func (s Secrets) checkDatabase() (faults []error) {
	if s.DatabaseURL == "" {
		faults = append(faults, errors.New(
			"DATABASE_URL is not set: export DATABASE_URL=postgres://USER:PASSWORD@HOST:5432/DATABASE"))
	} else {
		faults = append(faults, postgres.Connection{URL: s.DatabaseURL}.Check())
	}
	if s.DirectURL != "" {
		faults = append(faults, postgres.Connection{URL: s.DirectURL, Variable: "DATABASE_DIRECT_URL"}.Check())
	}
	return faults
}

// checkAuthSecret refuses a secret that is too short to sign with. With an issuer there need not be one.
func (s Secrets) checkAuthSecret(issuer bool) error {
	n := len(s.AuthSecret)
	switch {
	case n == 0 && issuer, n >= web.MinSecretBytes:
		return nil
	case n == 0:
		return errors.New("AUTH_SECRET is not set: export AUTH_SECRET=$(openssl rand -base64 32)")
	}
	return fmt.Errorf("AUTH_SECRET has %d bytes and needs at least %d: make one with `openssl rand -base64 32`", n,
		web.MinSecretBytes)
}

// CheckAuthSecret refuses a secret that signs no tokens.
func (s Secrets) CheckAuthSecret() error { return s.checkAuthSecret(false) }
