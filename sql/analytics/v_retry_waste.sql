-- What was paid for, and is in no delivered video?
CREATE VIEW analytics.v_retry_waste AS
WITH judged AS (
    SELECT calls.*, videos.status AS video_status,
        CASE
            WHEN calls.status = 'failed' THEN 'failed'
            WHEN calls.status = 'unknown' THEN 'outcome unknown'
            WHEN calls.status = 'written_off' THEN 'paid again'
            WHEN calls.status <> 'done' THEN NULL
            WHEN row_number() OVER (
                PARTITION BY calls.video_id, calls.step, calls.unit, calls.status = 'done'
                ORDER BY calls.finished_at DESC, calls.id) > 1 AND calls.video_id IS NOT NULL THEN 'made anew'
            WHEN videos.status IN ('failed', 'cancelled') THEN 'video ' || videos.status
        END AS reason
    FROM provider_calls AS calls
    LEFT JOIN videos ON videos.id = calls.video_id
    WHERE NOT calls.test_mode
)
SELECT
    (created_at AT TIME ZONE 'UTC')::date AS day,
    user_id,
    step,
    provider,
    model,
    reason,
    count(*) AS calls,
    coalesce(sum(cost_amount), 0) AS usd
FROM judged
WHERE reason IS NOT NULL
GROUP BY 1, 2, 3, 4, 5, 6;

COMMENT ON VIEW analytics.v_retry_waste IS
    'Paid calls whose outcome is in no delivered video, and what they cost. Videos still being made count once they '
    'end.';
COMMENT ON COLUMN analytics.v_retry_waste.day IS 'The day (UTC) the calls were made.';
COMMENT ON COLUMN analytics.v_retry_waste.reason IS
    'failed; outcome unknown; paid again: its owner gave it up; made anew: a later call did the same work, such as '
    'after an edit; video failed or video cancelled.';
