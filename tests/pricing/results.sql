-- What the vectors came to: a line each, and the counts.
-- SPDX-License-Identifier: PostgreSQL
CREATE TEMPORARY TABLE results AS
SELECT v.n, v.id, v.model, v.expected, a.actual, coalesce(pg_temp.matches(v.expected, a.actual), false) AS passed
FROM vectors v
LEFT JOIN limiters l ON l.id = v.id
CROSS JOIN LATERAL (SELECT coalesce(l.answer, pg_temp.play(v.model, v.params, v.usage)) AS actual OFFSET 0) a;

-- Of what was computed only what was asked for is shown, unless it failed as a whole.
SELECT CASE
    WHEN :'json' = 'true' THEN jsonb_build_object('id', id, 'model', model, 'passed', passed, 'expected', expected, 'actual', actual)::text
    WHEN passed THEN format('pass %s (%s): %s', id, model, expected)
    WHEN actual IS NULL THEN format('FAIL %s (%s): the model is not known', id, model)
    ELSE format('FAIL %s (%s): expected %s, got %s', id, model, expected, CASE WHEN actual ? 'error' THEN actual ELSE
        coalesce((SELECT jsonb_object_agg(k, actual -> k) FROM jsonb_object_keys(expected) k WHERE actual ? k), actual) END) END
FROM results ORDER BY n;
SELECT format('%s passed, %s failed', count(*) FILTER (WHERE passed), count(*) FILTER (WHERE NOT passed)) FROM results;
