package attack

import (
	"fmt"
	"slices"
)

// decided writes a person's decision about the unselected keyword of a review. The arguments are SQL.
func decided(flow, keyword, sequence, choice string) string {
	return fmt.Sprintf(`INSERT INTO keyword_decisions (organization_id, workflow_id, keyword_id, sequence, visit, choice,
		origin, actor, reason, decided_at) SELECT {org}, %s, k.id, %s, k.visit, '%s', 'PERSON', 'mallory', '', now()
		FROM keywords AS k WHERE k.id = %s`, flow, sequence, choice, keyword)
}

// part writes a part of the review that waits. The arguments are SQL.
func part(content, call string) string {
	return fmt.Sprintf(`INSERT INTO step_parts (organization_id, workflow_id, visit, step, part_key, content, digest,
		call_id, provider, model, created_at) SELECT organization_id, workflow_id, visit, step, 'forged', '%s',
		sha256('{}'), %s, 'p', 'm', now() FROM step_visits WHERE workflow_id = {review}`, content, call)
}

// reviews are the attacks on visits, parts, keywords, the decisions about them and the named competitors.
func reviews() []Attack {
	all := []Attack{
		byBoth("a keyword is selected after the approval", decided("{approved}", "{unchosen}", "2", "SELECTED"),
			refused("keyword_decisions_open")),
		byBoth("a keyword is rejected after the approval", decided("{approved}", "{unchosen}", "2", "REJECTED"),
			refused("keyword_decisions_open")),
		byBoth("a decision about a keyword leaves a gap", decided("{review}", "{waiting}", "7", "SELECTED"),
			named("keyword_decisions wf_")),
		byBoth("a decision joins another actor's request", decided("{review}", "{waiting}", "1", "SELECTED"),
			named("keyword_decisions wf_")),
		byBoth("a decision about another workflow's keyword", decided("{review}", "{unchosen}", "2", "SELECTED"),
			refused("keyword_decisions_keyword")),
		byBoth("a part is paid by another part's call", part("{}", "{settled}"), refused("step_parts_paid")),
		byBoth("a part has another digest", part("[]", "NULL"), refused("step_parts_digest")),
		byBoth("a visit without its transition", `INSERT INTO step_visits SELECT organization_id, workflow_id, 1, step,
			graph_version, state, hash FROM step_visits WHERE workflow_id = {review}`, refused("step_visits_start")),
		byBoth("a visit of another step", `INSERT INTO step_visits SELECT organization_id, workflow_id, version, 'ICP',
			graph_version, to_state, hash FROM workflow_transitions WHERE workflow_id = {flow} AND version = 4`,
			refused("step_visits_state")),
		byBoth("named competitors leave a gap", `INSERT INTO workflow_competitors (organization_id, workflow_id, revision,
			domains, actor, created_at) VALUES ({org}, {review}, 9, '{x.example}', 'mallory', now())`,
			refused("workflow_competitors_unbroken")),
	}
	for _, c := range []struct{ table, column string }{
		{"step_visits", "hash"},
		{"step_parts", "model"},
		{"keywords", "text"},
		{"keyword_decisions", "reason"},
		{"workflow_competitors", "actor"},
		{"topics", "label"},
		{"topic_pages", "created_by"},
		{"topic_keywords", "text"},
		{"keyword_attachments", "actor"},
		{"market_settings", "actor"},
		{"brand_settings", "tone"},
	} {
		all = append(all, onlyGrows(c.table, c.column, c.table+"_only_grow")...)
	}
	return all
}

// crossed takes the review that waits over its gate.
var crossed = moved("{review}", "ADVANCE", "SEED_REVIEW_COMPLETED", "")

// approved takes the review over its gate with a decision. The arguments are SQL.
func approved(digest, selected, preparer, at string) string {
	return crossed + fmt.Sprintf(`INSERT INTO gate_decisions (organization_id, workflow_id, version, gate, verdict,
		feedback, selection_digest, selected, settings_version, four_eyes, prepared_by, decided_by, decided_at)
		SELECT organization_id, id, version, 'SEEDS', 'APPROVED', '', %s, %s, 0, true, '%s', 'mallory', %s
		FROM intent_workflows WHERE id = {review};`, digest, selected, preparer, at)
}

// approvedAlone writes an approval of the review for a version, without a transition. The argument is SQL.
func approvedAlone(version string) string {
	return fmt.Sprintf(`INSERT INTO gate_decisions (organization_id, workflow_id, version, gate, verdict, feedback,
		selection_digest, selected, settings_version, four_eyes, prepared_by, decided_by, decided_at)
		SELECT organization_id, id, %s, 'SEEDS', 'APPROVED', '', sha256('x'), 2, 0, true, 'alice', 'mallory', now()
		FROM intent_workflows WHERE id = {review};`, version)
}

// allGatesSet sets every gate to HUMAN.
const allGatesSet = `INSERT INTO gate_settings (organization_id, version, seeds, plan, publish, four_eyes, actor,
	reason, occurred_at) VALUES ({org}, 1, 'HUMAN', 'HUMAN', 'HUMAN', true, 'mallory', '', now());`

// gateSet sets the gate SEEDS. The arguments are SQL.
func gateSet(version, mode string) string {
	return fmt.Sprintf(`INSERT INTO gate_settings (organization_id, version, seeds, plan, publish, four_eyes, actor,
		reason, occurred_at) VALUES ({org}, %s, '%s', 'OFF', 'OFF', true, 'mallory', '', now());`, version, mode)
}

// outsideSet sets the steps of programs outside. The arguments are SQL.
func outsideSet(version, step string) string {
	return fmt.Sprintf(`INSERT INTO outside_steps (organization_id, version, steps, actor, reason, occurred_at)
		VALUES ({org}, %s, '{%s}', 'mallory', '', now());`, version, step)
}

// gates are the attacks on the gates and on the steps of programs outside.
func gates() []Attack {
	const (
		gated  = "workflow_transitions_gated"
		digest = `(SELECT sha256(string_agg(uuid_send(keyword_id), ''::bytea ORDER BY keyword_id)) FROM keyword_decisions
			WHERE workflow_id = {review})`
	)
	return append([]Attack{
		byBoth("an approval has no transition", approvedAlone("version + 1"), refused("gate_decisions_transition")),
		byBoth("an approval names another transition", approvedAlone("version"),
			refused("gate_decisions_agree")),
		byBoth("a review ends without a decision", crossed, refused(gated)),
		byBoth("articles are written without a decision",
			allGatesSet+moved("{planned}", "ADVANCE", "ARTICLE_PENDING", ""), refused(gated)),
		byBoth("a gate is off within one transaction", gateSet("1", "OFF")+crossed+gateSet("2", "HUMAN"), refused(gated)),
		byBoth("a gate is off until its check",
			gateSet("1", "OFF")+crossed+"SET CONSTRAINTS workflow_transitions_reached IMMEDIATE;"+gateSet("2", "HUMAN"),
			unseen("What an entry says openly")),
		byBoth("gate settings leave a gap", gateSet("5", "OFF"), refused("gate_settings_unbroken")),
		byBoth("outside steps leave a gap", outsideSet("5", "ICP"), refused("outside_steps_unbroken")),
		byBoth("outside steps have a step for people", outsideSet("1", "SEED_REVIEW"),
			refused("outside_steps_automatic")),
		byBoth("an approval has another digest", approved("sha256('x')", "2", "alice", "now()"),
			refused("gate_decisions_agree")),
		byBoth("an approval counts other keywords", approved(digest, "3", "alice", "now()"),
			refused("gate_decisions_agree")),
		byBoth("an approval has another time", approved(digest, "2", "alice", "now() - interval '1 minute'"),
			refused("gate_decisions_agree")),
		byBoth("an approval names another preparer", approved(digest, "2", "carol", "now()"),
			refused("gate_decisions_agree")),
		byBoth("an approval is by the preparer", approved(digest, "2", "mallory", "now()"),
			refused("gate_decisions_four_eyes")),
	}, slices.Concat(onlyGrows("gate_settings", "reason", "gate_settings_only_grow"),
		onlyGrows("gate_decisions", "feedback", "gate_decisions_only_grow"),
		onlyGrows("outside_steps", "reason", "outside_steps_only_grow"))...)
}

// names are the attacks on the name of an organization.
func names() []Attack {
	return append([]Attack{
		byBoth("names leave a gap", `INSERT INTO organization_names (organization_id, version, name, actor, reason,
			occurred_at) VALUES ({org}, 5, 'x', 'mallory', '', now());`, refused("organization_names_unbroken")),
		byOwner("the name was another one, behind its trigger",
			behind("organization_names", "UPDATE organization_names SET name = 'x'"), unseen("Rows without a journal")),
	}, onlyGrows("organization_names", "reason", "organization_names_only_grow")...)
}

// reviewsBehindTriggers are the attacks on reviews and gates of an owner who takes a rule away for a moment.
func reviewsBehindTriggers() (all []Attack) {
	const noJournal, decision = "Rows without a journal", "gate_decisions wf_"
	for _, c := range []struct {
		name, table, set string
		outcome          Outcome
	}{
		{"an approval is by another actor", "gate_decisions", "decided_by = 'mallory'", named(decision)},
		{"an approval is prepared by another actor", "gate_decisions", "prepared_by = 'mallory'", named(decision)},
		{"an approval is of another selection", "gate_decisions", "selection_digest = sha256('x')", named(decision)},
		{"an approval is of more keywords", "gate_decisions", "selected = 9", named(decision)},
		{"an approval has a feedback", "gate_decisions", "feedback = 'x'", named(decision)},
		{"an approval names no settings", "gate_decisions", "settings_version = NULL, four_eyes = false", named(decision)},
		{"a keyword has another choice", "keyword_decisions", "choice = 'REJECTED'", named(decision)},
		{"a selection is of another actor", "keyword_decisions", "actor = 'mallory'", named(decision)},
		{
			"a keyword is decided an hour later", "keyword_decisions", "decided_at = decided_at + interval '1 hour'",
			named("no review of visit"),
		},
		{"a decision has another reason", "keyword_decisions", "reason = 'x'", unseen(noJournal)},
		{"a keyword is another one", "keywords", "text = 'x'", unseen(noJournal)},
		{"a part has another call", "step_parts", "call_id = {settled}", named("step_parts wf_")},
		{"a part has another content", "step_parts", "content = '[]', digest = sha256('[]')", unseen(noJournal)},
		{"competitors are others", "workflow_competitors", "domains = '{x.example}'", unseen(noJournal)},
		{"a visit is another one", "step_visits", "visit = 1", refused("step_parts_visit")},
	} {
		all = append(all, byOwner(c.name+", behind its trigger",
			behind(c.table, fmt.Sprintf("UPDATE %s SET %s WHERE workflow_id = {approved}", c.table, c.set)), c.outcome))
	}
	for _, c := range []struct {
		name, table, statement string
		outcome                Outcome
	}{
		{
			"an approval is deleted", "gate_decisions", "DELETE FROM gate_decisions WHERE workflow_id = {approved}",
			named("no decision has approved that"),
		},
		{
			"a visit is deleted", "step_visits", "DELETE FROM step_visits WHERE workflow_id = {approved}",
			refused("step_parts_visit"),
		},
		{
			"the gates were off", "gate_settings", "UPDATE gate_settings SET seeds = 'OFF'", unseen(noJournal),
		},
		{
			"the outside steps were others", "outside_steps", "UPDATE outside_steps SET steps = '{}'", unseen(noJournal),
		},
		{
			"the outside steps have a gap", "outside_steps", "UPDATE outside_steps SET version = 3",
			refused("outside_steps_unbroken"),
		},
		{
			"gate settings are deleted", "gate_settings", "DELETE FROM gate_settings", refused("gate_decisions_settings"),
		},
	} {
		all = append(all, byOwner(c.name+", behind its trigger", behind(c.table, c.statement), c.outcome))
	}
	return all
}
