# what: a hostile `search_path` from the very start of the session
# SPDX-License-Identifier: PostgreSQL
# outcome: closed
PGOPTIONS="-c tenancy.tenant_id=$own -c search_path=scratch,pg_temp,pg_catalog" psql -XAtq -U "$role" 2>&1 <<SQL
CREATE FUNCTION scratch.current_tenant_text() RETURNS text LANGUAGE sql AS \$\$ SELECT 'other' \$\$;
CREATE FUNCTION scratch.set_config(text, text, boolean) RETURNS text LANGUAGE sql AS \$\$ SELECT 'x' \$\$;
CREATE FUNCTION scratch.current_setting(text) RETURNS text LANGUAGE sql AS \$\$ SELECT 'other' \$\$;
SELECT body FROM $t;
SELECT 'want 3 got ' || count(*) FROM $t WHERE amount = 1;
SQL
