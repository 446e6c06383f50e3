-- The throttles that all servers share: buckets that fill with time and that each server takes from. UNLOGGED,
-- since a crash loses nothing but how empty they were: a bucket that is not here is full. Amounts are in millionths
-- of a token.

-- What a bucket has at a moment: what it had, and what time has filled into it since, up to its capacity. A clock
-- that is behind fills nothing, and a day fills any bucket that is worth the name.
CREATE FUNCTION tokens_at(tokens_micro bigint, refilled_at timestamptz, at timestamptz, capacity bigint, per_second bigint)
    RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN least(capacity::numeric, tokens_micro
        + floor(per_second * least(greatest(extract(epoch FROM at - refilled_at), 0), 86400)))::bigint;

-- The throttle of an organization: a token is one of complexity, as extensions.cost gives it.
CREATE UNLOGGED TABLE cost_buckets (
    organization_id uuid        NOT NULL CONSTRAINT cost_buckets_pkey PRIMARY KEY,
    tokens_micro    bigint      NOT NULL CONSTRAINT cost_buckets_tokens CHECK (tokens_micro >= 0),
    refilled_at     timestamptz NOT NULL,
    CONSTRAINT cost_buckets_organization FOREIGN KEY (organization_id) REFERENCES organizations (id)
) WITH (fillfactor = 50); -- Every row is updated in place, all the time.

-- How often a network address may fail to sign in. Addresses share a million slots by their hash, so that the table
-- cannot grow beyond them.
CREATE UNLOGGED TABLE address_buckets (
    slot         integer     NOT NULL CONSTRAINT address_buckets_pkey PRIMARY KEY
        CONSTRAINT address_buckets_slot CHECK (slot >= 0 AND slot < 1048576),
    tokens_micro bigint      NOT NULL CONSTRAINT address_buckets_tokens CHECK (tokens_micro >= 0),
    refilled_at  timestamptz NOT NULL
) WITH (fillfactor = 50);

GRANT SELECT, INSERT ON cost_buckets, address_buckets TO infin8_app;
GRANT UPDATE (tokens_micro, refilled_at) ON cost_buckets, address_buckets TO infin8_app;
