package cli

import (
	"bytes"
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/embedded"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/server"
)

// demoOrganization owns the workflows of all demonstrations in one data folder.
var demoOrganization = uuid.MustParse("00000000-0000-7000-8000-000000000001")

type demoCommand struct {
	Company         string        `default:"Acme Robotics" help:"The company to write about."`
	URL             string        `name:"url" default:"https://acme-robotics.example" help:"Its website."`
	LinkedIn        string        `name:"linkedin" help:"Its LinkedIn page."`
	Exit            bool          `help:"Leave when the workflow has got there: exit status 0 only if it has."`
	Directory       string        `default:".infin8" help:"Where the embedded PostgreSQL keeps its data."`
	Patience        time.Duration `default:"2m" help:"How long to wait for the workflow."`
	server.Settings `embed:""`
}

// Run starts everything, sends one workflow through the API, tells what happens, and goes on serving.
func (c *demoCommand) Run(p *program) error {
	if err := c.prepare(p); err != nil {
		return err
	}
	database, stop, err := c.database(p)
	if err != nil {
		return err
	}
	defer stop()
	p.secrets.DatabaseURL = database
	s, err := server.New(p.ctx, server.Options{Settings: c.Settings, Secrets: p.secrets, Logger: p.logger})
	if err != nil {
		return err
	}
	defer s.Close()
	ctx, cancel := context.WithCancel(p.ctx)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.Run(ctx) })
	group.Go(func() error {
		told := c.tell(ctx, p, s)
		if c.Exit || told != nil {
			cancel()
		}
		return told
	})
	return group.Wait()
}

// prepare fills in what a demonstration does not ask for: secrets for its tokens and its alerts, a free port when the
// usual one is taken, and the sandbox when there is no key.
func (c *demoCommand) prepare(p *program) error {
	p.logger = slog.New(slog.NewTextHandler(p.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	for _, secret := range []*string{&p.secrets.AuthSecret, &p.secrets.WebhookKey} {
		if *secret != "" {
			continue
		}
		random := make([]byte, 32)
		if _, err := rand.Read(random); err != nil {
			return err
		}
		*secret = hex.EncodeToString(random)
	}
	if p.secrets.ProviderKey == "" {
		c.Sandbox = true
	}
	c.API, c.Workers = true, true
	c.OpenToAll()
	if probe, err := net.Listen("tcp", c.Listen); err == nil {
		return probe.Close()
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	fmt.Fprintf(p.stdout, "%s is taken; the demo takes a free port.\n", c.Listen)
	c.Listen = net.JoinHostPort(host, "0")
	return nil
}

// database starts PostgreSQL, or takes the one of DATABASE_URL, and brings it up to date.
func (c *demoCommand) database(p *program) (url string, stop func(), err error) {
	url, stop = p.secrets.DatabaseURL, func() {}
	if url == "" {
		fmt.Fprintln(p.stdout, "Starting PostgreSQL …")
		child, err := embedded.Start(p.ctx, embedded.Options{Directory: c.Directory, Logger: p.logger})
		if err != nil {
			return "", nil, err
		}
		stop = func() {
			if err := child.Stop(); err != nil {
				fmt.Fprintln(p.stderr, "stop PostgreSQL:", err)
			}
		}
		if err := createDatabase(p.ctx, child.URL("postgres"), "infin8"); err != nil {
			stop()
			return "", nil, err
		}
		url, p.secrets.DirectURL = child.URL("infin8"), "" // Whatever that leads to, it is another database.
	}
	pool, err := postgres.Connect(p.ctx, url, "", 4)
	if err == nil {
		defer pool.Close()
		err = migrateQuietly(p, pool)
	}
	if err != nil {
		stop()
		return "", nil, err
	}
	return url, stop, nil
}

func migrateQuietly(p *program, pool *pgxpool.Pool) error {
	quiet := *p
	quiet.stdout = &bytes.Buffer{}
	return migrate(&quiet, pool)
}

func createDatabase(ctx context.Context, url, name string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("reach the embedded PostgreSQL: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	var there bool
	err = conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, name).Scan(&there)
	if err == nil && !there {
		_, err = conn.Exec(ctx, `CREATE DATABASE `+pgx.Identifier{name}.Sanitize())
	}
	return err
}

// The operations of the demonstration, as a client would send them.
var (
	//go:embed demo.graphql
	demoOperations string
)

// tell creates a workflow through the API and prints each transition and each ledger entry when it is there.
func (c *demoCommand) tell(ctx context.Context, p *program, s *server.Server) error {
	token, err := s.Token(caller.Caller{
		Actor: actor(), OrganizationID: demoOrganization, Role: caller.Admin,
	}, 12*time.Hour)
	if err != nil {
		return err
	}
	client := &demoClient{url: s.URL() + "/graphql", token: token}
	fmt.Fprintf(p.stdout, "The API is at %s/graphql\n", s.URL())
	if c.Sandbox {
		fmt.Fprintln(p.stdout, server.SyntheticNotice)
	}
	id, err := c.begin(ctx, client)
	if err != nil {
		return err
	}
	story := &story{out: p.stdout}
	ctx, cancel := context.WithTimeout(ctx, c.Patience)
	defer cancel()
	for {
		flow, err := client.follow(ctx, id, story.version, story.entries)
		if err != nil {
			return fmt.Errorf("follow the workflow: %w", err)
		}
		story.tell(flow)
		switch {
		case flow.State == "ICP_COMPLETED":
			story.end(flow)
			if !c.Exit {
				fmt.Fprintf(p.stdout, "\nPlayground: %s/#token=%s\nCtrl-C ends the demo.\n", s.URL(), token)
			}
			return nil
		case flow.IsTerminal || flow.Activity.Code == "FAILED":
			return fmt.Errorf("the workflow ended in %s: %s", flow.State, flow.Activity.Sentence)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the workflow is still %s: %w", flow.State, ctx.Err())
		case <-time.After(150 * time.Millisecond):
		}
	}
}

func actor() string {
	if name := os.Getenv("USER"); name != "" && len(name) <= 200 {
		return name
	}
	return "demo"
}

// begin creates the workflow and starts its first step.
func (c *demoCommand) begin(ctx context.Context, client *demoClient) (id string, err error) {
	company := map[string]any{"name": c.Company, "url": c.URL}
	if c.LinkedIn != "" {
		company["linkedinUrl"] = c.LinkedIn
	}
	var made struct{ CreateWorkflow, GenerateIcp demoPayload }
	name := fmt.Sprintf("%s, %s", strings.TrimSpace(c.Company), time.Now().Format("2 January 2006 15:04:05.000"))
	input := map[string]any{"name": name, "company": company}
	if err := client.ask(ctx, "Create", map[string]any{"input": input}, &made); err != nil {
		return "", err
	}
	if err := made.CreateWorkflow.err(); err != nil {
		return "", fmt.Errorf("create the workflow: %w", err)
	}
	id = made.CreateWorkflow.Workflow.ID
	if err := client.ask(ctx, "Generate", map[string]any{"id": id}, &made); err != nil {
		return "", err
	}
	return id, made.GenerateIcp.err()
}

// demoClient speaks GraphQL over HTTP, as any client does.
type demoClient struct{ url, token string }

func (d *demoClient) ask(ctx context.Context, operation string, variables map[string]any, answer any) error {
	body, err := json.Marshal(map[string]any{
		"query": demoOperations, "operationName": operation, "variables": variables,
	})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, d.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+d.token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	var envelope struct {
		Data   json.RawMessage
		Errors []struct{ Message string }
	}
	if err := json.NewDecoder(response.Body).Decode(&envelope); err != nil {
		return fmt.Errorf("read the answer to %s (%s): %w", operation, response.Status, err)
	}
	if len(envelope.Errors) > 0 {
		return fmt.Errorf("%s: %s", operation, envelope.Errors[0].Message)
	}
	return json.Unmarshal(envelope.Data, answer)
}

func (d *demoClient) follow(ctx context.Context, id string, version, entries string) (demoWorkflow, error) {
	var answer struct{ Workflow *demoWorkflow }
	variables := map[string]any{"id": id}
	if version != "" {
		variables["transitions"] = version
	}
	if entries != "" {
		variables["entries"] = entries
	}
	if err := d.ask(ctx, "Follow", variables, &answer); err != nil {
		return demoWorkflow{}, err
	}
	if answer.Workflow == nil {
		return demoWorkflow{}, errors.New("it is not there any more")
	}
	return *answer.Workflow, nil
}
