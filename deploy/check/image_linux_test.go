package check

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestImage_ProgramNeedsNothingElse builds the program as the Dockerfile does and runs it in an empty root, as the user
// of the image. It replaces a run of the image, which needs a container engine.
func TestImage_ProgramNeedsNothingElse(t *testing.T) {
	t.Parallel()
	if os.Getenv("TEST_IMAGE") == "" {
		t.Skip("the build takes minutes: set TEST_IMAGE=yes")
	}
	if os.Getuid() != 0 {
		t.Skip("only root may change the root folder of a process")
	}
	_, line, _ := strings.Cut(string(read(t, "../Dockerfile")), "CGO_ENABLED=0 ")
	line, _, found := strings.Cut(line, "\n\n")
	if !found || !strings.Contains(line, " -o /engine .") {
		t.Fatalf("the Dockerfile does not build /engine: %s", line)
	}
	root, err := os.MkdirTemp("", "image")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(root) })
	build := exec.CommandContext(t.Context(), "sh", "-c", strings.Replace(line, " /engine ", " "+root+"/engine ", 1))
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "VERSION=v0.0.1")
	build.Dir = filepath.Join("..", "..")
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	if err := os.Chmod(root, 0o755); err != nil { // Another user enters the folder.
		t.Fatal(err)
	}
	run := func(arguments ...string) (string, error) {
		command := exec.CommandContext(t.Context(), "/engine", arguments...)
		command.Path, command.Dir, command.Env = "/engine", "/", []string{}
		command.SysProcAttr = &syscall.SysProcAttr{
			Chroot:     root,
			Credential: &syscall.Credential{Uid: 65532, Gid: 65532},
		}
		said, err := command.CombinedOutput()
		return string(said), err
	}
	if said, err := run("schema"); err != nil || !strings.Contains(said, "type Mutation") {
		t.Errorf("schema: got %v and %.200s", err, said)
	}
	if said, err := run("version"); err != nil || !strings.HasPrefix(said, "engine v0.0.1") {
		t.Errorf("version: got %v and %s", err, said)
	}
	if said, err := run("health"); err == nil || !strings.Contains(said, "does not answer") {
		t.Errorf("health without a server: got %v and %s", err, said)
	}
}
