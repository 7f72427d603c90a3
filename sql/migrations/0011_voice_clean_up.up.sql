ALTER TABLE user_generation_settings
    ADD COLUMN voice_clean_up varchar(10) NOT NULL DEFAULT 'none' CHECK (voice_clean_up IN ('none', 'light', 'strong'));
