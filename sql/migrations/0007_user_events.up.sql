-- The events of all of a user's videos in one order, in which a stream can be resumed by a single number. An event's own
-- id does not do for that: of two that are written at once, the later id may be seen first, and whoever goes on from it
-- never sees the other. So an event gets its place as the last thing before its commit, one transaction at a time: what
-- has the lower place is seen first. Nothing else is waited for with the lock held, so nobody can be locked out by it,
-- and a program that stands still in a transaction holds up no stream, as it would where the order is that of the
-- transactions' numbers (pg_snapshot_xmin). Nor do places lose their meaning when a dump is restored.
CREATE TABLE user_events (
    -- no reference to the user: its check would wait for whoever changes theirs; it goes with the event
    user_id uuid NOT NULL,
    place bigint GENERATED ALWAYS AS IDENTITY,
    event_id bigint NOT NULL UNIQUE REFERENCES video_events (id) ON DELETE CASCADE,
    PRIMARY KEY (user_id, place)
);

CREATE FUNCTION place_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('place_event'));
    INSERT INTO user_events (user_id, event_id)
    SELECT videos.user_id, video_events.id
    FROM video_events
    JOIN videos ON videos.id = video_events.video_id
    WHERE video_events.id = NEW.id;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER place_event AFTER INSERT ON video_events
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION place_event();

-- What is there already. The trigger comes first: it waits for those who are writing, and they for this.
INSERT INTO user_events (user_id, event_id)
SELECT videos.user_id, video_events.id
FROM video_events
JOIN videos ON videos.id = video_events.video_id
ORDER BY video_events.id;
