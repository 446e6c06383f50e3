-- A list of workflows can be filtered by what they do now. Most activities follow from the state. Of a processing or
-- failed state the run decides: a filter asks this function for the workflows that are left.

-- The activity that the run of a workflow's state gives it; NULL in a state that has no run.
CREATE FUNCTION run_activity(organization_id uuid, workflow_id uuid, version integer, state text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE
        WHEN right(state, 11) = '_PROCESSING' THEN (
            SELECT CASE WHEN r.worker = '' THEN 'WAITING_FOR_WORKER' ELSE 'RUNNING' END
            FROM workflow_runs AS r
            WHERE r.organization_id = run_activity.organization_id AND r.workflow_id = run_activity.workflow_id
                AND r.token = run_activity.version)
        WHEN right(state, 7) = '_FAILED' THEN coalesce((
            SELECT CASE WHEN r.retry_at IS NULL THEN 'FAILED' ELSE 'RETRY_SCHEDULED' END
            FROM workflow_runs AS r
            WHERE r.organization_id = run_activity.organization_id AND r.workflow_id = run_activity.workflow_id
                AND r.token = run_activity.version - 1), 'FAILED')
    END;
