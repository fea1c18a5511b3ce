-- rows of the ledger are written past the executor; what others hang on the table works nevertheless
SELECT tenancy.create_tenant('mr_acme'), tenancy.create_metric('mr.calls');
SET tenancy.tenant_id = 'mr_acme';
SELECT tenancy.record_usage('mr.calls', 1);
SELECT tenancy.record_usage('mr.calls', 2);
SELECT tenancy.record_usage('mr.calls', 3, key => 'k', attributes => '{"a": 1}');
SELECT amount, key, attributes, id > 0 AS has_id, recorded_at BETWEEN now() - interval '1 hour' AND clock_timestamp() AS is_dated
  FROM tenancy.usage_ledger WHERE tenant_id = 'mr_acme' ORDER BY id;
-- through both indexes
SET enable_seqscan = off;
SELECT count(*) FROM tenancy.usage_ledger WHERE tenant_id = 'mr_acme' AND metric = 'mr.calls';
SELECT count(*) FROM tenancy.usage_ledger WHERE tenant_id = 'mr_acme' AND stamp > 0;
RESET enable_seqscan;

-- a trigger
CREATE FUNCTION mr_seen() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE NOTICE 'trigger: %', NEW.amount; RETURN NULL; END $$;
CREATE TRIGGER mr_seen AFTER INSERT ON tenancy.usage_ledger FOR EACH ROW EXECUTE FUNCTION mr_seen();
SELECT tenancy.record_usage('mr.calls', 4);
DROP TRIGGER mr_seen ON tenancy.usage_ledger;
SELECT tenancy.record_usage('mr.calls', 5);

-- a rule
CREATE TABLE mr_copies (amount bigint);
CREATE RULE mr_copy AS ON INSERT TO tenancy.usage_ledger DO ALSO INSERT INTO mr_copies VALUES (NEW.amount);
SELECT tenancy.record_usage('mr.calls', 9);
DROP RULE mr_copy ON tenancy.usage_ledger;
TABLE mr_copies;
DROP TABLE mr_copies;

-- a check
ALTER TABLE tenancy.usage_ledger ADD CONSTRAINT mr_check CHECK (amount <> 6) NOT VALID;
\set VERBOSITY terse
SELECT tenancy.record_usage('mr.calls', 6);
\set VERBOSITY default
ALTER TABLE tenancy.usage_ledger DROP CONSTRAINT mr_check;

-- indexes over expressions, and over some of the rows
CREATE INDEX mr_expression ON tenancy.usage_ledger ((amount * 2));
CREATE INDEX mr_partial ON tenancy.usage_ledger (amount) WHERE amount = 7;
SELECT tenancy.record_usage('mr.calls', 7);
SELECT tenancy.record_usage('mr.calls', 8);
SET enable_seqscan = off;
SELECT amount FROM tenancy.usage_ledger WHERE amount * 2 = 16 AND tenant_id = 'mr_acme';
SELECT count(*) FROM tenancy.usage_ledger WHERE amount = 7 AND tenant_id = 'mr_acme';
RESET enable_seqscan;
DROP INDEX tenancy.mr_expression, tenancy.mr_partial;

-- and the numbers add up, rolled back or not
BEGIN;
SELECT tenancy.record_usage('mr.calls', 100);
ROLLBACK;
SELECT sum(amount), count(*), count(DISTINCT id) FROM tenancy.usage_ledger WHERE tenant_id = 'mr_acme';
RESET tenancy.tenant_id;
DROP FUNCTION mr_seen;
