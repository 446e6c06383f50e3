-- A publication asks for a revision of its article that was written. So does each of its events: the journal must not
-- name a text that never was. An approval has always taken the last version of a written article, so all rows fit.

ALTER TABLE publications ADD CONSTRAINT publications_article_version
    FOREIGN KEY (organization_id, article_id, revision)
    REFERENCES article_versions (organization_id, article_id, revision);
ALTER TABLE publication_events ADD CONSTRAINT publication_events_article_version
    FOREIGN KEY (organization_id, article_id, revision)
    REFERENCES article_versions (organization_id, article_id, revision);
