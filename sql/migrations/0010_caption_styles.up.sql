-- The caption styles that people save for themselves. `fields` are those of a style file; what can be a style is for
-- the program to say, as it depends on the fonts that are there.
CREATE TABLE caption_styles (
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name varchar(20) NOT NULL,
    fields jsonb NOT NULL,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, name)
);
