-- The views rest on the tables of all revisions before this one.
DROP SCHEMA IF EXISTS analytics CASCADE;

DROP INDEX provider_calls_by_day;
DROP INDEX provider_calls_by_user;
DROP INDEX api_request_logs_by_error;
DROP INDEX api_request_logs_failed;
CREATE INDEX api_request_logs_errors ON api_request_logs (provider, created_at)
    INCLUDE (error_code, status_code) WHERE status_code >= 400 OR status_code IS NULL;
DROP INDEX api_request_logs_by_status;
DROP INDEX api_request_logs_by_step;
DROP INDEX api_request_logs_by_id;

DROP TRIGGER count_paid_calls ON provider_calls;
DROP TRIGGER count_exchanges ON api_request_logs;
DROP FUNCTION count_paid_calls();
DROP FUNCTION count_exchanges();
DROP TABLE usage_deltas;
DROP TABLE usage_hourly;

DROP FUNCTION as_of();
DROP FUNCTION endpoint_pattern(text, text);
DROP FUNCTION latency_percentile(integer[], double precision);
DROP AGGREGATE latency_total(integer[]);
DROP AGGREGATE latency_histogram(integer);
DROP FUNCTION latency_merge(integer[], integer[]);
DROP FUNCTION latency_count(integer[], integer);
DROP FUNCTION latency_bucket(integer);
