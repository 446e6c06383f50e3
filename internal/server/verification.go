package server

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/audit"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/jobs"
	"github.com/infin8content/engine/internal/postgres"
)

// verifyIn returns the function that verifies one organization with the rights of the server's role.
func verifyIn(store *postgres.Store) jobs.VerifyFunc {
	auditor := audit.New(store, time.Now)
	return func(ctx context.Context, organization uuid.UUID, rows *atomic.Int64) (v engine.Verification, err error) {
		report, err := auditor.VerifyOrganization(ctx, organization, rows)
		if err != nil {
			return v, err
		}
		v.Found, v.Checkpoint = report.Found, report.Checkpoint
		for _, f := range report.Findings {
			table, row := f.Table()
			v.Findings = append(v.Findings, postgres.VerificationFinding{
				Kind:     string(f.Kind),
				Table:    table,
				Row:      row,
				Sentence: f.What,
			})
		}
		return v, nil
	}
}
