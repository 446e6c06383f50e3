package postgres_test

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
)

// A key that no row of the journal explains cannot be committed, nothing of it changes but its end, and it ends once:
// for the owner of the tables too.
func TestGuards_APIKey(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	keys := [2]postgres.APIKey{}
	for i := range keys {
		keys[i] = b.key(t, string(rune('a'+i)))
	}
	organization := b.who.OrganizationID.String()
	const columns = `INSERT INTO api_keys (organization_id, id, name, role, prefix, digest, expires_at, created_by,
		created_at, created_version) `
	journal := `INSERT INTO organization_changes (organization_id, version, time_zone, workflow_limit_pico,
		month_limit_pico, actor, reason, occurred_at, api_key_id, api_key_event) VALUES ('` + organization + `', 99,
		'UTC', 0, 0, 'mallory', '', now(), `
	for _, c := range []struct{ statement, server, owner string }{
		{
			columns + `SELECT organization_id, gen_random_uuid(), 'new', role, 'bbbbbbbb', digest, expires_at, 'mallory', now(),
				created_version FROM api_keys WHERE name = 'a'`, "api_keys_creation", "api_keys_creation",
		},
		{
			columns + `SELECT organization_id, id, 'new', role, 'bbbbbbbb', digest, expires_at, 'mallory', now(),
				created_version FROM api_keys WHERE name = 'a'`, "api_keys_pkey", "api_keys_pkey",
		},
		{`UPDATE api_keys SET role = 'ADMIN'`, noRight, "api_keys_only_end"},
		{`UPDATE api_keys SET expires_at = expires_at + interval '1 day'`, noRight, "api_keys_only_end"},
		{`UPDATE api_keys SET digest = sha256('mine')`, noRight, "api_keys_only_end"},
		{
			`UPDATE api_keys SET revoked_by = NULL, revoked_at = NULL, revoked_version = NULL`,
			"api_keys_only_end", "api_keys_only_end",
		},
		{
			`UPDATE api_keys SET revoked_by = 'm', revoked_at = now(), revoked_version = created_version WHERE name = 'b'`,
			"api_keys_revocation", "api_keys_revocation",
		},
		{`DELETE FROM api_keys`, noRight, "api_keys_only_grow"},
		{`TRUNCATE api_keys CASCADE`, noRight, "api_keys_only_grow"},
		{
			journal + `gen_random_uuid(), 'CREATED')`, "organization_changes_names_api_key",
			"organization_changes_names_api_key",
		},
		{
			journal + `'` + keys[0].ID.String() + `', 'CREATED')`,
			"organization_changes_api_key_once", "organization_changes_api_key_once",
		},
		{
			journal + `'` + keys[0].ID.String() + `', 'LENT')`,
			"organization_changes_api_key_event", "organization_changes_api_key_event",
		},
	} {
		if c.statement == `UPDATE api_keys SET revoked_by = NULL, revoked_at = NULL, revoked_version = NULL` {
			b.revoke(t, keys[0])
		}
		_, err := b.named.Exec(ctx, c.statement)
		if got := refusal(err); got != c.server {
			t.Errorf("the server: %s:\ngot %q, want it stopped by %q", c.statement, got, c.server)
		}
		_, err = b.db.Owner.Exec(ctx, c.statement)
		if got := refusal(err); got != c.owner {
			t.Errorf("the owner: %s:\ngot %q, want it stopped by %q", c.statement, got, c.owner)
		}
	}
}

// key makes a key, as the engine does.
func (b bundle) key(t *testing.T, name string) (key postgres.APIKey) {
	t.Helper()
	b.journaled(t, postgres.APIKeyEvent{ID: uuid.New(), Event: postgres.APIKeyCreated, At: testdb.Now()},
		func(tx *postgres.Store, e postgres.APIKeyEvent, version int) (err error) {
			key, err = tx.AddAPIKey(context.Background(), b.who, postgres.APIKey{
				ID: e.ID, Name: name, Role: caller.Viewer, Prefix: "aaaaaaa" + name, Digest: make([]byte, 32),
				ExpiresAt: e.At.AddDate(0, 0, 1), CreatedAt: e.At,
			}, version)
			return err
		})
	return key
}

func (b bundle) revoke(t *testing.T, key postgres.APIKey) {
	t.Helper()
	b.journaled(t, postgres.APIKeyEvent{ID: key.ID, Event: postgres.APIKeyRevoked, At: testdb.Now()},
		func(tx *postgres.Store, e postgres.APIKeyEvent, version int) error {
			_, _, err := tx.RevokeAPIKey(context.Background(), b.who, key.ID, version, e.At)
			return err
		})
}

func (b bundle) journaled(
	t *testing.T, e postgres.APIKeyEvent, do func(*postgres.Store, postgres.APIKeyEvent, int) error,
) {
	t.Helper()
	ctx := context.Background()
	err := b.store.InTx(ctx, func(tx *postgres.Store) error {
		o, _, err := tx.LockOrganization(ctx, b.who)
		if err != nil {
			return err
		}
		version, err := tx.JournalAPIKey(ctx, b.who, o, e)
		if err != nil {
			return err
		}
		return do(tx, e, version)
	})
	if err != nil {
		t.Fatal(err)
	}
}
