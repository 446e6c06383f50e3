package web

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// checkInterval is the least time between two checks of the files.
const checkInterval = time.Second

// Certificate is the certificate of the server and its private key, in two files. A handshake reads the files again
// when they have changed, so a renewal needs no restart. Open connections keep the old certificate.
type Certificate struct {
	files  [2]string // the certificate with its chain, and the private key
	logger *slog.Logger
	now    func() time.Time

	mu      sync.Mutex
	current *tls.Certificate
	seen    [2]stamp
	looked  time.Time
}

// stamp changes with the content of a file.
type stamp struct {
	at   time.Time
	size int64
}

// LoadCertificate reads a certificate and its private key, both in PEM.
func LoadCertificate(certificate, key string, logger *slog.Logger) (*Certificate, error) {
	c := &Certificate{files: [2]string{certificate, key}, logger: logger, now: time.Now}
	if _, err := c.reload(); err != nil {
		return nil, err
	}
	return c, nil
}

// Config returns the settings of a listener with this certificate: TLS 1.2 or later.
func (c *Certificate) Config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.get(), nil },
	}
}

// get returns the current certificate. Files that cannot be read change nothing: a renewal may be half written. The log
// has one line for each change.
func (c *Certificate) get() *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now().Sub(c.looked) < checkInterval {
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
