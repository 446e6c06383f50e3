package attack

import (
	"fmt"
	"strings"
)

// publicationEvent writes the next event of the publication that a worker sends; the publication stays as it is. The
// arguments are SQL.
func publicationEvent(kind, to, ahead, unit string) string {
	return fmt.Sprintf(`INSERT INTO publication_events (organization_id, workflow_id, publication_id, version, kind,
		from_state, to_state, article_id, revision, approval, policy, remote_id, remote_url, remote_modified,
		remote_revision, overwrite, lost, failure_message, unit_id, attempt, actor, reason, occurred_at)
		SELECT p.organization_id, p.workflow_id, p.id, p.version + %[3]s, '%[1]s', p.state, '%[2]s', p.article_id,
			p.revision, p.approval, p.policy, '7', '', '', 1, false, 0, '', %[4]s, 'mallory', '', now()
		FROM publications AS p WHERE p.id = {sent}`, kind, to, ahead, unit)
}

// ofPublication sets columns of the publication that a worker sends.
func ofPublication(assignment string) string {
	return `UPDATE publications SET ` + assignment + ` WHERE id = {sent}`
}

// changedPublications are the attacks that change the row of a publication.
func changedPublications() []Attack {
	const (
		link     = "publications_state_is_last_event"
		observed = "publications pub_"
		changes  = "publications_change_has_version"
	)
	return []Attack{
		byBoth("a publication is live without an event", ofPublication(`state = 'LIVE', remote_id = '7',
			version = version + 1`), refused(link)),
		byBoth("a publication is live without a post", ofPublication(`state = 'LIVE', version = version + 1`),
			refused("publications_remote")),
		byBoth("a publication goes back to its plan", ofPublication(`state = 'PLANNED', version = 0`),
			refused("publications_version_grows")),
		byBoth("a publication names another post", ofPublication(`remote_id = '7'`), refused(changes)),
		byBoth("a publication forgets a lost answer", ofPublication(`lost = 2`), refused(changes)),
		byBoth("a publication overwrites without a decision", ofPublication(`overwrite = true`), refused(changes)),
		byOwner("a publication names another post, behind its trigger",
			behind("publications", ofPublication(`remote_id = '7'`)), named(observed)),
		byBoth("a publication asks for another revision", ofPublication(`revision = 9`), refused(changes)),
		byBoth("a publication names a decision at another gate",
			ofPublication(`approval = (SELECT version FROM gate_decisions
				WHERE workflow_id = {publishing} AND gate = 'SEEDS')`), refused(changes)),
		byBoth("a publication names no decision", ofPublication(`approval = 2, version = version + 1`),
			refused("publications_approval")),
	}
}

// publications are the attacks on publications and their journal.
func publications() []Attack {
	const (
		observed = "publications pub_"
		person   = "NULL, NULL"
	)
	all := []Attack{
		byBoth("an article is on a site twice",
			`INSERT INTO publications SELECT organization_id, {new}, workflow_id, target_id, article_id, keyword, revision,
				approval, policy, publish_at, state, version, remote_id, remote_url, remote_modified, remote_sha256,
				remote_revision, overwrite, lost, failure_code, failure_message, changed_at
			FROM publications WHERE id = {sent}`, refused("publications_once")),
		byBoth("an event of a publication has not happened", publicationEvent("DRAFT", "DRAFTED", "1", person),
			refused("publication_events_reached")),
		byBoth("a publication is asked for again without a decision", publicationEvent("REPLAN", "SENT", "1", person),
			refused("publication_events_asked")),
		byBoth("an event of a publication is no legal move", publicationEvent("PUBLISH", "LIVE", "1", person),
			refused("publication_events_move")),
		byBoth("an event of a publication names a text that was never written",
			strings.Replace(publicationEvent("DRAFT", "DRAFTED", "1", person), "p.revision", "9", 1),
			refused("publication_events_article_version")),
		byBoth("a publication asks for a text that was never written",
			`WITH drafted AS (`+publicationEvent("DRAFT", "DRAFTED", "1", person)+`) `+
				ofPublication(`revision = 9, state = 'DRAFTED', remote_id = '7', version = version + 1`),
			refused("publications_article_version")),
		byBoth("a site has another text than the one that was approved",
			strings.Replace(publicationEvent("DELIVER", "LIVE", "1", person), "'', '', 1,", "'', '', 2,", 1),
			refused("publication_events_approved_text")),
		byBoth("the events of a publication leave a gap", publicationEvent("DRAFT", "DRAFTED", "2", person),
			refused("publication_events_unbroken")),
		byBoth("a draft is sent without a unit", `INSERT INTO publication_events (organization_id, workflow_id,
			publication_id, version, kind, from_state, to_state, article_id, revision, approval, policy, remote_id,
			remote_url, remote_modified, remote_revision, overwrite, lost, failure_message, actor, reason, occurred_at)
			SELECT p.organization_id, p.workflow_id, p.id, p.version + 1, 'SEND', p.state, 'SENT', p.article_id,
				p.revision, p.approval, p.policy, '', '', '', 0, false, 0, '', 'mallory', '', now()
			FROM publications AS p WHERE p.id = {plannedPub}`, refused("publication_events_sent")),
		byBoth("a post is made public without a unit",
			`INSERT INTO publication_events (organization_id, workflow_id, publication_id, version, kind, from_state,
			to_state, article_id, revision, approval, policy, remote_id, remote_url, remote_modified, remote_revision,
			overwrite, lost, failure_message, actor, reason, occurred_at)
			SELECT p.organization_id, p.workflow_id, p.id, p.version + 1, 'MAKE_PUBLIC', 'DRAFTED', 'PUBLISH_SENT',
				p.article_id, p.revision, p.approval, p.policy, '7', '', '', p.revision, false, 0, '', 'mallory', '', now()
			FROM publications AS p WHERE p.id = {sent}`, refused("publication_events_sent")),
		byBoth("an event is of a unit of another workflow", publicationEvent("DRAFT", "DRAFTED", "1", "{unit}, 1"),
			refused("publication_events_unit")),
		byBoth("two publications have one post",
			`WITH first AS (UPDATE publications SET remote_id = '7', version = version + 1
				WHERE id = {sent} RETURNING *)
			INSERT INTO publications SELECT f.organization_id, {new}, f.workflow_id, f.target_id, (SELECT t.id
				FROM topic_pages AS t WHERE t.workflow_id = f.workflow_id AND t.id <> f.article_id LIMIT 1), f.keyword,
				f.revision, f.approval, f.policy, f.publish_at, f.state, f.version, '7', f.remote_url, f.remote_modified,
				f.remote_sha256, f.remote_revision, f.overwrite, f.lost, f.failure_code, f.failure_message, f.changed_at
			FROM first AS f`, refused("publications_post")),
		byOwner("a publication is deleted", `DELETE FROM publications WHERE id = {sent}`,
			refused("publication_events_publication")),
		byOwner("an event of a publication names another post, behind its trigger",
			behind("publication_events", `UPDATE publication_events SET remote_id = '9' WHERE publication_id = {sent}`),
			named(observed)),
		byOwner("an event of a publication is of an attempt that never was, behind its trigger",
			behind("publication_events", `UPDATE publication_events SET attempt = 9
				WHERE publication_id = {sent} AND kind = 'SEND'`), named("publication_events pub_")),
		byOwner("a publication may go from LIVE to PLANNED",
			`INSERT INTO legal_publication_moves VALUES ('LIVE', 'PLANNED', 'REPLAN')`, named("legal_publication_moves")),
	}
	all = append(all, changedPublications()...)
	return append(append(all, onlyGrows("publication_events", "reason", "publication_events_only_grow")...),
		onlyGrows("legal_publication_moves", "kind", "legal_publication_moves_only_grow")...)
}
