-- ---------------------------------------------------------------------------------------------
-- Context: which tenant a session acts for. Everything here is for applications.
-- ---------------------------------------------------------------------------------------------

CREATE FUNCTION tenancy.set_tenant(tenant text, local boolean DEFAULT false, pin boolean DEFAULT false) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'tenancy_set_tenant_text';
COMMENT ON FUNCTION tenancy.set_tenant(text, boolean, boolean) IS
'Makes this session act for a tenant, or only this transaction with local => true. The same as SET [LOCAL] tenancy.tenant_id, but fails at once if there is no such tenant. With pin => true the session can act for no other tenant until it ends, also when the transaction is rolled back. Errors: 42704 unknown, 55000 suspended or closed, or a token is set, 22023 not a possible id, 22004 null, 42501 the role is bound or the session pinned to others, or only tokens are accepted.';

CREATE FUNCTION tenancy.set_tenant(tenant uuid, local boolean DEFAULT false, pin boolean DEFAULT false) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'tenancy_set_tenant_uuid';
COMMENT ON FUNCTION tenancy.set_tenant(uuid, boolean, boolean) IS
'As set_tenant(text), for tenants whose id is a uuid.';

CREATE FUNCTION tenancy.set_tenant(tenant bigint, local boolean DEFAULT false, pin boolean DEFAULT false) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'tenancy_set_tenant_bigint';
COMMENT ON FUNCTION tenancy.set_tenant(bigint, boolean, boolean) IS
'As set_tenant(text), for tenants whose id is a number.';

CREATE FUNCTION tenancy.set_tenant_token(token text, local boolean DEFAULT false, pin boolean DEFAULT false) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'tenancy_set_tenant_token';
COMMENT ON FUNCTION tenancy.set_tenant_token(text, boolean, boolean) IS
'Makes this session act for the tenant that a signed token proves, until the token ends, or only this transaction with local => true. The same as SET [LOCAL] tenancy.token, but fails at once if there is no such tenant, and as a query''s parameter the token stands in no log. Errors: 28000 not a good token, 42704 unknown tenant, 55000 suspended or closed, 42501 the role is bound or the session pinned to others, 22004 null, 53200 too many single-use tokens.';

CREATE FUNCTION tenancy.reset_tenant() RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'tenancy_reset_tenant';
COMMENT ON FUNCTION tenancy.reset_tenant() IS
'Leaves the tenant: the session acts for none. The same as RESET of tenancy.token and tenancy.tenant_id, also when the connection began with a tenant.';

-- The functions of the policies. LEAKPROOF lets an index on the tenant column be used under the
-- user's own conditions; STABLE lets the planner ask for the present tenant's statistics.
CREATE FUNCTION tenancy.current_tenant() RETURNS text
LANGUAGE c STABLE LEAKPROOF PARALLEL SAFE COST 1 AS 'MODULE_PATHNAME', 'tenancy_current_tenant_text';
COMMENT ON FUNCTION tenancy.current_tenant() IS
'The id of the tenant this session acts for, as it was registered; null when none is set. Errors: 42704 unknown, 55000 suspended or closed.';

CREATE FUNCTION tenancy.current_tenant_text() RETURNS text
LANGUAGE c STABLE LEAKPROOF PARALLEL SAFE COST 1 AS 'MODULE_PATHNAME', 'tenancy_current_tenant_text';
COMMENT ON FUNCTION tenancy.current_tenant_text() IS
'As current_tenant(): for policies and defaults of text columns.';

CREATE FUNCTION tenancy.current_tenant_uuid() RETURNS uuid
LANGUAGE c STABLE LEAKPROOF PARALLEL SAFE COST 1 AS 'MODULE_PATHNAME', 'tenancy_current_tenant_uuid';
COMMENT ON FUNCTION tenancy.current_tenant_uuid() IS
'The tenant id as a uuid: for policies and defaults of uuid columns. Errors as current_tenant(), and 22P02 when the id is not the canonical spelling of a uuid.';

CREATE FUNCTION tenancy.current_tenant_bigint() RETURNS bigint
LANGUAGE c STABLE LEAKPROOF PARALLEL SAFE COST 1 AS 'MODULE_PATHNAME', 'tenancy_current_tenant_bigint';
COMMENT ON FUNCTION tenancy.current_tenant_bigint() IS
'The tenant id as a number: for policies and defaults of bigint columns. Errors as current_tenant(), and 22P02 when the id is not the canonical spelling of a number.';

CREATE FUNCTION tenancy.current_tenant_int() RETURNS integer
LANGUAGE c STABLE LEAKPROOF PARALLEL SAFE COST 1 AS 'MODULE_PATHNAME', 'tenancy_current_tenant_int';
COMMENT ON FUNCTION tenancy.current_tenant_int() IS
'As current_tenant_bigint(), for integer columns; ids above 2147483647 are an error (22P02).';

CREATE FUNCTION tenancy.clock_time() RETURNS timestamptz
LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tenancy_clock_time';
COMMENT ON FUNCTION tenancy.clock_time() IS
'The time as tenancy sees it: clock_timestamp(), or what the setting tenancy.clock says.';

CREATE FUNCTION tenancy.library_version() RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tenancy_library_version';
COMMENT ON FUNCTION tenancy.library_version() IS
'Version of the loaded library; pg_extension has the version of the SQL objects.';

-- Anybody can take the server's own advisory locks, and hold up whoever needs the same.
CREATE FUNCTION tenancy.take_lock(class integer, key integer, session boolean DEFAULT false, shared boolean DEFAULT false, wait boolean DEFAULT true)
RETURNS boolean LANGUAGE c STRICT VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'tenancy_take_lock';
REVOKE ALL ON FUNCTION tenancy.take_lock(integer, integer, boolean, boolean, boolean) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.take_lock(integer, integer, boolean, boolean, boolean) IS
'Internal: takes an advisory lock that no other function gives, to the end of the transaction or the session; false if it is held and should not be waited for. In pg_locks its objsubid is 29779.';

CREATE FUNCTION tenancy.release_lock(class integer, key integer) RETURNS boolean
LANGUAGE c STRICT VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'tenancy_release_lock';
REVOKE ALL ON FUNCTION tenancy.release_lock(integer, integer) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.release_lock(integer, integer) IS 'Internal: lets go of what take_lock() took for the session.';

CREATE FUNCTION tenancy.calling_role() RETURNS name
LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'tenancy_calling_role';
COMMENT ON FUNCTION tenancy.calling_role() IS
'The role that called (session user, or what SET ROLE chose), also from inside SECURITY DEFINER functions.';

