package postgres

// contentKinds are the kinds of the steps from topic clustering on.
func contentKinds() []ChainKind {
	const id = `organization_id || ' ' || id`
	return []ChainKind{
		rowsChained("attachment", `organization_id || ' ' || workflow_id || ' ' || visit || ' ' || keyword_id`,
			`sequence::bigint`, `organization_id, workflow_id, visit, keyword_id, sequence`,
			`page_id::text, actor::text, attached_at::text`, `public.keyword_attachments`),
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
