-- Accounts with passwords, sessions and tokens; people's own keys for providers; the rest of a person's settings.

-- A login name (or address) is one person's in whatever case it is typed. The user called 'local' is the command line's.
ALTER TABLE users DROP CONSTRAINT users_name_key;
CREATE UNIQUE INDEX users_name ON users (lower(name));
ALTER TABLE users
    ADD COLUMN email text CHECK (length(email) BETWEEN 3 AND 320),
    -- argon2id; null: nobody can log in yet
    ADD COLUMN password_hash text,
    ADD COLUMN password_changed_at timestamptz,
    -- a disabled user's sessions, tokens and passwords are refused; their videos stay
    ADD COLUMN disabled_at timestamptz;
CREATE UNIQUE INDEX users_email ON users (lower(email));

-- A link with which a user sets a password, once. Of each secret below only the SHA-256 is kept.
CREATE TABLE password_links (
    user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    token_hash bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);

-- A login. It ends at `expires_at`, or earlier if it is not used for a day; logging out removes it.
CREATE TABLE sessions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    ip text NOT NULL DEFAULT '' CHECK (length(ip) <= 64),
    user_agent text NOT NULL DEFAULT '' CHECK (length(user_agent) <= 200)
);
CREATE INDEX sessions_by_user ON sessions (user_id, created_at DESC);
CREATE INDEX sessions_by_end ON sessions (expires_at);

-- A program's way in. `public_id` is the part of the token that may be shown and by which it is found.
CREATE TABLE api_tokens (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    public_id text NOT NULL UNIQUE CHECK (length(public_id) = 12),
    token_hash bytea NOT NULL CHECK (length(token_hash) = 32),
    scopes text[] NOT NULL CHECK (
        cardinality(scopes) > 0 AND scopes <@ ARRAY['videos:read', 'videos:write', 'settings', 'logs:admin']),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    last_used_at timestamptz,
    revoked_at timestamptz
);
CREATE INDEX api_tokens_by_user ON api_tokens (user_id, created_at DESC);

-- Token buckets for whatever is limited by rate. Worth nothing after a crash, so not worth a log of their changes.
CREATE UNLOGGED TABLE rate_limits (
    bucket text NOT NULL,
    key_hash bytea NOT NULL,
    tokens double precision NOT NULL CHECK (tokens >= 0),
    -- whether the last one who asked was let through
    allowed boolean NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, key_hash)
);
CREATE INDEX rate_limits_by_age ON rate_limits (updated_at);

-- A person's own account at a provider. The credentials are encrypted and bound to the user and the provider.
CREATE TABLE integrations (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    provider varchar(50) NOT NULL,
    credentials bytea NOT NULL,
    -- what may be shown: the last characters, and a name for the account that tells nothing of its key
    ending text NOT NULL CHECK (length(ending) <= 10),
    fingerprint text NOT NULL CHECK (length(fingerprint) = 12),
    enabled boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    set_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    -- what the provider's free check of the key showed last, if it was checked since it was set
    checked_at timestamptz,
    check_outcome text CHECK (check_outcome IN ('works', 'rejected', 'unclear')),
    check_message text NOT NULL DEFAULT '' CHECK (length(check_message) <= 500),
    UNIQUE (user_id, provider),
    CHECK ((checked_at IS NULL) = (check_outcome IS NULL))
);

ALTER TABLE user_generation_settings
    -- null: the style's own
    ADD COLUMN caption_highlight varchar(20),
    -- null: recognised from the text
    ADD COLUMN language varchar(35),
    -- provider id -> the voice that speaks there if the video names none
    ADD COLUMN voices jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(voices) = 'object'),
    ADD COLUMN target_length_seconds integer CHECK (target_length_seconds BETWEEN 5 AND 3600),
    ADD COLUMN tone varchar(200),
    ADD COLUMN template varchar(50),
    ADD COLUMN when_clip_rejected varchar(20) NOT NULL DEFAULT 'fail'
        CHECK (when_clip_rejected IN ('fail', 'use_stock')),
    -- grows with every change; who changes the settings says which version they saw
    ADD COLUMN version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    ALTER COLUMN subtitle_style TYPE varchar(100);
-- What was one provider is three now; the one that writes scripts is its heir.
UPDATE user_generation_settings SET default_script_provider = 'openai_gpt' WHERE default_script_provider = 'openai';
