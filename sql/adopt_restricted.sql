-- What ANALYZE calls for a table's owner neither changes the adoptions of others nor pins the session that runs it.
\set SHOW_CONTEXT never
SELECT tenancy.create_tenant('ar');
CREATE ROLE regress_ar;
CREATE SCHEMA ar;
CREATE TABLE ar.others (id int, org text);
CREATE TABLE ar.later (id int, org text);
SELECT tenancy.start_adoption('ar.others', 'ar', 'org');
CREATE SCHEMA ar_own AUTHORIZATION regress_ar;
GRANT USAGE ON SCHEMA ar TO regress_ar;
SET ROLE regress_ar;
CREATE TABLE ar_own.tried (what text, error text);
CREATE TABLE ar_own.armed ();
CREATE FUNCTION ar_own.try(what text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE what;
    INSERT INTO ar_own.tried VALUES (what, NULL);
EXCEPTION WHEN OTHERS THEN
    INSERT INTO ar_own.tried VALUES (what, SQLERRM);
END $$;
CREATE FUNCTION ar_own.try_all(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM ar_own.armed) THEN
        RETURN 0;
    END IF;
    PERFORM ar_own.try($s$SELECT tenancy.start_rollback('ar.others')$s$),
            ar_own.try($s$SELECT tenancy.start_adoption('ar.later', 'ar', 'org')$s$),
            ar_own.try($s$SELECT tenancy.set_tenant('ar', pin => true)$s$);
    RETURN 0;
END $$;
CREATE TABLE ar_own.mine (id int);
CREATE INDEX ON ar_own.mine (ar_own.try_all(id));
INSERT INTO ar_own.mine VALUES (1);
RESET ROLE;
INSERT INTO ar_own.armed DEFAULT VALUES;
ANALYZE ar_own.mine;
SELECT * FROM ar_own.tried;
SELECT relation, state FROM tenancy.adoptions WHERE relation::text LIKE 'ar.%';
SELECT current_setting('tenancy.pinned_tenant') AS pinned, current_setting('tenancy.tenant_id') AS tenant;
SELECT tenancy.start_rollback('ar.others');
SELECT result FROM tenancy.adopt_step('ar.others');

SET client_min_messages = error;
DROP SCHEMA ar, ar_own CASCADE;
DROP ROLE regress_ar;
DELETE FROM tenancy.tenants WHERE id = 'ar';
DELETE FROM tenancy.audit_log WHERE object LIKE 'ar.%';
