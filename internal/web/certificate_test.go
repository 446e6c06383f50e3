package web

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// pair is a certificate with its private key, in PEM.
func pair(t *testing.T, serial int64) (certificate, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	text, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: text})
}

func TestCertificate_IsRenewedWhenTheFilesAreComplete(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	files := []string{filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")}
	written := time.Now().Add(-time.Hour)
	write := func(file int, text []byte) {
		if err := os.WriteFile(files[file], text, 0o600); err != nil {
			t.Fatal(err)
		}
		written = written.Add(time.Minute)
		if err := os.Chtimes(files[file], written, written); err != nil {
			t.Fatal(err)
		}
	}
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	if _, err := LoadCertificate(files[0], files[1], logger); err == nil {
		t.Error("files that are not there: got no error")
	}
	oldCert, oldKey := pair(t, 1)
	newCert, newKey := pair(t, 2)
	write(0, oldCert)
	write(1, newKey)
	if _, err := LoadCertificate(files[0], files[1], logger); err == nil || strings.Contains(err.Error(), "BEGIN") {
		t.Errorf("a key that does not fit: got %v", err)
	}
	write(1, oldKey)
	c, err := LoadCertificate(files[0], files[1], logger)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	c.now = func() time.Time { return now }
	config := c.Config()
	if config.MinVersion != tls.VersionTLS12 {
		t.Errorf("the least version is %x, want TLS 1.2", config.MinVersion)
	}
	want := func(when string, serial int64, logged int) {
		t.Helper()
		for range 3 {
			now = now.Add(checkInterval)
			got, err := config.GetCertificate(nil)
			if err != nil || got.Leaf.SerialNumber.Int64() != serial {
				t.Errorf("%s: got %v, %v, want the certificate %d", when, got, err, serial)
			}
		}
		if got := strings.Count(log.String(), "\n"); got != logged {
			t.Errorf("%s: got %d lines in the log, want %d:\n%s", when, got, logged, &log)
		}
	}
	want("unchanged", 1, 0)
	write(0, newCert)
	want("half renewed", 1, 1)
	write(1, newKey)
	want("renewed", 2, 2)
	if err := os.Remove(files[1]); err != nil {
		t.Fatal(err)
	}
	want("taken away", 2, 3)
}
