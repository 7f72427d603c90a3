-- Which providers' estimates are off, step by step?
SELECT estimate_of AS step, provider, model, count(*) AS estimates,
    round(100 * (sum(actual_usd) - sum(estimated_usd)) / sum(estimated_usd), 1) AS bias_percent,
    round(percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(drift_percent)::double precision)::numeric, 1)
        AS p50_off_percent,
    round(percentile_cont(0.9) WITHIN GROUP (ORDER BY abs(drift_percent)::double precision)::numeric, 1)
        AS p90_off_percent
FROM analytics.v_estimate_drift
WHERE estimate_of <> 'video'
GROUP BY estimate_of, provider, model
ORDER BY estimate_of, provider, model;
