-- OrganizationCreate writes an organization that is seen for the first time. It changes nothing otherwise.
-- name: OrganizationCreate :exec
-- @sqlc-vet-disable names-organization
INSERT INTO organizations (id, workflow_limit_pico, month_limit_pico, created_at)
VALUES (@organization_id, @workflow_limit_pico, @month_limit_pico, @at)
ON CONFLICT (id) DO NOTHING;

-- OrganizationGet returns the organization. (Its key is its name: the rule asks for another table's column.)
-- name: OrganizationGet :one
-- @sqlc-vet-disable names-organization
SELECT o.* FROM organizations AS o WHERE o.id = @organization_id;
