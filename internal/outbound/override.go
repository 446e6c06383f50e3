package outbound

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"time"
)

// override lets a transport connect to the hosts of a sandbox. All other addresses are dialled, and checked, as before.
func override(t *http.Transport, dialer *net.Dialer, connect Override) {
	dial := func(ctx context.Context, network, address string) (net.Conn, bool, error) {
		if conn, err := connect(ctx, network, address); conn != nil || err != nil {
			return conn, true, err
		}
		conn, err := dialer.DialContext(ctx, network, address)
		return conn, false, err
	}
	t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, _, err := dial(ctx, network, address)
		return conn, err
	}
	t.DialTLSContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, overridden, err := dial(ctx, network, address)
		if err != nil || overridden {
			return conn, err
		}
		return secure(ctx, conn, address, t.TLSHandshakeTimeout)
	}
}

// secure makes the TLS handshake on a connection, as a transport does without an override.
func secure(ctx context.Context, conn net.Conn, address string, timeout time.Duration) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("split the address: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	encrypted := tls.Client(conn, &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12})
	if err := encrypted.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("make the TLS handshake: %w", err)
	}
	return encrypted, nil
}
