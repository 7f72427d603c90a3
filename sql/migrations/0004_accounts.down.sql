ALTER TABLE user_generation_settings
    DROP COLUMN version, DROP COLUMN when_clip_rejected, DROP COLUMN template, DROP COLUMN tone,
    DROP COLUMN target_length_seconds, DROP COLUMN voices, DROP COLUMN language, DROP COLUMN caption_highlight,
    ALTER COLUMN subtitle_style TYPE varchar(20) USING left(subtitle_style, 20);
DROP TABLE integrations, rate_limits, api_tokens, sessions, password_links;
DROP INDEX users_email, users_name;
ALTER TABLE users
    DROP COLUMN disabled_at, DROP COLUMN password_changed_at, DROP COLUMN password_hash, DROP COLUMN email,
    ADD CONSTRAINT users_name_key UNIQUE (name);
