//go:build unix

package embedded

import (
	"os"
	"path/filepath"
	"testing"
)

func TestPack_UnpackRestoresTheFolder(t *testing.T) {
	t.Parallel()
	from, to := t.TempDir(), t.TempDir()
	if err := os.MkdirAll(filepath.Join(from, "base", "empty"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(from, "base", "1"), []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	archive := filepath.Join(t.TempDir(), "template.tar")
	if err := pack(from, archive); err != nil {
		t.Fatal(err)
	}
	us := account{uid: uint32(os.Geteuid())}
	if err := unpack(archive, to, us); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(to, "base", "1")); string(got) != "content" {
		t.Errorf("file: got %q, %v, want content", got, err)
	}
	if info, err := os.Stat(filepath.Join(to, "base", "empty")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("empty folder: got %v, %v, want mode 700", info, err)
	}
	if err := os.Truncate(archive, 1000); err != nil {
		t.Fatal(err)
	}
	if err := unpack(archive, t.TempDir(), us); err == nil {
		t.Error("a damaged archive: got no error")
	}
}

func TestFill_LeavesNoFolderAfterAnError(t *testing.T) {
	t.Parallel()
	h := &home{folder: t.TempDir()}
	if err := os.Mkdir(filepath.Join(h.folder, "new-of-a-killed-process"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := h.fill(func(string) error { return os.ErrInvalid }); err == nil {
		t.Error("got no error")
	}
	if left, _ := filepath.Glob(filepath.Join(h.folder, "*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
