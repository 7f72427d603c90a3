ALTER TABLE user_generation_settings DROP COLUMN voice_clean_up;
