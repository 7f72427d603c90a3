-- How long do the steps and the queue take, and how often is each step the slowest of its video?
SELECT step, count(*) AS times,
    round(percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds::double precision)::numeric, 1) AS p50_seconds,
    round(percentile_cont(0.95) WITHIN GROUP (ORDER BY seconds::double precision)::numeric, 1) AS p95_seconds,
    round(100 * sum(seconds) / nullif(sum(sum(seconds)) OVER (), 0), 1) AS share_percent,
    count(*) FILTER (WHERE slowest) AS slowest_in
FROM analytics.v_step_time
WHERE day > (as_of() AT TIME ZONE 'UTC')::date - 30
GROUP BY step
ORDER BY share_percent DESC, step;
