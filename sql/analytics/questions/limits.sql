-- Which limits are nearly reached, and when will they be?
SELECT coalesce(user_name, 'all together') AS who, period, limit_usd,
    spent_usd, reserved_usd, used_percent, projected_usd,
    days_to_cap
FROM analytics.v_spend_cap
ORDER BY used_percent DESC NULLS LAST, who, period;
