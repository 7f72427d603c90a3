-- The rollups as they are now: the folded hours, and what was written since.
CREATE VIEW analytics.usage AS
SELECT user_id, provider, step, endpoint, model, test_mode, hour, day,
    calls, errors, limited, unanswered, hist, paid_calls, usd
FROM usage_hourly
UNION ALL
SELECT user_id, provider, step, endpoint, model, test_mode, hour, (hour AT TIME ZONE 'UTC')::date,
    calls, errors, limited, unanswered, hist, paid_calls, usd
FROM usage_deltas;

COMMENT ON VIEW analytics.usage IS
    'Exchanges and paid calls by user, provider, step, endpoint, model and hour (UTC). Several rows may share a '
    'key: sum them.';
COMMENT ON COLUMN analytics.usage.endpoint IS
    'A path without ids; empty for rows that count paid calls and their money.';
COMMENT ON COLUMN analytics.usage.test_mode IS 'True: the sandbox''s doubles were called. Never spend.';
COMMENT ON COLUMN analytics.usage.limited IS 'Errors that were an answer 429: too many requests.';
COMMENT ON COLUMN analytics.usage.unanswered IS 'Errors without any answer: time-outs and broken connections.';
COMMENT ON COLUMN analytics.usage.hist IS 'Latencies: latency_percentile(latency_total(hist), 0.95) is a p95 in ms.';
COMMENT ON COLUMN analytics.usage.paid_calls IS 'Calls of the ledger that have ended, well or badly.';
