package outbound

import (
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// serve starts a server and counts its requests.
func serve(t *testing.T, handler http.HandlerFunc) (server *httptest.Server, requests *atomic.Int32) {
	t.Helper()
	requests = &atomic.Int32{}
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		handler(w, r)
	}))
	t.Cleanup(server.Close)
	return server, requests
}

// get returns the status and the body of an answer.
func get(t *testing.T, client *http.Client, address string) (status int, body string, err error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

func TestPublicClient_RefusesPrivateAddresses(t *testing.T) {
	t.Parallel()
	server, requests := serve(t, func(http.ResponseWriter, *http.Request) {})
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{
		"localhost", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]", "169.254.169.254", "100.64.0.1",
		"[64:ff9b::7f00:1]", "[2002:7f00:1::]", "224.0.0.1",
	} {
		_, _, err := get(t, New(Options{AnyPort: true}), "https://"+host+":"+port)
		if !errors.Is(err, ErrNotPublic) {
			t.Errorf("%s: got %v, want ErrNotPublic", host, err)
		}
		if _, _, err := get(t, New(Options{}), "http://"+host+":"+port); !errors.Is(err, ErrNotHTTPS) {
			t.Errorf("%s without TLS: got %v, want ErrNotHTTPS", host, err)
		}
	}
	if n := requests.Load(); n != 0 {
		t.Errorf("requests to the private server: got %d, want none", n)
	}
}

// Some resolvers read these numbers as 127.0.0.1. Either the name is not found or its address is refused.
func TestPublicClient_RefusesNumbersForLoopback(t *testing.T) {
	t.Parallel()
	server, requests := serve(t, func(http.ResponseWriter, *http.Request) {})
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	client := New(Options{Resolver: nameServer(t, "127.0.0.1"), AnyPort: true})
	for _, host := range []string{"2130706433", "0x7f000001", "127.1", "0177.0.0.1", "0"} {
		if _, _, err := get(t, client, "https://"+host+":"+port); err == nil {
			t.Errorf("%s: got an answer, want an error", host)
		}
	}
	if n := requests.Load(); n != 0 {
		t.Errorf("requests to the private server: got %d, want none", n)
	}
}

// The name is public when the URL is checked and private when the client connects.
func TestPublicClient_ChecksTheAddressOfTheConnection(t *testing.T) {
	t.Parallel()
	if _, err := ParseURL("https://rebind.example", URLRules{}); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"127.0.0.1", "10.0.0.1", "169.254.169.254", "100.100.100.200", "0.0.0.0"} {
		client := New(Options{Resolver: nameServer(t, address)})
		if _, _, err := get(t, client, "https://rebind.example"); !errors.Is(err, ErrNotPublic) {
			t.Errorf("%s: got %v, want ErrNotPublic", address, err)
		}
	}
}

// nameServer starts a name server that answers each question for IPv4 with one address, and returns its resolver.
func nameServer(t *testing.T, address string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	go func() {
		for buffer := make([]byte, 1500); ; {
			n, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			_, _ = conn.WriteTo(dnsAnswer(buffer[:n], net.ParseIP(address).To4()), from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// dnsAnswer answers the only question of a DNS message: with an A record, or with none for other types.
func dnsAnswer(question []byte, ip net.IP) []byte {
	end := 12
	for question[end] != 0 {
		end += int(question[end]) + 1
	}
	end += 5 // the root label, type and class
	answer := append([]byte{}, question[:end]...)
	isA := binary.BigEndian.Uint16(question[end-4:]) == 1
	copy(answer[2:12], []byte{0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}) // A response without an error and with one question.
	if isA {
		answer[7] = 1
		answer = append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4) // the name at offset 12, A, IN, TTL 0, 4 bytes
		answer = append(answer, ip...)
	}
	return answer
}

func TestPublicClient_RefusesOtherAddresses(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]error{
		"https://user:secret@web.example/": ErrCredentials,
		"https://user@web.example/":        ErrCredentials,
		"https://web.example:22/":          ErrPort,
		"http://web.example:6379/":         ErrPort,
		"ftp://web.example/":               ErrNotHTTPS,
	} {
		if _, _, err := get(t, New(Options{PlainHTTP: true}), address); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", address, err, want)
		}
	}
}

// Each hop of a redirect is checked as the first address is.
func TestPublicClient_ChecksEachRedirect(t *testing.T) {
	t.Parallel()
	for to, want := range map[string]error{
		"http://169.254.169.254/latest/meta-data/": ErrNotPublic,
		"http://[::ffff:169.254.169.254]/":         ErrNotPublic,
		"http://[64:ff9b::a9fe:a9fe]/":             ErrNotPublic,
		"http://localhost/":                        ErrNotPublic,
		"http://web.example:25/":                   ErrPort,
		"http://user:secret@web.example/":          ErrCredentials,
		"https://web.example/":                     errScheme,
	} {
		client := New(Options{PlainHTTP: true, MaxRedirects: 5, Override: site(t, "web.example",
			func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) })})
		if _, _, err := get(t, client, "http://web.example/"); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", to, err, want)
		}
	}
}

func TestOverride_ServesItsHostsAlone(t *testing.T) {
	t.Parallel()
	client := New(Options{Override: site(t, "web.example", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Host)
	})})
	if status, body, err := get(t, client, "https://web.example/"); status != http.StatusOK || body != "web.example" {
		t.Errorf("got %d, %q, %v, want 200 from the site", status, body, err)
	}
	for _, address := range []string{"https://127.0.0.1/", "https://[::1]/"} {
		if _, _, err := get(t, client, address); !errors.Is(err, ErrNotPublic) {
			t.Errorf("%s: got %v, want ErrNotPublic", address, err)
		}
	}
}

// site serves one host.
func site(t *testing.T, host string, handler http.HandlerFunc) Override {
	t.Helper()
	server, _ := serve(t, handler)
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if name, _, _ := net.SplitHostPort(address); name != host {
			return nil, nil
		}
		return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
	}
}

func TestPublicClient_UsesNoProxy(t *testing.T) {
	t.Parallel()
	if transport := New(Options{}).Transport.(*guard).next; transport.Proxy != nil {
		t.Error("a proxy is set, which would resolve names itself")
	}
}

func TestClient_BoundsTheBody(t *testing.T) {
	t.Parallel()
	const limit = 1000
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		err     error
	}{
		"AtTheLimit": {func(w http.ResponseWriter, _ *http.Request) { write(w, limit) }, nil},
		"OneMore":    {func(w http.ResponseWriter, _ *http.Request) { write(w, limit+1) }, ErrTooLarge},
		"Endless": {func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				write(w, limit)
			}
		}, ErrTooLarge},
		"Compressed": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			zip := gzip.NewWriter(w)
			write(zip, 1<<20)
			_ = zip.Close()
		}, ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, _ := serve(t, c.handler)
			_, body, err := get(t, New(Options{Mode: Configured, MaxBodyBytes: limit}), server.URL)
			if !errors.Is(err, c.err) || len(body) != limit {
				t.Errorf("got %d bytes, %v, want %d bytes, %v", len(body), err, limit, c.err)
			}
		})
	}
}

func write(w io.Writer, n int) { _, _ = io.WriteString(w, strings.Repeat("x", n)) }

func TestClient_BoundsTheTime(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.HandlerFunc{
		"SilentServer": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"SlowBody": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				write(w, 1)
				_ = http.NewResponseController(w).Flush()
				time.Sleep(time.Millisecond)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, _ := serve(t, handler)
			client := New(Options{Mode: Configured, Timeout: 100 * time.Millisecond})
			var timeout interface{ Timeout() bool }
			if _, _, err := get(t, client, server.URL); !errors.As(err, &timeout) || !timeout.Timeout() {
				t.Errorf("got %v, want a timeout", err)
			}
		})
	}
}

func TestClient_BoundsTheHeader(t *testing.T) {
	t.Parallel()
	server, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Long", strings.Repeat("x", 64<<10))
	})
	if status, _, err := get(t, New(Options{Mode: Configured}), server.URL); err == nil {
		t.Errorf("got %d, want an error", status)
	}
}

func TestClient_FollowsNoRedirectUnlessAsked(t *testing.T) {
	t.Parallel()
	target, followed := serve(t, func(http.ResponseWriter, *http.Request) {})
	server, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, target.URL, http.StatusFound)
	})
	if status, _, err := get(t, New(Options{Mode: Configured}), server.URL); status != http.StatusFound || err != nil {
		t.Errorf("got %d, %v, want 302", status, err)
	}
	if n := followed.Load(); n != 0 {
		t.Errorf("followed: got %d requests, want none", n)
	}
	client := New(Options{Mode: Configured, MaxRedirects: 1})
	if status, _, err := get(t, client, server.URL); status != http.StatusOK || err != nil || followed.Load() != 1 {
		t.Errorf("with one redirect allowed: got %d, %v and %d requests, want 200 and 1", status, err, followed.Load())
	}
}

func TestClient_BoundsRedirects(t *testing.T) {
	t.Parallel()
	server, requests := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/again", http.StatusFound)
	})
	_, _, err := get(t, New(Options{Mode: Configured, MaxRedirects: 3}), server.URL)
	if !errors.Is(err, errRedirects) || requests.Load() != 4 {
		t.Errorf("got %v after %d requests, want errRedirects after 4", err, requests.Load())
	}
}

func TestClient_RefusesRedirectsToAnotherScheme(t *testing.T) {
	t.Parallel()
	for _, to := range []string{
		"https://127.0.0.1:1/", "file:///etc/passwd", "ftp://example.com/", "gopher://example.com",
	} {
		server, requests := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusFound)
		})
		_, _, err := get(t, New(Options{Mode: Configured, MaxRedirects: 3}), server.URL)
		if !errors.Is(err, errScheme) || requests.Load() != 1 {
			t.Errorf("%s: got %v after %d requests, want errScheme after 1", to, err, requests.Load())
		}
	}
}

func TestNew_KeepsTheTransportOfAStream(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{Mode: Configured, MaxBodyBytes: Streamed}, "*http.Transport"},
		{Options{Mode: Public, MaxBodyBytes: Streamed}, "*outbound.guard"},
		{Options{Mode: Configured}, "*outbound.guard"},
	} {
		if got := fmt.Sprintf("%T", New(c.o).Transport); got != c.want {
			t.Errorf("%+v: got %s, want %s", c.o, got, c.want)
		}
	}
}
