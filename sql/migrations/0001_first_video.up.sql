-- The tables one video needs on its way from a request to a finished file.
-- Ids are UUIDs, money is numeric(12,6) with a currency, times are timestamptz (UTC).

CREATE TABLE users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL UNIQUE,
    role text NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'admin')),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE user_generation_settings (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL UNIQUE REFERENCES users (id) ON DELETE CASCADE,
    default_script_provider varchar(50),
    default_voice_provider varchar(50),
    default_media_provider varchar(50),
    default_video_ai_provider varchar(50),
    default_assembly_provider varchar(50),
    subtitle_style varchar(20) NOT NULL DEFAULT 'modern',
    aspect_ratio varchar(10) NOT NULL DEFAULT '9:16',
    music_mood varchar(20) NOT NULL DEFAULT 'calm',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE videos (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,

    -- what was asked for
    title text NOT NULL,
    request jsonb NOT NULL,
    selected_providers jsonb NOT NULL DEFAULT '{}',
    scheduled_at timestamptz,
    time_zone text,

    -- where it stands; attempt is the fence that every write of a run checks
    status text NOT NULL DEFAULT 'planned' CHECK (status IN
        ('draft', 'planned', 'queued', 'processing', 'needs_review', 'completed', 'failed', 'cancelled')),
    attempt integer NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    current_step text CHECK (current_step IN
        ('script', 'voice', 'media', 'video_ai', 'subtitles', 'assembly')),
    step_progress real NOT NULL DEFAULT 0 CHECK (step_progress BETWEEN 0 AND 1),
    generation_started_at timestamptz,
    last_step_updated_at timestamptz,
    heartbeat_at timestamptz,
    cancel_requested_at timestamptz,
    completed_at timestamptz,
    error_code text,
    error_message text,
    error_details jsonb,

    -- what came out
    result jsonb,
    subtitle_file_url text,
    cost_usd numeric(12, 6) NOT NULL DEFAULT 0 CHECK (cost_usd >= 0),

    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz
);
-- One active generation per user, whatever door a run came through.
CREATE UNIQUE INDEX videos_one_processing_per_user ON videos (user_id) WHERE status = 'processing';
CREATE INDEX videos_by_user ON videos (user_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX videos_due ON videos (scheduled_at) WHERE status = 'planned' AND deleted_at IS NULL;

-- Each run that claimed a video. A run finds its own attempt here, so one that was overtaken can never claim again.
CREATE TABLE generation_attempts (
    run_id text PRIMARY KEY,
    video_id uuid NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
    attempt integer NOT NULL CHECK (attempt > 0),
    worker text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (video_id, attempt)
);

-- The result of each step, and the hash of all that went into it: the pipeline's memory.
CREATE TABLE generation_steps (
    video_id uuid NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
    step text NOT NULL CHECK (step IN ('script', 'voice', 'media', 'video_ai', 'subtitles', 'assembly')),
    attempt integer NOT NULL,
    status text NOT NULL CHECK (status IN ('running', 'done', 'failed')),
    inputs_hash text NOT NULL,
    output jsonb,
    provider text,
    model text,
    cost_usd numeric(12, 6) NOT NULL DEFAULT 0 CHECK (cost_usd >= 0),
    reused boolean NOT NULL DEFAULT false,
    error_message text,
    started_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    PRIMARY KEY (video_id, step),
    CHECK ((status = 'done') = (output IS NOT NULL))
);
CREATE INDEX generation_steps_reusable ON generation_steps (step, inputs_hash) WHERE status = 'done';

-- The ledger: a row is committed before every paid request and closed after it. Never dropped.
CREATE TABLE provider_calls (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users (id),
    video_id uuid REFERENCES videos (id) ON DELETE SET NULL,
    step text NOT NULL,
    unit text NOT NULL DEFAULT '',
    attempt integer NOT NULL,
    inputs_hash text NOT NULL,
    provider varchar(50) NOT NULL,
    model text NOT NULL,
    base_url text NOT NULL,
    status text NOT NULL DEFAULT 'intent' CHECK (status IN ('intent', 'sent', 'done', 'failed', 'unknown')),
    job_id text,
    cost_amount numeric(12, 6) CHECK (cost_amount >= 0),
    cost_currency char(3) NOT NULL DEFAULT 'USD',
    usage jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz
);
CREATE INDEX provider_calls_by_video ON provider_calls (video_id, step, unit);
CREATE INDEX provider_calls_open ON provider_calls (created_at) WHERE status IN ('intent', 'sent', 'unknown');

-- One row an exchange with a vendor, kept by the day so that old days are dropped whole.
CREATE TABLE api_request_logs (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamptz NOT NULL DEFAULT now(),
    user_id uuid,
    video_id uuid,
    provider varchar(50) NOT NULL,
    endpoint varchar(500) NOT NULL,
    method varchar(10) NOT NULL,
    status_code integer,
    duration_ms integer,
    generation_step varchar(50),
    error_message text,
    error_details jsonb,
    request_body jsonb,
    response_body jsonb,
    PRIMARY KEY (created_at, id)
) PARTITION BY RANGE (created_at);
CREATE INDEX api_request_logs_by_user ON api_request_logs (user_id, created_at DESC, id DESC);
CREATE INDEX api_request_logs_by_video ON api_request_logs (video_id, created_at DESC);
CREATE INDEX api_request_logs_by_provider ON api_request_logs (provider, created_at DESC);

-- Makes the log's partitions from today to `days_ahead` days on, those that are missing.
CREATE FUNCTION create_log_partitions(days_ahead integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    day date;
    made integer := 0;
    name text;
BEGIN
    -- Two programs may start at once; the second waits, then finds nothing left to make.
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

-- What each model costs, by date: a price change adds a row, so that an old video's cost can still be explained.
CREATE TABLE provider_pricing (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    provider varchar(50) NOT NULL,
    model text NOT NULL,
    kind text NOT NULL,
    amount numeric(12, 6) NOT NULL CHECK (amount >= 0),
    unit_size integer NOT NULL CHECK (unit_size > 0),
    currency char(3) NOT NULL,
    as_of date NOT NULL,
    source text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (provider, model, kind, as_of)
);

-- What happened to a video, in order: what a live page reads.
CREATE TABLE video_events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    video_id uuid NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
    attempt integer NOT NULL,
    kind text NOT NULL,
    status text NOT NULL,
    step text,
    message text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX video_events_by_video ON video_events (video_id, id);
