-- API keys may have the roles of programs that work on steps from outside, of auditors and of finance. A program of the
-- version before accepts no key with one of them.

ALTER DOMAIN caller_role DROP CONSTRAINT caller_role_known;
ALTER DOMAIN caller_role ADD CONSTRAINT caller_role_known
    CHECK (VALUE IN ('VIEWER', 'WORKER', 'AUDITOR', 'OPERATOR', 'FINANCE', 'ADMIN'));
