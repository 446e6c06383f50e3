-- People read the articles of an organization whose texts have findings: those first that have waited longest.

CREATE INDEX article_versions_to_review ON article_versions (organization_id, created_at, article_id) WHERE needs_review;
