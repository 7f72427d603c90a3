-- What it takes to leave the engine alone overnight: queue, resumes, plans that recur, notices, budgets, limits.

-- Whose turn it is: the user who was served longest ago goes first.
ALTER TABLE users ADD COLUMN last_started_at timestamptz;

ALTER TABLE user_generation_settings
    ADD COLUMN time_zone text NOT NULL DEFAULT 'UTC',
    -- a planned video that is later than this is left out; null: it is always made
    ADD COLUMN skip_later_than_hours integer CHECK (skip_later_than_hours > 0);

-- The operator's switches and limits: one row.
CREATE TABLE pipeline_settings (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    paused boolean NOT NULL DEFAULT false,
    paused_reason text NOT NULL DEFAULT '',
    -- generations under way (queued or processing) at the same time, for all users together
    generations_at_once integer NOT NULL DEFAULT 6 CHECK (generations_at_once > 0),
    renders_at_once integer NOT NULL DEFAULT 2 CHECK (renders_at_once > 0),
    -- provider id -> paid requests and jobs at the same time on one account, where it differs from the provider's own
    provider_slots jsonb NOT NULL DEFAULT '{}',
    updated_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO pipeline_settings DEFAULT VALUES;

-- A plan that recurs: at each time of its cron expression, in its zone, a planned video is made of its request.
CREATE TABLE recurring_plans (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name text NOT NULL,
    cron text NOT NULL,
    time_zone text NOT NULL,
    request jsonb NOT NULL,
    prompt_template text NOT NULL,
    topics jsonb NOT NULL DEFAULT '[]',
    next_topic integer NOT NULL DEFAULT 0 CHECK (next_topic >= 0),
    -- begin again with the first topic after the last; otherwise the plan ends with them
    repeat_topics boolean NOT NULL DEFAULT false,
    next_at timestamptz,
    enabled boolean NOT NULL DEFAULT true,
    last_error text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz
);
CREATE INDEX recurring_plans_due ON recurring_plans (next_at) WHERE enabled AND deleted_at IS NULL;
CREATE INDEX recurring_plans_by_user ON recurring_plans (user_id, created_at DESC);

ALTER TABLE videos
    -- launches counts how often it was queued; with the id it names one wish to run, which one run answers
    ADD COLUMN launches integer NOT NULL DEFAULT 0 CHECK (launches >= 0),
    ADD COLUMN queued_at timestamptz,
    -- the launch for which a run was asked for last, and when; a queued video with launched < launches waits for one
    ADD COLUMN launched integer NOT NULL DEFAULT 0,
    ADD COLUMN launched_at timestamptz,
    ADD COLUMN run_id text,
    -- how often the present generation went on by itself after its worker died
    ADD COLUMN resumes integer NOT NULL DEFAULT 0 CHECK (resumes >= 0),
    -- what its step waits for, in words, while it waits for a place of a limited number
    ADD COLUMN waiting_for text,
    -- how much later than planned it was queued
    ADD COLUMN start_delay_ms bigint CHECK (start_delay_ms >= 0),
    ADD COLUMN recurring_plan_id uuid REFERENCES recurring_plans (id) ON DELETE SET NULL,
    ADD COLUMN planned_for timestamptz,
    -- names the row of a file it was planned from, so that the same file twice plans nothing twice
    ADD COLUMN import_key text,
    -- grows with every change by a person; who changes a video says which version they saw
    ADD COLUMN version integer NOT NULL DEFAULT 1 CHECK (version > 0);
CREATE UNIQUE INDEX videos_one_per_recurrence ON videos (recurring_plan_id, planned_for)
    WHERE recurring_plan_id IS NOT NULL;
CREATE UNIQUE INDEX videos_one_per_import ON videos (user_id, import_key) WHERE import_key IS NOT NULL;
DROP INDEX videos_due;
CREATE INDEX videos_due ON videos (user_id, scheduled_at, id)
    WHERE status = 'planned' AND deleted_at IS NULL AND scheduled_at IS NOT NULL;
CREATE INDEX videos_under_way ON videos (status, user_id) WHERE status IN ('queued', 'processing');
CREATE INDEX videos_deleted ON videos (deleted_at) WHERE deleted_at IS NOT NULL;

-- Who waits for a place of a limited number (renders, an account's jobs), first come first served. A waiter shows that
-- it lives by `seen_at`; the places themselves are advisory locks, which fall with their holder.
CREATE TABLE slot_waiters (
    ticket bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    slot text NOT NULL,
    video_id uuid REFERENCES videos (id) ON DELETE CASCADE,
    waiting_since timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX slot_waiters_by_slot ON slot_waiters (slot, ticket);

ALTER TABLE generation_attempts ADD COLUMN ended_at timestamptz, ADD COLUMN outcome text;

-- Events are numbered from 1 within a video: whoever follows them sees at once that none is missing.
ALTER TABLE video_events ADD COLUMN number integer;
UPDATE video_events SET number = counted.number
    FROM (SELECT id, row_number() OVER (PARTITION BY video_id ORDER BY id) AS number FROM video_events) AS counted
    WHERE counted.id = video_events.id;
ALTER TABLE video_events ALTER COLUMN number SET NOT NULL;
DROP INDEX video_events_by_video;
CREATE UNIQUE INDEX video_events_by_video ON video_events (video_id, number);

-- A ceiling for money. Without a user it holds for all users together, with one for theirs.
CREATE TABLE budgets (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid REFERENCES users (id) ON DELETE CASCADE,
    period text NOT NULL CHECK (period IN ('video', 'day', 'month')),
    limit_usd numeric(12, 6) NOT NULL CHECK (limit_usd >= 0),
    warn_percent integer NOT NULL DEFAULT 80 CHECK (warn_percent BETWEEN 1 AND 100),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE NULLS NOT DISTINCT (user_id, period)
);

-- What a day or month of a budget holds. `overrun_usd` is what was charged beyond what could be reserved, or was
-- spent before the limit was lowered: it can't be prevented any more, so it is shown instead of hidden.
CREATE TABLE budget_periods (
    budget_id uuid NOT NULL REFERENCES budgets (id) ON DELETE CASCADE,
    starts_on date NOT NULL,
    limit_usd numeric(12, 6) NOT NULL CHECK (limit_usd >= 0),
    reserved_usd numeric(12, 6) NOT NULL DEFAULT 0 CHECK (reserved_usd >= 0),
    spent_usd numeric(12, 6) NOT NULL DEFAULT 0 CHECK (spent_usd >= 0),
    overrun_usd numeric(12, 6) NOT NULL DEFAULT 0 CHECK (overrun_usd >= 0),
    warned_percent integer NOT NULL DEFAULT 0,
    PRIMARY KEY (budget_id, starts_on),
    CONSTRAINT budget_periods_within_limit CHECK (reserved_usd + spent_usd <= limit_usd + overrun_usd)
);

-- What a step of a generation may still spend. It is closed when the generation ends, in whatever way.
CREATE TABLE budget_reservations (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    video_id uuid NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
    attempt integer NOT NULL,
    step text NOT NULL CHECK (step IN ('script', 'voice', 'media', 'video_ai', 'subtitles', 'assembly')),
    -- the days and months it is counted in, those of its first moment: [budget id, first day] pairs
    periods jsonb NOT NULL DEFAULT '[]',
    amount_usd numeric(12, 6) NOT NULL CHECK (amount_usd >= 0),
    spent_usd numeric(12, 6) NOT NULL DEFAULT 0 CHECK (spent_usd >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    closed_at timestamptz,
    UNIQUE (video_id, attempt, step)
);
CREATE INDEX budget_reservations_open ON budget_reservations (created_at) WHERE closed_at IS NULL;

-- What it was expected to cost, beside what it did cost: by video when it was begun, by step when that was known.
ALTER TABLE videos ADD COLUMN estimated_usd numeric(12, 6) CHECK (estimated_usd >= 0);
ALTER TABLE generation_steps ADD COLUMN estimated_usd numeric(12, 6) CHECK (estimated_usd >= 0);

-- The outbox: written in the transaction that changed a video, delivered afterwards, at least once.
CREATE TABLE notifications (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    type text NOT NULL CHECK (type IN ('video_generation_failed', 'video_generation_timeout',
        'video_generation_cancelled', 'video_ready_to_post', 'video_needs_review', 'budget_threshold',
        'provider_key_rejected', 'webhook_disabled')),
    video_id uuid REFERENCES videos (id) ON DELETE SET NULL,
    title text NOT NULL,
    body text NOT NULL DEFAULT '',
    data jsonb NOT NULL DEFAULT '{}',
    -- the same thing is told once
    once_key text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- when its deliveries were written down; null: nobody has looked at it yet
    dispatched_at timestamptz,
    read_at timestamptz,
    UNIQUE (user_id, once_key)
);
CREATE INDEX notifications_by_user ON notifications (user_id, created_at DESC, id DESC);
CREATE INDEX notifications_undispatched ON notifications (created_at) WHERE dispatched_at IS NULL;

CREATE TABLE notification_settings (
    user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    email text,
    -- channel ('email', 'webhook', 'operator') -> the types it is told of; a channel that is missing: all types
    channels jsonb NOT NULL DEFAULT '{}',
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- A person's own address for signed webhooks. The secrets are encrypted; the old one is valid while rotating.
CREATE TABLE webhooks (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    url text NOT NULL,
    secret bytea NOT NULL,
    old_secret bytea,
    old_secret_until timestamptz,
    types jsonb NOT NULL DEFAULT '[]',
    enabled boolean NOT NULL DEFAULT true,
    disabled_reason text NOT NULL DEFAULT '',
    failures_in_a_row integer NOT NULL DEFAULT 0 CHECK (failures_in_a_row >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX webhooks_by_user ON webhooks (user_id);

CREATE TABLE notification_deliveries (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    notification_id uuid NOT NULL REFERENCES notifications (id) ON DELETE CASCADE,
    channel text NOT NULL CHECK (channel IN ('email', 'webhook', 'operator')),
    webhook_id uuid REFERENCES webhooks (id) ON DELETE CASCADE,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'sent', 'dead')),
    tries integer NOT NULL DEFAULT 0 CHECK (tries >= 0),
    next_try_at timestamptz NOT NULL DEFAULT now(),
    last_error text NOT NULL DEFAULT '',
    sent_at timestamptz,
    UNIQUE NULLS NOT DISTINCT (notification_id, channel, webhook_id)
);
CREATE INDEX notification_deliveries_due ON notification_deliveries (next_try_at) WHERE status = 'pending';
