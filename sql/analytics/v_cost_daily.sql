-- What did each day cost, by user, step, provider and model?
CREATE VIEW analytics.v_cost_daily AS
SELECT
    usage.day,
    usage.user_id,
    users.name AS user_name,
    usage.step,
    usage.provider,
    usage.model,
    sum(usage.paid_calls) AS paid_calls,
    sum(usage.usd) AS usd
FROM analytics.usage
JOIN users ON users.id = usage.user_id
WHERE usage.endpoint = '' AND NOT usage.test_mode
GROUP BY usage.day, usage.user_id, users.name, usage.step, usage.provider, usage.model
HAVING sum(usage.paid_calls) <> 0 OR sum(usage.usd) <> 0;

COMMENT ON VIEW analytics.v_cost_daily IS
    'What was paid by day (UTC), user, step, provider and model, from the rollups: their sum is the ledger''s.';
COMMENT ON COLUMN analytics.v_cost_daily.paid_calls IS 'Calls that ended on the day, well or badly.';
