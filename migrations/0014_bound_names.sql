-- The functions of the database trust no name that a session can give another meaning. A session may create a domain
-- pg_temp.text, and a body in PL/pgSQL that casts to text finds that one first: a wrong hash passes its CHECK.
--
-- A body after RETURN is bound when the function is created: PostgreSQL keeps the functions, operators and types
-- themselves and no names. The canonical forms move there. The hashes stay in PL/pgSQL with every name qualified,
-- because their plan is kept for the session, while a function in SQL is planned anew by every insert. They call
-- convert_to, which is STABLE, so that a canonical form that called it could not become part of their plan.

CREATE FUNCTION transition_text(
    organization_id uuid, workflow_id uuid, version integer, graph_version integer, kind text,
    from_state text, to_state text, actor text, reason text, occurred_at timestamptz
) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN '12:transition/1,' || public.netstring(organization_id::pg_catalog.text)
        || public.netstring(workflow_id::pg_catalog.text) || public.netstring(version::pg_catalog.text)
        || public.netstring(graph_version::pg_catalog.text) || public.netstring(kind) || public.netstring(from_state)
        || public.netstring(to_state) || public.netstring(actor) || public.netstring(reason)
        || public.netstring(public.epoch_microseconds(occurred_at)::pg_catalog.text);

CREATE OR REPLACE FUNCTION transition_hash(
    previous_hash bytea, organization_id uuid, workflow_id uuid, version integer, graph_version integer, kind text,
    from_state text, to_state text, actor text, reason text, occurred_at timestamptz
) RETURNS bytea
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
BEGIN
    RETURN pg_catalog.sha256(previous_hash OPERATOR(pg_catalog.||) pg_catalog.convert_to(public.transition_text(
        organization_id, workflow_id, version, graph_version, kind, from_state, to_state, actor, reason, occurred_at),
        'UTF8'));
END
$$;

CREATE FUNCTION entry_text(
    organization_id uuid, account_id uuid, sequence bigint, kind text, call_id uuid,
    settled_delta bigint, held_delta bigint, limit_delta bigint, settled_after bigint, held_after bigint,
    limit_after bigint, stopped_after boolean, overage boolean, actor text, reason text, occurred_at timestamptz
) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN '7:entry/1,' || public.netstring(organization_id::pg_catalog.text)
        || public.netstring(account_id::pg_catalog.text) || public.netstring(sequence::pg_catalog.text)
        || public.netstring(kind) || public.netstring(call_id::pg_catalog.text)
        || public.netstring(settled_delta::pg_catalog.text) || public.netstring(held_delta::pg_catalog.text)
        || public.netstring(limit_delta::pg_catalog.text) || public.netstring(settled_after::pg_catalog.text)
        || public.netstring(held_after::pg_catalog.text) || public.netstring(limit_after::pg_catalog.text)
        || public.netstring(stopped_after::pg_catalog.text) || public.netstring(overage::pg_catalog.text)
        || public.netstring(actor) || public.netstring(reason)
        || public.netstring(public.epoch_microseconds(occurred_at)::pg_catalog.text);

CREATE OR REPLACE FUNCTION entry_hash(
    previous_hash bytea, organization_id uuid, account_id uuid, sequence bigint, kind text, call_id uuid,
    settled_delta bigint, held_delta bigint, limit_delta bigint, settled_after bigint, held_after bigint,
    limit_after bigint, stopped_after boolean, overage boolean, actor text, reason text, occurred_at timestamptz
) RETURNS bytea
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
BEGIN
    RETURN pg_catalog.sha256(previous_hash OPERATOR(pg_catalog.||) pg_catalog.convert_to(public.entry_text(
        organization_id, account_id, sequence, kind, call_id, settled_delta, held_delta, limit_delta, settled_after,
        held_after, limit_after, stopped_after, overage, actor, reason, occurred_at), 'UTF8'));
END
$$;

-- It names nothing but itself; the path is pinned so that a check of the catalog needs no exception for it.
ALTER FUNCTION refuse_change() SET search_path = pg_catalog, pg_temp;
