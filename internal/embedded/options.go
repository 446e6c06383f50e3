// Package embedded runs PostgreSQL as a child of this program, so that a demonstration and the tests need nothing but
// PostgreSQL's binaries: it finds them or fetches them once, makes a data folder, starts the server on a socket that
// only its owner can reach, and sees to it that the server ends when this program does, however that ends.
//
// It refuses to share: one data folder serves one owner at a time. It opens no TCP port, asks for no password, never
// runs PostgreSQL as root, and does not touch a server that it did not start. It does not
// depend on migrations, roles or the engine's tables. It is for one machine and one user, and not for production.
package embedded

import "log/slog"

// Options says which server to start. The zero value is not complete: a server that is not ephemeral needs a Directory.
type Options struct {
	// Directory is the folder that keeps the data, the lock and the server's log; it is made when it is missing. An
	// ephemeral server makes a folder of its own and does not look at this one.
	Directory string

	// Logger gets a line for a download, for another folder than the one asked for, and for a server that died. Nil logs
	// nothing.
	Logger *slog.Logger

	// Programs is the folder with postgres and initdb. Empty: the usual folders are searched, and PostgreSQL is downloaded
	// if none has them.
	Programs string

	// Settings are further PostgreSQL settings by name. They win over the settings chosen here.
	Settings map[string]string

	// Ephemeral asks for a server that is quick and forgetful: nothing is forced to disk, and the folder is removed when
	// the server ends. For tests.
	Ephemeral bool

	// ReplicaOf asks for a streaming replica of another server that runs, not for a new server. It is read-only until it
	// is promoted, which pg_promote() does. It says nothing about a data folder that is there already.
	ReplicaOf *Server
}

func (o Options) logger() *slog.Logger {
	if o.Logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return o.Logger
}
