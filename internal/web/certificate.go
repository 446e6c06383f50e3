package web

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// lookAgain is how often the files of a certificate are looked at, at most.
const lookAgain = time.Second

// Certificate is the certificate of the server and its key, in files that somebody renews. Handshakes notice when the
// files change, so that a renewal needs no restart; connections go on with what they began with.
type Certificate struct {
	files  [2]string // of the certificate, with the chain, and of the key
	logger *slog.Logger
	now    func() time.Time

	mu      sync.Mutex
	current *tls.Certificate
	seen    [2]stamp
	looked  time.Time
}

// stamp is what changes with a file.
type stamp struct {
	at   time.Time
	size int64
}

// LoadCertificate reads a certificate and its key, both in PEM.
func LoadCertificate(certificate, key string, logger *slog.Logger) (*Certificate, error) {
	c := &Certificate{files: [2]string{certificate, key}, logger: logger, now: time.Now}
	if _, err := c.reload(); err != nil {
		return nil, err
	}
	return c, nil
}

// Config is for a listener with this certificate. TLS begins at 1.2.
func (c *Certificate) Config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.get(), nil },
	}
}

// get returns the certificate of now. Files that do not fit each other, since they are just being written or for good,
// change nothing; the log says so once for each change.
func (c *Certificate) get() *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now().Sub(c.looked) < lookAgain {
		return c.current
	}
	switch changed, err := c.reload(); {
	case err != nil && changed:
		c.logger.Error("the renewed certificate cannot be read; the old one stays", "error", err.Error())
	case changed:
		c.logger.Info("the certificate was renewed", "until", c.current.Leaf.NotAfter)
	}
	return c.current
}

// reload reads the files if they have changed.
func (c *Certificate) reload() (changed bool, err error) {
	c.looked = c.now()
	var stamps [2]stamp
	for i, name := range c.files {
		if file, err := os.Stat(name); err == nil {
			stamps[i] = stamp{file.ModTime(), file.Size()}
		}
	}
	if stamps == c.seen && c.current != nil {
		return false, nil
	}
	c.seen = stamps
	read, err := tls.LoadX509KeyPair(c.files[0], c.files[1])
	if err != nil {
		return true, fmt.Errorf("the certificate: %w", err)
	}
	c.current = &read
	return true, nil
}
