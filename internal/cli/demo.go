package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/embedded"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/server"
	"github.com/infin8content/engine/internal/workflow"
)

// maxDemoArticles is the largest plan that a workflow can have.
const maxDemoArticles = 50

type demoCommand struct {
	Company         string        `default:"Acme Robotics" help:"The company that the workflow is about."`
	URL             string        `name:"url" default:"https://acme-robotics.example" help:"The company's website."`
	LinkedIn        string        `name:"linkedin" help:"The company's LinkedIn page."`
	Until           string        `default:"PUBLISH" enum:"ICP,COMPETITOR,SEED_REVIEW,CLUSTERING,VALIDATION,ARTICLE,PUBLISH" help:"The last step of the demo: ICP, COMPETITOR, SEED_REVIEW, CLUSTERING, VALIDATION, ARTICLE or PUBLISH."`
	Articles        int           `default:"3" help:"Number of articles that the autopilot approves, 1 to 50."`
	Exit            bool          `help:"End with the workflow; the exit status is 0 only if it succeeds."`
	Directory       string        `default:".infin8" help:"Folder with the data of the embedded PostgreSQL."`
	Timeout         time.Duration `default:"2m" aliases:"patience" env:"INFIN8_TIMEOUT,INFIN8_PATIENCE" help:"Time that the workflow may take."`
	server.Settings `embed:""`

	began  time.Time // before the server has started
	number uint32    // the demos in this database, with this one
}

// Run starts a server, sends one workflow through the API and prints what happens. Then it serves until the context
// ends.
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
	if err := c.keepSecrets(p); err != nil {
		return err
	}
	c.began = time.Now()
	s, err := server.New(p.ctx, server.Options{
		Settings: c.Settings,
		Secrets:  p.secrets,
		Logger:   p.logger,
		Version:  version,
	})
	if err != nil {
		return err
	}
	defer s.Close()
	ctx, cancel := context.WithCancel(p.ctx)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.Run(ctx) })
	group.Go(func() error {
		err := c.runWorkflow(ctx, p, s)
		if c.Exit || err != nil {
			cancel()
		}
		return err
	})
	return group.Wait()
}

// prepare fills in what a demo needs and the user has not set: a free port if the given one is in use, and the sandbox
// if there is no key.
func (c *demoCommand) prepare(p *program) error {
	if p.JSON {
		return errors.New("--json: demo prints a text for people; ask its API for JSON")
	}
	p.logger = slog.New(slog.NewTextHandler(p.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if c.Articles < 1 || c.Articles > maxDemoArticles {
		return fmt.Errorf("--articles is a number from 1 to %d", maxDemoArticles)
	}
	if p.secrets.ProviderKey == "" {
		c.Sandbox = true
	}
	c.API, c.Workers = true, true
	c.Steps = stepsUntil(workflow.StepKey(c.Until))
	c.OpenToAll()
	if probe, err := net.Listen("tcp", c.Listen); err == nil {
		return probe.Close()
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	fmt.Fprintf(p.stdout, "%s is in use; the demo listens on a free port.\n", c.Listen)
	c.Listen = net.JoinHostPort(host, "0")
	return nil
}

// stepsUntil returns the automatic steps up to one, which the workers of the demo drive.
func stepsUntil(last workflow.StepKey) (keys []string) {
	until, _ := workflow.StepOf(last)
	for _, step := range workflow.Steps() {
		if step.Number <= until.Number && step.Kind == workflow.Automatic {
			keys = append(keys, string(step.Key))
		}
	}
	return keys
}

// passes reports whether the demo completes a step.
func (c *demoCommand) passes(key workflow.StepKey) bool {
	step, _ := workflow.StepOf(key)
	until, _ := workflow.StepOf(workflow.StepKey(c.Until))
	return step.Number <= until.Number
}

// database starts PostgreSQL, or uses the one of DATABASE_URL, and brings it up to date.
func (c *demoCommand) database(p *program) (url string, stop func(), err error) {
	url, stop = p.secrets.DatabaseURL, func() {}
	if url == "" {
		fmt.Fprintln(p.stdout, "Starting PostgreSQL …")
		forgetForeignServers()
		// At this level the log says when PostgreSQL is downloaded, which may take minutes.
		logger := slog.New(slog.NewTextHandler(p.stderr, nil))
		line := p.begin("Starting PostgreSQL; if it is not installed, it is downloaded once")
		child, err := embedded.Start(p.ctx, embedded.Options{Directory: c.Directory, Logger: logger})
		line.end()
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
		url, p.secrets.DirectURL = child.URL("infin8"), "" // DATABASE_DIRECT_URL leads to another database.
	}
	pool, err := postgres.Connect(p.ctx, url, "", 4)
	if err == nil {
		defer pool.Close()
		_, err = migrate(p, pool)
	}
	if err == nil {
		c.number, err = nextDemo(p.ctx, postgres.New(pool))
	}
	if err != nil {
		stop()
		return "", nil, err
	}
	return url, stop, nil
}

func createDatabase(ctx context.Context, url, name string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("reach the embedded PostgreSQL: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	var exists bool
	err = conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, name).Scan(&exists)
	if err == nil && !exists {
		_, err = conn.Exec(ctx, `CREATE DATABASE `+pgx.Identifier{name}.Sanitize())
	}
	return err
}

// runWorkflow creates a workflow through the API. It prints each transition and each ledger entry until the last
// step of the demo ends.
func (c *demoCommand) runWorkflow(ctx context.Context, p *program, s *server.Server) error {
	client, err := c.admin(s, c.number)
	if err != nil {
		return err
	}
	approver, err := c.client(s, caller.Caller{
		Actor:          "autopilot",
		OrganizationID: demoOrganization(c.number),
		Role:           caller.Operator,
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "The API is at %s/graphql\n", s.URL())
	if c.Sandbox {
		fmt.Fprintln(p.stdout, server.SyntheticNotice)
	}
	id, err := c.begin(ctx, client)
	if err != nil {
		return err
	}
	output := &demoOutput{out: p.stdout}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	pilot := autopilot{client: approver, out: p.stdout, articles: c.Articles}
	for {
		flow, err := client.follow(ctx, id, output.version, output.entries)
		if err != nil {
			return fmt.Errorf("follow the workflow: %w", err)
		}
		output.print(flow)
		output.printWaiting(flow, time.Now())
		switch {
		case c.isAtEnd(flow):
			return c.report(ctx, p, s, client, flow)
		case flow.IsTerminal || flow.Activity.Code == "FAILED" || flow.Activity.Code == "NEEDS_DECISION":
			return fmt.Errorf("the workflow ended in %s: %s", flow.State, flow.Activity.Sentence)
		}
		decided, err := c.decide(ctx, pilot, client, s.SandboxSite(), flow)
		if err != nil {
			return err
		}
		if decided {
			continue
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the workflow is still %s: %w", flow.State, ctx.Err())
		case <-time.After(150 * time.Millisecond):
		}
	}
}

// isAtEnd reports whether the last step of the demo has ended well.
func (c *demoCommand) isAtEnd(flow demoWorkflow) bool {
	switch workflow.StepKey(c.Until) {
	case workflow.StepPublish:
		return flow.State == string(workflow.Completed)
	case workflow.StepCompetitor:
		return flow.State == c.Until+"_COMPLETED" || flow.Status == "AWAITING_REVIEW"
	case workflow.StepValidation:
		return flow.State == string(workflow.ArticlePending)
	}
	return flow.State == c.Until+"_COMPLETED"
}

// printPages prints the addresses of the pages, signed in.
func (c *demoCommand) printPages(p *program, s *server.Server, token string) error {
	url := s.URL()
	if c.Playground != "off" {
		fmt.Fprintf(p.stdout, "\nPlayground: %s/playground#token=%s\n", url, token)
	}
	if c.Console != "off" {
		fmt.Fprintf(p.stdout, "\nConsole: %s/console/#token=%s\n", url, token)
	}
	if c.Console != "off" && c.number > 1 {
		before, err := c.admin(s, c.number-1)
		if err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "The demo before is in the console at %s/console/#token=%s\n", url, before.token)
	}
	fmt.Fprintln(p.stdout, "Ctrl-C ends the demo.")
	return nil
}

func actor() string {
	if name := os.Getenv("USER"); checkActor(name) == nil {
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
