-- What was paid in the last 30 days for nothing that was delivered, and what share of all is that?
SELECT reason, provider, sum(calls) AS calls, sum(usd) AS usd,
    round(100 * sum(usd) / nullif((SELECT sum(usd) FROM analytics.v_cost_daily
        WHERE day > (as_of() AT TIME ZONE 'UTC')::date - 30), 0), 1) AS percent_of_all
FROM analytics.v_retry_waste
WHERE day > (as_of() AT TIME ZONE 'UTC')::date - 30
GROUP BY reason, provider
ORDER BY usd DESC, reason, provider;
