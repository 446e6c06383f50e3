package attack

// articles are the attacks on the budgets of articles.
func articles() []Attack {
	const (
		cap   = "article_budgets_cap"
		where = " WHERE article_id = {written}"
		drift = "article_budgets article "
	)
	all := []Attack{
		byBoth("an article has settled less", `UPDATE article_budgets SET settled_pico = 0`+where, named(drift)),
		byBoth("an article holds less", `UPDATE article_budgets SET held_pico = 0`+where, named(drift)),
		byBoth("an article holds more", `UPDATE article_budgets SET held_pico = held_pico + 1`+where, named(drift)),
		byBoth("an article holds more than its cap", `UPDATE article_budgets SET held_pico = cap_pico`+where,
			refused(cap)),
		byBoth("an article holds more than its cap after an overage",
			`UPDATE article_budgets SET overage = true, held_pico = cap_pico`+where, refused(cap)),
		byBoth("an article forgets a hold for another one", `UPDATE article_budgets SET held_pico = 0`+where+
			`; UPDATE article_budgets SET held_pico = 1`+where, refused("article_budgets_hold")),
		byBoth("an article forgets a cost for a hold", `UPDATE article_budgets SET settled_pico = 0`+where+
			`; UPDATE article_budgets SET held_pico = held_pico + 1`+where, refused("article_budgets_hold")),
		byBoth("an article begins with money", `INSERT INTO article_budgets (organization_id, article_id, workflow_id,
			cap_pico, settled_pico, opened_by, opened_at) VALUES ({org}, {new}, {flow}, 9, 1, 'mallory', now())`,
			refused("article_budgets_begin_empty")),
		byBoth("a budget was opened at another time", `INSERT INTO article_budgets (organization_id, article_id,
			workflow_id, cap_pico, opened_by, opened_at) VALUES ({org}, {new}, {flow}, 9, 'mallory', '2020-01-01')`,
			refused("article_budgets_now")),
		byBoth("an article has a second budget", `INSERT INTO article_budgets (organization_id, article_id, workflow_id,
			cap_pico, opened_by, opened_at) VALUES ({org}, {written}, {running}, 9, 'mallory', now())`,
			refused("article_budgets_pkey")),
		byOwner("a budget is deleted", `DELETE FROM article_budgets`, refused("article_budgets_never_deleted")),
		byOwner("a settled call is for an article", `UPDATE ai_calls SET article_id = {written} WHERE id = {settled}`,
			refused("ai_calls_keep_their_part")),
	}
	for _, column := range []string{
		"cap_pico = cap_pico * 2", "workflow_id = {running}", "article_id = {new}", "opened_by = 'mallory'",
	} {
		all = append(all, byOwner("a budget is changed: "+column, `UPDATE article_budgets SET `+column+where,
			refused("article_budgets_kept")))
	}
	return all
}
