-- The part of the rule for names (decision 0085) that does not depend on a version of Unicode: no control, direction or
-- invisible character, no space but the plain one, and no space around the name. The engine cleans a name before it
-- comes here. The names of workflows are checked in their copy, which transitions do not write. Older rows stay.

CREATE FUNCTION is_spelled(name text) RETURNS boolean
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN name !~ ('[\u0001-\u001F\u007F-\u00A0\u00AD\u061C\u1680\u2000-\u200B\u200E\u200F\u2028-\u202F\u205F-\u206F'
        || '\u2800\uFE00-\uFE0F\uFEFF]|  |^[ \u3000]|[ \u3000]$');

ALTER TABLE workflow_names ADD CONSTRAINT workflow_names_spelled CHECK (is_spelled(name)) NOT VALID;
ALTER TABLE api_keys ADD CONSTRAINT api_keys_spelled CHECK (is_spelled(name)) NOT VALID;
ALTER TABLE publish_targets ADD CONSTRAINT publish_targets_spelled CHECK (is_spelled(name)) NOT VALID;
ALTER TABLE organization_names ADD CONSTRAINT organization_names_spelled CHECK (is_spelled(name)) NOT VALID;
