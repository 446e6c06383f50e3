-- At the gate PUBLISH the preparer is the last person who changed one of the approved texts: the author of a version, or
-- the person who had a section rewritten. A text counts up to its approved revision and since its visit began. When the
-- engine wrote all of them, the preparer is the person who approved the plan.

CREATE OR REPLACE FUNCTION gate_selection(
    organization uuid, workflow uuid, gate text, OUT selected bigint, OUT digest bytea, OUT preparer text
) LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    seen integer;
BEGIN
    IF gate = 'SEEDS' THEN
        seen := (SELECT max(k.visit) FROM public.keywords AS k
            WHERE k.organization_id = organization AND k.workflow_id = workflow);
        SELECT count(*), sha256(coalesce(string_agg(uuid_send(c.keyword_id), ''::bytea ORDER BY c.keyword_id), ''::bytea))
            INTO selected, digest
        FROM (
            SELECT DISTINCT ON (d.keyword_id) d.keyword_id, d.choice FROM public.keyword_decisions AS d
            WHERE d.organization_id = organization AND d.workflow_id = workflow AND d.visit = seen
            ORDER BY d.keyword_id, d.sequence DESC
        ) AS c
        WHERE c.choice = 'SELECTED';
        SELECT d.actor INTO preparer FROM public.keyword_decisions AS d
        WHERE d.organization_id = organization AND d.workflow_id = workflow AND d.visit = seen
            AND (d.choice = 'SELECTED' OR (
                SELECT p.choice FROM public.keyword_decisions AS p
                WHERE p.organization_id = d.organization_id AND p.workflow_id = d.workflow_id
                    AND p.keyword_id = d.keyword_id AND p.sequence < d.sequence
                ORDER BY p.sequence DESC LIMIT 1) = 'SELECTED')
        ORDER BY d.sequence DESC LIMIT 1;
    ELSIF gate = 'PLAN' THEN
        seen := (SELECT max(v.visit) FROM public.step_visits AS v
            WHERE v.organization_id = organization AND v.workflow_id = workflow AND v.step = 'VALIDATION');
        SELECT count(*), sha256(coalesce(
                string_agg(uuid_send(c.article_id) || int4send(c.revision), ''::bytea ORDER BY c.article_id), ''::bytea))
            INTO selected, digest
        FROM (
            SELECT DISTINCT ON (d.article_id) d.article_id, d.revision, d.choice FROM public.plan_decisions AS d
            WHERE d.organization_id = organization AND d.workflow_id = workflow AND d.visit = seen
            ORDER BY d.article_id, d.sequence DESC
        ) AS c
        WHERE c.choice = 'APPROVED';
        SELECT d.actor INTO preparer FROM public.plan_decisions AS d
        WHERE d.organization_id = organization AND d.workflow_id = workflow AND d.visit = seen
            AND (d.choice = 'APPROVED' OR (
                SELECT p.choice FROM public.plan_decisions AS p
                WHERE p.organization_id = d.organization_id AND p.workflow_id = d.workflow_id
                    AND p.article_id = d.article_id AND p.sequence < d.sequence
                ORDER BY p.sequence DESC LIMIT 1) = 'APPROVED')
        ORDER BY d.sequence DESC LIMIT 1;
    ELSIF gate = 'PUBLISH' THEN
        seen := (SELECT max(d.version) FROM public.gate_decisions AS d
            WHERE d.organization_id = organization AND d.workflow_id = workflow AND d.gate = 'PUBLISH'
                AND d.verdict = 'APPROVED');
        SELECT count(*), sha256(coalesce(string_agg(uuid_send(p.article_id) || uuid_send(p.target_id)
                || int4send(p.revision), ''::bytea ORDER BY p.article_id, p.target_id), ''::bytea))
            INTO selected, digest
        FROM public.publications AS p
        WHERE p.organization_id = organization AND p.workflow_id = workflow AND p.approval = seen;
        SELECT c.actor INTO preparer FROM (
            SELECT v.actor, v.created_at AS changed_at, v.article_id, v.revision FROM public.publications AS p
            JOIN public.article_versions AS a ON a.organization_id = p.organization_id
                AND a.article_id = p.article_id AND a.revision = p.revision
            JOIN public.article_versions AS v ON v.organization_id = a.organization_id
                AND v.article_id = a.article_id AND v.visit = a.visit AND v.revision <= a.revision
            WHERE p.organization_id = organization AND p.workflow_id = workflow AND p.approval = seen
                AND v.author_kind = 'PERSON'
            UNION ALL
            SELECT d.actor, d.decided_at, d.article_id, d.revision FROM public.publications AS p
            JOIN public.article_versions AS a ON a.organization_id = p.organization_id
                AND a.article_id = p.article_id AND a.revision = p.revision
            JOIN public.article_decisions AS d ON d.organization_id = a.organization_id
                AND d.article_id = a.article_id AND d.revision < a.revision
            JOIN public.article_versions AS v ON v.organization_id = d.organization_id
                AND v.article_id = d.article_id AND v.revision = d.revision AND v.visit = a.visit
            WHERE p.organization_id = organization AND p.workflow_id = workflow AND p.approval = seen
                AND d.verdict = 'REWRITE_SECTION'
        ) AS c
        ORDER BY c.changed_at DESC, c.article_id, c.revision DESC LIMIT 1;
        IF NOT FOUND THEN
            SELECT d.decided_by INTO preparer FROM public.gate_decisions AS d
            WHERE d.organization_id = organization AND d.workflow_id = workflow AND d.gate = 'PLAN'
                AND d.verdict = 'APPROVED'
            ORDER BY d.version DESC LIMIT 1;
        END IF;
    END IF;
END
$$;
