// Package check validates the files of deploy/ and the release workflow as their programs would: with BuildKit's parser
// and linter, the loader of Compose, the types of Kubernetes, and a linter of workflows. No container is built or run.
package check

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	apps "k8s.io/api/apps/v1"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	policy "k8s.io/api/policy/v1"
	strict "sigs.k8s.io/yaml"
)

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// dockerfileFaults returns what BuildKit refuses or warns of.
func dockerfileFaults(text []byte) []string {
	parsed, err := parser.Parse(bytes.NewReader(text))
	if err != nil {
		return []string{err.Error()}
	}
	var faults []string
	for _, warning := range parsed.Warnings {
		faults = append(faults, warning.Short)
	}
	lint := linter.New(&linter.Config{Warn: func(rule, _, _, message string, _ []parser.Range) {
		faults = append(faults, rule+": "+message)
	}})
	if _, _, err := instructions.Parse(parsed.AST, lint); err != nil {
		faults = append(faults, err.Error())
	}
	return faults
}

func TestDockerfile(t *testing.T) {
	t.Parallel()
	text := read(t, "../Dockerfile")
	if faults := dockerfileFaults(text); len(faults) > 0 {
		t.Errorf("got %q, want no faults", faults)
	}
	for name, broken := range map[string]string{
		"unknown instruction": string(text) + "ENTER /engine\n",
		"unknown flag":        strings.Replace(string(text), "--interval", "--every", 1),
	} {
		if len(dockerfileFaults([]byte(broken))) == 0 {
			t.Errorf("%s: got no fault", name)
		}
	}
	for _, line := range []string{"\nFROM scratch\n", "\nUSER 65532:65532\n", "\nHEALTHCHECK "} {
		if !strings.Contains(string(text), line) {
			t.Errorf("the Dockerfile has no line %q", strings.TrimSpace(line))
		}
	}
}

// compose loads a file as Compose does: schema, variables, references between services.
func compose(t *testing.T, path string, environment ...string) error {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{path}, cli.WithEnv(environment), cli.WithName("infin8"))
	if err != nil {
		return err
	}
	_, err = options.LoadProject(t.Context())
	return err
}

func TestCompose(t *testing.T) {
	t.Parallel()
	secrets := []string{"OWNER_PASSWORD=a", "ENGINE_PASSWORD=b", "AUTH_SECRET=c"}
	if err := compose(t, "../compose.yaml", secrets...); err != nil {
		t.Error(err)
	}
	for i := range secrets {
		rest := append(append([]string{}, secrets[:i]...), secrets[i+1:]...)
		if compose(t, "../compose.yaml", rest...) == nil {
			t.Errorf("without %s: got no error", secrets[i])
		}
	}
	text := string(read(t, "../compose.yaml"))
	for name, broken := range map[string]string{
		"unknown property":  strings.Replace(text, "depends_on:", "depends_upon:", 1),
		"unknown service":   strings.Replace(text, "      migrate:\n", "      migration:\n", 1),
		"undeclared volume": strings.Replace(text, "\nvolumes:\n  database:\n", "\n", 1),
	} {
		path := filepath.Join(t.TempDir(), "compose.yaml")
		if err := os.WriteFile(path, []byte(broken), 0o600); err != nil {
			t.Fatal(err)
		}
		if compose(t, path, secrets...) == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

// TestCompose_Environment finds a secret of compose.yaml that the example file does not list.
func TestCompose_Environment(t *testing.T) {
	t.Parallel()
	example := string(read(t, "../environment.example"))
	for _, part := range strings.Split(string(read(t, "../compose.yaml")), "${")[1:] {
		name := part[:strings.IndexAny(part, ":}")]
		if !strings.Contains(example, "\n"+name+"=") {
			t.Errorf("environment.example does not have %s", name)
		}
	}
}

// manifestFaults decodes every document of a file into its type and refuses unknown fields.
func manifestFaults(text []byte) error {
	var faults []error
	for i, document := range bytes.Split(text, []byte("\n---\n")) {
		var head struct {
			Kind string `json:"kind"`
		}
		if err := strict.Unmarshal(document, &head); err != nil {
			return err
		}
		types := map[string]any{
			"Deployment":          &apps.Deployment{},
			"Job":                 &batch.Job{},
			"Service":             &core.Service{},
			"PodDisruptionBudget": &policy.PodDisruptionBudget{},
		}
		into, known := types[head.Kind]
		if !known {
			faults = append(faults, fmt.Errorf("document %d: unknown kind %q", i, head.Kind))
			continue
		}
		if err := strict.UnmarshalStrict(document, into); err != nil {
			faults = append(faults, fmt.Errorf("document %d: %w", i, err))
		}
	}
	return errors.Join(faults...)
}

func TestKubernetes(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("../kubernetes/*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("got %v and %v, want manifests", paths, err)
	}
	for _, path := range paths {
		text := read(t, path)
		if err := manifestFaults(text); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		for _, field := range []string{"restartPolicy", "readinessProbe", "replicas", "name"} {
			broken := bytes.Replace(text, []byte(" "+field+":"), []byte(" "+field+"s:"), 1)
			if !bytes.Equal(broken, text) && manifestFaults(broken) == nil {
				t.Errorf("%s with %ss: got no error", path, field)
			}
		}
	}
}

// actionlint is a program of its own here: the libraries of Compose need a later parser of YAML than it can use.
const actionlint = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"

func TestWorkflows(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("../../.github/workflows/*.yml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("got %v and %v, want workflows", paths, err)
	}
	lint := func(text []byte) (string, error) {
		command := exec.CommandContext(t.Context(), "go", "run", actionlint, "-shellcheck=", "-pyflakes=", "-")
		command.Stdin = bytes.NewReader(text)
		said, err := command.CombinedOutput()
		return string(said), err
	}
	for _, path := range paths {
		text := read(t, path)
		if said, err := lint(text); err != nil {
			t.Errorf("%s: %v\n%s", path, err, said)
		}
		broken := bytes.Replace(text, []byte("runs-on:"), []byte("run-on:"), 1)
		if said, err := lint(broken); err == nil || !strings.Contains(said, "run-on") {
			t.Errorf("%s with run-on: got %v\n%s", path, err, said)
		}
	}
}

func TestUnit(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is missing")
	}
	text := string(read(t, "../infin8-engine.service"))
	// The program need not be installed here.
	text = strings.Replace(text, "/usr/local/bin/engine", "/bin/true", 1)
	verify := func(text string) string {
		path := filepath.Join(t.TempDir(), "infin8-engine.service")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		said, err := exec.CommandContext(t.Context(), program, "verify", path).CombinedOutput()
		if err != nil {
			return err.Error() + string(said)
		}
		return string(said)
	}
	if said := verify(text); strings.Contains(said, "infin8-engine") {
		t.Errorf("got %s", said)
	}
	broken := strings.Replace(text, "ProtectHome=", "ProtectHouse=", 1)
	if said := verify(broken); !strings.Contains(said, "ProtectHouse") {
		t.Errorf("with an unknown setting: got %q", said)
	}
}
