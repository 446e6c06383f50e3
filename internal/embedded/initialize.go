//go:build unix

package embedded

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// begin makes the data folder: of a new server, or a copy of the one that is to be followed.
func (h *home) begin(ctx context.Context, i installation, leader *Server) error {
	if leader == nil {
		return h.initialize(ctx, i)
	}
	return h.fill(func(folder string) error {
		if err := h.runner.give(folder); err != nil {
			return err
		}
		_, err := h.runner.run(ctx, i.program("pg_basebackup"), "--pgdata="+folder, "--write-recovery-conf",
			"--checkpoint=fast", "--host="+leader.home.socket, "--port="+port, "--username="+superuser)
		return err
	})
}

// initialize makes the data folder of a new server.
//
// initdb costs half a second of a processor. Ephemeral servers share its result as a template, a single file in our
// temporary folder, and unpack it in a fraction of that; so a dozen test programs may each start a server of their own.
// It is a single file, because cleaners of temporary folders remove old files one by one. It is on disk, so that it
// survives a restart.
func (h *home) initialize(ctx context.Context, i installation) error {
	if !h.ephemeral {
		return h.fill(func(folder string) error { return h.initdb(ctx, i, folder) })
	}
	scratch, err := scratchFolder(ctx, h.runner)
	if err != nil {
		return err
	}
	template := filepath.Join(scratch, "template-"+shortHash(i.folder+"\n"+i.text)+".tar")
	fromTemplate := func(folder string) error { return unpack(template, folder, h.runner) }
	if h.fill(fromTemplate) == nil {
		return nil
	}
	guard, err := waitLock(ctx, filepath.Join(scratch, "lock"))
	if err != nil {
		return err
	}
	defer guard.Close()
	if h.fill(fromTemplate) == nil {
		return nil
	}
	if err := h.fill(func(folder string) error { return h.initdb(ctx, i, folder) }); err != nil {
		return err
	}
	_ = pack(h.data(), template) // Without a template the next start takes longer, and that is all.
	return nil
}

// fill makes a new folder, has it filled, and names it the data folder if that went well. So a data folder is always
// complete, also when this process is killed on the way.
func (h *home) fill(with func(folder string) error) error {
	abandoned, err := filepath.Glob(filepath.Join(h.folder, "new-*"))
	if err != nil {
		return err
	}
	for _, folder := range abandoned {
		_ = os.RemoveAll(folder)
	}
	folder, err := os.MkdirTemp(h.folder, "new-")
	if err != nil {
		return err
	}
	if err := with(folder); err != nil {
		_ = os.RemoveAll(folder)
		return err
	}
	return os.Rename(folder, h.data())
}

// initdb makes a cluster in the empty folder: UTF-8, sorted by code point on every system, upper and lower case known
// for all of Unicode where the system can. A user who may enter the socket's folder may log in; there is no log-in
// over TCP.
func (h *home) initdb(ctx context.Context, i installation, folder string) error {
	if err := h.runner.give(folder); err != nil {
		return err
	}
	arguments := []string{
		"--pgdata=" + folder, "--username=" + superuser, "--auth-local=trust", "--auth-host=reject",
		"--encoding=UTF8", "--no-instructions", "--locale=C",
	}
	if h.ephemeral {
		arguments = append(arguments, "--no-sync")
	}
	locale := []string{"--lc-ctype=C.UTF-8"}
	if i.version.major >= 17 {
		locale = []string{"--locale-provider=builtin", "--builtin-locale=C.UTF-8"}
	}
	_, err := h.runner.run(ctx, i.program("initdb"), append(arguments, locale...)...)
	if err != nil && ctx.Err() == nil && i.version.major < 17 { // The system may lack C.UTF-8.
		_, err = h.runner.run(ctx, i.program("initdb"), arguments...)
	}
	return err
}

// pack writes the folder to one file. The file appears under its name only when it is complete.
func pack(folder, archive string) error {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer root.Close()
	file, err := os.CreateTemp(filepath.Dir(archive), "new-template-")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	writer := tar.NewWriter(file)
	if err := errors.Join(writer.AddFS(root.FS()), writer.Close(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), archive)
}

// unpack fills the empty folder with what pack wrote and gives it to the user.
func unpack(archive, folder string, runner account) error {
	file, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer file.Close()
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer root.Close()
	reader := tar.NewReader(file)
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return runner.give(folder)
		}
		if err != nil {
			return err
		}
		if err := unpackEntry(root, header, reader); err != nil {
			return fmt.Errorf("%s: %w", header.Name, err)
		}
		if runner.other {
			if err := root.Lchown(header.Name, int(runner.uid), int(runner.gid)); err != nil {
				return err
			}
		}
	}
}

func unpackEntry(root *os.Root, header *tar.Header, content io.Reader) error {
	if header.Typeflag == tar.TypeDir {
		return root.Mkdir(filepath.Clean(header.Name), 0o700)
	}
	file, err := root.OpenFile(header.Name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(copySparse(file, content), file.Close())
}

// copySparse copies and leaves holes where there is nothing but zeros, as in most of the 16 MB of the first file of the
// log. Holes take no space.
func copySparse(file *os.File, content io.Reader) error {
	var zeros, block [8192]byte
	var size int64
	for {
		n, err := io.ReadFull(content, block[:])
		if n > 0 && !bytes.Equal(block[:n], zeros[:n]) {
			if _, err := file.WriteAt(block[:n], size); err != nil {
				return err
			}
		}
		size += int64(n)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return file.Truncate(size)
		}
		if err != nil {
			return err
		}
	}
}
