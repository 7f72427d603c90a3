-- What did each video cost, by step, provider and model?
CREATE VIEW analytics.v_cost_video AS
SELECT
    calls.user_id,
    users.name AS user_name,
    calls.video_id,
    videos.title,
    videos.status,
    coalesce(videos.request ->> 'template', '') AS template,
    (calls.finished_at AT TIME ZONE 'UTC')::date AS day,
    calls.step,
    calls.provider,
    calls.model,
    count(*) AS calls,
    count(*) FILTER (WHERE calls.status = 'failed') AS failed,
    count(*) FILTER (WHERE calls.status = 'unknown') AS unknown,
    coalesce(sum(calls.cost_amount), 0) AS usd
FROM provider_calls AS calls
JOIN users ON users.id = calls.user_id
LEFT JOIN videos ON videos.id = calls.video_id
WHERE NOT calls.test_mode
GROUP BY calls.user_id, users.name, calls.video_id, videos.title, videos.status, videos.request ->> 'template',
    (calls.finished_at AT TIME ZONE 'UTC')::date, calls.step, calls.provider, calls.model;

COMMENT ON VIEW analytics.v_cost_video IS
    'Paid calls and their cost by video, day, step, provider and model, from the ledger. Test mode is left out.';
COMMENT ON COLUMN analytics.v_cost_video.video_id IS 'Null: the video was deleted for good. What it cost stays.';
COMMENT ON COLUMN analytics.v_cost_video.day IS 'The day (UTC) the calls ended; null for those that have not.';
COMMENT ON COLUMN analytics.v_cost_video.unknown IS 'Calls whose answer was lost. They may have cost something.';
