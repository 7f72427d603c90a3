-- Which provider of a step is cheapest per finished minute, and how does it do?
SELECT step, provider, model, sum(videos) AS videos, sum(usd) AS usd,
    round(sum(usd) / nullif(sum(finished_minutes), 0), 4) AS usd_per_finished_minute, sum(calls) AS calls,
    max(p50_step_seconds) AS slowest_month_p50_seconds
FROM analytics.v_provider_compare
GROUP BY step, provider, model
ORDER BY step, usd_per_finished_minute NULLS LAST, provider;
