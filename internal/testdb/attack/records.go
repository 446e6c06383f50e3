package attack

import "slices"

// change writes the next row of the journal of {org}'s settings, as more columns say, and moves the organization.
func change(columns, values string) string {
	return `
WITH changed AS (UPDATE organizations SET version = version + 1 WHERE id = {org} RETURNING *)
INSERT INTO organization_changes (organization_id, version, time_zone, workflow_limit_pico, month_limit_pico, actor,
	reason, occurred_at` + columns + `)
SELECT id, version, time_zone, workflow_limit_pico, month_limit_pico, 'alice', '', now()` + values + ` FROM changed;`
}

func settings() []Attack {
	const (
		last = "organizations_settings_are_last_change"
		keys = "api_keys_only_end"
	)
	return append(
		onlyGrows("organization_changes", "reason", "organization_changes_only_grow"),
		byBoth("a limit that no change explains", `UPDATE organizations SET month_limit_pico = 0 WHERE id = {org}`,
			refused(last)),
		byBoth("a change that has not happened",
			`INSERT INTO organization_changes (organization_id, version, time_zone, workflow_limit_pico, month_limit_pico,
			actor, reason, occurred_at) VALUES ({org}, 57, 'UTC', 1, 1, 'mallory', '', now())`,
			refused("organization_changes_reached")),
		byBoth("an organization begins at version 7",
			`SELECT set_config('infin8.organization_id', {new}::text, true);
			WITH o AS (INSERT INTO organizations (id, version, time_zone, workflow_limit_pico, month_limit_pico, created_at)
				VALUES ({new}, 7, 'UTC', 1, 1, now()) RETURNING *)
			INSERT INTO organization_changes (organization_id, version, time_zone, workflow_limit_pico, month_limit_pico,
				actor, reason, occurred_at) SELECT id, 7, 'UTC', 1, 1, 'mallory', '', now() FROM o`,
			refused("organizations_begin")),
		byBoth("a webhook that no change explains",
			`UPDATE organizations SET webhook_url = 'https://example.org' WHERE id = {org}`,
			refused("organizations_webhook_of_change")),
		byBoth("no webhook, and no change explains it",
			`UPDATE organizations SET webhook_version = NULL, webhook_url = NULL WHERE id = {org}`,
			refused("organizations_webhook_of_change")),
		byBoth("a change of the webhook that is not in force",
			change(", webhook_url", ", 'https://example.org'"), named("organizations")),
		byOwner("an organization is older", `UPDATE organizations SET created_at = '2020-01-01' WHERE id = {org}`,
			refused("organizations_kept")),
		byOwner("an organization is deleted", `DELETE FROM organizations WHERE id = {org}`,
			refused("organizations_never_deleted")),
		byOwner("an API key has another role", `UPDATE api_keys SET role = 'ADMIN'`, refused(keys)),
		byOwner("an API key is another key", `UPDATE api_keys SET digest = sha256('y')`, refused(keys)),
		byOwner("an API key never expires", `UPDATE api_keys SET expires_at = '2999-01-01'`, refused(keys)),
		byOwner("an API key is deleted", `DELETE FROM api_keys`, refused("api_keys_only_grow")),
		byBoth("an API key that no change explains",
			`INSERT INTO api_keys (organization_id, id, name, role, prefix, digest, expires_at, created_by, created_at,
			created_version) VALUES ({org}, {new}, 'n', 'ADMIN', 'bbbbbbbb', sha256('y'), now() + interval '1 day',
			'mallory', now(), 2)`, refused("api_keys_creation")),
		byBoth("an API key of another creator than its change",
			change(", api_key_id, api_key_event", ", {new}, 'CREATED'")+
				`INSERT INTO api_keys (organization_id, id, name, role, prefix, digest, expires_at, created_by, created_at,
				created_version) SELECT id, {new}, 'n', 'ADMIN', 'bbbbbbbb', sha256('y'), now() + interval '1 day', 'bob',
				now(), version FROM organizations WHERE id = {org}`, named("api_keys")),
		byBoth("an API key revoked by another actor than its change",
			change(", api_key_id, api_key_event", ", {key}, 'REVOKED'")+
				`UPDATE api_keys SET revoked_by = 'bob', revoked_at = now(), revoked_version = o.version
				FROM organizations AS o WHERE o.id = {org} AND api_keys.id = {key}`, named("api_keys")),
		byBoth("an API key was not used", `UPDATE api_keys SET last_used_at = NULL`, unseen("When a key was last used")),
	)
}

func records() []Attack {
	const kept = "idempotency_keys_kept"
	return append(
		slices.Concat(
			onlyGrows("alerts", "kind", "alerts_only_grow"),
			onlyGrows("publish_targets", "base_url", "publish_targets_only_grow"),
			onlyGrows("publish_target_versions", "reason", "publish_target_versions_only_grow"),
		),
		byOwner("an idempotency record is for another request",
			`UPDATE idempotency_keys SET fingerprint = sha256('y')`, refused(kept)),
		byOwner("an idempotency record is of another actor", `UPDATE idempotency_keys SET actor = 'mallory'`,
			refused(kept)),
		byOwner("an idempotency record is deleted", `DELETE FROM idempotency_keys`,
			refused("idempotency_keys_never_deleted")),
		byBoth("an idempotency record has another answer",
			`UPDATE idempotency_keys SET version = 2 WHERE key = 'answered'`, refused("idempotency_keys_answered_once")),
		byBoth("an idempotency record names what is to come",
			`UPDATE idempotency_keys SET version = 99 WHERE key = 'open'`, refused("idempotency_keys_transition")),
		byBoth("an idempotency record names what another request made",
			`UPDATE idempotency_keys SET version = 2 WHERE key = 'open'`, unseen("What a server reports")),
		byBoth("an alert of a threshold that was not crossed",
			`INSERT INTO alerts (organization_id, id, kind, account_id, sequence, limit_sequence, threshold, created_at)
			VALUES ({org}, {new}, 'THRESHOLD', {month}, 1, 0, 100, now())`, named("alerts")),
		byBoth("a bucket is full again", `UPDATE address_buckets SET tokens_micro = 1`, unseen("Throttles")),
	)
}
