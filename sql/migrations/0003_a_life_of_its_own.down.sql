DROP TABLE notification_deliveries, webhooks, notification_settings, notifications;
ALTER TABLE generation_steps DROP COLUMN estimated_usd;
ALTER TABLE videos DROP COLUMN estimated_usd;
DROP TABLE budget_reservations, budget_periods, budgets;
DROP INDEX video_events_by_video;
ALTER TABLE video_events DROP COLUMN number;
CREATE INDEX video_events_by_video ON video_events (video_id, id);
DROP TABLE slot_waiters;
ALTER TABLE generation_attempts DROP COLUMN ended_at, DROP COLUMN outcome;
DROP INDEX videos_deleted, videos_under_way, videos_due, videos_one_per_import, videos_one_per_recurrence;
CREATE INDEX videos_due ON videos (scheduled_at) WHERE status = 'planned' AND deleted_at IS NULL;
ALTER TABLE videos
    DROP COLUMN version, DROP COLUMN import_key, DROP COLUMN planned_for, DROP COLUMN recurring_plan_id,
    DROP COLUMN waiting_for, DROP COLUMN start_delay_ms, DROP COLUMN resumes, DROP COLUMN run_id, DROP COLUMN queued_at, DROP COLUMN launches,
    DROP COLUMN launched, DROP COLUMN launched_at;
DROP TABLE recurring_plans, pipeline_settings;
ALTER TABLE user_generation_settings DROP COLUMN skip_later_than_hours, DROP COLUMN time_zone;
ALTER TABLE users DROP COLUMN last_started_at;
