-- The limits of a provider that all servers share: how often it is asked, and how many requests it has at once. They
-- belong to the operator's account there, and to no organization.

-- How often. The buckets are like those of network addresses.
CREATE UNLOGGED TABLE service_buckets (
    service      text        NOT NULL CONSTRAINT service_buckets_pkey PRIMARY KEY
        CONSTRAINT service_buckets_service_length CHECK (pg_catalog.char_length(service) BETWEEN 1 AND 200),
    tokens_micro bigint      NOT NULL CONSTRAINT service_buckets_tokens CHECK (tokens_micro >= 0),
    refilled_at  timestamptz NOT NULL
) WITH (fillfactor = 50);

-- How many at once. A slot is free after its end, so that a server that dies keeps none.
CREATE UNLOGGED TABLE service_slots (
    service    text        NOT NULL
        CONSTRAINT service_slots_service_length CHECK (pg_catalog.char_length(service) BETWEEN 1 AND 200),
    slot       integer     NOT NULL CONSTRAINT service_slots_slot CHECK (slot >= 0 AND slot < 1000),
    holder     uuid        NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT service_slots_pkey PRIMARY KEY (service, slot)
) WITH (fillfactor = 50);

GRANT SELECT, INSERT ON service_buckets, service_slots TO infin8_app;
GRANT UPDATE (tokens_micro, refilled_at) ON service_buckets TO infin8_app;
GRANT UPDATE (holder, expires_at) ON service_slots TO infin8_app;
