DROP INDEX usage_hourly_paid_by_day;
DROP INDEX videos_in_trash;
DROP INDEX videos_by_status;
