-- The text of a view over one table differs between versions of PostgreSQL: later ones leave out the name before a column.
-- verify compares this text. Over two it is the same in all versions. The plan of a search does not change.
CREATE OR REPLACE VIEW searched_names AS
    SELECT n.organization_id, n.workflow_id, n.name, name_grams(n.organization_id, n.name) AS grams
    FROM (SELECT named_organization() AS organization_id) AS named
    JOIN workflow_names AS n ON n.organization_id = named.organization_id;
