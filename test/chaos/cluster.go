//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/infin8content/engine/internal/embedded"
	site "github.com/infin8content/engine/internal/publish/sandbox"
	"github.com/infin8content/engine/internal/web"
)

const (
	secretsKey = "6368616f73206368616f73206368616f73206368616f73206368616f732063686f"
	authSecret = "signs the tokens of the chaos suite, with 32 bytes or more"
	// serverUser is the database user of the servers. It is not a superuser, so the reserved connections are left to the
	// suite.
	serverUser = "chaos_server"
	// connections is the limit of PostgreSQL: a little more than three servers need.
	connections = 72
)

// serverArgs detect a dead worker within seconds; their ratios are those of the defaults. The pool is small, so that it
// is sometimes exhausted.
var serverArgs = []string{
	"serve", "--listen=127.0.0.1:0", "--lease=3s", "--heartbeat=1s", "--watch=200ms", "--sweep=500ms",
	"--attempt-limit=3s", "--connections=8", "--worker-count=6", "--month-limit=100.00", "--playground=off",
}

// argsOf are the arguments for a kind of round. In a round of moves clients drive the steps after the first one. In a
// round of posts a site is asked for a lost post until 6 s have passed: longer than a server pauses, after its lease.
var argsOf = map[roundKind][]string{
	moves: append(slices.Clone(serverArgs), "--steps=ICP", "--workflow-limit=1.00"),
	posts: append(slices.Clone(serverArgs), "--workflow-limit=3.00", "--article-cap=0.20", "--synthetic-websites",
		"--publish-private", "--publish-looks=0s,1s,6s", "--units-per-organization=12"),
}

// The login of the site.
const (
	siteLogin    = site.Login
	sitePassword = site.Password
)

// cluster is PostgreSQL, the servers and the provider.
type cluster struct {
	folder, program string
	lock            *os.File
	say             func(string, ...any)

	mu       sync.Mutex
	postgres *embedded.Server // nil while it is down
	url      string           // for the superuser
	owner    *pgxpool.Pool

	servers  []*server
	holds    []atomic.Int32 // injections that stop the supervision of a server
	provider *provider
	searches *searches
	website  *website
	siteURL  string
	kind     roundKind // of the last round
	auth     *web.Authenticator
	began    time.Time
	internal atomic.Int64 // answers with the code INTERNAL
	closers  []func()
}

// newCluster starts PostgreSQL, migrates the database and starts the servers.
func newCluster(ctx context.Context, o options, say func(string, ...any)) (c *cluster, err error) {
	c = &cluster{say: say, provider: newProvider(o.seed), began: time.Now()}
	c.searches, c.website = newSearches(c.provider), newWebsite(c.provider)
	defer func() {
		if err != nil {
			c.close(false)
		}
	}()
	if c.auth, err = web.NewAuthenticator([]byte(authSecret), nil); err != nil {
		return c, err
	}
	if err := c.makeFolder(); err != nil {
		return c, err
	}
	say("building the engine%s", map[bool]string{true: " without the guard " + o.without}[o.without != ""])
	if c.program, err = build(ctx, c.folder, o.without); err != nil {
		return c, err
	}
	if err := c.startPostgres(ctx); err != nil {
		return c, err
	}
	if err := c.prepare(ctx, o.without); err != nil {
		return c, err
	}
	models, err := c.serve(c.provider)
	if err != nil {
		return c, err
	}
	data, err := c.serve(c.searches)
	if err != nil {
		return c, err
	}
	if c.siteURL, err = c.serve(c.website); err != nil {
		return c, err
	}
	return c, c.startServers(ctx, models, data)
}

// lockName is a file in a run's folder. It is locked while the run lives.
const lockName = "lock"

// makeFolder creates the folder of the run, directly in the temporary folder, which PostgreSQL's user can reach. It
// removes the folders of killed runs.
func (c *cluster) makeFolder() (err error) {
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "chaos-*", lockName))
	if err != nil {
		return err
	}
	for _, path := range left {
		if file, err := os.Open(path); err == nil {
			if syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
				_ = os.RemoveAll(filepath.Dir(path))
			}
			_ = file.Close()
		}
	}
	if c.folder, err = os.MkdirTemp("", "chaos-"); err != nil {
		return err
	}
	if c.lock, err = os.Create(filepath.Join(c.folder, lockName)); err != nil {
		return err
	}
	return errors.Join(
		syscall.Flock(int(c.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB),
		os.Chmod(c.folder, 0o711)) //nolint:gosec // To be passed through, not to be read.
}

// settings are those of a durable server: acknowledged changes survive an immediate stop.
var settings = map[string]string{
	"max_connections": fmt.Sprint(connections), "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on",
	"shared_buffers": "64MB",
}

// startPostgres starts PostgreSQL on the data of the last one. It recovers after a crash.
func (c *cluster) startPostgres(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.postgres != nil {
		return nil
	}
	p, err := embedded.Start(ctx, embedded.Options{
		Directory: filepath.Join(c.folder, "pg"), Settings: settings, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return err
	}
	c.postgres, c.url = p, p.URL("postgres")
	return nil
}

// crashPostgres stops PostgreSQL in mode immediate.
func (c *cluster) crashPostgres() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.postgres == nil {
		return nil
	}
	err := c.postgres.Kill()
	c.postgres = nil
	return err
}

// prepare migrates the database and creates the servers' user.
func (c *cluster) prepare(ctx context.Context, without string) error {
	if output, err := c.run(ctx, "migrate", "up"); err != nil {
		return fmt.Errorf("migrate: %w\n%s", err, output)
	}
	config, err := pgxpool.ParseConfig(c.url)
	if err != nil {
		return err
	}
	config.MaxConns = 3
	if c.owner, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return err
	}
	c.closers = append(c.closers, c.owner.Close)
	statements := append(
		[]string{`CREATE ROLE ` + serverUser + ` LOGIN IN ROLE infin8_app, infin8_sweeper, infin8_booker`},
		guards[without].database...)
	for _, statement := range statements {
		if _, err := c.owner.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// run runs a command of the engine as the owner of the database.
func (c *cluster) run(ctx context.Context, args ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, c.program, args...) //nolint:gosec // The program was built a moment ago.
	command.Env = append(foreignEnvironment(), "DATABASE_URL="+c.url)
	var output limited
	command.Stdout, command.Stderr = &output, &output
	if err := startChild(command); err != nil {
		return nil, err
	}
	err := command.Wait()
	return output.text, err
}

// limited keeps the beginning of an output.
type limited struct{ text []byte }

func (l *limited) Write(b []byte) (int, error) {
	l.text = append(l.text, b[:min(len(b), 8000-len(l.text))]...)
	return len(b), nil
}

// serve serves a provider or a site on a port of its own.
func (c *cluster) serve(handler http.Handler) (address string, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	api := &http.Server{
		Handler: handler, ReadHeaderTimeout: 5 * time.Second, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0),
	}
	go func() { _ = api.Serve(listener) }()
	c.closers = append(c.closers, func() { _ = api.Close() })
	return "http://" + listener.Addr().String(), nil
}

func (c *cluster) startServers(ctx context.Context, models, data string) error {
	address, err := url.Parse(c.url)
	if err != nil {
		return err
	}
	address.User = url.User(serverUser)
	env := []string{
		"DATABASE_URL=" + address.String(), "AUTH_SECRET=" + authSecret, "OPENROUTER_API_KEY=sandbox",
		"OPENROUTER_BASE_URL=" + models + "/api/v1", "DATAFORSEO_BASE_URL=" + data + "/v3", "DATAFORSEO_LOGIN=sandbox",
		"DATAFORSEO_PASSWORD=sandbox", "SECRETS_KEY=" + secretsKey,
	}
	c.kind = moves
	c.holds = make([]atomic.Int32, 3)
	for i := range c.holds {
		s, err := newServer(fmt.Sprintf("server %d", i+1), c.folder, c.program, env, argsOf[c.kind])
		if err != nil {
			return err
		}
		c.servers = append(c.servers, s)
		keeping, stop := context.WithCancel(ctx)
		c.closers = append(c.closers, func() {
			stop()
			s.end(syscall.SIGKILL, time.Minute)
			_ = s.log.Close()
		})
		go s.supervise(keeping, func() bool { return c.holds[i].Load() > 0 })
	}
	return c.awaitServers(ctx, time.Minute)
}

// prepareRound restarts the servers for another kind of round.
func (c *cluster) prepareRound(ctx context.Context, kind roundKind) error {
	if c.kind == kind {
		return nil
	}
	c.kind = kind
	for _, s := range c.servers {
		s.setArgs(argsOf[kind])
		s.end(syscall.SIGKILL, time.Minute)
	}
	for _, s := range c.servers {
		_ = s.start() // Its supervisor does so too.
	}
	return c.awaitServers(ctx, time.Minute)
}

// awaitServers waits until all servers are ready.
func (c *cluster) awaitServers(ctx context.Context, timeout time.Duration) error {
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for _, s := range c.servers {
		for s.apiAddress() == "" || !ready(limited, s.apiAddress()) {
			if !pause(limited, 20*time.Millisecond) {
				return fmt.Errorf("%s does not serve: %s", s.name, s.logTail())
			}
		}
	}
	return nil
}

func ready(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/readyz", nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// since returns the time on the clock of histories.
func (c *cluster) since() time.Duration { return time.Since(c.began) }

// connect opens a connection as the superuser.
func (c *cluster) connect(ctx context.Context) (*pgx.Conn, error) { return pgx.Connect(ctx, c.url) }

// close ends all processes, and removes the folder unless keep is true.
func (c *cluster) close(keep bool) {
	for i := len(c.closers) - 1; i >= 0; i-- {
		c.closers[i]()
	}
	var err error
	c.mu.Lock()
	if c.postgres != nil {
		err = c.postgres.Stop()
	}
	c.mu.Unlock()
	switch {
	case c.folder == "":
	case keep:
		err = errors.Join(err, os.Remove(filepath.Join(c.folder, lockName)))
	default:
		err = errors.Join(err, os.RemoveAll(c.folder))
	}
	if err != nil {
		c.say("clean up: %v", err)
	}
}
