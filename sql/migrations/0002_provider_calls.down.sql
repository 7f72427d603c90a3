DROP FUNCTION create_log_partitions(integer);
DROP FUNCTION create_log_partition(date);
DROP TABLE api_request_log_bodies;

CREATE FUNCTION create_log_partitions(days_ahead integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    day date;
    made integer := 0;
    name text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('create_log_partitions'));
    FOR offset_days IN 0..days_ahead LOOP
        day := (now() AT TIME ZONE 'UTC')::date + offset_days;
        name := 'api_request_logs_' || to_char(day, 'YYYYMMDD');
        IF to_regclass(name) IS NULL THEN
            EXECUTE format(
                'CREATE TABLE %I PARTITION OF api_request_logs FOR VALUES FROM (%L) TO (%L)',
                name, day::text || ' 00:00:00+00', (day + 1)::text || ' 00:00:00+00');
            made := made + 1;
        END IF;
    END LOOP;
    RETURN made;
END $$;

DROP INDEX api_request_logs_errors;
ALTER TABLE api_request_logs
    DROP COLUMN model,
    DROP COLUMN host,
    DROP COLUMN phase,
    DROP COLUMN try_number,
    DROP COLUMN attempt,
    DROP COLUMN scene,
    DROP COLUMN call_id,
    DROP COLUMN vendor_request_id,
    DROP COLUMN usage,
    DROP COLUMN cost_amount,
    DROP COLUMN cost_currency,
    DROP COLUMN error_code,
    DROP COLUMN test_mode,
    ADD COLUMN error_details jsonb,
    ADD COLUMN request_body jsonb,
    ADD COLUMN response_body jsonb;

DROP INDEX provider_calls_one_live;
DROP INDEX provider_calls_open;
CREATE INDEX provider_calls_open ON provider_calls (created_at) WHERE status IN ('intent', 'sent', 'unknown');
ALTER TABLE provider_calls
    DROP COLUMN test_mode,
    DROP COLUMN outcome,
    DROP COLUMN error_code,
    DROP COLUMN error_message,
    DROP COLUMN sent_at;
ALTER TABLE provider_calls DROP CONSTRAINT provider_calls_status_check;
UPDATE provider_calls SET status = 'sent' WHERE status = 'accepted';
UPDATE provider_calls SET status = 'failed' WHERE status = 'written_off';
ALTER TABLE provider_calls ADD CONSTRAINT provider_calls_status_check CHECK
    (status IN ('intent', 'sent', 'done', 'failed', 'unknown'));
