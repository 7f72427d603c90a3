-- How reliable and how quick is each provider, endpoint by endpoint and hour by hour?
CREATE VIEW analytics.v_provider_health AS
WITH merged AS (
    SELECT day, hour, provider, endpoint, sum(calls) AS calls, sum(errors) AS errors, sum(limited) AS limited,
        sum(unanswered) AS unanswered, latency_total(hist) AS hist
    FROM analytics.usage
    WHERE endpoint <> '' AND NOT test_mode
    GROUP BY day, hour, provider, endpoint
)
SELECT
    day,
    hour,
    provider,
    endpoint,
    calls,
    errors,
    round(100.0 * errors / calls, 1) AS error_percent,
    limited,
    round(100.0 * limited / calls, 1) AS limited_percent,
    unanswered,
    latency_percentile(hist, 0.5) AS p50_ms,
    latency_percentile(hist, 0.95) AS p95_ms,
    latency_percentile(hist, 0.99) AS p99_ms,
    hist
FROM merged;

COMMENT ON VIEW analytics.v_provider_health IS
    'Exchanges, errors and latencies by provider, endpoint and hour (UTC), from the rollups. Test mode is left out.';
COMMENT ON COLUMN analytics.v_provider_health.errors IS 'Answers 400 and up, answers of no use, and no answer.';
COMMENT ON COLUMN analytics.v_provider_health.unanswered IS
    'Of the errors, those without any answer: time-outs and broken connections.';
COMMENT ON COLUMN analytics.v_provider_health.p50_ms IS
    'From a histogram: within 7.8 %, or 10 ms where that is more.';
COMMENT ON COLUMN analytics.v_provider_health.hist IS
    'For percentiles over several rows: latency_percentile(latency_total(hist), 0.95).';
