-- Statements that book calls find their rows by lists of keys, with one plan for all organizations. PostgreSQL computes
-- the rows of an organization from their average. While most organizations are small, the plan read all rows of a large
-- one instead of the listed ones. The number says that an organization has ten thousand rows, or all of a smaller table.
ALTER TABLE intent_workflows ALTER COLUMN organization_id SET (n_distinct = -0.0001);
ALTER TABLE usage_accounts ALTER COLUMN organization_id SET (n_distinct = -0.0001);
ALTER TABLE ai_calls ALTER COLUMN organization_id SET (n_distinct = -0.0001);
ALTER TABLE step_units ALTER COLUMN organization_id SET (n_distinct = -0.0001);
ALTER TABLE article_budgets ALTER COLUMN organization_id SET (n_distinct = -0.0001);
ANALYZE intent_workflows, usage_accounts, ai_calls, step_units, article_budgets;
