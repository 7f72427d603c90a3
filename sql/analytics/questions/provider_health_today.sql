-- How did each provider do in the last 24 hours?
SELECT provider, endpoint, sum(calls) AS calls, sum(errors) AS errors,
    round(100.0 * sum(errors) / sum(calls), 1) AS error_percent, sum(limited) AS limited, sum(unanswered) AS unanswered,
    latency_percentile(latency_total(hist), 0.5) AS p50_ms, latency_percentile(latency_total(hist), 0.95) AS p95_ms,
    latency_percentile(latency_total(hist), 0.99) AS p99_ms
FROM analytics.v_provider_health
WHERE hour > as_of() - interval '24 hours'
GROUP BY provider, endpoint
ORDER BY error_percent DESC, provider, endpoint;
