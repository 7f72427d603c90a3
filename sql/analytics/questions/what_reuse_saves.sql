-- How much is taken over instead of made anew, and how often is stock shown again?
SELECT step, sum(steps) AS steps, sum(reused) AS reused, round(100.0 * sum(reused) / sum(steps), 1) AS reused_percent,
    sum(saved_usd) AS saved_usd, sum(assets) AS assets, sum(assets_shown_before) AS assets_shown_before
FROM analytics.v_cache
GROUP BY step
ORDER BY saved_usd DESC, step;
