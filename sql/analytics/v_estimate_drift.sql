-- How far were the estimates off?
CREATE VIEW analytics.v_estimate_drift AS
WITH compared AS (
    SELECT user_id, id AS video_id, title, request, completed_at, 'video' AS estimate_of, '' AS provider, '' AS model,
        estimated_usd, cost_usd AS actual_usd
    FROM videos
    WHERE status = 'completed' AND estimated_usd > 0
    UNION ALL
    SELECT videos.user_id, videos.id, videos.title, videos.request, videos.completed_at, steps.step,
        coalesce(steps.provider, ''), coalesce(steps.model, ''), steps.estimated_usd, steps.cost_usd
    FROM generation_steps AS steps
    JOIN videos ON videos.id = steps.video_id
    WHERE videos.status = 'completed' AND steps.status = 'done' AND NOT steps.reused AND steps.estimated_usd > 0
)
SELECT
    (completed_at AT TIME ZONE 'UTC')::date AS day,
    date_trunc('week', completed_at AT TIME ZONE 'UTC')::date AS week,
    user_id,
    video_id,
    title,
    coalesce(request ->> 'template', '') AS template,
    estimate_of,
    provider,
    model,
    estimated_usd,
    actual_usd,
    actual_usd - estimated_usd AS drift_usd,
    round(100 * (actual_usd - estimated_usd) / estimated_usd, 1) AS drift_percent
FROM compared
WHERE NOT coalesce((request ->> 'test_mode')::boolean, false);

COMMENT ON VIEW analytics.v_estimate_drift IS
    'Each estimate that came to an end beside what it did cost. Look at either the videos or the steps, never at '
    'both together.';
COMMENT ON COLUMN analytics.v_estimate_drift.week IS 'The Monday (UTC) of the week in which the video was completed.';
COMMENT ON COLUMN analytics.v_estimate_drift.estimate_of IS
    '''video'': of the whole video, before it was begun. A step''s name: of that step, when it began.';
COMMENT ON COLUMN analytics.v_estimate_drift.provider IS 'Empty for a whole video.';
COMMENT ON COLUMN analytics.v_estimate_drift.drift_percent IS 'Above 0: it cost more than was said.';
