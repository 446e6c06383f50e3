package audit

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/postgres"
)

// MaxFindings limits the findings in the report of one organization. All are counted.
const MaxFindings = 100

// Report is the result of the verification of one organization.
type Report struct {
	// Findings are the first MaxFindings of the ones that Found counts. A comparison of tables ends after 100 findings.
	Findings []Finding
	Found    int
	// Checkpoint is the text of a checkpoint over the heads of the organization's chains, without a signature; "" with
	// findings.
	Checkpoint string
}

// VerifyOrganization makes the checks of Verify on the rows of one organization, in one snapshot. It needs a role to
// which row-level security applies, which keeps it to these rows and to the operator's prices. The graph, the
// migrations and the catalog are not part of it: they belong to no organization. rows counts the rows as they are read.
func (a *Auditor) VerifyOrganization(
	ctx context.Context, organization uuid.UUID, rows *atomic.Int64,
) (r Report, err error) {
	at := a.now().UTC()
	v := &verification{due: map[due]int64{}, rows: rows, most: MaxFindings}
	err = a.store.SnapshotOf(ctx, organization, func(s *postgres.Store) error {
		v.store = s
		if err := v.run(ctx, v.ofTenants()); err != nil {
			return err
		}
		r.Findings, r.Found = v.findings, v.found
		if r.Found > 0 {
			return nil
		}
		tree := &merkle{}
		err := eachHead(ctx, s, func(kind postgres.ChainKind, p postgres.Position) error {
			v.rows.Add(1)
			// The operator's prices belong to no organization.
			if strings.HasPrefix(p.Key, organization.String()) {
				tree.add([]byte(headLine(kind, p)))
			}
			return nil
		})
		if err != nil {
			return err
		}
		r.Checkpoint, err = tree.checkpoint("org_"+organization.String(), at)
		return err
	})
	if err != nil {
		return Report{}, fmt.Errorf("verify organization %s: %w", organization, err)
	}
	return r, nil
}
