package audit_test

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/audit"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/testdb/attack"
	"github.com/infin8content/engine/internal/testengine"
	"github.com/infin8content/engine/internal/workflow"
)

// organizations returns the ids of all organizations of a database.
func organizations(t *testing.T, db *testdb.DB) (ids []uuid.UUID) {
	t.Helper()
	rows, err := db.Super.Query(context.Background(), `SELECT id FROM organizations ORDER BY id`)
	for err == nil && rows.Next() {
		var id uuid.UUID
		err = rows.Scan(&id)
		ids = append(ids, id)
	}
	if err != nil || rows.Err() != nil {
		t.Fatal(err, rows.Err())
	}
	return ids
}

// verifyEach verifies each organization alone, as the server does.
func verifyEach(t *testing.T, db *testdb.DB) map[uuid.UUID]audit.Report {
	t.Helper()
	reports := map[uuid.UUID]audit.Report{}
	for _, id := range organizations(t, db) {
		r, err := audit.New(db.Store(), testdb.Now).VerifyOrganization(context.Background(), id, &atomic.Int64{})
		if err != nil {
			t.Fatal(err)
		}
		reports[id] = r
	}
	return reports
}

// splits checks that the organizations, each verified alone in the server's role, have the findings of the whole
// database, apart from those of the graph, the migrations and the catalog.
func splits(t *testing.T, db *testdb.DB, findings []audit.Finding) {
	t.Helper()
	var want, got []string
	for _, f := range findings {
		if f.Kind != audit.KindGraph && f.Kind != audit.KindCatalog {
			want = append(want, string(f.Kind)+" "+f.String())
		}
	}
	for _, r := range verifyEach(t, db) {
		for _, f := range r.Findings {
			got = append(got, string(f.Kind)+" "+f.String())
		}
		if r.Found != len(r.Findings) || (r.Checkpoint == "") != (r.Found > 0) {
			t.Errorf("got %d findings of %d and the checkpoint %q", len(r.Findings), r.Found, r.Checkpoint)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, slices.Compact(got)); diff != "" {
		t.Errorf("the findings of all organizations alone (-of the database +alone):\n%s", diff)
	}
}

// A database with something of each kind has no finding, and each organization has a checkpoint of its own rows.
func TestVerifyOrganization_IsSilentAboutHonestRows(t *testing.T) {
	t.Parallel()
	g := attack.NewTarget(t)
	seen := map[string]bool{}
	for id, r := range verifyEach(t, g.DB) {
		if r.Found > 0 {
			t.Errorf("got %v, want no finding", r.Findings)
		}
		origin, _, _ := strings.Cut(r.Checkpoint, "\n")
		if origin != "org_"+id.String() || strings.Count(r.Checkpoint, "\n") != 4 || seen[r.Checkpoint] {
			t.Errorf("got the checkpoint %q", r.Checkpoint)
		}
		seen[r.Checkpoint] = true
	}
	if len(seen) != 3 {
		t.Errorf("got %d checkpoints, want one for each organization", len(seen))
	}
}

// The finding about one organization is silent for the other, also when a statement names no organization.
func TestVerifyOrganization_ReadsNoOtherOne(t *testing.T) {
	t.Parallel()
	b := testengine.New(t)
	mine, theirs := b.Flow(t, workflow.ICPCompleted), b.Stranger(t)
	before := verifyEach(t, b.DB)
	edit := `UPDATE workflow_transitions SET reason = 'x' WHERE workflow_id = '` + mine.ID.String() + `' AND version = 2`
	_, err := b.DB.Super.Exec(context.Background(), unguarded+`SET session_replication_role = replica; `+edit)
	if err != nil {
		t.Fatal(err)
	}
	reports := verifyEach(t, b.DB)
	found := reports[b.Who.OrganizationID]
	want := "workflow_transitions wf_" + mine.ID.String() + " version 2: its hash is not the hash of its content"
	if found.Found != 1 || found.Findings[0].String() != want || found.Findings[0].Kind != audit.KindJournal {
		t.Errorf("got %+v, want %q", found, want)
	}
	table, row := found.Findings[0].Table()
	if table != "workflow_transitions" || row != "wf_"+mine.ID.String()+" version 2" {
		t.Errorf("got the table %q and the row %q", table, row)
	}
	root := func(r audit.Report) string { return strings.SplitN(r.Checkpoint, "\n", 4)[2] }
	if id := theirs.OrganizationID; reports[id].Found != 0 || root(reports[id]) != root(before[id]) {
		t.Errorf("the other organization: got %+v, want it as before: %+v", reports[id], before[id])
	}
}

// An owner is not bound to an organization by row-level security.
func TestVerifyOrganization_RefusesARoleThatReadsAll(t *testing.T) {
	t.Parallel()
	b := testengine.New(t)
	r, err := audit.New(b.DB.Books(), testdb.Now).VerifyOrganization(context.Background(), b.Who.OrganizationID,
		&atomic.Int64{})
	if err == nil || r.Checkpoint != "" {
		t.Errorf("got %+v, want an error", r)
	}
}
