-- What did this month cost, by provider and step? The shares add up to 100 %.
SELECT provider, step, sum(paid_calls) AS paid_calls, sum(usd) AS usd,
    round(100 * sum(usd) / nullif(sum(sum(usd)) OVER (), 0), 1) AS share_percent
FROM analytics.v_cost_daily
WHERE day >= date_trunc('month', as_of() AT TIME ZONE 'UTC')::date
GROUP BY provider, step
ORDER BY usd DESC, provider, step;
