-- The text of a filter by name is found by an index. The names are copied to a table of their own, because each
-- transition writes all indexes of its workflow again. An entry of the index is the hash of two or three letters that
-- follow each other, with the organization: the search of one organization never reads the entries of another. A hash
-- that two texts share is harmless, because the search compares the names too. Hash partitions need hashtextextended to
-- return the same numbers in later versions of PostgreSQL.

CREATE FUNCTION gram_hash(organization uuid, gram text) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN hashtextextended(gram COLLATE "C", uuid_hash_extended(organization, 0));

-- All pairs and triples of a name. It takes some 30 microseconds: the cost lets no plan call it for each row.
CREATE FUNCTION name_grams(organization uuid, name text) RETURNS bigint[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1000
    RETURN (
        SELECT coalesce(array_agg(DISTINCT gram_hash(organization, substr(t.folded, p.place, s.size))), '{}')
        FROM (SELECT lower(name) AS folded) AS t, generate_series(2, 3) AS s (size),
            generate_series(1, char_length(t.folded) - s.size + 1) AS p (place)
    );

-- Enough of them to cover a text of two letters and more: every third triple and the last one. A pair is itself: substr
-- from place 0 returns one letter less.
CREATE FUNCTION searched_grams(organization uuid, fragment text) RETURNS bigint[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1000
    RETURN (
        SELECT coalesce(array_agg(DISTINCT gram_hash(organization, substr(t.folded, least(p.place, t.length - 2), 3))), '{}')
        FROM (SELECT lower(fragment) AS folded, char_length(lower(fragment)) AS length) AS t,
            generate_series(1, t.length, 3) AS p (place)
    );

CREATE TABLE workflow_names (
    organization_id uuid NOT NULL,
    workflow_id     uuid NOT NULL,
    name            text NOT NULL,
    CONSTRAINT workflow_names_pkey PRIMARY KEY (organization_id, workflow_id),
    CONSTRAINT workflow_names_workflow FOREIGN KEY (organization_id, workflow_id)
        REFERENCES intent_workflows (organization_id, id)
);
CREATE TRIGGER workflow_names_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON workflow_names
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE workflow_names ENABLE ALWAYS TRIGGER workflow_names_only_grow;
ALTER TABLE workflow_names ENABLE ROW LEVEL SECURITY;
CREATE POLICY workflow_names_of_the_named ON workflow_names TO infin8_app
    USING (organization_id = named_organization());
GRANT SELECT, INSERT ON workflow_names TO infin8_app;

-- A trigger writes the copy, because the previous program does not.
CREATE FUNCTION copy_workflow_name() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO public.workflow_names (organization_id, workflow_id, name)
    VALUES (NEW.organization_id, NEW.id, NEW.name);
    RETURN NULL;
END
$$;
CREATE TRIGGER intent_workflows_name_copied AFTER INSERT ON intent_workflows
    FOR EACH ROW EXECUTE FUNCTION copy_workflow_name();
INSERT INTO workflow_names (organization_id, workflow_id, name)
    SELECT w.organization_id, w.id, w.name FROM intent_workflows AS w ORDER BY w.organization_id, w.id;

-- New entries wait in a list of 128 kB: a search reads it, and the insertion that fills it sorts it in.
CREATE INDEX workflow_names_by_gram ON workflow_names USING gin (name_grams(organization_id, name))
    WITH (fastupdate = on, gin_pending_list_limit = 128);

-- PostgreSQL uses an index below a policy only for operators that are leakproof, and those of arrays are not. The view
-- reads as its owner, to whom the policy does not apply. It has the condition of the policy itself.
CREATE VIEW searched_names AS
    SELECT n.organization_id, n.workflow_id, n.name, name_grams(n.organization_id, n.name) AS grams
    FROM workflow_names AS n
    WHERE n.organization_id = named_organization();
GRANT SELECT ON searched_names TO infin8_app;
