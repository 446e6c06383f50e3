package engine_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/testdb"
)

// key makes a key for a day.
func (b bundle) key(t *testing.T, name string, role caller.Role) engine.ChangedAPIKey {
	t.Helper()
	made, err := b.Engine.CreateAPIKey(context.Background(), b.Who, engine.CreateAPIKeyInput{
		Name: name, Role: role, ExpiresAt: b.Clock.Now().Add(24 * time.Hour),
	})
	if err != nil {
		t.Fatalf("create a key: %v", err)
	}
	return made
}

// refused fails the test unless a key is refused and the log has the reason.
func refused(t *testing.T, e *engine.Engine, key, why string) {
	t.Helper()
	who, _, err := e.APIKeyCaller(context.Background(), key)
	if who.Known() || fault.KindOf(err) != fault.Unauthenticated || !strings.Contains(err.Error(), why) {
		t.Errorf("sign in: got %+v, %v, want it refused since it %q", who, err, why)
	}
	if key != "" && err != nil && strings.Contains(err.Error(), key) {
		t.Errorf("the error repeats the key: %v", err)
	}
}

func TestAPIKey_SignsInUntilItIsRevokedOnEveryServer(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	servers := b.servers(t)
	made := b.key(t, "nightly", caller.Operator)
	want := caller.Caller{
		Actor: "key:nightly", OrganizationID: b.Who.OrganizationID, Role: caller.Operator, KeyID: made.Key.ID,
	}
	for _, server := range servers {
		who, ends, err := server.APIKeyCaller(ctx, made.Text)
		if err != nil || who != want || !ends.Equal(made.Key.ExpiresAt) {
			t.Errorf("sign in: got %+v until %s, %v, want %+v until %s", who, ends, err, want, made.Key.ExpiresAt)
		}
	}
	listening, stop := context.WithCancel(ctx)
	defer stop()
	over := servers[1].APIKeyRevoked(listening, want)
	if done, err := b.Engine.RevokeAPIKey(ctx, b.Who, engine.RevokeAPIKeyInput{
		KeyID: made.Key.ID, Reason: "Lost.",
	}); err != nil || done.Replayed || done.Key.State != engine.APIKeyRevoked || done.Key.RevokedBy != "alice" {
		t.Errorf("revoke: got %+v, %v", done, err)
	}
	for _, server := range servers {
		refused(t, server, made.Text, "is REVOKED")
	}
	select {
	case <-over:
	case <-time.After(time.Minute):
		t.Error("the channel of the key is not closed")
	}
	again, err := b.Engine.RevokeAPIKey(ctx, b.Who, engine.RevokeAPIKeyInput{KeyID: made.Key.ID, Reason: "Really."})
	if err != nil || !again.Replayed {
		t.Errorf("revoke again: got %+v, %v, want nothing done", again, err)
	}
	var journal []string
	rows, err := b.DB.Super.Query(ctx, `SELECT concat_ws(' ', version, actor, api_key_event, reason)
		FROM organization_changes WHERE api_key_id = $1 ORDER BY version`, made.Key.ID)
	for err == nil && rows.Next() {
		var row string
		err = rows.Scan(&row)
		journal = append(journal, row)
	}
	if diff := cmp.Diff([]string{"1 alice CREATED ", "2 alice REVOKED Lost."}, journal); err != nil || diff != "" {
		t.Errorf("journal: %v (-want +got):\n%s", err, diff)
	}
}

func TestAPIKey_Expires(t *testing.T) {
	t.Parallel()
	b := setup(t)
	made := b.key(t, "short", caller.Viewer)
	b.Clock.Advance(24*time.Hour - time.Microsecond)
	if _, _, err := b.Engine.APIKeyCaller(context.Background(), made.Text); err != nil {
		t.Errorf("just before its end: %v", err)
	}
	b.Clock.Advance(time.Microsecond)
	refused(t, b.Engine, made.Text, "is EXPIRED")
}

// A key with one wrong letter is found out by its checksum, one with a right checksum by its digest. Neither says more
// to the client, and a key of another organization finds nothing at home.
func TestAPIKey_DistinguishesMistypedFromForged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	made := b.key(t, "one", caller.Admin)
	for i := range made.Text {
		letter := "a"
		if made.Text[i] == 'a' {
			letter = "b"
		}
		refused(t, b.Engine, made.Text[:i]+letter+made.Text[i+1:], "is mistyped")
	}
	for _, text := range []string{
		"", "infin8_", made.Text[:len(made.Text)-1], made.Text + "a", strings.ToUpper(made.Text),
	} {
		refused(t, b.Engine, text, "is mistyped")
	}
	stranger := b.Stranger(t)
	random := bytes.Repeat([]byte{7}, 25)
	forger := b.NewEngine(t, b.DB.Store(), func(o *engine.Options) { o.Random = bytes.NewReader(random) })
	forged, err := forger.CreateAPIKey(context.Background(), stranger, engine.CreateAPIKeyInput{
		Name: "one", Role: caller.Admin, ExpiresAt: b.Clock.Now().Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	// The same prefix in the other organization: another secret, so another digest.
	random[24] = 8
	forger = b.NewEngine(t, b.DB.Store(), func(o *engine.Options) { o.Random = bytes.NewReader(random) })
	_, err = forger.CreateAPIKey(context.Background(), b.Who, engine.CreateAPIKeyInput{
		Name: "two", Role: caller.Admin, ExpiresAt: b.Clock.Now().Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	if who, _, err := b.Engine.APIKeyCaller(context.Background(), forged.Text); err != nil ||
		who.OrganizationID != stranger.OrganizationID {
		t.Errorf("got %+v, %v, want the stranger", who, err)
	}
	if _, err := b.DB.Owner.Exec(context.Background(), `TRUNCATE api_keys`); err == nil {
		t.Error("keys can be removed")
	}
}

func TestCreateAPIKey_ReturnsTheTextOnce(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	in := engine.CreateAPIKeyInput{
		Name: "ci", Role: caller.Viewer, ExpiresAt: b.Clock.Now().Add(time.Hour), IdempotencyKey: "k",
	}
	texts := make([]string, 8)
	for _, err := range testdb.Together(len(texts), func(i int) error {
		made, err := b.Engine.CreateAPIKey(ctx, b.Who, in)
		if texts[i] = made.Text; made.Replayed != (made.Text == "") || made.Key.Name != "ci" {
			t.Errorf("got %+v", made)
		}
		return err
	}) {
		if err != nil {
			t.Error(err)
		}
	}
	if shown := len(strings.Join(texts, "")) / 81; shown != 1 {
		t.Errorf("the key was shown %d times", shown)
	}
	in.Role = caller.Admin
	if _, err := b.Engine.CreateAPIKey(ctx, b.Who, in); fault.KindOf(err) != fault.IdempotencyMismatch {
		t.Errorf("other content: got %v, want %s", err, fault.IdempotencyMismatch)
	}
	var kept int
	if err := b.DB.Super.QueryRow(ctx, `SELECT count(*) FROM api_keys AS k WHERE k::text LIKE '%' || $1 || '%'`,
		strings.Join(texts, "")).Scan(&kept); err != nil || kept != 0 {
		t.Errorf("the key itself is kept in %d rows, %v", kept, err)
	}
}

func TestCreateAPIKey_RefusesBadInput(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	b.key(t, "taken", caller.Viewer)
	operator := b.As("olga")
	good := engine.CreateAPIKeyInput{Name: "n", Role: caller.Operator, ExpiresAt: b.Clock.Now().Add(time.Hour)}
	for name, c := range map[string]struct {
		who    caller.Caller
		change func(*engine.CreateAPIKeyInput)
		want   fault.Kind
	}{
		"no name": {b.Who, func(in *engine.CreateAPIKeyInput) { in.Name = "" }, fault.InvalidInput},
		"a long name": {
			b.Who, func(in *engine.CreateAPIKeyInput) { in.Name = strings.Repeat("n", 101) }, fault.InvalidInput,
		},
		"a blank name":   {b.Who, func(in *engine.CreateAPIKeyInput) { in.Name = " \ufe0f" }, fault.InvalidInput},
		"a line break":   {b.Who, func(in *engine.CreateAPIKeyInput) { in.Name = "a\nb" }, fault.InvalidInput},
		"a turned name":  {b.Who, func(in *engine.CreateAPIKeyInput) { in.Name = "a\u202eb" }, fault.InvalidInput},
		"a used name":    {b.Who, func(in *engine.CreateAPIKeyInput) { in.Name = "taken" }, fault.Conflict},
		"it looks taken": {b.Who, func(in *engine.CreateAPIKeyInput) { in.Name = " taken\ufe0f" }, fault.Conflict},
		"no such role":   {b.Who, func(in *engine.CreateAPIKeyInput) { in.Role = "GOD" }, fault.InvalidInput},
		"a greater role": {operator, func(in *engine.CreateAPIKeyInput) { in.Role = caller.Admin }, fault.InvalidInput},
		"over already":   {b.Who, func(in *engine.CreateAPIKeyInput) { in.ExpiresAt = b.Clock.Now() }, fault.InvalidInput},
		"for ever": {b.Who, func(in *engine.CreateAPIKeyInput) {
			in.ExpiresAt = b.Clock.Now().Add(366*24*time.Hour + time.Microsecond)
		}, fault.InvalidInput},
	} {
		in := good
		c.change(&in)
		if _, err := b.Engine.CreateAPIKey(ctx, c.who, in); fault.KindOf(err) != c.want {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
	for _, mine := range caller.Roles() { // A key has at most the permissions of its creator.
		for _, role := range caller.Roles() {
			who, in := b.As("olga"), good
			who.Role, in.Role, in.Name = mine, role, string(mine)+" makes "+string(role)
			_, err := b.Engine.CreateAPIKey(ctx, who, in)
			if got := err == nil; got != mine.Covers(role) || !got && fault.KindOf(err) != fault.InvalidInput {
				t.Errorf("%s creates a key with the role %s: got %v", mine, role, err)
			}
		}
	}
	elsewhere := b.Stranger(t)
	for _, who := range []caller.Caller{elsewhere, b.Who} {
		_, err := b.Engine.RevokeAPIKey(ctx, who, engine.RevokeAPIKeyInput{KeyID: uuid.New()})
		if fault.KindOf(err) != fault.NotFound {
			t.Errorf("revoke no key: got %v, want %s", err, fault.NotFound)
		}
	}
}

func TestAPIKeyCaller_StoresTheLastUseOnceAMinute(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	made := b.key(t, "busy", caller.Viewer)
	use := func() {
		t.Helper()
		if _, _, err := b.Engine.APIKeyCaller(ctx, made.Text); err != nil {
			t.Fatal(err)
		}
	}
	noted := func(want time.Time) {
		t.Helper()
		deadline := time.Now().Add(time.Minute)
		for {
			k, err := b.Engine.APIKey(ctx, b.Who, made.Key.ID)
			if err == nil && k.LastUsedAt != nil && k.LastUsedAt.Equal(want) {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("last use: got %v, %v, want %s", k.LastUsedAt, err, want)
			}
		}
	}
	first := b.Clock.Now()
	use()
	noted(first)
	b.Clock.Advance(59 * time.Second)
	use()
	b.Clock.Advance(time.Second)
	second := b.Clock.Now()
	use()
	noted(second) // The use in between has left no trace, or this one would be too soon.
}

// A name from before the rule of names (decision 0085) stays, and its key can be used and revoked. A new key has no
// such name, also when the program forgets the rule.
func TestAPIKey_WithAnOldNameCanBeRevoked(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	made := b.key(t, "old key", caller.Viewer)
	for _, statement := range []string{
		"ALTER TABLE api_keys DISABLE TRIGGER api_keys_only_end",
		"UPDATE api_keys SET name = 'old  key'",
		"ALTER TABLE api_keys ENABLE ALWAYS TRIGGER api_keys_only_end",
	} {
		if _, err := b.DB.Owner.Exec(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := b.Engine.APIKeyCaller(ctx, made.Text); err != nil {
		t.Errorf("sign in: %v", err)
	}
	revoke := engine.RevokeAPIKeyInput{KeyID: made.Key.ID, Reason: "old name"}
	if _, err := b.Engine.RevokeAPIKey(ctx, b.Who, revoke); err != nil {
		t.Errorf("revoke: %v", err)
	}
	const copied = `INSERT INTO api_keys (organization_id, id, name, role, prefix, digest, expires_at, created_by,
		created_at, created_version)
		SELECT organization_id, gen_random_uuid(), 'new  key', role, 'other', sha256('other'), expires_at, created_by,
			created_at, created_version FROM api_keys`
	if _, err := b.DB.Owner.Exec(ctx, copied); err == nil || !strings.Contains(err.Error(), "api_keys_spelled") {
		t.Errorf("a new key of such a name: got %v, want api_keys_spelled", err)
	}
}
