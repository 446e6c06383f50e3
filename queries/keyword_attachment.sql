-- KeywordAttachmentInsert puts a keyword on a page. The caller holds the workflow's row, so that the numbers of two
-- requests differ.
-- name: KeywordAttachmentInsert :exec
INSERT INTO keyword_attachments (
    organization_id, workflow_id, visit, keyword_id, sequence, page_id, actor, attached_at)
SELECT @organization_id, @workflow_id, @visit, @keyword_id, coalesce(max(a.sequence), 0) + 1, @page_id, @actor, @at
FROM keyword_attachments AS a
WHERE a.organization_id = @organization_id AND a.workflow_id = @workflow_id AND a.visit = @visit
    AND a.keyword_id = @keyword_id;
