-- What did each user's videos cost in the last 30 days?
SELECT user_name, sum(paid_calls) AS paid_calls, sum(usd) AS usd, max(day) AS last_paid_on
FROM analytics.v_cost_daily
WHERE day > (as_of() AT TIME ZONE 'UTC')::date - 30
GROUP BY user_id, user_name
ORDER BY usd DESC, user_name;
