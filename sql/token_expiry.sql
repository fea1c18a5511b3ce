-- A token that expires while it is set ends at the next statement, and is an error rather than no tenant.
\set SHOW_CONTEXT never
SET tenancy.clock = '2030-01-01 00:00:00';
SELECT tenancy.create_tenant('te_acme');
SELECT tenancy.add_token_key('k', 'HS256', 'a secret of some 32 bytes, or more');
CREATE TABLE te_notes (tenant_id text, note text);
INSERT INTO te_notes VALUES ('te_acme', 'a');
SELECT tenancy.attach('te_notes');
SELECT tenancy.make_token('te_acme', '1 minute') AS t \gset
SET tenancy.token = :'t';
SELECT note FROM te_notes;
SET tenancy.clock = '2030-01-01 00:01:29';
SELECT note FROM te_notes;
SET tenancy.clock = '2030-01-01 00:01:30';
SELECT note FROM te_notes;
SELECT tenancy.current_tenant();
INSERT INTO te_notes (note) VALUES ('late');
COPY te_notes TO STDOUT;
SELECT tenancy.consume('te.units');
SET tenancy.token = :'t';
-- the leeway counts when the token is set
SET tenancy.token_leeway = 60;
SET tenancy.token = :'t';
SELECT note FROM te_notes;
RESET tenancy.token_leeway;
-- an old token does not come back with a rollback
SELECT tenancy.make_token('te_acme', '1 minute') AS n \gset
SET tenancy.clock = '2030-01-01 00:02:00';
BEGIN;
SET LOCAL tenancy.token = :'n';
SELECT note FROM te_notes;
COMMIT;
SELECT note FROM te_notes;
-- running statements go on
RESET tenancy.token;
DROP TABLE te_notes;
DELETE FROM tenancy.token_secrets;
DELETE FROM tenancy.tenants WHERE id = 'te_acme';
