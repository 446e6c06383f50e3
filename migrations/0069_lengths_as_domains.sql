-- The names and addresses of a workflow never change. But PostgreSQL parses the CHECK constraints of a table for each
-- statement that changes it, and checks them for each row: for each transition. It keeps the rule of a domain parsed, and
-- checks it when a value is written. The domains get their rules last: PostgreSQL would write the whole table anew for a
-- domain that already has a rule.

ALTER TABLE intent_workflows
    DROP CONSTRAINT intent_workflows_name_length,
    DROP CONSTRAINT intent_workflows_company_length,
    DROP CONSTRAINT intent_workflows_url_length,
    DROP CONSTRAINT intent_workflows_linkedin_length;
CREATE DOMAIN short_name AS text;
CREATE DOMAIN site_address AS text;
CREATE DOMAIN optional_address AS text;
-- The trigger names the columns.
DROP TRIGGER intent_workflows_kept ON intent_workflows;
ALTER TABLE intent_workflows
    ALTER COLUMN name TYPE short_name,
    ALTER COLUMN company_name TYPE short_name,
    ALTER COLUMN company_url TYPE site_address,
    ALTER COLUMN linkedin_url TYPE optional_address;
CREATE TRIGGER intent_workflows_kept
    BEFORE UPDATE OF organization_id, id, name, company_name, company_url, linkedin_url, graph_version, created_by,
        created_at ON intent_workflows
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE intent_workflows ENABLE ALWAYS TRIGGER intent_workflows_kept;
ALTER DOMAIN short_name ADD CONSTRAINT short_name_length CHECK (char_length(VALUE) BETWEEN 1 AND 200);
ALTER DOMAIN site_address ADD CONSTRAINT site_address_length CHECK (octet_length(VALUE) BETWEEN 1 AND 2048);
ALTER DOMAIN optional_address ADD CONSTRAINT optional_address_length CHECK (octet_length(VALUE) <= 2048);
-- A new type takes the statistics of a column away.
ANALYZE intent_workflows (name, company_name, company_url, linkedin_url);
