package attack

import "fmt"

// unitEvent writes the next event of the running unit; the unit stays as it is. The arguments are SQL.
func unitEvent(kind, to, attempt, ahead string) string {
	return fmt.Sprintf(`INSERT INTO step_unit_events (organization_id, workflow_id, sequence, unit_id, version, kind,
		from_state, to_state, attempt, token, tries, done, total, actor, reason, failure_message, occurred_at)
		SELECT u.organization_id, u.workflow_id, h.sequence + %[4]s, u.id, u.version + 1, '%[1]s', u.state, '%[2]s',
			u.attempt + %[3]s, u.token, u.tries, u.done, u.total, 'mallory', '', '', now()
		FROM step_units AS u JOIN step_unit_heads AS h ON h.workflow_id = u.workflow_id WHERE u.id = {unit}`,
		kind, to, attempt, ahead)
}

// changed sets columns of the running unit.
func changed(assignment string) string {
	return `UPDATE step_units SET ` + assignment + ` WHERE id = {unit}`
}

// units are the attacks on units and their journal.
func units() []Attack {
	const woken = "When the sweepers look"
	all := []Attack{
		byBoth("a unit is done without an event",
			changed(`state = 'DONE', worker = '', lease_expires_at = NULL`), refused("step_units_state_is_last_event")),
		byBoth("a unit has another attempt", changed(`attempt = 9`), refused("step_units_state_is_last_event")),
		byBoth("a unit goes back to an earlier event",
			changed(`state = 'PENDING', version = 0, attempt = 0, tries = 0, worker = '', lease_expires_at = NULL`),
			refused("step_units_version_grows")),
		byBoth("a unit has more finished parts", changed(`done = 1, total = 1`), named("step_units unit_")),
		byBoth("a unit has other tries", changed(`tries = 0`), named("step_units unit_")),
		byBoth("a unit belongs to another worker", changed(`worker = 'mallory'`), unseen("What a server reports")),
		byBoth("a lease of a unit is for ever", changed(`lease_expires_at = '2999-01-01'`), unseen(woken)),
		byBoth("an event of a unit has not happened", unitEvent("FINISH", "DONE", "0", "1"),
			refused("step_unit_events_reached")),
		byBoth("an event of a unit is no legal move", unitEvent("FAIL", "DONE", "0", "1"),
			refused("step_unit_events_move")),
		byBoth("an event of a unit has another attempt", unitEvent("FINISH", "DONE", "1", "1"),
			refused("step_unit_events_unbroken")),
		byBoth("the events of units leave a gap", unitEvent("FINISH", "DONE", "0", "2"),
			refused("step_unit_events_gapless")),
		byBoth("the head of the units goes back", `UPDATE step_unit_heads SET sequence = 0 WHERE workflow_id = {parked}`,
			refused("step_unit_heads_grow")),
		byBoth("a parked run is not parked", `UPDATE workflow_runs SET parked = false WHERE workflow_id = {parked}
			AND ended_version IS NULL`,
			unseen(woken)),
		byBoth("a parked run has a worker", `UPDATE workflow_runs SET worker = 'mallory' WHERE workflow_id = {parked}
			AND ended_version IS NULL`,
			named("it is parked and has a worker")),
		byOwner("a unit has another name", changed(`label = 'x'`), unseen("Rows without a journal")),
		byOwner("a unit is deleted", `DELETE FROM step_units WHERE id = {unit}`, refused("step_unit_events_unit")),
		byOwner("a call is of another unit", `UPDATE ai_calls SET unit_id = {unit}, unit_attempt = 1 WHERE id = {settled}`,
			refused("ai_calls_keep_their_part")),
		byOwner("a call is of a unit of another workflow, behind its trigger",
			behind("ai_calls", `UPDATE ai_calls SET unit_id = {unit}, unit_attempt = 1 WHERE id = {settled}`),
			named("ai_calls call_")),
		byOwner("an event of a unit is of another attempt, behind its trigger",
			behind("step_unit_events", `UPDATE step_unit_events SET done = 1, total = 1 WHERE unit_id = {unit}`),
			named("step_units unit_")),
		byOwner("a unit may go from DONE to RUNNING",
			`INSERT INTO legal_unit_moves VALUES ('DONE', 'RUNNING', 'CLAIM')`, named("legal_unit_moves")),
	}
	return append(append(all, onlyGrows("step_unit_events", "reason", "step_unit_events_only_grow")...),
		onlyGrows("legal_unit_moves", "kind", "legal_unit_moves_only_grow")...)
}
