package attack

import "fmt"

// revised writes a revision of the first article of the plan. The arguments are SQL.
func revised(revision, brief string) string {
	return fmt.Sprintf(`INSERT INTO article_plans (organization_id, workflow_id, visit, article_id, revision, brief,
		author_kind, is_synthetic, actor, created_at) SELECT organization_id, workflow_id, visit, article_id, %s, '%s',
		'PERSON', false, 'mallory', now() FROM article_plans WHERE article_id = {article} AND revision = 1;`,
		revision, brief)
}

// planDecided writes a decision about the first article of the plan. The arguments are SQL.
func planDecided(sequence, revision, choice string) string {
	return fmt.Sprintf(`INSERT INTO plan_decisions (organization_id, workflow_id, article_id, sequence, visit, revision,
		choice, origin, actor, reason, decided_at) SELECT organization_id, workflow_id, article_id, %s, visit, %s, '%s',
		'PERSON', 'mallory', '', now() FROM article_plans WHERE article_id = {article} AND revision = 1;`,
		sequence, revision, choice)
}

// planApproved takes the plan over its gate with a decision. The arguments are SQL.
func planApproved(digest, selected, preparer string) string {
	return moved("{planned}", "ADVANCE", "ARTICLE_PENDING", "") + fmt.Sprintf(`INSERT INTO gate_decisions
		(organization_id, workflow_id, version, gate, verdict, feedback, selection_digest, selected, settings_version,
		four_eyes, prepared_by, decided_by, decided_at)
		SELECT organization_id, id, version, 'PLAN', 'APPROVED', '', %s, %s, 0, true, '%s', 'mallory', now()
		FROM intent_workflows WHERE id = {planned};`, digest, selected, preparer)
}

// plans are the attacks on article plans and their gate.
func plans() []Attack {
	const (
		agree  = "gate_decisions_agree"
		digest = `(SELECT sha256(uuid_send({article}) || int4send(1)))`
	)
	all := []Attack{
		byBoth("a plan's approval has another digest", planApproved("sha256('x')", "1", "alice"), refused(agree)),
		byBoth("a plan's approval counts other articles", planApproved(digest, "2", "alice"), refused(agree)),
		byBoth("a plan's approval names another preparer", planApproved(digest, "1", "carol"), refused(agree)),
		byBoth("a plan is approved by its preparer", planApproved(digest, "1", "mallory"),
			refused("gate_decisions_four_eyes")),
		byBoth("a plan changes before its approval commits",
			planApproved(digest, "1", "alice")+planDecided("2", "1", "REJECTED"), refused("plan_decisions_open")),
		byBoth("a brief leaves a gap", revised("3", "{}"), refused("article_plans_unbroken")),
		byBoth("a brief is no object", revised("2", "[]"), refused("article_plans_brief")),
		byBoth("an approved brief gets a new revision", revised("2", "{}"), named("plan_decisions wf_")),
		byBoth("a decision about no revision", planDecided("2", "7", "APPROVED"), refused("plan_decisions_plan")),
		byBoth("a decision about an article leaves a gap", planDecided("7", "1", "REJECTED"), named("plan_decisions wf_")),
	}
	for _, c := range []struct{ table, column string }{
		{"plan_verdicts", "language"},
		{"article_plans", "actor"},
		{"plan_decisions", "reason"},
		{"serp_snapshots", "provider"},
	} {
		all = append(all, onlyGrows(c.table, c.column, c.table+"_only_grow")...)
	}
	return all
}
