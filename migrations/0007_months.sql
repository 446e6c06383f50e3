-- Two months of an organization never overlap, whatever its time zone was when they were opened.
ALTER TABLE usage_accounts ADD CONSTRAINT usage_accounts_months_apart EXCLUDE USING gist (
    text_range(organization_id::text, organization_id::text, '[]') WITH &&, tstzrange(period_start, period_end) WITH &&
) WHERE (period_start IS NOT NULL);
