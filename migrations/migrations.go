// Package migrations embeds the schema of the database, one numbered file for each step. It does nothing else:
// postgres.Migrate runs them.
package migrations

import "embed"

// Files holds NNNN_name.sql, forward only. A file that was applied once must never change.
//
//go:embed *.sql
var Files embed.FS
