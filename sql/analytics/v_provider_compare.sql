-- Which provider does a step at what price, how well and how quickly?
CREATE VIEW analytics.v_provider_compare AS
WITH paid AS (
    SELECT date_trunc('month', finished_at AT TIME ZONE 'UTC')::date AS month, step, provider, model,
        count(*) AS calls, count(*) FILTER (WHERE status = 'failed') AS failed, coalesce(sum(cost_amount), 0) AS usd
    FROM provider_calls
    WHERE finished_at IS NOT NULL AND NOT test_mode
    GROUP BY 1, 2, 3, 4
), made AS (
    SELECT date_trunc('month', videos.completed_at AT TIME ZONE 'UTC')::date AS month, steps.step,
        steps.provider, coalesce(steps.model, '') AS model,
        count(*) AS videos,
        sum((videos.result ->> 'duration_ms')::numeric) / 60000 AS minutes,
        percentile_cont(0.5) WITHIN GROUP (
            ORDER BY extract(epoch FROM steps.finished_at - steps.started_at)::double precision)
            FILTER (WHERE NOT steps.reused) AS seconds
    FROM generation_steps AS steps
    JOIN videos ON videos.id = steps.video_id
    WHERE videos.status = 'completed' AND steps.status = 'done' AND steps.provider IS NOT NULL
        AND NOT coalesce((videos.request ->> 'test_mode')::boolean, false)
    GROUP BY 1, 2, 3, 4
)
SELECT
    month,
    step,
    provider,
    model,
    coalesce(made.videos, 0) AS videos,
    round(coalesce(made.minutes, 0), 3) AS finished_minutes,
    coalesce(paid.calls, 0) AS calls,
    coalesce(paid.usd, 0) AS usd,
    round(coalesce(paid.usd, 0) / nullif(made.minutes, 0), 4) AS usd_per_finished_minute,
    round(100.0 * paid.failed / paid.calls, 1) AS failed_percent,
    round(made.seconds::numeric, 1) AS p50_step_seconds
FROM paid
FULL JOIN made USING (month, step, provider, model);

COMMENT ON VIEW analytics.v_provider_compare IS
    'Each provider and model by month (UTC) and step: money per minute of finished video, failures, time. Test mode '
    'is left out.';
COMMENT ON COLUMN analytics.v_provider_compare.usd IS
    'All that was paid in the month, also for videos that came to nothing.';
COMMENT ON COLUMN analytics.v_provider_compare.usd_per_finished_minute IS
    'Null: no video made with it was completed in the month.';
COMMENT ON COLUMN analytics.v_provider_compare.failed_percent IS
    'Of the paid calls; null for a provider that is not paid.';
COMMENT ON COLUMN analytics.v_provider_compare.p50_step_seconds IS
    'Median time of the step where it was really done.';
