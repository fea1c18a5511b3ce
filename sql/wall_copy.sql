-- COPY in a tenant's session: in with the default filled and every row checked, out its own rows only.
SET client_min_messages = warning;
SELECT tenancy.create_tenant('wc_a'), tenancy.create_tenant('wc_b');
CREATE TABLE wc_notes (tenant_id text, id int, body text, PRIMARY KEY (tenant_id, id));
CREATE TABLE wc_parts (tenant_id text, id int) PARTITION BY RANGE (id);
CREATE TABLE wc_parts_1 PARTITION OF wc_parts FOR VALUES FROM (0) TO (10);
CREATE TABLE wc_parts_2 PARTITION OF wc_parts FOR VALUES FROM (10) TO (20);
INSERT INTO wc_notes VALUES ('wc_b', 1, 'theirs');
CREATE ROLE regress_wc_app;
GRANT SELECT, INSERT ON wc_notes, wc_parts TO regress_wc_app;
CREATE ROLE regress_wc_reader;
GRANT SELECT ON wc_notes TO regress_wc_reader;
SET ROLE regress_wc_app;
COPY wc_notes FROM stdin;
wc_a	1	nobody
\.
SET tenancy.tenant_id = 'wc_a';
COPY wc_notes (id, body) FROM stdin;
1	mine
2	also mine
\.
COPY wc_notes FROM stdin (FORMAT csv, HEADER);
tenant_id,id,body
wc_a,3,"named, and right"
\.
COPY wc_notes FROM stdin;
wc_a	4	good
wc_b	5	stolen
\.
COPY wc_notes FROM stdin WHERE tenant_id = 'wc_a' AND id > 5;
wc_b	5	left out by the user's own condition
wc_a	5	left out, too
wc_a	6	kept
\.
COPY wc_parts (id) FROM stdin;
1
11
\.
COPY wc_parts_1 (id) FROM stdin;
2
\.
COPY wc_notes TO stdout;
COPY wc_notes (body, id) TO stdout (FORMAT csv);
SET ROLE regress_wc_reader;
COPY wc_notes (id, body) FROM stdin;
7	may not
\.
COPY wc_notes FROM '/etc/hostname';
RESET ROLE;
-- a superuser is held to the same
COPY wc_notes FROM stdin;
wc_b	8	stolen
\.
COPY wc_notes (id, body) FROM stdin;
8	the superuser's
\.
COPY wc_notes TO stdout;
COPY wc_notes (id) TO stdout;
COPY (SELECT count(*) FROM wc_notes) TO stdout;
-- what row triggers and further policies do to rows is checked, too
CREATE FUNCTION wc_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.body = 'steal' THEN NEW.tenant_id := 'wc_b'; ELSIF NEW.body = 'skip' THEN RETURN NULL; END IF;
    NEW.body := upper(NEW.body);
    RETURN NEW;
END $$;
CREATE FUNCTION wc_steal() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.tenant_id := 'wc_b'; RETURN NEW; END $$;
RESET tenancy.tenant_id;
ALTER TABLE wc_notes ADD more int GENERATED ALWAYS AS IDENTITY, ADD twice int GENERATED ALWAYS AS (id * 2) STORED;
CREATE TRIGGER change BEFORE INSERT ON wc_notes FOR EACH ROW EXECUTE FUNCTION wc_change();
CREATE TRIGGER steal BEFORE INSERT ON wc_parts_2 FOR EACH ROW EXECUTE FUNCTION wc_steal();
CREATE POLICY few ON wc_notes AS RESTRICTIVE FOR INSERT WITH CHECK (id < 100);
SET tenancy.tenant_id = 'wc_a';
SET ROLE regress_wc_app;
COPY wc_notes (id, body) FROM stdin WHERE id <> 22;
20	changed
21	skip
22	left out
\.
COPY wc_notes (id, body) FROM stdin;
23	right
24	steal
\.
COPY wc_notes (id, body) FROM stdin;
123	too many
\.
COPY wc_notes (tenant_id, id, body, more) FROM stdin;
wc_a	25	with all columns	77
\.
COPY wc_notes (id, body) FROM stdin (FREEZE);
26	frozen
\.
COPY wc_parts (id) FROM stdin;
3
\.
COPY wc_parts (id) FROM stdin;
12
\.
RESET ROLE;
COPY wc_notes (id, body) FROM stdin;
27	the superuser's
28	steal
\.
COPY wc_notes (id, body) FROM stdin;
29	the superuser's
\.
SELECT id, body, more, twice FROM wc_notes WHERE id >= 20 ORDER BY id;
-- the rows of all tenants for those who name none
RESET tenancy.tenant_id;
COPY (SELECT tenant_id, id FROM wc_notes ORDER BY 1, 2) TO stdout;
SELECT tenant_id, count(*) FROM wc_parts GROUP BY 1;
DROP TABLE wc_notes, wc_parts;
DROP FUNCTION wc_steal(), wc_change();
DROP ROLE regress_wc_app, regress_wc_reader;
DELETE FROM tenancy.tenants WHERE id LIKE 'wc\_%';
