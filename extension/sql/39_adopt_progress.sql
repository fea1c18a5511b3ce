-- adopt(), continued: how far it is, and the backfill.
-- SPDX-License-Identifier: PostgreSQL

CREATE FUNCTION tenancy.require_unrestricted()
RETURNS void
LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tenancy_require_unrestricted';
REVOKE ALL ON FUNCTION tenancy.require_unrestricted() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.require_unrestricted() IS
'Internal: raises 42501 in what the server calls on behalf of a table''s owner, for example functions of indexes while ANALYZE runs.';

CREATE FUNCTION tenancy.require_adopter(relation regclass)
RETURNS name
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    owner oid := (SELECT c.relowner FROM pg_class c WHERE c.oid = relation);
BEGIN
    IF relation IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed', MESSAGE = 'table must not be null';
    ELSIF owner IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_table',
            MESSAGE = format('table with OID %s does not exist', relation::oid);
    ELSIF NOT pg_has_role(tenancy.calling_role(), owner, 'MEMBER') THEN
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
            MESSAGE = format('must be owner of table %s', relation),
            HINT = format('Run it as role %s.', quote_ident(pg_get_userbyid(owner)));
    ELSIF tenancy.present_tenant_key() <> '' THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = 'a table cannot be adopted while a tenant is set',
            HINT = 'Leave the tenant first: SELECT tenancy.reset_tenant().';
    END IF;
    RETURN pg_get_userbyid(owner);
END
$$;
COMMENT ON FUNCTION tenancy.require_adopter(regclass) IS
'Internal: the owner of a table; raises 42501 unless the calling role is a member of it, 55000 while a tenant is set.';

CREATE FUNCTION tenancy.read_adoption(relation regclass)
RETURNS tenancy.adoptions
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    adoption tenancy.adoptions;
BEGIN
    PERFORM tenancy.require_adopter(relation);
    -- Two that adopt the same table take turns.
    SELECT * INTO adoption FROM tenancy.adoptions a WHERE a.relation = read_adoption.relation FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('table %s is not being adopted', relation),
            HINT = 'Begin with CALL tenancy.adopt(table, default_tenant).';
    END IF;
    RETURN adoption;
END
$$;
COMMENT ON FUNCTION tenancy.read_adoption(regclass) IS
'Internal: the state of an adoption, for those who may adopt the table, locked until the transaction ends.';

CREATE FUNCTION tenancy.save_adoption(adoption tenancy.adoptions, tenants text[] DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    unknown text;
BEGIN
    PERFORM tenancy.require_adopter(adoption.relation), tenancy.require_unrestricted();
    SELECT u INTO unknown FROM unnest(tenants) u
     WHERE NOT EXISTS (SELECT FROM tenancy.tenants t WHERE lower(t.id) = lower(u))
     ORDER BY u COLLATE "C" LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object',
            MESSAGE = format('tenant "%s" does not exist', unknown),
            DETAIL = format('Rows of table %s would belong to it, and nobody could reach them.',
                            adoption.relation),
            HINT = 'Register it with tenancy.create_tenant(), and go on with CALL tenancy.adopt().';
    END IF;
    UPDATE tenancy.adoptions a
       SET step = adoption.step, backfilled = adoption.backfilled, member = adoption.member,
           next_block = adoption.next_block, end_block = adoption.end_block,
           retry_block = adoption.retry_block, blocks_done = adoption.blocks_done,
           blocks_total = adoption.blocks_total, rows_done = adoption.rows_done,
           rows_total = adoption.rows_total, backfill_time = adoption.backfill_time,
           last_error = adoption.last_error, updated_at = tenancy.clock_time(),
           state = CASE WHEN a.state = 'adopting' AND adoption.state = 'adopted' THEN 'adopted'
                        ELSE a.state END
     WHERE a.relation = adoption.relation;
END
$$;
COMMENT ON FUNCTION tenancy.save_adoption(tenancy.adoptions, text[]) IS
'Internal: writes down how far an adoption is; raises 42704 when a tenant that rows were given is not registered.';

CREATE FUNCTION tenancy.adoption_statements(relation regclass)
RETURNS TABLE(unit integer, step text, statement text, lock text, in_transaction boolean, note text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off
AS $$
DECLARE
    adoption tenancy.adoptions := tenancy.read_adoption(relation);
BEGIN
    IF adoption.state = 'rolling_back' THEN
        RETURN QUERY SELECT * FROM tenancy.plan_rollback(adoption);
    ELSE
        RETURN QUERY SELECT * FROM tenancy.plan_expansion(adoption)
                     UNION ALL SELECT * FROM tenancy.plan_cut_over(adoption);
    END IF;
END
$$;
COMMENT ON FUNCTION tenancy.adoption_statements(regclass) IS
'What is left to do of an adoption or its rollback, in order, with the lock that each statement takes. Statements of one unit run in one transaction; those with in_transaction false only outside of one, which adopt() leaves to you or to tenancyd (psql: SELECT statement FROM … WHERE NOT in_transaction, then \gexec). A row without a statement notes a key that stays. For the table''s owner. Errors: 42501 not its owner, 55000 not being adopted, a tenant is set.';

CREATE FUNCTION tenancy.start_rollback(relation regclass)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    old_state text;
BEGIN
    PERFORM tenancy.require_adopter(relation), tenancy.require_unrestricted();
    SELECT a.state INTO old_state FROM tenancy.adoptions a
     WHERE a.relation = start_rollback.relation FOR UPDATE;
    IF old_state <> 'rolling_back' THEN
        UPDATE tenancy.adoptions a SET state = 'rolling_back', last_error = NULL
         WHERE a.relation = start_rollback.relation;
        PERFORM tenancy.write_audit('rollback_adoption', relation::text,
                                    jsonb_build_object('state', old_state), NULL);
    END IF;
    RETURN old_state IS NOT NULL;
END
$$;
COMMENT ON FUNCTION tenancy.start_rollback(regclass) IS
'Begins what rollback_adoption() does, for those who take the steps one by one with adopt_step(). Returns false when the table has not been adopted. Errors: 42501 not its owner, 55000 a tenant is set.';

CREATE FUNCTION tenancy.finish_rollback(relation regclass)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF (tenancy.read_adoption(relation)).state = 'rolling_back'
       AND NOT EXISTS (SELECT FROM tenancy.adoption_statements(relation)) THEN
        DELETE FROM tenancy.adoption_keys k WHERE k.relation = finish_rollback.relation;
        DELETE FROM tenancy.adoptions a WHERE a.relation = finish_rollback.relation;
    END IF;
END
$$;
COMMENT ON FUNCTION tenancy.finish_rollback(regclass) IS
'Internal: forgets an adoption of which nothing is left.';

-- Rows that somebody has locked are passed over, and come again later: whoever waits for a lock while
-- it holds others can deadlock with the application, and the application could be the one to die.
CREATE FUNCTION tenancy.backfill_batch(adoption tenancy.adoptions, batch_size integer,
                                       OUT result tenancy.adoptions, OUT tenants text[])
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET row_security = off
AS $$
DECLARE
    began timestamptz := clock_timestamp();
    block_size bigint := current_setting('block_size');
    filler record;
    members regclass[] := ARRAY(
        SELECT f.member FROM tenancy.family(adoption.relation) f
          JOIN pg_class c ON c.oid = f.member AND c.relkind = 'r'
         ORDER BY f.member::text COLLATE "C");
    last_block bigint;
    given bigint;
    is_left boolean;
    place text;
BEGIN
    result := adoption;
    IF result.member IS NULL THEN
        result.member := members[1];
        result.end_block := pg_relation_size(result.member) / block_size;
        result.blocks_total := (SELECT sum(pg_relation_size(m) / block_size) FROM unnest(members) m);
        result.blocks_done := 0;
        result.rows_total := (SELECT sum(greatest(c.reltuples, 0)) FROM pg_class c
                               WHERE c.oid = ANY (members));
    END IF;
    IF result.next_block < result.end_block THEN
        SELECT * FROM tenancy.adoption_filler_of(adoption.relation) INTO filler;
        last_block := least(result.end_block, result.next_block + (
            SELECT greatest(1, batch_size / CASE WHEN c.relpages > 0 AND c.reltuples > 0
                                                 THEN greatest(1, c.reltuples / c.relpages)
                                                 ELSE 64 END)::bigint
              FROM pg_class c WHERE c.oid = result.member));
        place := format('t.ctid >= %L AND t.ctid < %L AND t.%I IS NULL', format('(%s,0)', result.next_block),
                        format('(%s,0)', last_block), result.tenant_column);
        EXECUTE format(
            'WITH done AS (UPDATE ONLY %s t SET %I = %s WHERE t.ctid = ANY (ARRAY('
            'SELECT t.ctid FROM ONLY %1$s t WHERE %4$s FOR NO KEY UPDATE SKIP LOCKED)) '
            'AND t.%2$I IS NULL RETURNING t.%2$I::text AS tenant) '
            'SELECT count(*), array_agg(DISTINCT tenant) FROM done',
            result.member, result.tenant_column, filler.value, place) INTO given, tenants;
        EXECUTE format('SELECT EXISTS (SELECT FROM ONLY %s t WHERE %s)', result.member, place) INTO is_left;
        IF is_left THEN
            result.retry_block := coalesce(result.retry_block, result.next_block);
        END IF;
        result.rows_done := result.rows_done + given;
        result.blocks_done := least(result.blocks_total, result.blocks_done + last_block - result.next_block);
        result.next_block := last_block;
    ELSIF result.retry_block IS NOT NULL THEN
        result.blocks_done := greatest(0, result.blocks_done - (result.end_block - result.retry_block));
        result.next_block := result.retry_block;
        result.retry_block := NULL;
    ELSIF result.member <> members[cardinality(members)] THEN
        result.member := (SELECT m FROM unnest(members) m
                           WHERE m::text COLLATE "C" > result.member::text COLLATE "C"
                           ORDER BY m::text COLLATE "C" LIMIT 1);
        result.next_block := 0;
        result.end_block := pg_relation_size(result.member) / block_size;
    ELSE
        result.backfilled := true;
        result.rows_total := result.rows_done;
    END IF;
    result.backfill_time := result.backfill_time + (clock_timestamp() - began);
END
$$;
COMMENT ON FUNCTION tenancy.backfill_batch(tenancy.adoptions, integer) IS
'Internal: gives the rows of the next blocks their tenant, and says how far that went.';

-- The record comes from the table, not from the caller.
CREATE FUNCTION tenancy.adoption_filler_of(relation regclass, OUT function text, OUT value text,
                                           OUT definition text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    SELECT f.* INTO function, value, definition
      FROM tenancy.adoption_filler(tenancy.read_adoption(relation)) f;
END
$$;
COMMENT ON FUNCTION tenancy.adoption_filler_of(regclass) IS
'Internal: adoption_filler() of a table, for those who may adopt it.';
