-- What does it save to reuse finished steps, and how often is the same stock picture shown again?
CREATE VIEW analytics.v_cache AS
WITH done AS (
    SELECT steps.*, videos.user_id, (steps.finished_at AT TIME ZONE 'UTC')::date AS day
    FROM generation_steps AS steps
    JOIN videos ON videos.id = steps.video_id
    WHERE steps.status = 'done' AND NOT coalesce((videos.request ->> 'test_mode')::boolean, false)
), shown AS (
    SELECT DISTINCT ON (done.video_id, asset ->> 'provider', asset ->> 'locator')
        done.user_id, done.video_id, done.day, done.finished_at, coalesce(done.provider, '') AS provider,
        asset ->> 'provider' AS source, asset ->> 'locator' AS locator
    FROM done
    CROSS JOIN LATERAL jsonb_array_elements(done.output -> 'assets') AS asset
    WHERE done.step = 'media' AND jsonb_typeof(done.output -> 'assets') = 'array' AND asset ->> 'locator' <> ''
), seen AS (
    SELECT shown.*,
        row_number() OVER (PARTITION BY user_id, source, locator ORDER BY finished_at, video_id) > 1 AS again
    FROM shown
), stock AS (
    SELECT day, user_id, provider, count(*) AS assets, count(*) FILTER (WHERE again) AS assets_shown_before
    FROM seen
    GROUP BY 1, 2, 3
), steps AS (
    SELECT day, user_id, step, coalesce(provider, '') AS provider, count(*) AS steps,
        count(*) FILTER (WHERE reused) AS reused,
        coalesce(sum(worth.usd) FILTER (WHERE reused), 0) AS saved_usd
    FROM done
    LEFT JOIN LATERAL (
        SELECT coalesce(
            (SELECT max(first.cost_usd) FROM generation_steps AS first
                JOIN videos ON videos.id = first.video_id AND videos.user_id = done.user_id
                WHERE first.step = done.step AND first.inputs_hash = done.inputs_hash
                    AND first.status = 'done' AND NOT first.reused),
            (SELECT sum(cost_amount) FROM provider_calls AS calls
                WHERE calls.video_id = done.video_id AND calls.step = done.step
                    AND calls.status = 'done' AND NOT calls.test_mode),
            0) AS usd
        WHERE done.reused
    ) AS worth ON true
    GROUP BY 1, 2, 3, 4
)
SELECT
    steps.day,
    steps.user_id,
    steps.step,
    steps.provider,
    steps.steps,
    steps.reused,
    steps.saved_usd,
    stock.assets,
    stock.assets_shown_before
FROM steps
LEFT JOIN stock ON steps.step = 'media' AND stock.day = steps.day AND stock.user_id = steps.user_id
    AND stock.provider = steps.provider;

COMMENT ON VIEW analytics.v_cache IS
    'Finished steps by day (UTC), user, step and provider; how many were taken over unchanged, and what those had '
    'cost.';
COMMENT ON COLUMN analytics.v_cache.saved_usd IS 'What the steps that were taken over cost when they were made.';
COMMENT ON COLUMN analytics.v_cache.assets IS
    'Stock pictures and clips shown, each once a video; null for other steps.';
COMMENT ON COLUMN analytics.v_cache.assets_shown_before IS
    'Of these, those that an earlier video of the same user shows as well.';
