package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// readCatalog lists what guards the data, one object a line. Texts that differ between the
// versions of PostgreSQL are left out or written in one way:
//
//   - the owner of schema_migrations is "owner", and its own rights are not listed;
//   - NOT NULL is a property of the column, since PostgreSQL 18 makes a constraint of it;
//   - objects of extensions are the extensions' own.
//
// It must run with an empty search path, so that every name in a definition is qualified.
const readCatalog = `
WITH owner AS (
    SELECT c.relowner AS oid FROM pg_class AS c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relname = 'schema_migrations'
), relations AS (
    SELECT c.* FROM pg_class AS c
    WHERE c.relnamespace = 'public'::regnamespace AND NOT EXISTS (
        SELECT FROM pg_depend AS d
        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
), functions AS (
    SELECT p.*, format('function %I(%s)', p.proname, pg_get_function_identity_arguments(p.oid)) AS name
    FROM pg_proc AS p
    WHERE p.pronamespace = 'public'::regnamespace AND NOT EXISTS (
        SELECT FROM pg_depend AS d
        WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
), types AS (
    SELECT t.* FROM pg_type AS t
    WHERE t.typnamespace = 'public'::regnamespace AND t.typtype IN ('d', 'e', 'r', 'b') AND t.typelem = 0
        AND NOT EXISTS (
            SELECT FROM pg_depend AS d
            WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e')
), lines (name, definition) AS (
    -- Tables, and what reads as one.
    SELECT format('table %I', c.relname), concat_ws(' ',
        CASE c.relkind WHEN 'r' THEN 'ordinary' WHEN 'v' THEN 'view' ELSE 'kind ' || c.relkind::text END,
        CASE c.relpersistence WHEN 'u' THEN 'unlogged' END,
        CASE WHEN c.relrowsecurity THEN 'with row security' END,
        CASE WHEN c.relforcerowsecurity THEN 'forced' END,
        CASE WHEN c.relispartition THEN 'partition' END,
        CASE WHEN c.relowner <> o.oid THEN 'of ' || c.relowner::regrole::text END)
    FROM relations AS c CROSS JOIN owner AS o WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    UNION ALL
    SELECT format('table %s inherits', i.inhrelid::regclass), i.inhparent::regclass::text
    FROM pg_inherits AS i JOIN relations AS c ON c.oid = i.inhparent AND c.relkind = 'r'
    UNION ALL
    SELECT format('column %I.%I', c.relname, a.attname), concat_ws(' ',
        format_type(a.atttypid, a.atttypmod),
        CASE WHEN a.attnotnull THEN 'NOT NULL' END,
        CASE a.attgenerated WHEN 's' THEN 'GENERATED' WHEN 'v' THEN 'GENERATED VIRTUAL' ELSE 'DEFAULT' END
            || ' ' || pg_get_expr(d.adbin, d.adrelid),
        CASE WHEN a.attidentity <> '' THEN 'IDENTITY ' || a.attidentity::text END,
        CASE WHEN a.attcollation NOT IN (0, 100) THEN 'COLLATE ' || a.attcollation::regcollation::text END)
    FROM relations AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
    -- Rules about rows. A foreign key is enforced by triggers of the server's own, which can be switched off.
    UNION ALL
    SELECT format('constraint %I.%I', c.relname, k.conname), concat_ws(' ', pg_get_constraintdef(k.oid),
        CASE WHEN EXISTS (SELECT FROM pg_trigger AS g
            WHERE g.tgconstraint = k.oid AND g.tgisinternal AND g.tgenabled <> 'O') THEN 'with triggers off' END,
        CASE WHEN NOT i.indisvalid OR NOT i.indisready OR NOT i.indislive THEN 'without an index' END)
    FROM pg_constraint AS k
    JOIN relations AS c ON c.oid = k.conrelid
    LEFT JOIN pg_index AS i ON i.indexrelid = k.conindid AND k.contype IN ('p', 'u', 'x')
    WHERE k.contype IN ('c', 'f', 'p', 'u', 'x')
    UNION ALL
    SELECT format('constraint %I.%I', t.typname, k.conname), pg_get_constraintdef(k.oid)
    FROM pg_constraint AS k JOIN types AS t ON t.oid = k.contypid WHERE k.contype = 'c'
    UNION ALL
    SELECT format('index %I', x.relname), concat_ws(' ', pg_get_indexdef(x.oid),
        CASE WHEN NOT i.indisvalid OR NOT i.indisready OR NOT i.indislive THEN 'not valid' END)
    FROM pg_index AS i
    JOIN relations AS c ON c.oid = i.indrelid
    JOIN pg_class AS x ON x.oid = i.indexrelid
    WHERE (i.indisunique OR i.indisexclusion)
        AND NOT EXISTS (SELECT FROM pg_constraint AS k
            WHERE k.conrelid = i.indrelid AND k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
    UNION ALL
    SELECT format('trigger %I.%I', c.relname, g.tgname), concat_ws(' ', pg_get_triggerdef(g.oid),
        CASE g.tgenabled WHEN 'A' THEN 'ALWAYS' WHEN 'D' THEN 'DISABLED' WHEN 'R' THEN 'REPLICA' END)
    FROM pg_trigger AS g JOIN relations AS c ON c.oid = g.tgrelid WHERE NOT g.tgisinternal
    UNION ALL
    SELECT format('rule %I.%I', c.relname, r.rulename), pg_get_ruledef(r.oid)
    FROM pg_rewrite AS r JOIN relations AS c ON c.oid = r.ev_class
    UNION ALL
    SELECT format('policy %I.%I', c.relname, p.polname), concat_ws(' ',
        CASE WHEN NOT p.polpermissive THEN 'restrictive' END,
        'FOR ' || CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
            WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
        'TO ' || (SELECT string_agg(CASE r.oid WHEN 0 THEN 'PUBLIC' ELSE r.oid::regrole::text END, ', '
            ORDER BY r.oid::regrole::text) FROM unnest(p.polroles) AS r (oid)),
        'USING ' || pg_get_expr(p.polqual, p.polrelid), 'CHECK ' || pg_get_expr(p.polwithcheck, p.polrelid))
    FROM pg_policy AS p JOIN relations AS c ON c.oid = p.polrelid
    -- Functions and types.
    UNION ALL
    SELECT f.name, CASE WHEN l.lanname IN ('internal', 'c') THEN l.lanname ELSE concat_ws(' ',
            pg_get_functiondef(f.oid),
            CASE WHEN f.proowner <> o.oid THEN 'of ' || f.proowner::regrole::text END) END
    FROM functions AS f JOIN pg_language AS l ON l.oid = f.prolang CROSS JOIN owner AS o
    WHERE f.prokind IN ('f', 'p', 'w')
    UNION ALL
    SELECT f.name, format('aggregate of %s, state %s', a.aggtransfn, format_type(a.aggtranstype, NULL))
    FROM functions AS f JOIN pg_aggregate AS a ON a.aggfnoid = f.oid
    UNION ALL
    SELECT format('type %I', t.typname), concat_ws(' ',
        CASE t.typtype WHEN 'd' THEN 'domain ' || format_type(t.typbasetype, t.typtypmod)
            WHEN 'r' THEN (SELECT format('range %s %s', r.rngsubtype::regtype, r.rngcollation::regcollation)
                FROM pg_range AS r WHERE r.rngtypid = t.oid)
            WHEN 'e' THEN (SELECT 'enum ' || string_agg(e.enumlabel, ', ' ORDER BY e.enumsortorder)
                FROM pg_enum AS e WHERE e.enumtypid = t.oid)
            ELSE 'base' END,
        CASE WHEN t.typnotnull THEN 'NOT NULL' END, 'DEFAULT ' || t.typdefault,
        CASE WHEN t.typowner <> o.oid THEN 'of ' || t.typowner::regrole::text END)
    FROM types AS t CROSS JOIN owner AS o
    UNION ALL
    SELECT format('operator %s', p.oid::regoperator), p.oprcode::text FROM pg_operator AS p
    WHERE p.oprnamespace = 'public'::regnamespace AND NOT EXISTS (
        SELECT FROM pg_depend AS d
        WHERE d.classid = 'pg_operator'::regclass AND d.objid = p.oid AND d.deptype = 'e')
    UNION ALL
    SELECT format('cast from %s to %s', k.castsource::regtype, k.casttarget::regtype), k.castcontext::text
    FROM pg_cast AS k WHERE k.oid >= 16384 AND NOT EXISTS (
        SELECT FROM pg_depend AS d
        WHERE d.classid = 'pg_cast'::regclass AND d.objid = k.oid AND d.deptype = 'e')
        AND EXISTS (SELECT FROM pg_type AS t WHERE t.oid IN (k.castsource, k.casttarget)
            AND t.typnamespace IN ('public'::regnamespace, 'pg_catalog'::regnamespace) AND t.typtype <> 'm')
    -- Rights. The operator decides which tables the operator's own roles may read.
    UNION ALL
    SELECT format('right to table %I of %s', c.relname, coalesce(r.rolname, 'PUBLIC')),
        string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type)
    FROM relations AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS a LEFT JOIN pg_roles AS r ON r.oid = a.grantee
    WHERE a.grantee <> c.relowner
        AND (a.privilege_type <> 'SELECT' OR coalesce(r.rolname, '') IN ('', @app, @sweeper))
    GROUP BY c.relname, r.rolname
    UNION ALL
    SELECT format('right to column %I.%I of %s', c.relname, t.attname, coalesce(r.rolname, 'PUBLIC')),
        string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type)
    FROM relations AS c
    JOIN pg_attribute AS t ON t.attrelid = c.oid AND NOT t.attisdropped
    CROSS JOIN LATERAL aclexplode(t.attacl) AS a LEFT JOIN pg_roles AS r ON r.oid = a.grantee
    WHERE a.grantee <> c.relowner
        AND (a.privilege_type <> 'SELECT' OR coalesce(r.rolname, '') IN ('', @app, @sweeper))
    GROUP BY c.relname, t.attname, r.rolname
    UNION ALL
    SELECT format('right to %s of %s', f.name, coalesce(r.rolname, 'PUBLIC')), a.privilege_type
    FROM functions AS f
    CROSS JOIN LATERAL aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) AS a
    LEFT JOIN pg_roles AS r ON r.oid = a.grantee
    WHERE a.grantee <> f.proowner
    UNION ALL
    SELECT format('right to schema public of %s', coalesce(r.rolname, 'PUBLIC')),
        string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type)
    FROM pg_namespace AS n CROSS JOIN LATERAL aclexplode(n.nspacl) AS a LEFT JOIN pg_roles AS r ON r.oid = a.grantee
    CROSS JOIN owner AS o
    WHERE n.nspname = 'public' AND a.grantee NOT IN (n.nspowner, o.oid)
        AND (a.privilege_type <> 'USAGE' OR coalesce(r.rolname, '') IN ('', @app, @sweeper))
    GROUP BY r.rolname
    UNION ALL
    SELECT format('default right of %s', coalesce(r.rolname, 'PUBLIC')), a.privilege_type
    FROM pg_default_acl AS d CROSS JOIN LATERAL aclexplode(d.defaclacl) AS a
    LEFT JOIN pg_roles AS r ON r.oid = a.grantee CROSS JOIN owner AS o
    WHERE d.defaclrole = o.oid AND coalesce(r.rolname, '') IN ('', @app, @sweeper)
    -- The server's roles.
    UNION ALL
    SELECT format('role %I', r.rolname), concat_ws(' ', CASE WHEN r.rolsuper THEN 'superuser' END,
        CASE WHEN r.rolcreaterole THEN 'creates roles' END, CASE WHEN r.rolcreatedb THEN 'creates databases' END,
        CASE WHEN r.rolreplication THEN 'replicates' END, CASE WHEN r.rolbypassrls THEN 'bypasses row security' END)
    FROM pg_roles AS r WHERE r.rolname IN (@app, @sweeper)
    UNION ALL
    SELECT format('role %I is a member', r.rolname), 'of ' || m.roleid::regrole::text
    FROM pg_auth_members AS m JOIN pg_roles AS r ON r.oid = m.member WHERE r.rolname IN (@app, @sweeper)
    -- Settings that change what a statement means or which guards are on.
    UNION ALL
    SELECT format('setting of %s', coalesce(r.rolname, 'the database')), k.setting
    FROM pg_db_role_setting AS s LEFT JOIN pg_roles AS r ON r.oid = s.setrole
    CROSS JOIN unnest(s.setconfig) AS k (setting)
    WHERE s.setdatabase IN (0, (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database()))
        AND (s.setrole = 0 OR r.rolname IN (@app, @sweeper))
        AND split_part(k.setting, '=', 1) IN ('session_replication_role', 'row_security')
)
SELECT name, coalesce(definition, '') FROM lines`

// Catalog returns what guards the data as the database has it: tables, columns, constraints, unique indexes, triggers,
// rules, policies, functions, types, rights and roles of the schema public, one object a line. Every role may read it.
func (s *Store) Catalog(ctx context.Context) (lines []string, err error) {
	err = s.withPath(ctx, "pg_catalog", func(tx pgx.Tx) (err error) {
		rows, _ := tx.Query(ctx, readCatalog, pgx.NamedArgs{"app": AppRole, "sweeper": SweeperRole})
		lines, err = pgx.CollectRows(rows, catalogLine)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the catalog: %w", translate(err))
	}
	slices.Sort(lines)
	return lines, nil
}

// catalogLine returns an object on one line. PostgreSQL would take as long for the white space as for all the rest.
func catalogLine(row pgx.CollectableRow) (string, error) {
	var name, definition string
	err := row.Scan(&name, &definition)
	words := strings.FieldsFunc(definition, func(r rune) bool { return strings.ContainsRune(" \t\n\v\f\r", r) })
	return strings.TrimRight(name+": "+strings.Join(words, " "), " "), err
}
