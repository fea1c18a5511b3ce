-- what: functions that run queries of their own: `query_to_xml`, `ts_stat`, `cursor_to_xml`, `DO`, `EXECUTE`
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- attack
SELECT count(*) AS n FROM :t WHERE amount = 1 \gset
\echo want 3 got :n
SELECT query_to_xml('SELECT body FROM ' || :'t', true, true, '');
SELECT table_to_xml(:'t', true, true, '');
SELECT table_to_xml(:'part', true, true, '');
SELECT word FROM ts_stat('SELECT to_tsvector(''simple'', upper(body)) FROM ' || :'t') WHERE word ~ 'leak' AND false OR upper(word) ~ 'LEAK';
SELECT set_config('attacks.table', :'t', false) IS NULL;
DO $$
DECLARE
    seen text;
    r record;
BEGIN
    EXECUTE 'SELECT string_agg(body, '','') FROM ' || current_setting('attacks.table') INTO seen;
    RAISE WARNING 'saw %', seen;
    FOR r IN EXECUTE 'UPDATE ' || current_setting('attacks.table') || ' SET body = body RETURNING body' LOOP
        RAISE WARNING 'changed %', r.body;
    END LOOP;
END $$;
