-- null: none, so that each thing is as its own setting says
ALTER TABLE user_generation_settings ADD COLUMN look varchar(20);
