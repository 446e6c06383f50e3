package attack

// batches are the attacks on batches, their items and their results, and on the read marks of alerts.
func batches() []Attack {
	const (
		kept   = "batches_keep_their_order"
		result = `INSERT INTO batch_results (organization_id, batch_id, position, workflow_id, outcome, succeeded, version,
			code, message, occurred_at) SELECT organization_id, batch_id, position, workflow_id, `
		third = ` FROM batch_items WHERE batch_id = {batch} AND position = 2`
		quiet = "When the sweepers look"
	)
	all := []Attack{
		byBoth("a batch has more results", `UPDATE batches SET done = 3, ended_at = now(), wake_at = NULL,
			lease_expires_at = NULL WHERE id = {batch}`, refused("batches_last_result")),
		byBoth("a batch has fewer results", `UPDATE batches SET done = 1 WHERE id = {batch}`, refused("batches_progress")),
		byBoth("a batch has changed more workflows", `UPDATE batches SET succeeded = 2 WHERE id = {batch}`,
			refused("batches_last_result")),
		byBoth("a batch sleeps for ever", `UPDATE batches SET wake_at = '2999-01-01', lease_expires_at = '2999-01-01'
			WHERE id = {batch}`, unseen(quiet)),
		byBoth("a result names no change", result+`'DONE', 2, NULL, '', '', now()`+third, refused("batch_results_made")),
		byBoth("a result names a change that was not made", result+`'DONE', 2, 7, '', '', now()`+third,
			refused("batch_results_transition")),
		byBoth("a result is not counted", result+`'REFUSED', 1, NULL, 'CONFLICT', '', now()`+third,
			named("batches batch_")),
		byBoth("a result counts another number", result+`'REFUSED', 5, NULL, 'CONFLICT', '', now()`+third,
			refused("batch_results_gapless")),
		byBoth("a batch has one more workflow", `INSERT INTO batch_items (organization_id, batch_id, position, workflow_id)
			VALUES ({org}, {batch}, 3, {flow})`, named("batches batch_")),
		byOwner("a batch is by another actor", `UPDATE batches SET actor = 'mallory'`, refused(kept)),
		byOwner("a batch is deleted", `DELETE FROM batches`, refused("batches_stay")),
		byOwner("a batch is by another actor, behind its trigger",
			behind("batches", `UPDATE batches SET actor = 'mallory' WHERE id = {batch}`), named("batch_results batch_")),
		byOwner("a batch has another reason, behind its trigger",
			behind("batches", `UPDATE batches SET reason = 'x' WHERE id = {batch}`), unseen("Rows without a journal")),
		byOwner("a refusal was another one, behind its trigger",
			behind("batch_results", `UPDATE batch_results SET message = 'x' WHERE position = 1`),
			unseen("Rows without a journal")),
	}
	all = append(all, onlyGrows("alert_reads", "read_at", "alert_reads_only_grow")...)
	return append(append(all, onlyGrows("batch_items", "step", "batch_items_only_grow")...),
		onlyGrows("batch_results", "message", "batch_results_only_grow")...)
}
