-- Where does the time go: waiting in the queue, or in which step?
CREATE VIEW analytics.v_step_time AS
WITH generated AS (
    SELECT id, user_id, title, (generation_started_at AT TIME ZONE 'UTC')::date AS day
    FROM videos
    WHERE generation_started_at IS NOT NULL AND NOT coalesce((request ->> 'test_mode')::boolean, false)
), spans AS (
    SELECT generated.*, steps.attempt, steps.step, coalesce(steps.provider, '') AS provider,
        coalesce(steps.model, '') AS model, steps.finished_at - steps.started_at AS lasted
    FROM generated
    JOIN generation_steps AS steps ON steps.video_id = generated.id
    WHERE steps.status = 'done' AND NOT steps.reused
    UNION ALL
    SELECT generated.*, started.attempt, 'queue', '', '', started.created_at - queued.created_at
    FROM generated
    JOIN video_events AS started ON started.video_id = generated.id AND started.kind = 'started'
    JOIN video_events AS queued ON queued.video_id = generated.id AND queued.number = started.number - 1
        AND queued.status = 'queued'
)
SELECT
    day,
    user_id,
    id AS video_id,
    title,
    attempt,
    step,
    provider,
    model,
    round(extract(epoch FROM lasted), 3) AS seconds,
    round(100 * extract(epoch FROM lasted)
        / nullif(sum(extract(epoch FROM lasted)) OVER (PARTITION BY day, id), 0), 1) AS share_percent,
    step <> 'queue'
        AND row_number() OVER (PARTITION BY day, id, step = 'queue' ORDER BY lasted DESC, step) = 1 AS slowest
FROM spans;

COMMENT ON VIEW analytics.v_step_time IS
    'How long each step of each video took, with one row more for each wait in the queue. Reused steps are left out.';
COMMENT ON COLUMN analytics.v_step_time.day IS 'The day (UTC) the video''s latest generation was begun.';
COMMENT ON COLUMN analytics.v_step_time.step IS '''queue'': from being queued to being begun.';
COMMENT ON COLUMN analytics.v_step_time.share_percent IS 'Of all the time that this video''s rows sum up to.';
