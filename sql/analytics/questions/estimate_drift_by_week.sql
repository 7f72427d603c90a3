-- How far were the estimates of whole videos off, by week and template? Bias above 0: videos cost more than was said.
SELECT week, template, count(*) AS videos, sum(estimated_usd) AS estimated_usd, sum(actual_usd) AS actual_usd,
    round(100 * (sum(actual_usd) - sum(estimated_usd)) / sum(estimated_usd), 1) AS bias_percent,
    round(percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(drift_percent)::double precision)::numeric, 1)
        AS p50_off_percent,
    round(percentile_cont(0.9) WITHIN GROUP (ORDER BY abs(drift_percent)::double precision)::numeric, 1)
        AS p90_off_percent
FROM analytics.v_estimate_drift
WHERE estimate_of = 'video'
GROUP BY week, template
ORDER BY week DESC, template;
