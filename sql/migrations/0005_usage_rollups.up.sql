-- Sums by the hour, so that no page and no report reads the raw log; and indexes for each way to search the log.

-- A latency histogram is an int[]: its n-th number counts what fell into the n-th bucket, and it is as long as its last
-- used one. Bucket 1 holds up to 10 ms; each further one reaches 1.16 times as far, the 80th to 20 minutes. What is read
-- from it lies in the (geometric) middle of a bucket: off by 7.8 % at the most, or by 10 ms where that is more.
CREATE FUNCTION latency_bucket(milliseconds integer) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN milliseconds <= 10 THEN 1
        WHEN milliseconds IS NOT NULL
            THEN least(80, 1 + ceil(ln(milliseconds / 10.0::double precision) / ln(1.16::double precision))::integer)
    END
$$;

CREATE FUNCTION latency_count(counts integer[], milliseconds integer) RETURNS integer[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    bucket integer := latency_bucket(milliseconds);
BEGIN
    IF bucket > cardinality(counts) THEN
        counts := counts || array_fill(0, ARRAY[bucket - cardinality(counts)]);
    END IF;
    counts[bucket] := counts[bucket] + 1;
    RETURN counts;
END $$;

CREATE FUNCTION latency_merge(counts integer[], others integer[]) RETURNS integer[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF cardinality(others) > cardinality(counts) THEN
        counts := counts || array_fill(0, ARRAY[cardinality(others) - cardinality(counts)]);
    END IF;
    FOR bucket IN 1..cardinality(others) LOOP
        counts[bucket] := counts[bucket] + others[bucket];
    END LOOP;
    RETURN counts;
END $$;

CREATE AGGREGATE latency_histogram(integer) (
    sfunc = latency_count, stype = integer[], initcond = '{}', combinefunc = latency_merge, parallel = safe
);
CREATE AGGREGATE latency_total(integer[]) (
    sfunc = latency_merge, stype = integer[], initcond = '{}', combinefunc = latency_merge, parallel = safe
);

-- The latency in ms that this share of the calls did not exceed; null without calls.
CREATE FUNCTION latency_percentile(counts integer[], share double precision) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN bucket = 1 THEN 10 ELSE round(10 * power(1.16::double precision, bucket - 1.5))::integer END
    FROM (
        SELECT bucket, sum(number) OVER (ORDER BY bucket) AS reached, sum(number) OVER () AS total
        FROM unnest(counts) WITH ORDINALITY AS buckets (number, bucket)
    ) AS counted
    WHERE total > 0 AND reached >= share * total
    ORDER BY bucket
    LIMIT 1
$$;

-- A path without what differs from job to job: /v1/tasks/7f3c…/content becomes /v1/tasks/{id}/content. A part of a path
-- stays when it reads like a word (text-to-speech, image2video) or a version (v1beta).
CREATE FUNCTION endpoint_pattern(endpoint text, phase text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN phase = 'download' THEN '(download)'
        ELSE regexp_replace(
            left(endpoint, 500),
            '(?<=/)(?!(?:v[0-9]+[a-z]*[0-9]*|[a-z]+(?:[._-][a-z]+|[0-9][a-z]+)*)(?:/|$))[^/]+', '{id}', 'g')
    END
$$;

-- The moment that "now" means in the analysts' views: SET vidgen.as_of = '2026-10-31' looks from there.
CREATE FUNCTION as_of() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(nullif(current_setting('vidgen.as_of', true), '')::timestamptz, now())
$$;

-- What was called and what was paid, by the hour (UTC). Calls come from the log, money from the ledger: a row with an
-- endpoint counts exchanges, one without ('') counts paid calls that have ended.
CREATE TABLE usage_hourly (
    user_id uuid,
    provider varchar(50) NOT NULL,
    step text NOT NULL,
    endpoint text NOT NULL,
    model text NOT NULL,
    test_mode boolean NOT NULL,
    hour timestamptz NOT NULL,
    day date GENERATED ALWAYS AS ((hour AT TIME ZONE 'UTC')::date) STORED,
    calls integer NOT NULL DEFAULT 0,
    errors integer NOT NULL DEFAULT 0,
    -- of the errors: refused with 429; without any answer, such as by a time-out
    limited integer NOT NULL DEFAULT 0,
    unanswered integer NOT NULL DEFAULT 0,
    hist integer[] NOT NULL DEFAULT '{}',
    paid_calls integer NOT NULL DEFAULT 0,
    usd numeric(12, 6) NOT NULL DEFAULT 0,
    UNIQUE NULLS NOT DISTINCT (hour, provider, endpoint, step, model, user_id, test_mode)
) WITH (fillfactor = 80);
CREATE INDEX usage_hourly_by_day ON usage_hourly (day);
CREATE INDEX usage_hourly_by_user ON usage_hourly (user_id, day);
CREATE INDEX usage_hourly_paid ON usage_hourly (user_id, day) WHERE endpoint = '';

-- What is to be added to them: written with the log's batch or the ledger's change, folded in a moment later. Nobody who
-- writes here waits for anybody else who does.
CREATE TABLE usage_deltas (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    written_at timestamptz NOT NULL DEFAULT now(),
    user_id uuid,
    provider varchar(50) NOT NULL,
    step text NOT NULL,
    endpoint text NOT NULL,
    model text NOT NULL,
    test_mode boolean NOT NULL,
    hour timestamptz NOT NULL,
    calls integer NOT NULL DEFAULT 0,
    errors integer NOT NULL DEFAULT 0,
    limited integer NOT NULL DEFAULT 0,
    unanswered integer NOT NULL DEFAULT 0,
    hist integer[] NOT NULL DEFAULT '{}',
    paid_calls integer NOT NULL DEFAULT 0,
    usd numeric(12, 6) NOT NULL DEFAULT 0
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- Counts the rows that an INSERT really added, one delta a group. What a person stopped is no fault of the vendor's.
CREATE FUNCTION count_exchanges() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO usage_deltas
        (user_id, provider, step, endpoint, model, test_mode, hour, calls, errors, limited, unanswered, hist)
    SELECT user_id, provider, coalesce(generation_step, ''), endpoint_pattern(endpoint, phase), coalesce(model, ''),
        test_mode, date_trunc('hour', created_at, 'UTC'),
        count(*),
        count(*) FILTER (WHERE failed),
        count(*) FILTER (WHERE failed AND status_code = 429),
        count(*) FILTER (WHERE failed AND status_code IS NULL),
        latency_histogram(duration_ms)
    FROM added
    CROSS JOIN LATERAL (
        SELECT (status_code >= 400 OR error_code IS NOT NULL) AND error_code IS DISTINCT FROM 'cancelled' AS failed
    ) AS judged
    GROUP BY 1, 2, 3, 4, 5, 6, 7;
    RETURN NULL;
END $$;
CREATE TRIGGER count_exchanges AFTER INSERT ON api_request_logs
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_exchanges();

-- Keeps the sum of the rollups' money equal to the ledger's, to the last digit, whatever changes a cost.
CREATE FUNCTION count_paid_calls() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.finished_at IS NOT NULL THEN
        INSERT INTO usage_deltas (user_id, provider, step, endpoint, model, test_mode, hour, paid_calls, usd)
        VALUES (OLD.user_id, OLD.provider, OLD.step, '', OLD.model, OLD.test_mode,
            date_trunc('hour', OLD.finished_at, 'UTC'), -1, -coalesce(OLD.cost_amount, 0));
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.finished_at IS NOT NULL THEN
        INSERT INTO usage_deltas (user_id, provider, step, endpoint, model, test_mode, hour, paid_calls, usd)
        VALUES (NEW.user_id, NEW.provider, NEW.step, '', NEW.model, NEW.test_mode,
            date_trunc('hour', NEW.finished_at, 'UTC'), 1, coalesce(NEW.cost_amount, 0));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER count_paid_calls AFTER INSERT OR DELETE OR UPDATE OF finished_at, cost_amount ON provider_calls
    FOR EACH ROW EXECUTE FUNCTION count_paid_calls();

-- What is there already.
INSERT INTO usage_hourly
    (user_id, provider, step, endpoint, model, test_mode, hour, calls, errors, limited, unanswered, hist)
SELECT user_id, provider, coalesce(generation_step, ''), endpoint_pattern(endpoint, phase), coalesce(model, ''),
    test_mode, date_trunc('hour', created_at, 'UTC'),
    count(*),
    count(*) FILTER (WHERE failed),
    count(*) FILTER (WHERE failed AND status_code = 429),
    count(*) FILTER (WHERE failed AND status_code IS NULL),
    latency_histogram(duration_ms)
FROM api_request_logs
CROSS JOIN LATERAL (
    SELECT (status_code >= 400 OR error_code IS NOT NULL) AND error_code IS DISTINCT FROM 'cancelled' AS failed
) AS judged
GROUP BY 1, 2, 3, 4, 5, 6, 7;
INSERT INTO usage_hourly (user_id, provider, step, endpoint, model, test_mode, hour, paid_calls, usd)
SELECT user_id, provider, step, '', model, test_mode, date_trunc('hour', finished_at, 'UTC'),
    count(*), sum(coalesce(cost_amount, 0))
FROM provider_calls
WHERE finished_at IS NOT NULL
GROUP BY 1, 2, 3, 5, 6, 7;

-- Each filter of the log's search has its index, newest first. The last two hold only what failed, a few in a hundred;
-- errors of all providers are found by one of them or, where there are many, on the way back in time.
CREATE INDEX api_request_logs_by_id ON api_request_logs (id);
CREATE INDEX api_request_logs_by_step ON api_request_logs (generation_step, created_at DESC);
CREATE INDEX api_request_logs_by_status ON api_request_logs (status_code, created_at DESC);
DROP INDEX api_request_logs_errors;
CREATE INDEX api_request_logs_failed ON api_request_logs (provider, created_at DESC, id DESC)
    WHERE status_code >= 400 OR error_code IS NOT NULL;
CREATE INDEX api_request_logs_by_error ON api_request_logs (error_code, created_at DESC, id DESC)
    WHERE error_code IS NOT NULL;

-- What a day or month cost, of one user and of all.
CREATE INDEX provider_calls_by_user ON provider_calls (user_id, finished_at);
CREATE INDEX provider_calls_by_day ON provider_calls (((finished_at AT TIME ZONE 'UTC')::date));
