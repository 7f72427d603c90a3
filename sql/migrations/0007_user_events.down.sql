DROP TRIGGER place_event ON video_events;
DROP FUNCTION place_event();
DROP TABLE user_events;
