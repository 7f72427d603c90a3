-- What was answered to a request that may spend, so that the same request sent again gets the same answer and does
-- nothing. A row is there from when the work begins; it has an answer when the work is over.
CREATE TABLE idempotency_keys (
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    -- SHA-256 of method, path and body: the same key for something else is refused
    request_hash bytea NOT NULL CHECK (length(request_hash) = 32),
    -- who does the work: only they may write its answer
    claim uuid NOT NULL,
    claimed_at timestamptz NOT NULL,
    status integer CHECK (status BETWEEN 200 AND 599),
    headers jsonb,
    body bytea,
    PRIMARY KEY (user_id, key),
    CHECK ((status IS NULL) = (body IS NULL) AND (status IS NULL) = (headers IS NULL))
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (user_id, claimed_at);
