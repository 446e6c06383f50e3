-- Read marks: a person has read an alert. Each person has marks of their own, and an alert stays as it is.

CREATE TABLE alert_reads (
    organization_id uuid        NOT NULL,
    actor           actor       NOT NULL,
    alert_id        uuid        NOT NULL,
    read_at         timestamptz NOT NULL,
    CONSTRAINT alert_reads_pkey PRIMARY KEY (organization_id, actor, alert_id),
    CONSTRAINT alert_reads_alert FOREIGN KEY (organization_id, alert_id) REFERENCES alerts (organization_id, id)
);
CREATE TRIGGER alert_reads_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON alert_reads
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE alert_reads ENABLE ALWAYS TRIGGER alert_reads_only_grow;
CREATE TRIGGER alert_reads_now BEFORE INSERT ON alert_reads
    FOR EACH ROW WHEN (NOT near_clock(NEW.read_at)) EXECUTE FUNCTION refuse_change();
ALTER TABLE alert_reads ENABLE ROW LEVEL SECURITY;
CREATE POLICY alert_reads_of_the_named ON alert_reads TO infin8_app USING (organization_id = named_organization());
GRANT SELECT, INSERT ON alert_reads TO infin8_app;
