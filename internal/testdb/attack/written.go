package attack

import "fmt"

// versioned writes a version of the written article. The arguments are SQL.
func versioned(revision, author, previous, basedOn string) string {
	return fmt.Sprintf(`INSERT INTO article_versions (organization_id, article_id, revision, workflow_id, visit,
		previous_author, previous_visit, based_on, title, meta_description, markdown, digest, words, fingerprint, checks,
		needs_review, mode, author_kind, is_synthetic, actor, created_at)
		SELECT organization_id, article_id, %[1]s, workflow_id, visit, '%[3]s', visit, %[4]s, title, meta_description,
			markdown, digest, words, fingerprint, checks, needs_review, mode, '%[2]s', is_synthetic, 'mallory', now()
		FROM article_versions WHERE article_id = {text} AND revision = 1;`, revision, author, previous, basedOn)
}

// quoted writes evidence of the written article. The arguments are SQL.
func quoted(number, page, quote string) string {
	return fmt.Sprintf(`INSERT INTO article_evidence (organization_id, workflow_id, visit, article_id, number, url_sha256,
		fetched_at, page_sha256, quote, created_at) SELECT organization_id, workflow_id, visit, article_id, %s, url_sha256,
		fetched_at, %s, %s, now() FROM article_evidence WHERE article_id = {text} AND number = 1`, number, page, quote)
}

// judged writes a decision about the written article. The arguments are SQL.
func judged(sequence, revision, verdict, section, feedback string) string {
	return fmt.Sprintf(`INSERT INTO article_decisions (organization_id, article_id, sequence, revision, verdict, section,
		feedback, actor, decided_at) SELECT organization_id, article_id, %s, %s, '%s', %s, '%s', 'mallory', now()
		FROM article_decisions WHERE article_id = {text} AND sequence = 1;`, sequence, revision, verdict, section, feedback)
}

// judgements are the attacks on the decisions about texts.
func judgements() []Attack {
	rejected := func(sequence string) string { return judged(sequence, "1", "REJECTED", "NULL", "x") }
	return append([]Attack{
		byBoth("a decision about a text leaves a gap", judged("3", "1", "REJECTED", "NULL", ""),
			refused("article_decisions_unbroken")),
		byBoth("a decision is about a text that is not there", judged("2", "2", "REJECTED", "NULL", ""),
			refused("article_decisions_version")),
		byBoth("a verdict names a section", judged("2", "1", "REJECTED", "0", "x"), refused("article_decisions_section")),
		byBoth("a section is to be rewritten without an instruction", judged("2", "1", "REWRITE_SECTION", "0", ""),
			refused("article_decisions_instruction")),
		byBoth("a section before the first one", judged("2", "1", "REWRITE_SECTION", "-1", "x"),
			refused("article_decisions_section_from_zero")),
		byBoth("a decision is about an earlier text", versioned("2", "PERSON", "ENGINE", "1")+
			judged("2", "2", "REJECTED", "NULL", "")+judged("3", "1", "APPROVED", "NULL", ""),
			named("article_decisions art_")),
		byBoth("a text is sent back four times", rejected("2")+rejected("3")+rejected("4")+rejected("5"),
			named("article_decisions art_")),
	}, onlyGrows("article_decisions", "actor", "article_decisions_only_grow")...)
}

// written are the attacks on the texts of articles and their evidence.
func written() []Attack {
	all := append(judgements(), []Attack{
		byBoth("the engine writes over a person's text",
			versioned("2", "PERSON", "ENGINE", "1")+versioned("3", "ENGINE", "PERSON", "NULL"),
			refused("article_versions_keep_people")),
		byBoth("the engine calls a person's text its own",
			versioned("2", "PERSON", "ENGINE", "1")+versioned("3", "ENGINE", "ENGINE", "NULL"),
			refused("article_versions_unbroken")),
		byBoth("a version leaves a gap", versioned("3", "PERSON", "ENGINE", "2"), refused("article_versions_unbroken")),
		byBoth("a version is written twice", versioned("1", "ENGINE", "ENGINE", "NULL"),
			refused("article_versions_first_author")),
		byBoth("a person's version is made from none", versioned("2", "PERSON", "ENGINE", "NULL"),
			refused("article_versions_edited")),
		byBoth("a version is made from a later one", versioned("2", "PERSON", "ENGINE", "2"),
			refused("article_versions_based_on_last")),
		byBoth("the engine writes without a finished unit", versioned("2", "ENGINE", "ENGINE", "1"),
			named("article_versions art_")),
		byBoth("a quote of a page that was not stored", quoted("2", "sha256('x')", "quote"),
			refused("article_evidence_page")),
		byBoth("a quote is not in its page", quoted("2", "page_sha256", "'The fee is paid by the moon.'"),
			named("article_evidence art_")),
		byBoth("evidence leaves a gap", quoted("7", "page_sha256", "quote"), named("article_evidence art_")),
		byBoth("a page has another text", `INSERT INTO pages (organization_id, url_sha256, fetched_at, url, title, text,
			text_sha256) SELECT organization_id, url_sha256, now(), url, title, 'x', text_sha256 FROM pages`,
			refused("pages_text_digest")),
		byBoth("a page has another address", `INSERT INTO pages (organization_id, url_sha256, fetched_at, url, title, text,
			text_sha256) SELECT organization_id, url_sha256, now(), 'x', title, text, text_sha256 FROM pages`,
			refused("pages_url_digest")),
		byBoth("an article is written by two units", `INSERT INTO articles (organization_id, workflow_id, visit, article_id,
			position, unit_id, plan_visit, plan_revision, created_at) SELECT organization_id, workflow_id, visit, article_id, 2,
			{new}, plan_visit, plan_revision, now() FROM articles`, refused("articles_pkey")),
		byOwner("a text is changed behind its trigger",
			behind("article_versions", `UPDATE article_versions SET markdown = 'x'`), refused("article_versions_digest")),
		byOwner("a title is changed behind its trigger",
			behind("article_versions", `UPDATE article_versions SET title = 'x'`), unseen("Rows without a journal")),
		byBoth("a text is written with a brand voice that is not there", `INSERT INTO article_versions (organization_id,
			article_id, revision, workflow_id, visit, previous_author, previous_visit, based_on, title, meta_description,
			markdown, digest, words, fingerprint, checks, needs_review, mode, brand_revision, author_kind, is_synthetic,
			actor, created_at) SELECT organization_id, article_id, 2, workflow_id, visit, 'ENGINE', visit, 1, title,
			meta_description, markdown, digest, words, fingerprint, checks, needs_review, mode, 7, 'PERSON', is_synthetic,
			'mallory', now() FROM article_versions WHERE article_id = {text}`, refused("article_versions_brand")),
	}...)
	for _, c := range []struct{ table, column string }{
		{"articles", "position"},
		{"article_versions", "title"},
		{"article_evidence", "quote"},
		{"pages", "title"},
	} {
		all = append(all, onlyGrows(c.table, c.column, c.table+"_only_grow")...)
	}
	return all
}
