package cli

import (
	"cmp"
	"fmt"
	"io/fs"
	"runtime"
	"runtime/debug"

	"github.com/infin8content/engine/migrations"
)

// version is the version of a release. A build sets it with -ldflags "-X …/internal/cli.version=v1.2.3".
var version string

type versionCommand struct{}

// Run prints the version of the program, its commit, and its newest migration.
func (*versionCommand) Run(p *program) error {
	files, err := fs.Glob(migrations.Files, "*.sql")
	if err != nil {
		return err
	}
	revision, at, modified := "", "", false
	name := version
	if info, ok := debug.ReadBuildInfo(); ok {
		name = cmp.Or(name, info.Main.Version)
		for _, setting := range info.Settings {
			switch setting.Key {
			case "vcs.revision":
				revision = setting.Value
			case "vcs.time":
				at = setting.Value
			case "vcs.modified":
				modified = setting.Value == "true"
			}
		}
	}
	name = cmp.Or(name, "(devel)")
	text := "engine " + name
	if revision != "" {
		text += fmt.Sprintf(", commit %.12s of %s", revision, at)
	}
	if modified {
		text += ", with changes"
	}
	text += fmt.Sprintf(", %s %s/%s, schema %04d", runtime.Version(), runtime.GOOS, runtime.GOARCH, len(files))
	return p.result(text, map[string]any{
		"version": name, "commit": revision, "committedAt": at, "isModified": modified, "go": runtime.Version(),
		"platform": runtime.GOOS + "/" + runtime.GOARCH, "schema": len(files),
	})
}
