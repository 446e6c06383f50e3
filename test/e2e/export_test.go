package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/server"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// hostile is text that a spreadsheet would read as a formula, or that a careless writer would not quote.
var hostile = []string{
	`=HYPERLINK("http://example.com"; "x")`, "+1", "-1", "@SUM(A1)", "\tx", "'quoted", "a, \"b\"\nc", "Zoë 🚀",
	"</script>\u2028", "",
}

// addHistory gives the organization a history that fills more than one page of an export, and adds a second
// organization.
func (w world) addHistory(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	e, err := server.NewEngine(server.EngineOptions{
		Store:  w.db.Store(),
		Limits: server.Limits{Workflow: 5 * cost.Dollar, Month: 25 * cost.Dollar},
	})
	if err != nil {
		t.Fatal(err)
	}
	flow := testdb.Workflow(t, w.db, w.who, testdb.WorkflowOpts{State: workflow.ICPProcessing, Limit: 5 * cost.Dollar})
	for range 260 {
		flow = testdb.Move(t, w.db.Store(), w.who, flow, workflow.ICPFailed)
		flow = testdb.Move(t, w.db.Store(), w.who, flow, workflow.ICPProcessing)
	}
	for i := range 130 {
		amount, reason := cost.Pico(i), hostile[i%len(hostile)]
		made, err := e.Reserve(ctx, w.who, engine.ReserveInput{WorkflowID: flow.ID, Amount: &amount})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Release(ctx, w.who, engine.ReleaseInput{CallID: made.Call.ID, Reason: reason}); err != nil {
			t.Fatal(err)
		}
	}
	for i, reason := range hostile {
		made, err := e.Create(ctx, w.who, engine.CreateInput{
			Name: "Flow " + strconv.Itoa(i), Company: workflow.Company{Name: "Example", URL: "https://example.com"},
		})
		if err == nil {
			_, err = e.Cancel(ctx, w.who, engine.CancelInput{WorkflowID: made.Workflow.ID, Reason: reason})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	testdb.Workflow(t, w.db, testdb.Caller(t, w.db), testdb.WorkflowOpts{State: workflow.ICPFailed})
}

// exported runs the command and returns its output.
func (w world) exported(t *testing.T, table string, args ...string) string {
	t.Helper()
	args = append([]string{"export", table, "--organization", w.who.OrganizationID.String()}, args...)
	got := invoke(t, map[string]string{"DATABASE_URL": w.db.URL}, args...)
	if got.code != 0 {
		t.Fatalf("%v: %s", args, got.stderr)
	}
	return got.stdout
}

// record is one row of a file. Each field is text. A field that is NULL is absent.
type record map[string]string

func readCSV(t *testing.T, file string) []record {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(file)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var all []record
	for _, row := range rows[1:] {
		r := record{}
		for i, name := range rows[0] {
			cell := row[i]
			if (name == "actor" || name == "reason") && cell != "" {
				if strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
					t.Errorf("%s: %q is a formula", name, cell)
				}
				cell = strings.TrimPrefix(cell, "'")
			}
			if cell != "" || !slices.Contains([]string{"from_state", "call_id", "corrects", "article_id"}, name) {
				r[name] = cell
			}
		}
		all = append(all, r)
	}
	return all
}

func readNDJSON(t *testing.T, file string) []record {
	t.Helper()
	var all []record
	decoder := json.NewDecoder(strings.NewReader(file))
	decoder.UseNumber()
	for decoder.More() {
		var object map[string]any
		if err := decoder.Decode(&object); err != nil {
			t.Fatal(err)
		}
		r := record{}
		for name, value := range object {
			switch value := value.(type) {
			case string:
				r[name] = value
			case json.Number:
				r[name] = value.String()
			case bool:
				r[name] = strconv.FormatBool(value)
			}
		}
		all = append(all, r)
	}
	return all
}

// canonical builds the bytes that a hash is computed from, by docs/journals.md alone.
func canonical(r record, layout string, fields []string) []byte {
	row := strconv.AppendInt(nil, int64(len(layout)), 10)
	row = append(append(append(row, ':'), layout...), ',')
	for _, name := range fields {
		field, there := r[name]
		if !there {
			row = append(row, "~,"...)
			continue
		}
		row = strconv.AppendInt(row, int64(len(field)), 10)
		row = append(append(append(row, ':'), field...), ',')
	}
	return row
}

// sum256 returns a hash in the form of a file.
func sum256(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func transitionOf(t *testing.T, r record) ([]byte, []byte) {
	t.Helper()
	version, versionErr := strconv.Atoi(r["version"])
	graph, graphErr := strconv.Atoi(r["graph_version"])
	micros, microsErr := strconv.ParseInt(r["occurred_at"], 10, 64)
	previous, hexErr := hex.DecodeString(r["previous_hash"])
	for _, err := range []error{versionErr, graphErr, microsErr, hexErr} {
		if err != nil {
			t.Fatal(err)
		}
	}
	made := workflow.Transition{
		OrganizationID: uuid.MustParse(r["organization_id"]),
		WorkflowID:     uuid.MustParse(r["workflow_id"]),
		Version:        version,
		GraphVersion:   graph,
		Kind:           workflow.EdgeKind(r["kind"]),
		From:           workflow.State(r["from_state"]),
		To:             workflow.State(r["to_state"]),
		Actor:          r["actor"],
		Reason:         r["reason"],
		At:             time.UnixMicro(micros),
		PreviousHash:   previous,
	}
	return made.Canonical(), made.ComputeHash()
}

var (
	transitionFields = []string{
		"organization_id", "workflow_id", "version", "graph_version", "kind", "from_state", "to_state", "actor",
		"reason", "occurred_at",
	}
	entryFields = []string{
		"organization_id", "account_id", "sequence", "kind", "call_id", "settled_delta", "held_delta", "limit_delta",
		"settled_after", "held_after", "limit_after", "stopped_after", "overage", "actor", "reason", "occurred_at",
	}
)

// verify checks the chains of a file without the database. It returns the numbers of rows and chains.
func verify(t *testing.T, rows []record, chain, number, layout string, fields []string) (int, int) {
	t.Helper()
	heads := map[string]record{}
	for _, r := range rows {
		previous, err := hex.DecodeString(r["previous_hash"])
		if err != nil {
			t.Fatal(err)
		}
		if got := sum256(append(previous, canonical(r, layout, fields)...)); got != r["hash"] {
			t.Errorf("%s %s %s: its content gives the hash %s, not %s", layout, r[chain], r[number], got, r["hash"])
		}
		head := heads[r[chain]]
		if want := head["hash"]; r["previous_hash"] != want || head == nil && r[number] != "0" {
			t.Errorf("%s %s %s does not follow the row before", layout, r[chain], r[number])
		}
		heads[r[chain]] = r
	}
	return len(rows), len(heads)
}

func TestExport_IsVerifiedWithoutTheDatabase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.addHistory(t)

	journal := readCSV(t, w.exported(t, "journal"))
	if diff := cmp.Diff(journal, readNDJSON(t, w.exported(t, "journal", "--format", "ndjson"))); diff != "" {
		t.Errorf("the journal's two formats differ:\n%s", diff)
	}
	if rows, chains := verify(t, journal, "workflow_id", "version", "transition/1", transitionFields); rows !=
		3+2*260+2*len(hostile) || chains != 1+len(hostile) {
		t.Errorf("journal: got %d rows in %d chains", rows, chains)
	}
	for _, r := range journal {
		form, hash := transitionOf(t, r)
		if !bytes.Equal(form, canonical(r, "transition/1", transitionFields)) || hex.EncodeToString(hash) != r["hash"] {
			t.Errorf("the engine reads %v differently", r)
		}
	}

	ledger := readCSV(t, w.exported(t, "ledger"))
	if diff := cmp.Diff(ledger, readNDJSON(t, w.exported(t, "ledger", "--format", "ndjson"))); diff != "" {
		t.Errorf("the ledger's two formats differ:\n%s", diff)
	}
	if rows, chains := verify(t, ledger, "account_id", "sequence", "entry/1", entryFields); rows !=
		4*130+2+len(hostile) || chains != 2+len(hostile) {
		t.Errorf("ledger: got %d rows in %d chains", rows, chains)
	}
	var reasons []string
	for _, r := range slices.Concat(journal, ledger) {
		reasons = append(reasons, r["reason"])
	}
	for _, text := range hostile {
		if !slices.Contains(reasons, text) {
			t.Errorf("the reason %q is in no file", text)
		}
	}
}

func TestExport_CoversTheRequestedDays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	testdb.Workflow(t, w.db, w.who, testdb.WorkflowOpts{State: workflow.ICPPending})
	today := time.Now().UTC()
	day := func(n int) string { return today.AddDate(0, 0, n).Format(time.DateOnly) }
	for _, c := range []struct {
		args []string
		want int
	}{
		{nil, 2},
		{[]string{"--from", day(-1), "--to", day(2)}, 2},
		{[]string{"--from", day(2)}, 0},
		{[]string{"--to", day(-1)}, 0},
		{[]string{"--from", day(0), "--to", day(0)}, 0},
	} {
		if got := len(readCSV(t, w.exported(t, "journal", c.args...))); got != c.want {
			t.Errorf("%v: got %d rows, want %d", c.args, got, c.want)
		}
	}
	for _, args := range [][]string{
		{"--organization", "org"},
		{"--organization", uuid.NewString()},
		{"--organization", w.who.OrganizationID.String(), "--from", "yesterday"},
		{"--organization", w.who.OrganizationID.String(), "--from", day(1), "--to", day(0)},
	} {
		got := invoke(t, map[string]string{"DATABASE_URL": w.db.URL}, append([]string{"export", "ledger"}, args...)...)
		if got.code != 1 || got.stdout != "" || got.stderr == "" {
			t.Errorf("%v: got %+v, want 1 and a sentence", args, got)
		}
	}
}

func TestExport_HTTPEqualsTheCommand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.addHistory(t)
	p := w.serve(t, "--workers=false")
	for file, args := range map[string][]string{
		"journal.csv": {"journal"}, "journal.ndjson": {"journal", "--format", "ndjson"}, "ledger.csv": {"ledger"},
		"ledger.ndjson": {"ledger", "--format", "ndjson"}, "records.csv": {"records"},
	} {
		status, body := fetchFile(t, p.address+"/export/"+file, token(t, w.who))
		want := ends.ReplaceAllString(w.exported(t, args[0], args[1:]...), "")
		if body = ends.ReplaceAllString(body, ""); status != http.StatusOK || body != want {
			t.Errorf("%s: got %d and %d bytes, want the %d of the command", file, status, len(body), len(want))
		}
	}
	operator := w.who
	operator.Role = caller.Operator
	if status, body := fetchFile(t, p.address+"/export/ledger.csv", token(t, operator)); status != http.StatusForbidden {
		t.Errorf("an operator: got %d %s, want 403", status, body)
	}
	if line := p.says(t, "request", "code", "FORBIDDEN"); line["actor"] != operator.Actor {
		t.Errorf("the log names %v as the denied caller, want %s", line["actor"], operator.Actor)
	}
	status, body := fetchFile(t, p.address+"/export/ledger.csv?from=2026-13-01", token(t, w.who))
	if status != http.StatusBadRequest || !strings.Contains(body, "from: ") {
		t.Errorf("no day: got %d %s, want 400 and the field", status, body)
	}
}

// ends matches the end of the time that the file of records covers.
var ends = regexp.MustCompile(`"+to"+:\d+`)

// uuids matches the UUIDs in a row of an export.
var uuids = regexp.MustCompile(`[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

func TestExport_HasNoRowOfAnotherOrganization(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := testdb.Caller(t, w.db)
	for _, who := range []caller.Caller{w.who, other} {
		testdb.Workflow(t, w.db, who, testdb.WorkflowOpts{State: workflow.ICPFailed})
	}
	p := w.serve(t, "--workers=false")
	for _, file := range []string{
		"journal.csv", "journal.ndjson", "ledger.csv", "ledger.ndjson", "records.csv", "records.ndjson",
	} {
		_, theirs := fetchFile(t, p.address+"/export/"+file, token(t, other))
		foreign := uuids.FindAllString(theirs, -1)
		for _, query := range []string{
			"", "?organization=" + other.OrganizationID.String(), "?organizationId=org_" + other.OrganizationID.String(),
		} {
			_, ours := fetchFile(t, p.address+"/export/"+file+query, token(t, w.who))
			if len(foreign) == 0 || !strings.Contains(ours, w.who.OrganizationID.String()) {
				t.Errorf("%s: got %q and %q, want the rows of both", file, theirs, ours)
			}
			for _, id := range foreign {
				if strings.Contains(ours, id) {
					t.Errorf("%s%s has %s of another organization", file, query, id)
				}
			}
		}
	}
}

func fetchFile(t *testing.T, address, token string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := browser.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}
