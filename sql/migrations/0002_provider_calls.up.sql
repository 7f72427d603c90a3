-- Paid calls that survive a crash, and a log that stays quick at millions of rows.

-- 'accepted': the vendor's job number is known. 'written_off': a person allowed an unknown call to be paid again.
ALTER TABLE provider_calls DROP CONSTRAINT provider_calls_status_check;
ALTER TABLE provider_calls ADD CONSTRAINT provider_calls_status_check CHECK
    (status IN ('intent', 'sent', 'accepted', 'done', 'failed', 'unknown', 'written_off'));
ALTER TABLE provider_calls
    ADD COLUMN test_mode boolean NOT NULL DEFAULT false,
    ADD COLUMN outcome jsonb,
    ADD COLUMN error_code text,
    ADD COLUMN error_message text,
    ADD COLUMN sent_at timestamptz;

-- Nothing is paid twice: there is one live or finished call for a piece of work.
CREATE UNIQUE INDEX provider_calls_one_live ON provider_calls (video_id, step, unit, inputs_hash, test_mode)
    WHERE status IN ('intent', 'sent', 'accepted', 'done', 'unknown');

DROP INDEX provider_calls_open;
CREATE INDEX provider_calls_open ON provider_calls (created_at)
    WHERE status IN ('intent', 'sent', 'accepted', 'unknown');

-- A log row is narrow; its bodies lie apart, under the same key, for as long.
ALTER TABLE api_request_logs DROP COLUMN request_body, DROP COLUMN response_body, DROP COLUMN error_details;
ALTER TABLE api_request_logs
    ADD COLUMN model text,
    ADD COLUMN host varchar(255),
    ADD COLUMN phase varchar(20),
    ADD COLUMN try_number integer NOT NULL DEFAULT 1,
    ADD COLUMN attempt integer,
    ADD COLUMN scene integer,
    ADD COLUMN call_id uuid,
    ADD COLUMN vendor_request_id varchar(200),
    ADD COLUMN usage jsonb,
    ADD COLUMN cost_amount numeric(12, 6),
    ADD COLUMN cost_currency char(3),
    ADD COLUMN error_code varchar(50),
    ADD COLUMN test_mode boolean NOT NULL DEFAULT false;
CREATE INDEX api_request_logs_errors ON api_request_logs (provider, created_at)
    INCLUDE (error_code, status_code) WHERE status_code >= 400 OR status_code IS NULL;

CREATE TABLE api_request_log_bodies (
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    request_headers jsonb,
    request_body jsonb,
    response_headers jsonb,
    response_body jsonb,
    PRIMARY KEY (created_at, id)
) PARTITION BY RANGE (created_at);

-- lz4 is quicker than the default; a server built without it keeps the default.
DO $$
DECLARE
    body text;
BEGIN
    FOREACH body IN ARRAY ARRAY['request_headers', 'request_body', 'response_headers', 'response_body'] LOOP
        EXECUTE format('ALTER TABLE api_request_log_bodies ALTER COLUMN %I SET COMPRESSION lz4', body);
    END LOOP;
EXCEPTION WHEN feature_not_supported THEN
    RAISE NOTICE 'this server compresses log bodies with pglz';
END $$;

-- Makes one day's partitions of the log and of its bodies, those that are missing; returns how many.
CREATE FUNCTION create_log_partition(day date) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    parent text;
    name text;
    made integer := 0;
BEGIN
    -- Two programs may start at once; the second waits, then finds nothing left to make.
    PERFORM pg_advisory_xact_lock(hashtext('create_log_partitions'));
    FOREACH parent IN ARRAY ARRAY['api_request_logs', 'api_request_log_bodies'] LOOP
        name := parent || '_' || to_char(day, 'YYYYMMDD');
        IF to_regclass(name) IS NULL THEN
            EXECUTE format(
                'CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
                name, parent, day::text || ' 00:00:00+00', (day + 1)::text || ' 00:00:00+00');
            made := made + 1;
        END IF;
    END LOOP;
    RETURN made;
END $$;

-- Makes the partitions from today to `days_ahead` days on, those that are missing.
CREATE OR REPLACE FUNCTION create_log_partitions(days_ahead integer) RETURNS integer LANGUAGE sql AS $$
    SELECT sum(create_log_partition((now() AT TIME ZONE 'UTC')::date + offset_days))::integer
    FROM generate_series(0, days_ahead) AS offset_days
$$;
