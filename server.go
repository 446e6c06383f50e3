// Command engine is the Infin8Content engine: one program that serves the API, runs the steps, migrates and verifies
// the database, and demonstrates itself. Package cli reads the command line.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/infin8content/engine/internal/cli"
)

func main() {
	// The signals stay caught to the end, so that a second one cannot change the exit status of a program that stops.
	ctx, _ := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	os.Exit(cli.Run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}
