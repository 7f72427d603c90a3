ALTER TABLE user_generation_settings DROP COLUMN look;
