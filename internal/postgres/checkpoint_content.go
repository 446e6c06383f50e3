package postgres

// contentKinds are the kinds of the steps from topic clustering on.
func contentKinds() []ChainKind {
	const id = `organization_id || ' ' || id`
	const article = `organization_id || ' ' || workflow_id || ' ' || visit || ' ' || article_id`
	const serp = `organization_id || ' ' || location_code || ' ' || to_json(language_code) || ' '
		|| to_json(normalised) || ' ' || day`
	return []ChainKind{
		rowsAlone("article", article, `organization_id, workflow_id, visit, article_id`, `position::text, unit_id::text,
			plan_visit::text, plan_revision::text, created_at::text`, `public.articles`),
		rowsChained("article_version", `organization_id || ' ' || article_id`, `revision::bigint`,
			`organization_id, article_id, revision`, `workflow_id::text, visit::text, based_on::text, title,
			meta_description, digest::text, words::text, fingerprint::text, checks::text, needs_review::text, mode::text,
			brand_revision::text, author_kind::text, is_synthetic::text, actor::text, reason::text,
			created_at::text`, `public.article_versions`),
		rowsChained("article_decision", `organization_id || ' ' || article_id`, `sequence::bigint`,
			`organization_id, article_id, sequence`, `revision::text, verdict::text, section::text, feedback::text,
			actor::text, decided_at::text`, `public.article_decisions`),
		rowsAlone("evidence", article+` || ' ' || number`, `organization_id, workflow_id, visit, article_id, number`,
			`url_sha256::text, fetched_at::text, page_sha256::text, quote, created_at::text`, `public.article_evidence`),
		rowsAlone("page", `organization_id || ' ' || url_sha256 || ' ' || to_json(fetched_at)`,
			`organization_id, url_sha256, fetched_at`, `url, title, text_sha256::text`, `public.pages`),
		rowsChained("brief", article, `revision::bigint`, `organization_id, workflow_id, visit, article_id, revision`,
			`brief::text, author_kind::text, is_synthetic::text, actor::text, created_at::text`, `public.article_plans`),
		rowsChained("plan_decision", `organization_id || ' ' || workflow_id || ' ' || article_id`, `sequence::bigint`,
			`organization_id, workflow_id, article_id, sequence`,
			`visit::text, revision::text, choice::text, origin::text, actor::text, reason::text, decided_at::text`,
			`public.plan_decisions`),
		rowsAlone("verdict", `organization_id || ' ' || workflow_id || ' ' || visit || ' ' || subject_id`,
			`organization_id, workflow_id, visit, subject_id`,
			`page_id::text, topic_id::text, verdict::text, reasons::text, purity::text, size::text, language, created_at::text`,
			`public.plan_verdicts`),
		rowsChained("attachment", `organization_id || ' ' || workflow_id || ' ' || visit || ' ' || keyword_id`,
			`sequence::bigint`, `organization_id, workflow_id, visit, keyword_id, sequence`,
			`page_id::text, actor::text, attached_at::text`, `public.keyword_attachments`),
		rowsAlone("serp", serp, `(`+serp+`) COLLATE "C"`, `results::text, provider, is_synthetic::text,
			created_at::text`, `public.serp_snapshots`),
		rowsAlone("topic", id, `organization_id, id`, `workflow_id::text, visit::text, position::text, label, least::text,
			mean::text, methods::text, created_at::text`, `public.topics`),
		rowsAlone("topic_keyword", id, `organization_id, id`, `workflow_id::text, visit::text, position::text,
			seed_id::text, text, normalised, volume::text, difficulty::text, intent::text, language, source::text,
			score::text, dropped::text, page_id::text, nearest_topic_id::text, similarity::text, is_synthetic::text,
			created_at::text`, `public.topic_keywords`),
		rowsAlone("topic_page", id, `organization_id, id`, `workflow_id::text, visit::text, topic_id::text,
			position::text, least::text, mean::text, methods::text, created_by::text, created_at::text`,
			`public.topic_pages`),
	}
}
