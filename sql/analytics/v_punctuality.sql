-- Do planned videos begin when they should?
CREATE VIEW analytics.v_punctuality AS
SELECT
    (scheduled_at AT TIME ZONE 'UTC')::date AS day,
    user_id,
    id AS video_id,
    title,
    scheduled_at,
    CASE
        WHEN error_code = 'missed' THEN 'missed'
        WHEN status = 'planned' AND scheduled_at > as_of() THEN 'to come'
        WHEN status = 'planned' THEN 'overdue'
        WHEN start_delay_ms IS NULL THEN 'not begun'
        WHEN start_delay_ms <= 120000 THEN 'on time'
        ELSE 'late'
    END AS outcome,
    CASE WHEN status <> 'planned' AND error_code IS DISTINCT FROM 'missed'
        THEN round(start_delay_ms / 1000.0, 1) END AS late_seconds
FROM videos
WHERE scheduled_at IS NOT NULL AND deleted_at IS NULL;

COMMENT ON VIEW analytics.v_punctuality IS
    'Each video that was planned for a time, and how much later it was queued.';
COMMENT ON COLUMN analytics.v_punctuality.outcome IS
    'on time: within two minutes; late; missed: left out by its owner''s own rule; overdue: waits though its time '
    'has come; to come; not begun: cancelled, refused or started by hand.';
