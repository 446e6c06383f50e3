package e2e

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// identity is a certificate for this machine, its files, and a pool of roots that trusts it.
type identity struct {
	certificate, key string
	pool             *x509.CertPool
}

// renew writes a new certificate into the files.
func (i *identity) renew(t *testing.T, serial int64) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{{127, 0, 0, 1}},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	text, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	known, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	i.pool.AddCert(known)
	for name, block := range map[string]*pem.Block{
		i.certificate: {Type: "CERTIFICATE", Bytes: der}, i.key: {Type: "PRIVATE KEY", Bytes: text},
	} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestListener_TLSHasHTTP2WebsocketsAndRenewal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	folder := t.TempDir()
	i := &identity{filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem"), x509.NewCertPool()}
	i.renew(t, 1)
	server := w.serve(t, "--workers=false", "--tls-cert="+i.certificate, "--tls-key="+i.key)
	address, found := strings.CutPrefix(server.address, "https://")
	if !found {
		t.Fatalf("the server says that it listens at %s", server.address)
	}
	i.renew(t, 2)
	eventually(t, "the renewed certificate is shown", func() bool {
		conn, err := tls.Dial("tcp", address, &tls.Config{RootCAs: i.pool, MinVersion: tls.VersionTLS12})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64() == 2
	})
	_, err := tls.Dial("tcp", address, &tls.Config{RootCAs: i.pool, MaxVersion: tls.VersionTLS11})
	if err == nil {
		t.Error("the server accepts TLS 1.1")
	}
	secure := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: i.pool, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true,
	}}
	defer secure.CloseIdleConnections()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.address+"/graphql",
		strings.NewReader(`{"query": "{ viewer { actor } }"}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+token(t, w.who))
	response, err := secure.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.ProtoMajor != 2 || response.StatusCode != http.StatusOK ||
		response.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("got %s %s, %v, want HTTP/2, 200 and Strict-Transport-Security",
			response.Proto, response.Status, response.Header)
	}
	if code := openSocket(t, server.address, token(t, w.who), websocket.DialOptions{HTTPClient: secure}); code != 0 {
		t.Errorf("a websocket: got %d, want an acknowledgement", code)
	}
	server.stop(t)
}

func TestListener_WrongSettingStopsTheStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	environment := map[string]string{}
	for _, variable := range w.environment() {
		name, value, _ := strings.Cut(variable, "=")
		environment[name] = value
	}
	for want, args := range map[string][]string{
		"need each other":   {"--tls-cert=x.pem"},
		"--tls-cert: stat":  {"--tls-cert=/nowhere/x.pem", "--tls-key=/nowhere/y.pem"},
		"--max-connections": {"--max-connections=0"},
		"--idle-time must":  {"--write-time=0s"},
		"--trusted-proxies": {"--trusted-proxies=all"},
		"--audience":        {"--issuer=https://127.0.0.1:1"},
		"must begin with":   {"--issuer=http://id.example.com", "--audience=a"},
		"none of":           {"--issuer=https://127.0.0.1:1", "--audience=a", "--issuer-algorithms=HS256"},
		"--role-names":      {"--role-names=a=OWNER"},
	} {
		got := invoke(t, environment, append([]string{"serve", "--listen=127.0.0.1:0", "--workers=false"}, args...)...)
		if got.code != 1 || !strings.Contains(got.stderr, want) {
			t.Errorf("%s: got %d %s, want %q in the error", args, got.code, got.stderr, want)
		}
	}
}

// cutOff sends with talk until the server closes the connection, and returns everything that the server has sent.
func cutOff(t *testing.T, address string, talk func(conn net.Conn) error) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", strings.TrimPrefix(address, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	go func() {
		for tick := time.NewTicker(20 * time.Millisecond); talk(conn) == nil; <-tick.C {
		}
	}()
	if err := conn.SetReadDeadline(time.Now().Add(timeout)); err != nil {
		t.Fatal(err)
	}
	said, err := io.ReadAll(conn)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the server keeps the connection longer than %s", timeout)
	}
	return string(said)
}

func TestListener_CutsClientsThatTrickle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := w.serve(t, "--workers=false", "--read-header-time=2s", "--read-time=3s", "--write-time=4s")
	once := func(first, then string) func(net.Conn) error {
		return func(conn net.Conn) error {
			_, err := io.WriteString(conn, first)
			first = then
			return err
		}
	}
	const head = "POST /graphql HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n"
	known, long := head+"Authorization: Bearer "+token(t, w.who)+"\r\n", "Content-Length: 100000\r\n\r\n"
	for name, c := range map[string]struct {
		talk func(net.Conn) error
		want string
	}{
		"nothing":   {once("", ""), ""},
		"a head":    {once(head, "X: y\r\n"), ""},
		"a body":    {once(known+long, "{"), "400 Bad Request"},
		"a chunk":   {once(known+"Transfer-Encoding: chunked\r\n\r\n", "1"), "400"},
		"a stream":  {once(known+"Accept: text/event-stream\r\n"+long, "{"), "400"},
		"a guess":   {once(head+"Authorization: Bearer guess\r\n"+long, "{"), "401 Unauthorized"},
		"no wishes": {once("GET /healthz HTTP/1.1\r\nHost: here\r\nContent-Length: 9\r\n\r\n", ""), "200 OK"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, _, _ := strings.Cut(cutOff(t, server.address, c.talk), "\r\n")
			if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestListener_CutsAClientThatDoesNotRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := w.serve(t, "--workers=false", "--write-time=2s")
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(server.address, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	// The answers are the playground page. The client does not read them, so they fill all buffers.
	request := bytes.Repeat([]byte("GET /playground HTTP/1.1\r\nHost: here\r\nAccept: text/html\r\n\r\n"), 100)
	if err := conn.SetWriteDeadline(time.Now().Add(timeout)); err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = conn.Write(request)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("the server keeps the connection longer than %s", timeout)
	}
	// Other connections are still open.
	if status := get(t, server.address+"/healthz"); status != http.StatusOK {
		t.Errorf("healthz: got %d, want 200", status)
	}
}
