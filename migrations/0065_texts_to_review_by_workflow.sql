-- The list of texts to review starts at the live workflows. The index kept each text that ever had findings.

DROP INDEX article_versions_to_review;
