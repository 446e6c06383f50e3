// Command wordpress sets up a real WordPress from Debian's packages, runs a command with its address in the
// environment, and removes everything:
//
//	go run ./test/wordpress go test ./internal/publish
//
// The command finds the site in TEST_WORDPRESS, the login in TEST_WORDPRESS_USER and TEST_WORDPRESS_PASSWORD. The site
// listens on loopback only. Its status is the command's. CONTRIBUTING.md names the packages that it needs.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: wordpress COMMAND [ARGUMENT…]")
		os.Exit(2)
	}
	ctx, _ := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		os.Exit(max(exit.ExitCode(), 1))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "wordpress:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, command []string) (err error) {
	s, err := start(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	fmt.Fprintf(os.Stderr, "WordPress %s at %s\n", s.version, s.address)
	c := exec.CommandContext(ctx, command[0], command[1:]...)
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	c.Env = append(os.Environ(),
		"TEST_WORDPRESS="+s.address, "TEST_WORDPRESS_USER="+user, "TEST_WORDPRESS_PASSWORD="+s.password)
	return c.Run()
}
