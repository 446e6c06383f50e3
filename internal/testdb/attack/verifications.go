package attack

// verifications are the attacks on the runs of verify that a server makes.
func verifications() []Attack {
	const (
		begun = `INSERT INTO verifications (organization_id, id, state, actor, created_at, wake_at) VALUES ({org}, {new}, `
		open  = ` WHERE id = {verifying}`
		ended = `, ended_at = now(), wake_at = NULL, lease_expires_at = NULL`
	)
	return []Attack{
		byBoth("a second verification is open", begun+`'PENDING', 'mallory', now(), now())`,
			refused("verifications_one_open")),
		byBoth("a verification begins with a result", begun+`'CLEAN', 'mallory', now(), now())`,
			refused("verifications_checkpoint")),
		byBoth("a verification was ordered at another time", begun+`'PENDING', 'mallory', '2020-01-01', now())`,
			refused("verifications_now")),
		byBoth("a verification that is over becomes clean", `UPDATE verifications SET state = 'CLEAN', found = 0,
			findings = '[]', checkpoint = 'x' WHERE id = {verified}`, refused("verifications_over")),
		byBoth("a verification has findings that it does not count", `UPDATE verifications SET findings = '[{}]'`+open,
			refused("verifications_kept")),
		byBoth("a verification is clean without a checkpoint", `UPDATE verifications SET state = 'CLEAN'`+ended+open,
			refused("verifications_checkpoint")),
		byBoth("a verification fails without a reason", `UPDATE verifications SET state = 'FAILED'`+ended+open,
			refused("verifications_failure")),
		byBoth("a verification has fewer attempts", `UPDATE verifications SET attempt = 0`+open,
			refused("verifications_over")),
		byBoth("a verification is clean before its worker has ended", `UPDATE verifications SET state = 'CLEAN',
			checkpoint = 'x'`+ended+open, unseen("What a server reports")),
		byBoth("a verification sleeps for ever", `UPDATE verifications SET wake_at = '2999-01-01',
			lease_expires_at = '2999-01-01'`+open, unseen("When the sweepers look")),
		byOwner("a verification is by another actor", `UPDATE verifications SET actor = 'mallory'`,
			refused("verifications_keep_their_order")),
		byOwner("a verification is deleted", `DELETE FROM verifications`, refused("verifications_stay")),
	}
}
