// Package cli is the command line of the engine. It reads flags and secrets, carries out one command and returns the
// exit status. It wires no server itself: package server does.
package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"time"

	"github.com/alecthomas/kong"

	"github.com/infin8content/engine/internal/server"
)

// description is the beginning of --help. Secrets have no flags, because other users of a machine can read a command
// line.
const description = `The Infin8Content engine: a GraphQL backend that runs AI content workflows.

Secrets come from the environment only:
  DATABASE_URL         PostgreSQL 15 or later (all commands that read or write data, but demo)
  DATABASE_DIRECT_URL  the same without the pooler, when DATABASE_URL leads through one that lends by transaction
  AUTH_SECRET          signs the callers' tokens, at least 32 bytes (serve without --issuer, token)
  OPENROUTER_API_KEY   pays for the models (serve, demo); without it serve needs --sandbox
  DATAFORSEO_LOGIN, DATAFORSEO_PASSWORD   pay for search data (serve, demo) and read its figures (reconcile);
                       without them there is none, or synthetic data with --sandbox
  OPENROUTER_MANAGEMENT_KEY   reads the provider's own figures (reconcile)
  CHECKPOINT_KEY       signs checkpoints (verify --anchor)
  WEBHOOK_SECRET       signs the alerts that are sent, at least 32 bytes (serve, demo); without it serve sends none
  SECRETS_KEY          seals the secrets of publish targets, at least 32 bytes (serve, demo); without it there are none`

// commands are the commands of the program, with the flags that all of them have.
type commands struct {
	outputFlags `embed:""`

	Demo          demoCommand          `cmd:"" help:"Run one workflow on an embedded PostgreSQL, then serve the console and the playground."`
	Serve         serveCommand         `cmd:"" help:"Serve the API and run the steps."`
	Migrate       migrateCommand       `cmd:"" help:"Bring the database up to date, or list its migrations."`
	Verify        verifyCommand        `cmd:"" help:"Recompute both journals and all balances; exit status 1 when a row is wrong."`
	Export        exportCommand        `cmd:"" help:"Print an organization's journal or ledger, in a form that can be verified."`
	Graph         graphCommand         `cmd:"" help:"Print the state machine."`
	Schema        schemaCommand        `cmd:"" help:"Print the GraphQL schema."`
	Health        healthCommand        `cmd:"" help:"Ask a running server whether it accepts requests; silent when it does."`
	Token         tokenCommand         `cmd:"" help:"Print a signed development token."`
	Prices        pricesCommand        `cmd:"" help:"Manage the prices of all organizations without prices of their own."`
	APIKeys       apikeysCommand       `cmd:"" name:"apikeys" aliases:"keys" help:"Manage the API keys that programs sign in with."`
	Alerts        alertsCommand        `cmd:"" help:"List the operator's alerts."`
	Reconcile     reconcileCommand     `cmd:"" help:"Compare the ledger with the provider's own figures, by day and model."`
	Organizations organizationsCommand `cmd:"" help:"List the organizations."`
	Workflows     workflowsCommand     `cmd:"" help:"List the workflows of an organization, or show one."`
	Seed          seedCommand          `cmd:"" help:"Create synthetic workflows, for trials."`
	Version       versionCommand       `cmd:"" help:"Print the version of the program."`
	Completion    completionCommand    `cmd:"" help:"Print a script that completes commands and flags in a shell."`
	Complete      completeCommand      `cmd:"" hidden:"" help:"Print the words that can come next; the script of completion calls it."`
}

// program is the environment of a command.
type program struct {
	output
	ctx     context.Context
	secrets server.Secrets
	// managementKey reads the provider's own figures. A server never needs it.
	managementKey string
	// checkpointKey signs checkpoints. A server never needs it.
	checkpointKey string
	logger        *slog.Logger
	// model describes the commands and flags.
	model *kong.Application
}

// Run carries out one command and returns the exit status: 0 when the command succeeds, 1 when it fails, 2 when the
// command line is wrong.
func Run(ctx context.Context, args []string, environment func(string) string, stdout, stderr io.Writer) int {
	var c commands
	exit := -1
	parser, err := kong.New(&c, kong.Name("engine"), kong.Description(description), kong.Writers(stdout, stderr),
		kong.DefaultEnvars("INFIN8"), kong.Vars(server.HelpTexts()), kong.Exit(func(code int) { exit = code }),
		kong.TypeMapper(reflect.TypeFor[time.Duration](), kong.MapperFunc(decodeDuration)))
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 2
	}
	chosen, err := parser.Parse(args)
	if exit >= 0 { // --help has been printed.
		return exit
	}
	if err != nil {
		fmt.Fprintf(stderr, "engine: %v\n", err)
		return 2
	}
	p := &program{
		output:        output{outputFlags: c.outputFlags, stdout: stdout, stderr: stderr},
		ctx:           ctx,
		secrets:       server.SecretsFrom(environment),
		managementKey: environment("OPENROUTER_MANAGEMENT_KEY"),
		checkpointKey: environment("CHECKPOINT_KEY"),
		logger:        slog.New(slog.NewJSONHandler(stderr, nil)),
		model:         parser.Model,
	}
	if err := chosen.Run(p); err != nil {
		fmt.Fprintf(stderr, "engine: %v\n", err)
		return 1
	}
	return 0
}
